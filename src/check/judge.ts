/** Holds expectations against a report: pass, fail, or inconclusive where the evidence is too thin for either. Pure. */
import type { Gate, Report, Run } from "../report/model.js";
import { type Expectation, selects } from "./expectation.js";
import { judgeBaseline } from "./judge-baseline.js";
import { judgeErrorShare, judgeQuantile } from "./judge-confidence.js";
import { type Judgement, judgeCount, judgeFindings, judgeRate } from "./judge-seen.js";

export type Outcome = "pass" | "fail" | "inconclusive";
export type ExpectationResult = Gate["checks"][number]["expectations"][number];

/** A failure is knowledge, an inconclusive check is the lack of it; nothing outweighs a failure. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes("fail")) return "fail";
  return outcomes.includes("inconclusive") ? "inconclusive" : "pass";
}

/**
 * One result per expectation and run that it is about; findings and what matches nothing give one.
 * @param baseline null: there is none yet (--update-baseline)
 * @throws NetlatError (exit 3) when a histogram of one of the reports is damaged
 */
export function judgeAll(
  expectations: readonly Expectation[],
  report: Report,
  baseline: Report | null,
): ExpectationResult[] {
  return expectations.flatMap((expectation) => judge(expectation, report, baseline));
}

function judge(expectation: Expectation, report: Report, baseline: Report | null): ExpectationResult[] {
  const runs = report.runs.filter((run) => selects(expectation.selector, run));
  const { text: scope } = expectation.selector;
  const text = scope === "" ? expectation.text : `${expectation.text} (${scope})`;
  const result = (run: string | null, { outcome, observed, says }: Judgement): ExpectationResult => ({
    text,
    line: expectation.line,
    run,
    outcome,
    observed,
    says,
  });
  if (runs.length === 0) return [result(null, nothing(scope, report))];
  if (expectation.kind === "findings") {
    const everywhere = scope === "";
    return [result(null, cautious(judgeFindings(expectation, report, everywhere ? null : runs), report))];
  }
  return runs.map((run) => {
    const seen = isInterrupted(report) ? withoutUnsent(run) : run;
    return result(run.id, cautious(judgeRun(expectation, seen, report, baseline), report));
  });
}

function nothing(scope: string, { runs }: Report): Judgement {
  const names = runs.slice(0, 5).map(({ id }) => id);
  const says = names.length === 0 ? "nothing was measured" : `nothing matches ${scope}; there are ${names.join("; ")}`;
  return { outcome: "inconclusive", observed: "nothing", says };
}

function judgeRun(
  expectation: Exclude<Expectation, { kind: "findings" }>,
  run: Run,
  report: Report,
  baseline: Report | null,
): Judgement {
  const doubt = doubtOf(run, report);
  if (doubt !== null && expectation.kind !== "requests") return { outcome: "inconclusive", ...doubt };
  switch (expectation.kind) {
    case "quantile":
      return judgeQuantile(expectation, run);
    case "error-share":
      return judgeErrorShare(expectation, run);
    case "baseline":
      return judgeBaseline(expectation, run, baseline);
    case "rate":
      return judgeRate(expectation, run);
    default:
      return judgeCount(expectation, run);
  }
}

/** Why nothing that was measured in this run says anything about the target. */
function doubtOf(run: Run, { findings }: Report): { observed: string; says: string } | null {
  if (run.requests === 0) return { observed: "no request", says: "no request was made" };
  if (!run.used) return { observed: "not usable", says: run.wire?.says ?? "its split did not happen on the wire" };
  const lag = findings.find(
    ({ code, subject }) => code === "generator-lag" && "run" in subject && subject.run === run.id,
  );
  return lag === undefined
    ? null
    : { observed: "generator lag", says: `${lag.title}; ask for a lower rate, or for more connections` };
}

/** What was cut short may fail by what it has seen, and cannot pass by it. */
function cautious(judgement: Judgement, report: Report): Judgement {
  if (!isInterrupted(report) || judgement.outcome !== "pass") return judgement;
  return { ...judgement, outcome: "inconclusive", says: `interrupted: ${judgement.says}` };
}

const isInterrupted = ({ source }: Report): boolean => "interrupted" in source && source.interrupted;

/** Requests that were due and not sent when Ctrl-C came are no failure of the target. */
function withoutUnsent(run: Run): Run {
  const { unsent = 0, ...errors } = run.errors;
  return { ...run, errors, requests: run.requests - unsent };
}
