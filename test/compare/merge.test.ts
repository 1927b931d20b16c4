import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { mergeReports } from "../../src/compare/merge-reports.js";
import type { NamedReport } from "../../src/compare/report-part.js";
import { reportBase } from "../../src/report/base.js";
import { fromHistogramData, histogramOf } from "../../src/report/histogram.js";
import { type Finding, type Report, type Run, reportSchema } from "../../src/report/model.js";
import { moody, probeReport, runOf } from "./runs.js";

const US = 1e3;
const base = reportBase(new Date(0), { os: "o", kernel: "k", node: "n", cpus: 1, tickHz: null }, "0");
const merge = (...reports: NamedReport[]): Report => reportSchema.parse(mergeReports(reports, base));
const mergeOf = (...runs: Run[]): Run => {
  const reports = runs.map((run, at) =>
    probeReport(`${at}.json`, [run], { startedAt: `2026-01-01T00:00:0${at % 10}Z` }),
  );
  return merge(...reports).runs[0] as Run;
};

test("ten reports added up are the report of the pooled samples", () => {
  const samples = fc.array(fc.oneof(fc.integer({ min: 0, max: 3_600e9 }), fc.integer({ min: 0, max: 5000 })), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(fc.array(samples, { minLength: 10, maxLength: 10 }), (parts) => {
      fc.pre(new Set(parts.map((part) => histogramOf(part).hdr)).size === 10);
      const { latency } = mergeOf(...parts.map((part) => runOf(part)));
      const pooled = histogramOf(parts.flat());
      expect({ ...latency, mean: 0 }).toEqual({ ...pooled, mean: 0 });
      expect(Math.abs(latency.mean - pooled.mean)).toBeLessThanOrEqual(1);
      const whole = fromHistogramData(latency);
      for (const share of [0.1, 0.25, 0.75, 0.95, 0.9999]) {
        expect(whole.quantile(share)).toBe(fromHistogramData(pooled).quantile(share));
      }
    }),
    { numRuns: 40 },
  );
});

describe("a merged run", () => {
  const errors = (timeout: number): Partial<Run> => ({
    errors: { timeout },
    errorExamples: { timeout: `first ${timeout}` },
  });

  it("adds counts up; what one part could not see is not known of all", () => {
    const merged = mergeOf(runOf([1, 2, 3], 1, errors(2)), runOf([4, 5], 1, errors(1)));
    expect(merged).toMatchObject({
      requests: 5,
      errors: { timeout: 3 },
      errorExamples: { timeout: "first 2" },
      answers: { value: 5, miss: 0 },
      connections: 2,
      durationNs: 15,
      kernel: { retransmits: 2, dataSegmentsOut: 5, minRttNs: 20_000 },
      wire: { writes: 5, segments: 5, split: "as-asked" },
      corrected: null,
    });
    const unseen = { ...runOf([4, 5]), kernel: null, corrected: histogramOf([9]) };
    expect(mergeOf(runOf([1, 2, 3]), unseen)).toMatchObject({
      kernel: { retransmits: null, mss: 1448 },
      corrected: null,
    });
  });

  it("keeps each block with its part", () => {
    const merged = mergeOf(runOf([1, 2, 3, 4], 2), runOf([5, 6, 7, 8], 2));
    expect(merged.blocks?.map(({ part, round, p50Ns }) => [part, round, p50Ns])).toEqual([
      [0, 0, 1],
      [0, 1, 3],
      [1, 0, 5],
      [1, 1, 7],
    ]);
  });
});

describe("sources", () => {
  it("are kept, also of a report that was merged before, and a different order gives the same histogram", () => {
    const [a, b, c] = [
      [1, 2],
      [3, 4],
      [5, 600],
    ].map((values, at) => probeReport(`${at}.json`, [runOf(values, 1)])) as [NamedReport, NamedReport, NamedReport];
    const ab = { file: "ab.json", report: merge(a, b) };
    const abc = merge(ab, c);
    expect(abc.source.kind === "merge" && abc.source.parts.map(({ file }) => file)).toEqual([
      "0.json",
      "1.json",
      "2.json",
    ]);
    expect(abc.runs[0]?.latency).toEqual(merge(c, b, a).runs[0]?.latency);
    expect(abc.runs[0]?.blocks?.map(({ part }) => part)).toEqual([0, 1, 2]);
  });

  it("that make no sense together are refused in one sentence", () => {
    const a = probeReport("a.json", [runOf([1, 2])]);
    const redis = probeReport("r.json", [runOf([3])]);
    if (redis.report.source.kind === "probe") redis.report.source.protocol = "redis";
    const pool = probeReport("p.json", []);
    pool.report.source = { kind: "pool", from: "numbers" };
    expect(() => merge(a)).toThrow("at least two");
    expect(() => merge(a, { ...a, file: "copy.json" })).toThrow("a.json and copy.json hold the same measurement");
    expect(() => merge(a, redis)).toThrow("a.json asked by memcached, r.json by redis");
    expect(() => merge(a, pool)).toThrow("p.json: is a report of kind pool");
    const twice = probeReport("t.json", [runOf([1]), runOf([2])]);
    expect(() => merge(a, twice)).toThrow("t.json: holds the run nagle=off,split=none twice");
  });
});

describe("the drift test", () => {
  const part = (medianNs: number, seed: number) =>
    probeReport(`${seed}.json`, [runOf(moody(medianNs, 10, 100, seed), 10)]);

  it("is silent about parts that are alike", () => {
    const report = merge(...[1, 2, 3, 4, 5].map((seed) => part(200 * US, seed)));
    expect(report.source).toMatchObject({ alike: true, warnings: [] });
  });

  it("names the part that differs by a tenth or more, and its opposite", () => {
    const report = merge(part(200 * US, 1), part(200 * US, 2), part(300 * US, 3));
    expect(report.source).toMatchObject({ alike: false });
    expect(report.source.kind === "merge" && report.source.warnings[0]).toMatch(
      /^the parts are not alike: p50 of nagle=off,split=none is (29|30)\d us in 3.json, (19|20)\d us in [12].json$/,
    );
    expect(report.verdict.reasons[1]).toMatch(/^Careful: the parts are not alike/);
  });

  it("does not speak of a difference that nobody would act on", () => {
    const report = merge(part(200 * US, 1), part(212 * US, 2));
    expect(report.source).toMatchObject({ alike: true });
  });
});

describe("findings", () => {
  const finding = (count: number, p50: number): Finding => ({
    code: "nagle-delayed-ack",
    severity: "error",
    title: `Nagle x delayed ACK: ${count} of 60 requests waited`,
    subject: { run: "nagle=off,split=none" },
    count,
    of: 60,
    costNs: { total: count * p50, p50, max: 2 * p50 },
    confidence: "certain",
    evidence: [{ says: "held 40 ms" }],
    fix: ["one write"],
    whatIf: { p50Ns: p50 / 100, p99Ns: p50 / 10 },
  });
  const withFinding = (file: string, values: number[], ...findings: Finding[]) =>
    probeReport(file, [runOf(values)], { findings });

  it("of the same code and run are told as one, with added counts and the evidence of the worst", () => {
    const report = merge(withFinding("a.json", [1], finding(10, 40e6)), withFinding("b.json", [2], finding(59, 44e6)));
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0]).toMatchObject({
      count: 69,
      of: 120,
      costNs: { total: 10 * 40e6 + 59 * 44e6, p50: 44e6, max: 88e6 },
      evidence: [{ says: "b.json: held 40 ms" }],
    });
    expect(report.findings[0]?.title).toBe(
      "nagle-delayed-ack in 2 of 2 parts, 69 of 120 in all; at its worst in b.json: Nagle x delayed ACK: 59 of 60 requests waited",
    );
  });

  it("about connections stay apart, and their numbers go on counting", () => {
    const about = (flow: number): Finding => ({ ...finding(1, 40e6), subject: { flow } });
    const report = merge(withFinding("a.json", [1], about(3)), withFinding("b.json", [2], about(3)));
    expect(report.findings.map(({ subject }) => subject)).toEqual([{ flow: 3 }, { flow: 6 }]);
  });

  it("leave a theory open on which the parts do not agree, and say which detector did not run everywhere", () => {
    const told = (verdict: "confirmed" | "refuted", ran: boolean): Partial<Report> => ({
      theories: [{ id: "slow-server", claim: "the server is slow", verdict, because: "it thinks" }],
      detectors: [{ code: "slow-server", status: ran ? "ran" : "not-applicable", reason: "why" }],
    });
    const report = merge(
      probeReport("a.json", [runOf([1])], told("confirmed", true)),
      probeReport("b.json", [runOf([2])], told("refuted", false)),
    );
    expect(report.theories[0]).toMatchObject({
      verdict: "untested",
      because: "the parts do not agree: confirmed in a.json, refuted in b.json",
    });
    expect(report.detectors[0]).toEqual({
      code: "slow-server",
      status: "not-applicable",
      reason: "b.json: why; it ran in 1 of 2 parts",
    });
  });
});
