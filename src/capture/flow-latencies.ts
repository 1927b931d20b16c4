/**
 * The latencies of one flow in at most 1.5 KiB, since a capture may have a hundred thousand flows and shows few of them. Up to 64
 * values they are a list, for most flows have no more and to append to a list is fast (`npm run bench -- pcap`). Then they
 * become a small hash of the buckets that hold values: up to 192 different ones it is as exact as a histogram with 3 significant
 * digits; beyond that neighbours are merged, step by step, until they fit.
 */
import { LatencyHistogram } from "../stats/histogram.js";
import { bucketOf, middleOf } from "../stats/log-counts.js";

const LISTED = 64;
const FIRST_CAPACITY = 128;
const LAST_CAPACITY = 256;
/** Beyond this an open-addressed table gets slow. */
const FULL = 0.75;

const NO_BUCKETS = new Uint16Array(0);
const NO_COUNTS = new Uint32Array(0);

export class FlowLatencies {
  count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #sum = 0;
  #used = 0;
  /** Lowest bits of the bucket that are no longer told apart. */
  #coarse = 0;
  /** Bucket + 1; 0: free. */
  #buckets = NO_BUCKETS;
  #counts = NO_COUNTS;
  #list: number[] = [];

  /** @param valueNs from 0 to an hour; anything else is not counted */
  record(valueNs: number): void {
    if (!(valueNs >= 0 && valueNs <= 3600e9)) return;
    const wholeNs = Math.round(valueNs);
    this.count++;
    this.#sum += wholeNs;
    if (wholeNs < this.#min) this.#min = wholeNs;
    if (wholeNs > this.#max) this.#max = wholeNs;
    if (this.count <= LISTED) this.#list.push(wholeNs);
    else this.#hash(wholeNs);
  }

  #hash(valueNs: number): void {
    if (this.#buckets.length === 0) {
      const listed = this.#list;
      this.#list = [];
      this.#buckets = new Uint16Array(FIRST_CAPACITY);
      this.#counts = new Uint32Array(FIRST_CAPACITY);
      for (const earlierNs of listed) this.#add(bucketOf(earlierNs), 1);
    }
    this.#add(bucketOf(valueNs) >> this.#coarse, 1);
    if (this.#used > FULL * this.#buckets.length) this.#makeRoom();
  }

  toHistogram(): LatencyHistogram {
    const histogram = new LatencyHistogram();
    if (this.count <= LISTED) {
      for (const valueNs of this.#list) histogram.record(valueNs);
      return histogram;
    }
    // The ends are known exactly; the rest stands in the middle of its buckets.
    histogram.recordMany(this.#min, 1);
    histogram.recordMany(this.#max, 1);
    const [low, high] = [bucketOf(this.#min) >> this.#coarse, bucketOf(this.#max) >> this.#coarse];
    this.#buckets.forEach((stored, at) => {
      if (stored === 0) return;
      const bucket = stored - 1;
      const told = (bucket === low ? 1 : 0) + (bucket === high ? 1 : 0);
      const middleNs = middleOf((bucket << this.#coarse) + ((1 << this.#coarse) >> 1));
      const inside = Math.min(this.#max, Math.max(this.#min, middleNs));
      histogram.recordMany(inside, (this.#counts[at] as number) - told);
    });
    histogram.restoreMoments({ min: this.#min, max: this.#max, mean: this.#sum / this.count });
    return histogram;
  }

  #add(bucket: number, count: number): void {
    const mask = this.#buckets.length - 1;
    let at = (bucket * 0x9e3779b1) >>> 0;
    for (at = (at >>> 16) & mask; ; at = (at + 1) & mask) {
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
      if (buckets[at] !== 0) this.#add(((buckets[at] as number) - 1) >> merge, counts[at] as number);
    }
    if (this.#used > FULL * capacity) this.#makeRoom();
  }
}
