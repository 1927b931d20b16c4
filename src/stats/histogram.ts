/**
 * The one owner of hdr-histogram-js. That library (3.0.1) records NaN as 0 and Infinity as its maximum, wraps 32-bit counts
 * and reports a top percentile above the largest value: so the input is guarded, counts are doubles, and min, max and mean
 * are kept exactly beside it. Its two needed modules are imported by path: its index also compiles a WebAssembly build and
 * takes twice as long to load.
 */
import { doDecode } from "hdr-histogram-js/dist/JsHistogram.encoding.js";
import { constructorFromBucketSize } from "hdr-histogram-js/dist/JsHistogramFactory.js";
import { uncompressedHdr, unreadableHistogram } from "./hdr-encoding.js";

const LOWEST_NS = 1;
/** One hour. Longer than any timeout that a latency is measured under. */
const HIGHEST_NS = 3_600e9;
const SIGNIFICANT_DIGITS = 3;
/** The library's name for Float64Array: whole numbers up to 2^53. */
const DOUBLE_COUNTS = 64;
const Buckets = constructorFromBucketSize(DOUBLE_COUNTS);

/** What the buckets alone cannot give back: the true extremes and mean of the values, nanoseconds. */
export interface ExactMoments {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** A distribution of durations from 0 to 1 h in nanoseconds, 3 significant digits, with exact count, min, max and mean. */
export class LatencyHistogram {
  readonly #buckets = new Buckets(LOWEST_NS, HIGHEST_NS, SIGNIFICANT_DIGITS);
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #sum = 0;
  #rejected = 0;

  /** How many values were recorded. */
  get count(): number {
    return this.#buckets.totalCount;
  }

  /** How many values were refused: NaN, infinite, negative, or above one hour. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Smallest recorded value, exact; 0 when empty. */
  get min(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  /** Largest recorded value, exact; 0 when empty. */
  get max(): number {
    return this.#max;
  }

  /** Mean of the recorded values, exact; 0 when empty. */
  get mean(): number {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  /** Records one duration, rounded to whole nanoseconds. A value that is no duration only adds to `rejected`. */
  record(valueNs: number): void {
    // The comparison is written so that NaN fails it.
    if (!(valueNs >= 0 && valueNs <= HIGHEST_NS)) {
      this.#rejected++;
      return;
    }
    const wholeNs = Math.round(valueNs);
    this.#buckets.recordValue(wholeNs);
    if (wholeNs < this.#min) this.#min = wholeNs;
    if (wholeNs > this.#max) this.#max = wholeNs;
    this.#sum += wholeNs;
  }

  /**
   * Records a duration `count` times, as `record` would.
   * @param count whole, from 0
   */
  recordMany(valueNs: number, count: number): void {
    if (!(Number.isSafeInteger(count) && count >= 0)) throw new RangeError(`recordMany: a count of ${count}`);
    if (count === 0) return;
    if (!(valueNs >= 0 && valueNs <= HIGHEST_NS)) {
      this.#rejected += count;
      return;
    }
    const wholeNs = Math.round(valueNs);
    this.#buckets.recordValueWithCount(wholeNs, count);
    if (wholeNs < this.#min) this.#min = wholeNs;
    if (wholeNs > this.#max) this.#max = wholeNs;
    this.#sum += wholeNs * count;
  }

  /**
   * Sets min, max and mean to what they truly were, where the values came in as stand-ins (recordMany with the middle of a
   * bucket). Nothing happens to an empty histogram.
   * @throws RangeError when the buckets contradict them
   */
  restoreMoments({ min, max, mean }: ExactMoments): void {
    if (this.count === 0) return;
    const buckets = this.#buckets;
    const lowest = (valueNs: number): number => buckets.lowestEquivalentValue(valueNs);
    if (lowest(min) !== lowest(this.#min) || lowest(max) !== lowest(this.#max) || !(mean >= min && mean <= max)) {
      throw new RangeError(`restoreMoments: min ${min}, max ${max}, mean ${mean} are not those of the values recorded`);
    }
    this.#min = min;
    this.#max = max;
    this.#sum = mean * this.count;
  }

  /**
   * The value in nanoseconds that a fraction `p` (0 to 1) of the recorded values do not exceed; at most 0.1 % too high, and
   * never outside [min, max]. 0 when empty.
   */
  quantile(p: number): number {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`quantile(${p}): not between 0 and 1`);
    if (this.count === 0) return 0;
    if (p === 0) return this.#min;
    return Math.min(this.#max, Math.max(this.#min, this.#buckets.getValueAtPercentile(p * 100)));
  }

  /** Adds another histogram's values to this one: no count is lost. */
  merge(other: LatencyHistogram): void {
    this.#rejected += other.#rejected;
    if (other.count === 0) return;
    this.#buckets.add(other.#buckets);
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#sum += other.#sum;
  }

  /**
   * How many values lie in each bin [edge, next edge), to the histogram's resolution; the last bin includes its upper edge.
   * Values outside the edges count in the first and the last bin, so that the counts always add up to `count`.
   * @param edgesNs ascending, at least two
   * @returns one count per bin, one fewer than the edges
   */
  counts(edgesNs: readonly number[]): number[] {
    if (edgesNs.length < 2) throw new RangeError("counts: a bin needs two edges");
    const bins = new Array<number>(edgesNs.length - 1).fill(0);
    let bin = 0;
    for (const { middleNs, count } of this.buckets()) {
      while (bin < bins.length - 1 && middleNs >= (edgesNs[bin + 1] as number)) bin++;
      bins[bin] = (bins[bin] as number) + count;
    }
    return bins;
  }

  /** HdrHistogram's V2 compressed encoding in base64, as Java's HdrHistogram and .hlog files have it. */
  encode(): string {
    return this.#buckets.encodeIntoCompressedBase64();
  }

  /**
   * Reads what encode(), Java's HdrHistogram or another implementation wrote.
   * @param exact min, max and mean that were kept beside; without it they are those of the buckets, 3 significant digits
   * @throws NetlatError (exit 3): not such a histogram, outside 0 to 1 h, or `exact` contradicts it
   */
  static decode(base64: string, exact?: ExactMoments): LatencyHistogram {
    const result = new LatencyHistogram();
    const uncompressed = uncompressedHdr(base64);
    try {
      result.#buckets.add(doDecode(uncompressed, DOUBLE_COUNTS));
    } catch (cause) {
      throw unreadableHistogram("its values do not fit 0 to 1 h", cause);
    }
    const filled = [...result.buckets()];
    const first = filled[0];
    const last = filled.at(-1);
    if (first === undefined || last === undefined) return result;
    const buckets = result.#buckets;
    const { min, max, mean } = exact ?? {
      min: first.lowNs,
      max: buckets.highestEquivalentValue(last.lowNs),
      mean: filled.reduce((sum, { middleNs, count }) => sum + middleNs * count, 0) / result.count,
    };
    const agrees =
      buckets.lowestEquivalentValue(min) === first.lowNs && buckets.lowestEquivalentValue(max) === last.lowNs;
    if (!agrees || !(mean >= min && mean <= max)) {
      throw unreadableHistogram(`min ${min}, max ${max} and mean ${mean} beside it contradict it`);
    }
    result.#min = min;
    result.#max = max;
    result.#sum = mean * result.count;
    return result;
  }

  /** The buckets that hold values, ascending; `middleNs` stands for a value in the bucket, and is inside [min, max]. */
  *buckets(): Generator<{ lowNs: number; middleNs: number; count: number }> {
    const buckets = this.#buckets;
    const known = this.#min <= this.#max;
    for (let index = 0, left = buckets.totalCount; left > 0 && index < buckets.countsArrayLength; index++) {
      const count = buckets.getCountAtIndex(index);
      if (count === 0) continue;
      left -= count;
      const lowNs = buckets.valueFromIndex(index);
      const middleNs = buckets.medianEquivalentValue(lowNs);
      yield { lowNs, middleNs: known ? Math.min(this.#max, Math.max(this.#min, middleNs)) : middleNs, count };
    }
  }
}
