/** One attempt of one check: measures, and judges what was measured. A target that fails is a result, not an exception. */
import { resolve } from "node:path";
import { selects } from "../check/expectation.js";
import { type ExpectationResult, judgeAll, type Outcome, worst } from "../check/judge.js";
import type { Check } from "../check/suite.js";
import { EXIT, type ExitCode, NetlatError, usageError } from "../errors.js";
import type { Report } from "../report/model.js";
import { inSuite, type Place } from "./check-options.js";
import type { PcapOptions } from "./pcap-options.js";
import type { ProbeOptions } from "./probe-options.js";
import type { Prepared } from "./probe-run.js";
import type { Ui } from "./ui.js";

/** A check that is ready to run: everything that can be refused beforehand has been. */
export interface PlannedCheck {
  readonly check: Check;
  readonly options:
    | { readonly kind: "probe"; readonly probe: ProbeOptions }
    | { readonly kind: "pcap"; readonly pcap: PcapOptions };
  /** null: the check has none, or it is about to be written. */
  readonly baseline: Report | null;
  /** Without those that belong to a baseline which is about to be replaced. */
  readonly expectations: Check["expectations"];
}

export interface Attempt {
  readonly report: Report | null;
  readonly outcome: Outcome;
  readonly exitCode: ExitCode;
  readonly reasons: readonly string[];
  readonly expectations: readonly ExpectationResult[];
}

export async function attempt(planned: PlannedCheck, place: Place, ui: Ui): Promise<Attempt> {
  const { check } = planned;
  try {
    return judged(planned, await measured(planned, place, named(ui, check.name)));
  } catch (error) {
    if (!(error instanceof NetlatError)) throw error;
    const { exitCode, message } = inSuite(`${place.suite}:${check.line}`, error);
    return { report: null, outcome: "inconclusive", exitCode, reasons: [message], expectations: [] };
  } finally {
    ui.progress.clear();
  }
}

async function measured(planned: PlannedCheck, { folder }: Place, ui: Ui): Promise<Report> {
  const { check, options } = planned;
  if (options.kind === "pcap") {
    const { analyse } = await import("./pcap-run.js");
    return analyse(resolve(folder, check.subject), options.pcap, ui);
  }
  const { prepare, measure } = await import("./probe-run.js");
  const prepared = await prepare(check.subject, options.probe);
  try {
    refuseEmptySelections(planned, prepared);
    return await measure(prepared, options.probe, ui);
  } finally {
    await prepared.end();
  }
}

/** Expectations about cells that the check does not have would never be judged. @throws NetlatError (exit 2) */
function refuseEmptySelections({ check, expectations }: PlannedCheck, { endpoint, cells }: Prepared): void {
  const runs = cells.map(({ cell: { id, factors } }) => ({ id, factors, endpoint }));
  const lost = expectations.find(({ selector }) => !runs.some((run) => selects(selector, run)));
  if (lost === undefined) return;
  throw usageError(
    `${lost.text} (${lost.selector.text}) in line ${lost.line}: ${check.name} has no such cell; it has ${runs.map(({ id }) => id).join("; ")}`,
  );
}

/** The progress line says which check it is about. */
function named(ui: Ui, name: string): Ui {
  const progress = { ...ui.progress, show: (line: string) => ui.progress.show(`${name}: ${line}`) };
  return Object.create(ui, { progress: { value: progress } });
}

/** @throws NetlatError (exit 3) when a baseline's histogram is damaged */
function judged({ expectations, baseline }: PlannedCheck, report: Report): Attempt {
  const unusable = noSample(report);
  const seen = judgeAll(expectations, report, baseline);
  const results = unusable === null ? seen : seen.map((one) => ({ ...one, outcome: "inconclusive" as const }));
  const outcome = unusable === null ? worst(results.map((one) => one.outcome)) : "inconclusive";
  const decided = { pass: EXIT.done, fail: EXIT.gateFailed, inconclusive: EXIT.inconclusive }[outcome];
  const interrupted = "interrupted" in report.source && report.source.interrupted;
  const exitCode = unusable === null ? decided : interrupted ? EXIT.interrupted : EXIT.unreachable;
  const reasons = results.filter((one) => one.outcome === outcome && outcome !== "pass").map(reasonOf);
  return { report, outcome, exitCode, reasons: unusable === null ? reasons : [unusable], expectations: results };
}

function reasonOf({ text, observed, says, run }: ExpectationResult): string {
  const where = run === null ? "" : ` in ${run}`;
  return `${text}${where}: ${observed}${says === "" ? "" : ` (${says})`}`;
}

/** Why nothing here can be held against anything; null: there are answers. */
function noSample({ runs, source }: Report): string | null {
  if (runs.some(({ latency }) => latency.count > 0)) return null;
  if ("interrupted" in source && source.interrupted) return "interrupted before the first answer";
  const [example] = runs.flatMap((run) => Object.entries(run.errorExamples ?? {}));
  if (example !== undefined) return `no usable answer: ${example[0]}: ${example[1]}`;
  return source.kind === "capture" ? "no request and answer in this capture" : "no request was answered";
}
