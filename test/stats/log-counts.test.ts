import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHistogramData, toHistogramData } from "../../src/report/histogram.js";
import { LatencyHistogram } from "../../src/stats/histogram.js";
import { bucketOf, LogCounts, middleOf } from "../../src/stats/log-counts.js";

const HOUR_NS = 3600e9;
const latency = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 2e9 }),
  fc.integer({ min: 0, max: HOUR_NS }),
);
const latencies = fc.array(latency, { minLength: 1, maxLength: 100 });

function counts(values: Iterable<number>): LogCounts {
  const result = new LogCounts();
  for (const value of values) result.record(value);
  return result;
}

function histogram(values: Iterable<number>): LatencyHistogram {
  const result = new LatencyHistogram();
  for (const value of values) result.record(value);
  return result;
}

describe("LogCounts", () => {
  it("turns into the histogram that the same values make", () => {
    fc.assert(
      fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const converted = counts(values).toHistogram();
        const direct = histogram(values);
        expect(converted.encode()).toBe(direct.encode());
        expect([converted.count, converted.min, converted.max]).toEqual([direct.count, direct.min, direct.max]);
        expect(converted.mean).toBeCloseTo(direct.mean, 3);
        expect(converted.quantile(share)).toBe(direct.quantile(share));
        expect(fromHistogramData(toHistogramData(converted)).count).toBe(values.length);
      }),
      { numRuns: 50 },
    );
  });

  it("gives the quantiles itself, within a bucket of the histogram's", () => {
    fc.assert(
      fc.property(latencies, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, share) => {
        const own = counts(values).quantile(share);
        const reference = histogram(values).quantile(share);
        expect(Math.abs(own - reference)).toBeLessThanOrEqual(reference * 0.001 + 1);
      }),
      { numRuns: 50 },
    );
  });

  it("takes values out and puts others in as if they had been recorded so", () => {
    fc.assert(
      fc.property(latencies, latencies, latencies, (kept, slow, cured) => {
        const changed = counts([...kept, ...slow]).replacing(counts(slow), counts(cured));
        const wanted = counts([...kept, ...cured]);
        expect(changed.toHistogram().encode()).toBe(wanted.toHistogram().encode());
        expect(changed.count).toBe(wanted.count);
        expect(changed.sum).toBe(wanted.sum);
      }),
      { numRuns: 50 },
    );
  });

  it("copies: what is added to the copy is not in the original", () => {
    const original = counts([5, 40e6]);
    const copy = original.copy();
    copy.record(40e6);
    copy.record(7e9);
    expect([original.count, original.max, original.toHistogram().count]).toEqual([2, 40e6, 2]);
    expect([copy.count, copy.max, copy.sum]).toEqual([4, 7e9, 5 + 80e6 + 7e9]);
  });

  it("counts nothing that is no duration, and is empty without values", () => {
    const none = counts([Number.NaN, -1, Number.POSITIVE_INFINITY, HOUR_NS + 1]);
    expect([none.count, none.sum, none.mean, none.quantile(0.5)]).toEqual([0, 0, 0, 0]);
    expect(none.toHistogram().count).toBe(0);
  });

  it("has buckets whose middle is in the bucket, within a thousandth of each value", () => {
    fc.assert(
      fc.property(latency, (value) => {
        expect(bucketOf(value)).toBeLessThan(2 ** 16);
        expect(bucketOf(middleOf(bucketOf(value)))).toBe(bucketOf(value));
        expect(Math.abs(middleOf(bucketOf(value)) - value)).toBeLessThanOrEqual(value / 1000 + 0.5);
      }),
    );
  });
});
