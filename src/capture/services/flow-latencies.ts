/**
 * Latencies of one flow by bucket, in at most 1.5 KiB, since a capture may have a hundred thousand flows and shows few of them: a small
 * hash of the buckets that hold values. Up to 192 different ones it is as exact as a histogram with 3 significant digits;
 * beyond that neighbours are merged, step by step, until they fit.
 */
import { LatencyHistogram } from "../../stats/histogram.js";
import { bucketOf, middleOf } from "../../stats/log-counts.js";

const FIRST_CAPACITY = 32;
const LAST_CAPACITY = 256;
/** Beyond this an open-addressed table gets slow. */
const FULL = 0.75;

/** What the buckets do not tell. Nanoseconds, exact. */
export interface LatencyMoments {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
}

export class FlowLatencies {
  #used = 0;
  /** Lowest bits of the bucket that are no longer told apart. */
  #coarse = 0;
  /** Bucket + 1; 0: free. */
  #buckets = new Uint16Array(FIRST_CAPACITY);
  #counts = new Uint32Array(FIRST_CAPACITY);

  /** @param bucket of LogCounts, `bucketOf` */
  add(bucket: number): void {
    this.#put(bucket >> this.#coarse, 1);
    if (this.#used > FULL * this.#buckets.length) this.#makeRoom();
  }

  copy(): FlowLatencies {
    const result = new FlowLatencies();
    result.#used = this.#used;
    result.#coarse = this.#coarse;
    result.#buckets = this.#buckets.slice();
    result.#counts = this.#counts.slice();
    return result;
  }

  /** @param moments of the values whose buckets were added, all of them */
  toHistogram({ count, min, max, sum }: LatencyMoments): LatencyHistogram {
    const histogram = new LatencyHistogram();
    if (count === 0) return histogram;
    // The ends are known exactly; the rest stands in the middle of its buckets.
    histogram.recordMany(min, 1);
    if (count > 1) histogram.recordMany(max, 1);
    const [low, high] = [bucketOf(min) >> this.#coarse, bucketOf(max) >> this.#coarse];
    this.#buckets.forEach((stored, at) => {
      if (stored === 0) return;
      const bucket = stored - 1;
      const told = (bucket === low ? 1 : 0) + (bucket === high && count > 1 ? 1 : 0);
      const middleNs = middleOf((bucket << this.#coarse) + ((1 << this.#coarse) >> 1));
      histogram.recordMany(Math.min(max, Math.max(min, middleNs)), (this.#counts[at] as number) - told);
    });
    histogram.restoreMoments({ min, max, mean: sum / count });
    return histogram;
  }

  #put(bucket: number, count: number): void {
    const mask = this.#buckets.length - 1;
    for (let at = ((bucket * 0x9e3779b1) >>> 16) & mask; ; at = (at + 1) & mask) {
      const stored = this.#buckets[at];
      if (stored === 0) {
        this.#buckets[at] = bucket + 1;
        this.#used++;
      } else if (stored !== bucket + 1) continue;
      this.#counts[at]! += count;
      return;
    }
  }

  #makeRoom(): void {
    const [buckets, counts] = [this.#buckets, this.#counts];
    const capacity = Math.min(LAST_CAPACITY, buckets.length * 2);
    const merge = buckets.length === LAST_CAPACITY ? 1 : 0;
    this.#coarse += merge;
    this.#used = 0;
    this.#buckets = new Uint16Array(capacity);
    this.#counts = new Uint32Array(capacity);
    for (let at = 0; at < buckets.length; at++) {
      if (buckets[at] !== 0) this.#put(((buckets[at] as number) - 1) >> merge, counts[at] as number);
    }
    if (this.#used > FULL * capacity) this.#makeRoom();
  }
}
