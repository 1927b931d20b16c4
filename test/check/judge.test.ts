import { describe, expect, test } from "vitest";
import { judgeAll, worst } from "../../src/check/judge.js";
import { leastRequests } from "../../src/check/judge-confidence.js";
import { readExpectation } from "../../src/check/read-expectation.js";
import type { Report } from "../../src/report/model.js";
import { reportOf, runOf, stall, times } from "./reports.js";

const EVERYTHING = { text: "", factors: new Map<string, string>() };

function outcome(text: string, report: Report, baseline: Report | null = null): string {
  const expectation = readExpectation(text, "s.yaml:1", 1, EVERYTHING);
  return worst(judgeAll([expectation], report, baseline).map((one) => one.outcome));
}

const judged = (text: string, latenciesMs: readonly number[]) => outcome(text, reportOf([runOf(latenciesMs)]));

describe("a quantile", () => {
  test("passes when its upper bound is below, fails when its lower bound is above", () => {
    expect(judged("p99 < 5ms", times(400, 1))).toBe("pass");
    expect(judged("p99 < 5ms", times(400, 40))).toBe("fail");
    expect(judged("p99 > 5ms", times(400, 40))).toBe("pass");
    expect(judged("p99 > 5ms", times(400, 1))).toBe("fail");
  });

  test("needs 6 requests for p50, 36 for p90, 368 for p99; one less is inconclusive", () => {
    for (const [name, quantile, least] of [
      ["p50", 0.5, 6],
      ["p90", 0.9, 36],
      ["p99", 0.99, 368],
    ] as const) {
      expect(leastRequests(quantile)).toBe(least);
      expect(judged(`${name} < 5ms`, times(least, 1))).toBe("pass");
      expect(judged(`${name} < 5ms`, times(least - 1, 1))).toBe("inconclusive");
    }
  });

  test("a limit inside the interval cannot be told", () => {
    const close = [...times(395, 1), ...times(5, 9)];
    expect(judged("p99 < 5ms", close)).toBe("inconclusive");
    expect(judged("p99 < 10ms", close)).toBe("pass");
  });

  test("three clear stalls fail even with few requests, a single slow one does not", () => {
    expect(judged("p99 < 5ms", times(3, 40))).toBe("fail");
    expect(judged("p99 < 5ms", [1, 1, 40])).toBe("inconclusive");
    expect(judged("p99 < 5ms", [40])).toBe("inconclusive");
  });

  test("what was not measured never passes", () => {
    expect(judged("p99 < 5ms", [])).toBe("inconclusive");
    expect(judged("errors == 0", [])).toBe("inconclusive");
    expect(judged("findings == 0", [])).toBe("inconclusive");
    expect(judged("phases.tls.p50 < 5ms", times(100, 1))).toBe("inconclusive");
    expect(outcome("errors == 0", reportOf([]))).toBe("inconclusive");
  });
});

describe("errors", () => {
  const run = (failed: number, answered: number) =>
    reportOf([runOf(times(answered, 1), { errors: { timeout: failed } })]);

  test("as a number are those of this run, as a share those of the target", () => {
    expect(outcome("errors == 0", run(0, 10))).toBe("pass");
    expect(outcome("errors == 0", run(1, 10))).toBe("fail");
    expect(outcome("errors.reset == 0", run(1, 10))).toBe("pass");
    expect(outcome("errors < 1%", run(0, 368))).toBe("pass");
    expect(outcome("errors < 1%", run(0, 300))).toBe("inconclusive");
    expect(outcome("errors < 1%", run(30, 300))).toBe("fail");
    expect(outcome("errors < 1%", run(4, 400))).toBe("inconclusive");
  });
});

test("what an interruption left unsent is no failure of the target", () => {
  const run = runOf(times(100, 1), { errors: { unsent: 1 } });
  const source = { kind: "check", suite: "s.yaml", durationNs: 0, interrupted: true } as const;
  expect(outcome("errors == 0", reportOf([run]))).toBe("fail");
  expect(outcome("errors == 0", reportOf([run], { source }))).toBe("inconclusive");
  const failed = runOf(times(100, 1), { errors: { unsent: 1, reset: 1 } });
  expect(outcome("errors == 0", reportOf([failed], { source }))).toBe("fail");
});

describe("findings", () => {
  const run = runOf(times(10, 1));

  test("none passes only where the detector could look", () => {
    const silent = { code: "nagle-delayed-ack", status: "not-applicable", reason: "no cell" } as const;
    expect(outcome("findings nagle-delayed-ack == 0", reportOf([run]))).toBe("pass");
    expect(outcome("findings nagle-delayed-ack == 0", reportOf([run], { detectors: [silent] }))).toBe("inconclusive");
    expect(
      outcome("findings nagle-delayed-ack == 0", reportOf([run], { detectors: [{ ...silent, status: "failed" }] })),
    ).toBe("inconclusive");
  });

  test("what was found fails, and an info is none that must be mended", () => {
    expect(outcome("findings == 0", reportOf([run], { findings: [stall(run.id)] }))).toBe("fail");
    const info = { ...stall(run.id), code: "split-write", severity: "info" } as const;
    expect(outcome("findings == 0", reportOf([run], { findings: [info] }))).toBe("pass");
  });
});

describe("doubt", () => {
  const run = runOf(times(400, 1));

  test("our own lateness, and a split that did not happen, decide nothing", () => {
    const late = { ...stall(run.id), code: "generator-lag", severity: "warning" } as const;
    expect(outcome("p99 < 5ms", reportOf([run], { findings: [late] }))).toBe("inconclusive");
    expect(outcome("p99 < 5ms", reportOf([{ ...run, used: false }]))).toBe("inconclusive");
  });

  test("what was interrupted may fail and cannot pass", () => {
    const source = { kind: "check", suite: "s", durationNs: 0, interrupted: true } as const;
    expect(outcome("p99 < 5ms", reportOf([run], { source }))).toBe("inconclusive");
    expect(outcome("p99 < 5ms", reportOf([runOf(times(400, 40))], { source }))).toBe("fail");
  });
});

describe("a baseline", () => {
  const spread = (middleMs: number) => Array.from({ length: 400 }, (_, at) => middleMs * (0.9 + (0.2 * at) / 400));
  const base = reportOf([runOf(spread(10))]);

  test("passes, fails and cannot tell by the interval of the difference", () => {
    const against = (latencies: readonly number[], text: string) => outcome(text, reportOf([runOf(latencies)]), base);
    expect(against(spread(10), "baseline p50 < +10%")).toBe("pass");
    expect(against(spread(15), "baseline p50 < +10%")).toBe("fail");
    expect(against(spread(11), "baseline p50 < +10%")).toBe("inconclusive");
    expect(against(spread(12), "baseline p50 < +4ms")).toBe("pass");
    expect(against(spread(8), "baseline p50 < -10%")).toBe("pass");
    expect(against(times(5, 10), "baseline p50 < +10%")).toBe("inconclusive");
  });

  test("without a baseline, or without this run in it, nothing passes", () => {
    const now = reportOf([runOf(spread(10))]);
    expect(outcome("baseline p50 < +10%", now)).toBe("inconclusive");
    expect(outcome("baseline p50 < +10%", now, reportOf([runOf(spread(10), { id: "other" })]))).toBe("inconclusive");
  });
});
