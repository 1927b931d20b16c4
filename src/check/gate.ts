/** From the results of a suite's checks to the one report that stands for all of them. Pure. */
import { EXIT, type ExitCode } from "../errors.js";
import type { DetectorOutcome, Finding, FlowSummary, Gate, Report, Run } from "../report/model.js";
import type { ExpectationResult, Outcome } from "./judge.js";
import type { Check } from "./suite.js";

export interface CheckResult {
  readonly check: Check;
  /** What the last attempt measured; null: nothing could be measured. */
  readonly report: Report | null;
  readonly outcome: Outcome;
  readonly exitCode: ExitCode;
  readonly reasons: readonly string[];
  readonly attemptOutcomes: readonly Outcome[];
  readonly durationNs: number;
  readonly expectations: readonly ExpectationResult[];
  readonly baselineUpdate?: Gate["checks"][number]["baselineUpdate"];
}

/**
 * Worst first. A suite that is not what its author meant says nothing at all; then a proven failure outweighs what could not be
 * read, reached or told, so that a broken neighbour never hides it.
 */
const WORST_FIRST: readonly ExitCode[] = [
  EXIT.interrupted,
  EXIT.usage,
  EXIT.gateFailed,
  EXIT.unreadableInput,
  EXIT.unreachable,
  EXIT.inconclusive,
];

/** What the whole suite ends with. */
export function worstExit(codes: readonly number[]): ExitCode {
  return WORST_FIRST.find((code) => codes.includes(code)) ?? EXIT.done;
}

export interface GateFacts {
  readonly suite: string;
  readonly results: readonly CheckResult[];
  readonly notRun: readonly string[];
  readonly durationNs: number;
  readonly interrupted: boolean;
  readonly base: Omit<Report, "source">;
}

/** Runs, flows and findings of all checks side by side, each run's id behind the name of its check where there are several. */
export function gateReport({ suite, results, notRun, durationNs, interrupted, base }: GateFacts): Report {
  const runs: Run[] = [];
  const flows: FlowSummary[] = [];
  const findings: Finding[] = [];
  const checks = results.map((result): Gate["checks"][number] => {
    const { check, report } = result;
    const rename = (id: string): string => (results.length > 1 ? `${check.name}/${id}` : id);
    const own = (report?.runs ?? []).map((run) => ({ ...run, id: rename(run.id) }));
    const firstFinding = findings.length;
    const flowNumber = (id: number): number => id + firstFlow;
    const firstFlow = flows.reduce((most, { id }) => Math.max(most, id), 0);
    runs.push(...own);
    findings.push(...(report?.findings ?? []).map((finding) => placed(finding, rename, flowNumber)));
    flows.push(...(report?.flows ?? []).map((flow) => ({ ...flow, id: flowNumber(flow.id) })));
    return {
      name: check.name,
      kind: check.kind,
      subject: check.subject,
      line: check.line,
      outcome: result.outcome,
      reasons: [...result.reasons],
      attempts: result.attemptOutcomes.length,
      attemptOutcomes: [...result.attemptOutcomes],
      durationNs: Math.round(result.durationNs),
      exitCode: result.exitCode,
      expectations: result.expectations.map((one) => ({ ...one, run: one.run === null ? null : rename(one.run) })),
      runs: own.map(({ id }) => id),
      findings: (report?.findings ?? []).map((_, index) => firstFinding + index),
      ...(result.baselineUpdate === undefined ? {} : { baselineUpdate: result.baselineUpdate }),
    };
  });
  return {
    ...base,
    source: { kind: "check", suite, durationNs: Math.round(durationNs), interrupted },
    runs,
    flows,
    findings,
    detectors: joinDetectors(results),
    gate: { checks, notRun: [...notRun] },
    verdict: verdictOf(results, interrupted),
  };
}

function placed(finding: Finding, rename: (id: string) => string, flowNumber: (id: number) => number): Finding {
  const { subject, ladder } = finding;
  return {
    ...finding,
    subject:
      "run" in subject
        ? { run: rename(subject.run) }
        : "flow" in subject
          ? { flow: flowNumber(subject.flow) }
          : subject,
    ...(ladder === undefined ? {} : { ladder: { ...ladder, flow: flowNumber(ladder.flow) } }),
  };
}

const DETECTOR_STATUS = ["failed", "ran", "not-applicable"] as const;

/** Each detector once: failed anywhere, else ran anywhere; what happened where stands in the reason. */
function joinDetectors(results: readonly CheckResult[]): DetectorOutcome[] {
  const all = results.flatMap(({ check, report }) =>
    (report?.detectors ?? []).map((detector) => ({ ...detector, check: check.name })),
  );
  return [...new Set(all.map(({ code }) => code))].map((code) => {
    const same = all.filter((detector) => detector.code === code);
    const status = DETECTOR_STATUS.find((one) => same.some((detector) => detector.status === one)) ?? "not-applicable";
    const told = same.filter((detector) => detector.status === status);
    const reasons = new Set(told.map(({ reason }) => reason));
    const reason =
      reasons.size > 1 ? told.map(({ check, reason }) => `${check}: ${reason}`).join("; ") : [...reasons].join();
    return { code, status, reason };
  });
}

function verdictOf(results: readonly CheckResult[], interrupted: boolean): Report["verdict"] {
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  const open = interrupted || results.length === 0 || count("inconclusive") > 0;
  const status = count("fail") > 0 ? "fail" : open ? "inconclusive" : "pass";
  const told = results.flatMap(({ check, outcome, reasons }) =>
    reasons.length === 0 ? [] : [`${check.name}: ${outcome}: ${reasons.join("; ")}.`],
  );
  return { status, reasons: interrupted ? ["Interrupted: what was not measured did not pass.", ...told] : told };
}
