/** Runs a suite: plans every check before the first packet, measures them, retries, and puts the report together. */
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type CheckResult, gateReport, worstExit } from "../check/gate.js";
import { type Check, parseSuite, type Suite } from "../check/suite.js";
import { EXIT, usageError } from "../errors.js";
import { nowNs } from "../probes/clock.js";
import { reportBase } from "../report/base.js";
import type { Report } from "../report/model.js";
import { nearest } from "../units/nearest.js";
import { readBaseline, replacedBaseline, updateBaseline } from "./check-baseline.js";
import { type Attempt, attempt, type PlannedCheck } from "./check-measure.js";
import { type Place, pcapOptionsOf, probeOptionsOf, vocabulary } from "./check-options.js";
import type { EmitOptions, Ui } from "./ui.js";

export interface CheckOptions extends EmitOptions {
  readonly requests?: number;
  readonly only?: readonly string[];
  readonly retries: number;
  readonly jobs: number;
  readonly updateBaseline?: boolean;
  readonly allowLooser?: boolean;
}

/**
 * @throws NetlatError: exit 2 when the suite, or what is asked of it, is wrong; exit 3 when a baseline cannot be read
 */
export async function runSuite(file: string, options: CheckOptions, ui: Ui): Promise<Report> {
  const startedAt = new Date();
  const startNs = nowNs();
  if (options.allowLooser === true && options.updateBaseline !== true) {
    throw usageError("--allow-looser: nothing is written without --update-baseline; give both, or neither");
  }
  const suite = parseSuite(await readSuite(file), file, vocabulary());
  const place = { suite: file, folder: dirname(resolve(file)) };
  const chosen = choose(suite, options);
  const planned: PlannedCheck[] = [];
  for (const check of chosen) planned.push(await plan(check, place, options));
  const results = await runAll(planned, place, options, ui);
  const ran = new Set(results.map(({ check }) => check));
  return gateReport({
    suite: file,
    results,
    notRun: suite.checks.filter((check) => !ran.has(check)).map(({ name }) => name),
    durationNs: nowNs() - startNs,
    interrupted: ui.interrupt.signal.aborted,
    base: reportBase(startedAt, ui.environment(), ui.version),
  });
}

async function readSuite(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "no such file" : cause.code === "EISDIR" ? "is a folder" : cause.message;
    throw usageError(`${file}: ${why}; name a suite, or write a first one with netlat init`);
  });
}

/** @throws NetlatError (exit 2) */
function choose({ name, checks }: Suite, { only, updateBaseline }: CheckOptions): readonly Check[] {
  const names = checks.map((check) => check.name);
  for (const wanted of only ?? []) {
    if (names.includes(wanted)) continue;
    const meant = nearest(wanted, names);
    throw usageError(
      `--only ${wanted}: ${name} has no such check${meant === undefined ? "" : `; did you mean ${meant}?`}`,
      `it has: ${names.join(", ")}`,
    );
  }
  const chosen = checks.filter((check) => only === undefined || only.includes(check.name));
  if (updateBaseline !== true) return chosen;
  const based = chosen.filter(({ baseline }) => baseline !== undefined);
  if (based.length > 0) return based;
  throw usageError(
    `--update-baseline: no check of ${name} has a baseline`,
    "give a check one, such as baseline: baselines/NAME.json",
  );
}

async function plan(check: Check, place: Place, options: CheckOptions): Promise<PlannedCheck> {
  const updating = options.updateBaseline === true;
  // One that cannot be read could not be replaced either: told before anything is measured.
  if (updating && check.baseline !== undefined) await replacedBaseline(check.baseline, place);
  const read =
    check.kind === "probe"
      ? { kind: "probe" as const, probe: probeOptionsOf(check, place, options.requests) }
      : { kind: "pcap" as const, pcap: pcapOptionsOf(check, place) };
  return {
    check,
    options: read,
    baseline: updating || check.baseline === undefined ? null : await readBaseline(check.baseline, place),
    expectations: check.expectations.filter(({ kind }) => !(updating && kind === "baseline")),
  };
}

/** In the order of the suite, `jobs` at a time; after an interruption no more are started. */
async function runAll(
  planned: readonly PlannedCheck[],
  place: Place,
  options: CheckOptions,
  ui: Ui,
): Promise<CheckResult[]> {
  const results: (CheckResult | undefined)[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < planned.length && !ui.interrupt.signal.aborted) {
      const index = next++;
      results[index] = await runOne(planned[index] as PlannedCheck, place, options, ui);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, planned.length) }, worker));
  return results.filter((result) => result !== undefined);
}

async function runOne(planned: PlannedCheck, place: Place, options: CheckOptions, ui: Ui): Promise<CheckResult> {
  const startNs = nowNs();
  const attempts: Attempt[] = [];
  do attempts.push(await attempt(planned, place, ui));
  while (worthAnother(attempts, options.retries) && !ui.interrupt.signal.aborted);
  const result = account(planned.check, attempts, nowNs() - startNs);
  return options.updateBaseline === true ? updateBaseline(result, place, options.allowLooser === true, ui) : result;
}

/** A suite that is wrong and a file that cannot be read stay what they are. */
function worthAnother(attempts: readonly Attempt[], retries: number): boolean {
  const { outcome, exitCode } = attempts.at(-1) as Attempt;
  const settled = outcome === "pass" || exitCode === EXIT.usage || exitCode === EXIT.unreadableInput;
  return !settled && attempts.length <= retries;
}

/** A pass after a retry is a pass, and says so; without one the worst attempt counts: a failure is not undone by a thin result. */
function account(check: Check, attempts: readonly Attempt[], durationNs: number): CheckResult {
  const last = attempts.at(-1) as Attempt;
  const exitCode = worstExit(attempts.map((one) => one.exitCode));
  const counted = last.outcome === "pass" ? last : (attempts.findLast((one) => one.exitCode === exitCode) as Attempt);
  const earlier = attempts
    .slice(0, -1)
    .map((one, index) => `attempt ${index + 1}: ${one.outcome}: ${one.reasons.join("; ")}`);
  const flaky = last.outcome === "pass" && earlier.length > 0 ? [`pass after retry, flaky: ${earlier.join("; ")}`] : [];
  return {
    ...counted,
    check,
    attemptOutcomes: attempts.map(({ outcome }) => outcome),
    durationNs,
    reasons: [...counted.reasons, ...flaky],
  };
}

/** What `netlat check` ends with, and the sentence that says so; null: everything passed. */
export function farewellOf(
  report: Report,
  file: string,
): { exitCode: ReturnType<typeof worstExit>; says: string } | null {
  const checks = report.gate?.checks ?? [];
  const exitCode = worstExit(checks.map((check) => check.exitCode));
  if (exitCode === EXIT.done) return null;
  const wrong = checks.find(
    (check) => check.exitCode === exitCode && (exitCode === EXIT.usage || exitCode === EXIT.unreadableInput),
  );
  if (wrong?.reasons[0] !== undefined) return { exitCode, says: wrong.reasons[0] };
  const not = (outcome: string): string[] =>
    checks.filter((check) => check.outcome === outcome).map(({ name }) => name);
  const [failed, open] = [not("fail"), not("inconclusive")];
  const parts = [
    ...(failed.length > 0 ? [`failed: ${failed.join(", ")}`] : []),
    ...(open.length > 0 ? [`inconclusive: ${open.join(", ")}`] : []),
  ];
  const interrupted = report.source.kind === "check" && report.source.interrupted ? "interrupted; " : "";
  return { exitCode, says: `${basename(file)}: ${interrupted}${parts.join("; ")}` };
}
