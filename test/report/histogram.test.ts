import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { distribution, fromHistogramData, histogramOf, toHistogramData } from "../../src/report/histogram.js";
import { histogramSchema } from "../../src/report/primitives.js";
import { LatencyHistogram } from "../../src/stats/histogram.js";

describe("histogramOf", () => {
  it("is count 0 with zeros when empty", () => {
    const { hdr, ...numbers } = histogramOf([]);
    expect(numbers).toEqual({ unit: "ns", count: 0, min: 0, max: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0 });
    expect(LatencyHistogram.decode(hdr).count).toBe(0);
  });

  it("gives a bimodal sample both its modes, whole nanoseconds, and leaves NaN out", () => {
    const data = histogramOf(Float64Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? 200_000.25 : 44_000_000)));
    expect(histogramSchema.parse(data)).toEqual(data);
    expect(data).toMatchObject({ count: 1000, min: 200_000, max: 44_000_000, mean: 22_100_000, p99: 44_000_000 });
    expect(Math.abs(data.p50 - 200_000)).toBeLessThanOrEqual(200);
    expect(distribution(data, [1e5, 1e6, 1e7, 1e8])).toEqual([500, 0, 500]);
    expect(histogramOf([Number.NaN, 5]).count).toBe(1);
  });
});

describe("fromHistogramData", () => {
  it("brings the histogram back, so that reports add up", () => {
    const data = histogramOf([1000, 2000, 44_000_001]);
    expect(toHistogramData(fromHistogramData(data))).toEqual(data);
    const sum = fromHistogramData(data);
    sum.merge(fromHistogramData(histogramOf([7])));
    expect(toHistogramData(sum)).toMatchObject({ count: 4, min: 7, max: 44_000_001 });
  });

  it("refuses data that contradicts itself", () => {
    const data = histogramOf([1000, 2000]);
    expect(() => distribution({ ...data, count: 3 }, [0, 1e9])).toThrow(NetlatError);
    expect(() => distribution({ ...data, max: 1e9 }, [0, 1e9])).toThrow(/contradict/);
    expect(() => distribution({ ...data, hdr: "AAAA" }, [0, 1e9])).toThrow(NetlatError);
  });
});
