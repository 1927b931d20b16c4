/** Expectations about what was counted in this very run; they claim nothing beyond it, so they need no interval. */
import type { DetectorOutcome, Finding, Report, Run } from "../report/model.js";
import { formatRate } from "../units/rate.js";
import { type Expectation, holds, isUpper } from "./expectation.js";

export interface Judgement {
  readonly outcome: "pass" | "fail" | "inconclusive";
  /** What was seen, with its unit. */
  readonly observed: string;
  readonly says: string;
}

type Of<K extends Expectation["kind"]> = Extract<Expectation, { kind: K }>;

export const decided = (
  held: boolean,
  observed: string,
  says = held ? "holds" : "outside of what is expected",
): Judgement => ({
  outcome: held ? "pass" : "fail",
  observed,
  says,
});

export function errorsOf(run: Run, kind: string | undefined): number {
  if (kind !== undefined) return run.errors[kind] ?? 0;
  return Object.values(run.errors).reduce((sum, count) => sum + count, 0);
}

export function judgeCount(expectation: Of<"errors" | "requests">, run: Run): Judgement {
  const { kind, comparison, limit } = expectation;
  const seen = kind === "errors" ? errorsOf(run, expectation.error) : run.latency.count;
  const observed = kind === "errors" ? `${seen} of ${run.requests} requests failed` : `${seen} answered requests`;
  const [example] = kind === "errors" && seen > 0 ? Object.entries(run.errorExamples ?? {}) : [];
  return decided(
    holds(seen, comparison, limit),
    observed,
    example === undefined ? undefined : `${example[0]}: ${example[1]}`,
  );
}

export function judgeRate({ comparison, limitPerSecond }: Of<"rate">, run: Run): Judgement {
  if (run.latency.count === 0)
    return { outcome: "inconclusive", observed: "no answer", says: "no request was answered" };
  return decided(holds(run.ratePerSecond, comparison, limitPerSecond), `${formatRate(run.ratePerSecond)} answered`);
}

/**
 * "None found" passes only where somebody could look: the detector ran, on at least one answered request.
 * @param runs those that are meant; null: the whole report
 */
export function judgeFindings(
  { code, comparison, limit }: Of<"findings">,
  report: Report,
  runs: readonly Run[] | null,
): Judgement {
  const ids = runs === null ? null : new Set(runs.map(({ id }) => id));
  const counted = report.findings.filter((finding) => isCounted(finding, code) && isAbout(finding, ids));
  const observed = counted.length === 0 ? "none" : counted.map(words).join("; ");
  const says = counted.map(({ title }) => title).join("; ");
  const held = holds(counted.length, comparison, limit);
  // More findings could only come to those that are there.
  const settled = held ? comparison === ">" || comparison === ">=" : isUpper(comparison) || counted.length > limit;
  const obstacle = settled ? null : obstacleTo(code, report, runs ?? report.runs);
  if (obstacle !== null) return { outcome: "inconclusive", observed, says: obstacle };
  return decided(held, observed, says === "" ? undefined : says);
}

/** Without a code: what needs a change. Infos do not, and netlat's own lateness is not the target's. */
function isCounted(finding: Finding, code: string | undefined): boolean {
  return code === undefined ? finding.severity !== "info" && finding.code !== "generator-lag" : finding.code === code;
}

const isAbout = ({ subject }: Finding, ids: ReadonlySet<string> | null): boolean =>
  ids === null || ("run" in subject && ids.has(subject.run));

const words = ({ code, count, of, subject }: Finding): string =>
  `${code}: ${count} of ${of}${"run" in subject ? ` in ${subject.run}` : ""}`;

function obstacleTo(code: string | undefined, { detectors, findings }: Report, runs: readonly Run[]): string | null {
  if (runs.every(({ latency, requests }) => latency.count === 0 && requests === 0)) return "nothing was measured";
  if (runs.every(({ latency }) => latency.count === 0)) return "no request was answered";
  const late = findings.find((finding) => finding.code === "generator-lag");
  if (late !== undefined && code !== "generator-lag") return late.title;
  const asked = detectors.filter((detector) => code === undefined || detector.code === code);
  const failed = asked.find(({ status }) => status === "failed");
  if (failed !== undefined) return `the detector of ${failed.code} failed: ${failed.reason}`;
  return asked.some(({ status }) => status === "ran") ? null : couldNotLook(asked);
}

function couldNotLook([detector]: readonly DetectorOutcome[]): string {
  return detector === undefined
    ? "no detector looked for it"
    : `the detector of ${detector.code} could not look: ${detector.reason}`;
}
