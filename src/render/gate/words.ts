/** What a gate says in words: the same for the table, Markdown, annotations and JUnit. */
import type { Finding, Gate, Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { counted } from "../counting.js";
import { cellName, factorsOf } from "../factors.js";
import type { Marks } from "../theme.js";

export type Check = Gate["checks"][number];
export type Expectation = Check["expectations"][number];
export type Outcome = Check["outcome"];

const PAST: Readonly<Record<Outcome, string>> = {
  fail: "failed",
  inconclusive: "inconclusive",
  pass: "passed",
};

/** `3 checks: 1 failed, 1 inconclusive, 1 passed; expectations: 5 of 9 hold`. */
export function countsOf({ checks, notRun }: Gate): string {
  const parts = (["fail", "inconclusive", "pass"] as const).flatMap((outcome) => {
    const count = checks.filter((check) => check.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${PAST[outcome]}`];
  });
  if (notRun.length > 0) parts.push(`${notRun.length} not run`);
  const expectations = checks.flatMap((check) => check.expectations);
  const held = expectations.filter(({ outcome }) => outcome === "pass").length;
  const checked = counted(checks.length + notRun.length, "check");
  const hold = expectations.length === 0 ? "" : `; expectations: ${held} of ${expectations.length} hold`;
  return `${checked}: ${parts.join(", ") || "none was run"}${hold}`;
}

/** `countsOf`, and whether that is all: what each check says for itself stands with the check. */
export function verdictOf({ source, gate }: Report): string {
  const counts = gate === undefined ? "" : countsOf(gate);
  return source.kind === "check" && source.interrupted ? `${counts}; interrupted` : counts;
}

/** The cell or service that an expectation is about, by what tells it from the others of its check; null where there is no other. */
export function runName({ run }: Pick<Expectation, "run">, check: Check, report: Report): string | null {
  if (run === null || check.runs.length === 1) return null;
  const runs = report.runs.filter(({ id }) => check.runs.includes(id));
  const found = runs.find(({ id }) => id === run);
  const name = found === undefined ? run : cellName(found, factorsOf(runs));
  const prefix = `${check.name}/`; // runs of many checks in one report bear the check's name as well
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** What the verdict says beside the counts and the reasons of each check, which stand with the check. */
export function otherReasons({ verdict, gate }: Report): string[] {
  const told = (reason: string): boolean =>
    /^\d+ checks?: /.test(reason) ||
    (gate?.checks ?? []).some(({ name, outcome }) => reason.startsWith(`${name}: ${outcome}`));
  return verdict.reasons.filter((reason) => !told(reason));
}

/** How a check that was tried again came to its outcome; null: the first attempt decided. */
export function retriesOf({ attempts, attemptOutcomes, outcome }: Check): string | null {
  if (attempts <= 1) return null;
  const again = counted(attempts - 1, "retry", "retries");
  if (attemptOutcomes.every((each) => each === outcome)) return `${outcome} in all ${attempts} attempts`;
  const flaky = outcome === "pass" ? ": flaky" : "";
  return `${outcome} after ${again}${flaky} (${attemptOutcomes.join(", ")})`;
}

/** What was found in this check, the worst first. */
export function findingsOf(check: Check, report: Report): Finding[] {
  const order = { error: 0, warning: 1, info: 2 };
  const found = check.findings.flatMap((at) => report.findings[at] ?? []);
  return found.sort((a, b) => order[a.severity] - order[b.severity]);
}

/** The check in which it was found; in what is no gate there is none. */
export function checkOf(finding: Finding, { gate, findings }: Report): Check | undefined {
  return gate?.checks.find((check) => check.findings.includes(findings.indexOf(finding)));
}

/** The reasons that no expectation of the check has given already. */
export function ownReasons({ reasons, expectations }: Check): string[] {
  const told = (reason: string): boolean =>
    expectations.some(
      ({ text, observed, says }) =>
        reason === says || (reason.startsWith(text) && (reason.includes(observed) || reason.endsWith(says))),
    );
  return reasons.filter((reason) => !told(reason));
}

/** What became of a baseline that was to be written anew; null: nobody asked for it. */
export function baselineOf(
  { baselineUpdate }: Check,
  marks: Pick<Marks, "to">,
): { says: string; changes: string[] } | null {
  if (baselineUpdate === undefined) return null;
  const { file, status, says, changes } = baselineUpdate;
  return {
    says: `${file} ${status}${says === "" ? "" : `: ${says}`}`,
    changes: changes.map(({ run, quantile, oldNs, newNs, looser }) => {
      const name = `p${String(Number((quantile * 100).toFixed(3))).replace(".", "")}`;
      const change = `${formatDuration(oldNs)} ${marks.to} ${formatDuration(newNs)}`;
      return `${name} ${change}${looser ? " (looser)" : ""}, ${run}`;
    }),
  };
}

/** The suite's file; a report that is not of a check has none. */
export const suiteOf = ({ source }: Report): string | null => (source.kind === "check" ? source.suite : null);

/** What to do, one line for each remedy with the checks that it is for. */
export function nextSteps(report: Report): { checks: string[]; step: string }[] {
  const steps = new Map<string, string[]>();
  for (const check of report.gate?.checks ?? []) {
    for (const step of stepsOf(check, report)) steps.set(step, [...(steps.get(step) ?? []), check.name]);
  }
  return [...steps].map(([step, checks]) => ({ checks: [...new Set(checks)], step }));
}

/** Exit codes of a check (docs/check.md). */
const [SUITE_WRONG, UNREADABLE, UNREACHABLE] = [2, 3, 4];

function stepsOf(check: Check, report: Report): string[] {
  if (check.outcome === "pass") {
    return check.attempts > 1
      ? ["a pass that needed a retry proves little: measure more requests, or give the limit more room"]
      : [];
  }
  if (check.exitCode === UNREACHABLE) {
    return [`make sure that ${check.subject} runs and can be reached from this machine`];
  }
  // The reason of these says already what to change.
  if (check.exitCode === SUITE_WRONG || check.exitCode === UNREADABLE) return [];
  if (check.baselineUpdate?.status === "refused" && check.expectations.every(({ outcome }) => outcome === "pass")) {
    return check.outcome === "fail" ? ["if this is what it is now: --update-baseline --allow-looser"] : [];
  }
  if (check.outcome === "inconclusive" && report.source.kind === "check" && report.source.interrupted) {
    return ["interrupted: let it run to its end"];
  }
  if (check.outcome === "inconclusive") {
    return ["inconclusive is not a pass: measure more requests, calm the machine, or ask for a larger effect"];
  }
  const [cause] = findingsOf(check, report).filter(({ severity }) => severity !== "info");
  const [fix] = cause?.fix ?? [];
  const steps = [
    cause === undefined || fix === undefined
      ? `see where the time goes: netlat ${check.kind} ${check.subject}`
      : `${fix} (netlat explain ${cause.code})`,
  ];
  if (check.expectations.some(({ outcome, text }) => outcome === "fail" && text.startsWith("baseline"))) {
    steps.push(`if the change is meant: netlat check ${suiteOf(report) ?? ""} --update-baseline`);
  }
  return steps;
}
