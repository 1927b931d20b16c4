import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { Float64Histogram, HistogramLogReader, HistogramLogWriter } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { LatencyHistogram } from "../../src/stats/histogram.js";

const HOUR_NS = 3600e9;
const latency = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 2e9 }),
  fc.integer({ min: 0, max: HOUR_NS }),
);
const latencies = fc.array(latency, { minLength: 1, maxLength: 200 });

function histogram(values: Iterable<number>): LatencyHistogram {
  const result = new LatencyHistogram();
  for (const value of values) result.record(value);
  return result;
}

function exactQuantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length - 1e-9) - 1)] as number;
}

describe("LatencyHistogram", () => {
  it("is all zeros when empty", () => {
    const empty = new LatencyHistogram();
    expect([empty.count, empty.min, empty.max, empty.mean, empty.quantile(0.5), empty.rejected]).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
    expect(empty.counts([0, 10, 100])).toEqual([0, 0]);
    expect(LatencyHistogram.decode(empty.encode()).count).toBe(0);
  });

  it("keeps exact count, min, max and mean, and quantiles within 0.1 % that never leave [min, max]", () => {
    fc.assert(
      fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (values, p) => {
        const h = histogram(values);
        expect(h.count).toBe(values.length);
        expect(h.min).toBe(Math.min(...values));
        expect(h.max).toBe(Math.max(...values));
        expect(h.mean).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 3);
        const quantile = h.quantile(p);
        expect(quantile).toBeGreaterThanOrEqual(h.min);
        expect(quantile).toBeLessThanOrEqual(h.max);
        const exact = exactQuantile(values, p);
        expect(quantile).toBeGreaterThanOrEqual(exact);
        expect(quantile).toBeLessThanOrEqual(exact * 1.001 + 1);
      }),
      { numRuns: 60 },
    );
  });

  it("records zero, rounds fractions, and takes one hour as its bound", () => {
    const h = histogram([0, -0, 0.4, 1.6, HOUR_NS]);
    expect([h.count, h.min, h.max, h.rejected]).toEqual([5, 0, HOUR_NS, 0]);
    expect(Object.is(h.min, 0)).toBe(true);
    expect(h.quantile(0.6)).toBe(0);
    expect(h.quantile(0.8)).toBe(2);
    expect(h.quantile(1)).toBe(HOUR_NS);
  });

  it("rejects what is no duration, and counts it", () => {
    const h = histogram([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, HOUR_NS + 1, 42]);
    expect([h.count, h.rejected, h.min, h.max, h.mean]).toEqual([1, 5, 42, 42, 42]);
  });

  it("records a value many times as if one by one", () => {
    fc.assert(
      fc.property(latency, fc.integer({ min: 0, max: 50 }), (value, count) => {
        const many = histogram([7]);
        many.recordMany(value, count);
        const oneByOne = histogram([7, ...new Array<number>(count).fill(value)]);
        expect(many.encode()).toBe(oneByOne.encode());
        expect([many.count, many.min, many.max]).toEqual([oneByOne.count, oneByOne.min, oneByOne.max]);
        expect(many.mean).toBeCloseTo(oneByOne.mean, 3);
      }),
      { numRuns: 30 },
    );
    const refused = histogram([]);
    refused.recordMany(Number.NaN, 3);
    expect([refused.count, refused.rejected]).toEqual([0, 3]);
    expect(() => refused.recordMany(1, -1)).toThrow(RangeError);
    expect(() => refused.recordMany(1, 0.5)).toThrow(RangeError);
  });

  it("takes back the exact moments behind stand-ins, and no others", () => {
    const h = histogram([]);
    h.recordMany(39_993_344, 2);
    h.restoreMoments({ min: 40_000_000, max: 40_005_000, mean: 40_002_000 });
    expect([h.min, h.max, h.mean]).toEqual([40_000_000, 40_005_000, 40_002_000]);
    expect(() => h.restoreMoments({ min: 39e6, max: 40_005_000, mean: 40e6 })).toThrow(RangeError);
    expect(() => h.restoreMoments({ min: 40_000_000, max: 40_005_000, mean: 41e6 })).toThrow(RangeError);
    const empty = histogram([]);
    empty.restoreMoments({ min: 1, max: 2, mean: 1 });
    expect([empty.min, empty.max, empty.mean]).toEqual([0, 0, 0]);
  });

  it("refuses a quantile outside 0 to 1", () => {
    expect(() => histogram([1]).quantile(99)).toThrow(RangeError);
    expect(() => histogram([1]).quantile(Number.NaN)).toThrow(RangeError);
  });

  it("merges without loss, as if everything had been recorded in one place", () => {
    fc.assert(
      fc.property(latencies, latencies, (left, right) => {
        const merged = histogram([...left, Number.NaN]);
        merged.merge(histogram([...right, -1]));
        const whole = histogram([...left, ...right]);
        expect(merged.encode()).toBe(whole.encode());
        expect([merged.count, merged.min, merged.max]).toEqual([whole.count, whole.min, whole.max]);
        expect(merged.mean).toBeCloseTo(whole.mean, 3);
        expect(merged.rejected).toBe(2);
      }),
      { numRuns: 30 },
    );
  });

  it("merges with an empty one either way", () => {
    const empty = new LatencyHistogram();
    empty.merge(new LatencyHistogram());
    expect([empty.count, empty.min, empty.max]).toEqual([0, 0, 0]);
    empty.merge(histogram([5, 7]));
    empty.merge(new LatencyHistogram());
    expect([empty.count, empty.min, empty.max, empty.mean]).toEqual([2, 5, 7, 6]);
  });

  it("does not wrap where 32-bit counts would: doubled 33 times", () => {
    const h = histogram([1000, 40e6]);
    for (let i = 0; i < 33; i++) h.merge(LatencyHistogram.decode(h.encode(), h));
    expect(h.count).toBe(2 ** 34);
    expect(h.counts([0, 1e6, 1e9])).toEqual([2 ** 33, 2 ** 33]);
    expect([h.min, h.max, h.mean]).toEqual([1000, 40e6, 20_000_500]);
  });

  it("counts in bins that add up, outliers in the outer bins", () => {
    const h = histogram([1, 5, 10, 99, 100, 1000, 5000]);
    expect(h.counts([10, 100, 1000])).toEqual([4, 3]);
    expect(h.counts([0, 2, 50, 200, 1e6])).toEqual([1, 2, 2, 2]);
    expect(() => h.counts([1])).toThrow(RangeError);
    fc.assert(
      fc.property(latencies, fc.uniqueArray(latency, { minLength: 2, maxLength: 20 }), (values, edges) => {
        const counts = histogram(values).counts([...edges].sort((a, b) => a - b));
        expect(counts).toHaveLength(edges.length - 1);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(values.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the encoding", () => {
  it("round-trips, exactly with its moments, to 3 digits without", () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const h = histogram(values);
        const back = LatencyHistogram.decode(h.encode(), h);
        expect([back.count, back.min, back.max, back.quantile(0.9)]).toEqual([h.count, h.min, h.max, h.quantile(0.9)]);
        expect(back.mean).toBeCloseTo(h.mean, 3);
        expect(back.encode()).toBe(h.encode());
        const bare = LatencyHistogram.decode(h.encode());
        expect(bare.min).toBeGreaterThanOrEqual(h.min * 0.999 - 1);
        expect(bare.max).toBeLessThanOrEqual(h.max * 1.001 + 1);
        expect(Math.abs(bare.mean - h.mean)).toBeLessThanOrEqual(h.mean * 0.001 + 1);
      }),
      { numRuns: 30 },
    );
  });

  it("stands in a histogram log that hdr-histogram-js reads", () => {
    const h = histogram([1e6, 2e6, 44e6]);
    const log = `#[Histogram log format version 1.3]\n#[StartTime: 1700000000.000 (seconds since epoch)]\nTag=cell,0.000,1.000,44.000,${h.encode()}\n`;
    const interval = new HistogramLogReader(log, 64).nextIntervalHistogram();
    expect(interval?.totalCount).toBe(3);
    expect(interval?.tag).toBe("cell");
    expect(interval?.getValueAtPercentile(100)).toBeGreaterThanOrEqual(44e6);
    expect(interval?.getValueAtPercentile(50)).toBeCloseTo(2e6, -4);
  });

  it("reads what hdr-histogram-js itself logs, of another precision too", () => {
    const theirs = new Float64Histogram(1, 60e9, 2);
    for (const value of [1000, 40e6, 40e6]) theirs.recordValue(value);
    let log = "";
    new HistogramLogWriter((text) => {
      log += text;
    }).outputIntervalHistogram(theirs, 0, 1);
    const ours = LatencyHistogram.decode(log.trim().split(",").at(-1) as string);
    expect(ours.count).toBe(3);
    expect(Math.abs(ours.quantile(0.9) - 40e6)).toBeLessThan(40e6 * 0.02);
  });

  it("reads what Java's HdrHistogram wrote", () => {
    // Java's HdrHistogram 2.2.2, new Histogram(1, 3600000000000L, 3): one 0, 500 values from 200 us up by 100 ns, 500 from
    // 43.5 ms up by 1 us, and 5,000,000,000 of 1.5 s. Java reads the reverse: it found 5 values, min 0 and max 1 h in ours.
    const java = LatencyHistogram.decode(
      "HISTFAAAAEZ4nJNpmSzMwMC4hAECmKE0I5DpZrBjAYP9B4gA08YORiYmFjCCYazUqAStJWaXKTg5OTk4QQkHJ6O1gQ0n1i9QBQBINRLH",
    );
    expect([java.count, java.min, java.max]).toEqual([5_000_001_001, 0, 1_500_512_255]);
    expect(java.counts([0, 1, 1e6, 1e9, 2e9])).toEqual([1, 500, 500, 5_000_000_000]);
  });

  it("throws exit 3 on anything else, and never anything but that", () => {
    const good = histogram([1e6, 44e6]).encode();
    const bad = [
      "",
      "no",
      "!!!!",
      "AAAA",
      good.slice(0, good.length - 8),
      good.slice(4),
      `${good.slice(0, 20)}AAAA${good.slice(24)}`,
    ];
    for (const text of bad) expect(() => LatencyHistogram.decode(text), text).toThrow(NetlatError);
    fc.assert(
      fc.property(fc.oneof(fc.base64String(), fc.string(), damaged(good)), (text) => {
        try {
          LatencyHistogram.decode(text);
        } catch (error) {
          expect(error).toBeInstanceOf(NetlatError);
          expect((error as NetlatError).exitCode).toBe(3);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("survives a well-packed envelope around any header and counts, quickly", () => {
    const any = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    const lowest = fc.oneof(fc.constant(1n), any);
    const highest = fc.oneof(fc.constant(3_600_000_000_000n), any);
    const header = fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 6 }), lowest, highest);
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 60 }), ([length, offset, digits, lowest, highest], words) => {
        const plain = Buffer.alloc(40 + words.length);
        plain.writeInt32BE(0x1c849313, 0);
        plain.writeUInt32BE(length % 2 === 0 ? words.length : length, 4);
        plain.writeUInt32BE(offset, 8);
        plain.writeUInt32BE(digits, 12);
        plain.writeBigInt64BE(lowest, 16);
        plain.writeBigInt64BE(highest, 24);
        plain.set(words, 40);
        try {
          const h = LatencyHistogram.decode(envelope(deflateSync(plain)));
          expect(h.min).toBeLessThanOrEqual(h.max);
          expect(h.max).toBeLessThanOrEqual(HOUR_NS * 1.3);
        } catch (error) {
          expect(error).toBeInstanceOf(NetlatError);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("does not inflate a bomb", () => {
    expect(() => LatencyHistogram.decode(envelope(deflateSync(Buffer.alloc(64 * 1024 * 1024))))).toThrow(/damaged/);
  });

  it("does not loop over a run of empty buckets that no histogram has", () => {
    const plain = Buffer.alloc(40 + 7);
    plain.writeInt32BE(0x1c849313, 0);
    plain.writeUInt32BE(7, 4);
    plain.writeUInt32BE(3, 12);
    plain.writeBigInt64BE(1n, 16);
    plain.writeBigInt64BE(3_600_000_000_000n, 24);
    plain.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 40);
    expect(() => LatencyHistogram.decode(envelope(deflateSync(plain)))).toThrow(/buckets/);
  });

  it("refuses moments that contradict the buckets", () => {
    const text = histogram([1e6, 44e6]).encode();
    expect(() => LatencyHistogram.decode(text, { min: 1e6, max: 99e6, mean: 22e6 })).toThrow(/contradict/);
    expect(() => LatencyHistogram.decode(text, { min: 1e6, max: 44e6, mean: 0 })).toThrow(/contradict/);
  });
});

function envelope(compressed: Uint8Array): string {
  const head = Buffer.alloc(8);
  head.writeInt32BE(0x1c849314, 0);
  head.writeUInt32BE(compressed.length, 4);
  return Buffer.concat([head, compressed]).toString("base64");
}

function damaged(good: string): fc.Arbitrary<string> {
  const bytes = Buffer.from(good, "base64");
  return fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] as number) ^ flip;
    return copy.toString("base64");
  });
}
