import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { LatencyHistogram } from "../../src/stats/histogram.js";
import { isHistogramLog, readHistogramLog } from "../../src/stats/hlog-reader.js";

const histogramOf = (...values: number[]): LatencyHistogram => {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
};
const interval = (length: string, histogram: LatencyHistogram): string => `0.127,${length},2.769,${histogram.encode()}`;

/** As Java's HistogramLogWriter begins a log. */
const HEAD = [
  "#[Logged with jHiccup version 2.0.7-SNAPSHOT]",
  "#[Histogram log format version 1.2]",
  "#[StartTime: 1441812279.474 (seconds since epoch), Wed Sep 09 08:24:39 PDT 2015]",
  '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
];

describe("readHistogramLog", () => {
  it("adds up the intervals of an untagged log", () => {
    const text = [...HEAD, interval("1.007", histogramOf(1e6, 2e6)), interval("0.993", histogramOf(3e6))].join("\r\n");
    expect(isHistogramLog(text)).toBe(true);
    const [one, ...others] = readHistogramLog(text, "a.hlog");
    expect(others).toEqual([]);
    expect(one?.tag).toBeNull();
    expect(one?.lengthSeconds).toBeCloseTo(2, 9);
    expect(one?.histogram.count).toBe(3);
    expect(one?.histogram.quantile(1) ?? 0).toBeGreaterThanOrEqual(3e6);
  });

  it("keeps tags apart", () => {
    const text = [
      ...HEAD,
      `Tag=A,${interval("1", histogramOf(1e6))}`,
      `Tag=B,${interval("2", histogramOf(5e6, 5e6))}`,
    ].join("\n");
    expect(readHistogramLog(text, "a").map(({ tag, histogram }) => [tag, histogram.count])).toEqual([
      ["A", 1],
      ["B", 2],
    ]);
  });

  it("names the line that it cannot read", () => {
    const damaged = [...HEAD, "0.1,1.0,2.0,HISTFAAAAA=="].join("\n");
    expect(() => readHistogramLog(damaged, "a.hlog")).toThrow(/^a.hlog: line 5: not a readable histogram/);
    expect(() => readHistogramLog([...HEAD, "what is this"].join("\n"), "a.hlog")).toThrow(
      /a.hlog: line 5 is not an interval/,
    );
    expect(() => readHistogramLog(HEAD.join("\n"), "a.hlog")).toThrow(/without any interval/);
  });

  it("takes any text for no log, or says what is wrong with it", () => {
    const lines = fc.array(
      fc.oneof(
        fc.string(),
        fc.constantFrom(...HEAD),
        fc.constant(interval("1", histogramOf(7))),
        fc.constant("Tag=x,1,-1,1,AAAA"),
      ),
    );
    fc.assert(
      fc.property(lines, (parts) => {
        try {
          for (const { histogram, lengthSeconds } of readHistogramLog(parts.join("\n"), "x")) {
            expect(histogram.count).toBeGreaterThanOrEqual(0);
            expect(lengthSeconds).toBeGreaterThanOrEqual(0);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(NetlatError);
          expect((error as NetlatError).exitCode).toBe(3);
        }
      }),
    );
  });
});
