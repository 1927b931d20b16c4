import { describe, expect, test } from "vitest";
import { baselineChanges, baselineOf, otherLosses, tooThin } from "../../src/check/baseline.js";
import { type CheckResult, gateReport, worstExit } from "../../src/check/gate.js";
import { reportSchema } from "../../src/report/model.js";
import { reportOf, runOf, stall, times } from "./reports.js";

function resultOf(name: string, changes: Partial<CheckResult> = {}): CheckResult {
  return {
    check: { name, kind: "probe", subject: "lab:memcached", line: 3, settings: [], expectations: [] },
    report: reportOf([runOf(times(10, 1))], { findings: [stall("nagle=on")] }),
    outcome: "pass",
    exitCode: 0,
    reasons: [],
    attemptOutcomes: ["pass"],
    durationNs: 1,
    expectations: [{ text: "p50 < 5ms", line: 5, run: "nagle=on", outcome: "pass", observed: "1 ms", says: "holds" }],
    ...changes,
  };
}

const { source: _, ...base } = reportOf([]);
const gate = (results: CheckResult[], interrupted = false) =>
  gateReport({ suite: "netlat.yaml", results, notRun: [], durationNs: 5, interrupted, base });

describe("the report of a suite", () => {
  test("of several checks: runs and findings keep apart by the check's name, and the gate points at them", () => {
    const report = reportSchema.parse(gate([resultOf("a"), resultOf("b")]));
    expect(report.runs.map(({ id }) => id)).toEqual(["a/nagle=on", "b/nagle=on"]);
    expect(report.findings.map(({ subject }) => subject)).toEqual([{ run: "a/nagle=on" }, { run: "b/nagle=on" }]);
    expect(report.gate?.checks.map(({ runs, findings }) => [runs, findings])).toEqual([
      [["a/nagle=on"], [0]],
      [["b/nagle=on"], [1]],
    ]);
    expect(report.gate?.checks[1]?.expectations[0]?.run).toBe("b/nagle=on");
    expect(report.detectors).toHaveLength(1);
    expect(report.verdict.status).toBe("pass");
  });

  test("of one check: ids stay as they are", () => {
    expect(gate([resultOf("a")]).runs[0]?.id).toBe("nagle=on");
  });

  test("a failure is not hidden by what could not be told, and nothing run is no pass", () => {
    const open = resultOf("b", { outcome: "inconclusive", exitCode: 5 });
    expect(gate([resultOf("a", { outcome: "fail", exitCode: 1 }), open]).verdict.status).toBe("fail");
    expect(gate([resultOf("a"), open]).verdict.status).toBe("inconclusive");
    expect(gate([resultOf("a")], true).verdict.status).toBe("inconclusive");
    expect(gate([]).verdict.status).toBe("inconclusive");
  });

  test("the worst exit code wins", () => {
    expect(worstExit([0, 0])).toBe(0);
    expect(worstExit([0, 5, 4])).toBe(4);
    expect(worstExit([5, 4, 3, 1])).toBe(1);
    expect(worstExit([1, 2])).toBe(2);
    expect(worstExit([1, 130])).toBe(130);
  });
});

describe("a new baseline", () => {
  const spread = (middleMs: number) => Array.from({ length: 400 }, (_, at) => middleMs * (0.9 + (0.2 * at) / 400));
  const old = reportOf([runOf(spread(10))]);
  const looser = (middleMs: number) =>
    baselineChanges(old, reportOf([runOf(spread(middleMs))])).some((change) => change.looser);

  test("is looser when it is slower than chance allows, and not when it is alike or faster", () => {
    expect([looser(8), looser(10), looser(15)]).toEqual([false, false, true]);
  });

  test("is looser when a run is gone, fails more or rests on fewer requests", () => {
    expect(otherLosses(old, old)).toEqual([]);
    expect(otherLosses(old, reportOf([]))[0]).toMatch(/not measured any more/);
    expect(otherLosses(old, reportOf([runOf(spread(10), { errors: { reset: 1 } })]))[0]).toMatch(/1 failed/);
    expect(otherLosses(old, reportOf([runOf(times(20, 10))]))[0]).toMatch(/20 requests, before 400/);
  });

  test("keeps what differences are computed from; too few requests make none", () => {
    expect(reportSchema.parse(baselineOf(old)).runs[0]?.latency).toEqual(old.runs[0]?.latency);
    expect(tooThin(old, [])).toBeNull();
    expect(tooThin(reportOf([runOf(times(3, 1))]), [])).toMatch(/3 requests/);
    expect(tooThin(reportOf([]), [])).toMatch(/nothing/);
  });
});
