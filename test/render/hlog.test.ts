import { HistogramLogReader } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { renderers } from "../../src/render/index.js";
import type { Report } from "../../src/report/model.js";
import { emptyCapture, lossesCapture } from "./sample-capture.js";
import { openLoopReport, stallReport } from "./sample-report.js";

const hlog = (report: Report): string => renderers.hlog(report, { columns: 80, colour: 0, unicode: true });

function readBack(text: string): { tag: string; count: number; max: number; seconds: number }[] {
  const reader = new HistogramLogReader(text, 64);
  const found = [];
  for (let one = reader.nextIntervalHistogram(); one !== null; one = reader.nextIntervalHistogram()) {
    const seconds = (one.endTimeStampMsec - one.startTimeStampMsec) / 1000;
    found.push({ tag: one.tag ?? "", count: one.totalCount, max: one.maxValue, seconds });
  }
  return found;
}

describe("hlog", () => {
  it("is read back by an HdrHistogram log reader with the same counts, one interval for each run", () => {
    const report = stallReport();
    const found = readBack(hlog(report));
    expect(found.map(({ tag }) => tag)).toEqual(report.runs.map((run) => run.id.replaceAll(",", ";")));
    expect(found.map(({ count }) => count)).toEqual(report.runs.map((run) => run.latency.count));
    for (const [at, run] of report.runs.entries()) {
      expect(found[at]!.max / run.latency.max).toBeCloseTo(1, 2);
      expect(found[at]!.seconds).toBeCloseTo(run.durationNs / 1e9, 2);
    }
  });

  it("adds the corrected latency of an open loop under a tag of its own", () => {
    const report = openLoopReport();
    const found = readBack(hlog(report));
    expect(found).toHaveLength(2 * report.runs.length);
    expect(found[1]!.tag).toBe(`${found[0]!.tag};corrected`);
    expect(found[1]!.count).toBe(report.runs[0]!.corrected!.count);
  });

  it("has one interval for each service of a capture, and the capture's own time", () => {
    const report = lossesCapture();
    expect(readBack(hlog(report)).map(({ tag, count }) => [tag, count])).toEqual(
      report.runs.map((run) => [run.id, run.latency.count]),
    );
    expect(hlog(report)).toContain("#[StartTime: 1772390900.597 (seconds since epoch), 2026-03-01T18:48:20.597Z]");
    const untimed = emptyCapture();
    Object.assign(untimed.source, { firstPacketAt: "no time" });
    expect(hlog(untimed)).toContain(untimed.startedAt);
  });

  it("writes the maximum in milliseconds, as Java's writer does", () => {
    const [, , , max] = hlog(stallReport())
      .split("\n")
      .find((line) => line.includes("nagle=on;split=fields"))!
      .split(",");
    expect(max).toBe("47.610");
  });

  it("keeps a run's name in one field, whatever is in it", () => {
    const report = stallReport();
    report.runs[0]!.id = "a, b\n#c\u0085d";
    expect(readBack(hlog(report))[0]!.tag).toBe("a;b;#c;d");
  });
});
