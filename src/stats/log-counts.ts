/**
 * Counts of durations in logarithmic buckets, the same buckets as HdrHistogram's with 3 significant digits, so that one turns into
 * the other without loss. Cheaper than a LatencyHistogram to record into, and far smaller: it has memory only for the parts of
 * the scale where values are, about 1 KiB each. For the hot loops of the capture reader (`npm run bench -- pcap`).
 */
import { LatencyHistogram } from "./histogram.js";

/** 2^11 buckets per power of two keep 3 significant digits, as in HdrHistogram. */
const SUB_BITS = 11;
const SUB_BUCKETS = 1 << SUB_BITS;
const HIGHEST_NS = 3600e9;
const PAGE_BITS = 8;
const PAGE = 1 << PAGE_BITS;

export class LogCounts {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;
  sum = 0;
  readonly #pages: (Uint32Array | undefined)[] = [];

  /** @param valueNs from 0 to an hour, rounded to whole nanoseconds; anything else is not counted */
  record(valueNs: number): void {
    // The comparison is written so that NaN fails it.
    if (!(valueNs >= 0 && valueNs <= HIGHEST_NS)) return;
    const wholeNs = Math.round(valueNs);
    const bucket = bucketOf(wholeNs);
    this.#page(bucket >> PAGE_BITS)[bucket & (PAGE - 1)]! += 1;
    this.count++;
    this.sum += wholeNs;
    if (wholeNs < this.min) this.min = wholeNs;
    if (wholeNs > this.max) this.max = wholeNs;
  }

  /**
   * Counts values whose buckets are known, as `record` would. They come many at a time, so that the memory of the counts is near.
   * @param buckets of `bucketOf`
   * @param moments of these values
   */
  recordBuckets(buckets: Uint16Array, { sum, min, max }: { sum: number; min: number; max: number }): void {
    for (let at = 0; at < buckets.length; at++) {
      const bucket = buckets[at] as number;
      this.#page(bucket >> PAGE_BITS)[bucket & (PAGE - 1)]! += 1;
    }
    this.count += buckets.length;
    this.sum += sum;
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
  }

  /** Mean of the values, exact; 0 when empty. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The value that a fraction `share` (0 to 1) of the values do not exceed, to 3 significant digits, inside [min, max]; 0 when empty. */
  quantile(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.count - 1e-9));
    for (const [bucket, count] of this.#filled()) {
      left -= count;
      if (left <= 0) return Math.min(this.max, Math.max(this.min, middleOf(bucket)));
    }
    return 0;
  }

  /**
   * These values with some of them taken out and others put in their place, such as latencies and what they would be without a
   * stall. What is taken out must be among these values. min and max are then those of the buckets, 3 significant digits.
   */
  replacing(taken: LogCounts, put: LogCounts): LogCounts {
    const result = new LogCounts();
    for (const [source, sign] of [
      [this, 1],
      [taken, -1],
      [put, 1],
    ] as const) {
      for (const [bucket, count] of source.#filled()) {
        result.#page(bucket >> PAGE_BITS)[bucket & (PAGE - 1)]! += sign * count;
      }
      result.count += sign * source.count;
      result.sum += sign * source.sum;
    }
    for (const [bucket] of result.#filled()) {
      const middle = Math.min(HIGHEST_NS, middleOf(bucket));
      if (middle < result.min) result.min = middle;
      result.max = middle;
    }
    return result;
  }

  /** The same counts, for someone else to add to. */
  copy(): LogCounts {
    const result = new LogCounts();
    this.#pages.forEach((page, at) => {
      result.#pages[at] = page?.slice();
    });
    return Object.assign(result, { count: this.count, min: this.min, max: this.max, sum: this.sum });
  }

  toHistogram(): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (const [bucket, count] of this.#filled()) {
      histogram.recordMany(Math.min(this.max, Math.max(this.min, middleOf(bucket))), count);
    }
    if (this.count > 0) histogram.restoreMoments({ min: this.min, max: this.max, mean: this.mean });
    return histogram;
  }

  /** Buckets that hold values, ascending, with their counts. */
  *#filled(): Generator<readonly [bucket: number, count: number]> {
    for (let page = 0; page < this.#pages.length; page++) {
      const counts = this.#pages[page];
      if (counts === undefined) continue;
      for (let at = 0; at < PAGE; at++) {
        const count = counts[at] as number;
        if (count > 0) yield [(page << PAGE_BITS) + at, count];
      }
    }
  }

  #page(at: number): Uint32Array {
    const known = this.#pages[at];
    if (known !== undefined) return known;
    const made = new Uint32Array(PAGE);
    for (let gap = this.#pages.length; gap < at; gap++) this.#pages[gap] = undefined;
    this.#pages[at] = made;
    return made;
  }
}

/** Index of the bucket of a value from 0 to an hour: its leading bits. Below 2^16. */
export function bucketOf(valueNs: number): number {
  if (valueNs < 2 ** 30) {
    const small = (valueNs + 0.5) | 0;
    const shift = 32 - SUB_BITS - Math.clz32(small);
    return shift <= 0 ? small : (shift << (SUB_BITS - 1)) + (small >> shift);
  }
  const whole = Math.round(valueNs);
  if (whole < SUB_BUCKETS) return whole;
  const power = whole < 2 ** 32 ? 31 - Math.clz32(whole) : 63 - Math.clz32(Math.floor(whole / 2 ** 32));
  const shift = power - SUB_BITS + 1;
  return ((shift << (SUB_BITS - 1)) + Math.floor(whole / 2 ** shift)) | 0;
}

/** A value that stands for all of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const shift = (bucket >> (SUB_BITS - 1)) - 1;
  return ((bucket & (SUB_BUCKETS / 2 - 1)) + SUB_BUCKETS / 2 + 0.5) * 2 ** shift;
}
