/** The sections of a gate: in a pull request, and as the step summary of GitHub Actions. */
import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import {
  baselineOf,
  type Check,
  nextSteps,
  type Outcome,
  otherReasons,
  ownReasons,
  retriesOf,
  runName,
  suiteOf,
  verdictOf,
} from "../gate/words.js";
import { markOf } from "../table/gate.js";
import type { Page } from "../table/page.js";
import { code, list, prose, table } from "./syntax.js";

export function gateVerdict(report: Report): string[] {
  const { gate, verdict } = report;
  if (gate === undefined) return [];
  const status = verdict.status === "none" ? "" : `${verdict.status}: `;
  const reasons = list(otherReasons(report).map(prose));
  return [`**${status}${verdictOf(report)}**`, ...(reasons.length === 0 ? [] : ["", ...reasons])];
}

export function checks(report: Report, page: Page): string[] {
  const { gate } = report;
  if (gate === undefined) return [];
  const parts = gate.checks.flatMap((check, at) => [...(at === 0 ? [] : [""]), ...one(check, report, page)]);
  if (gate.notRun.length === 0) return parts;
  return [...parts, "", `Not run: ${gate.notRun.map(prose).join(", ")}`];
}

export const next = (report: Report): string[] =>
  list(nextSteps(report).map(({ checks: names, step }) => `**${names.map(prose).join(", ")}** ${prose(step)}`));

function one(check: Check, report: Report, page: Page): string[] {
  const said = (outcome: Outcome): string => `${markOf(outcome, page.theme)} ${outcome}`;
  const facts = [
    `${check.kind} ${code(check.subject)}`,
    formatDuration(check.durationNs),
    code(`${suiteOf(report) ?? ""}:${check.line}`),
  ];
  const retries = retriesOf(check);
  if (retries !== null) facts.push(`**${prose(retries)}**`);
  const rows = check.expectations.map((expectation) => {
    const { outcome, text, observed, says } = expectation;
    const run = runName(expectation, check, report);
    return [
      said(outcome),
      code(text),
      prose(observed),
      run === null ? "" : code(run),
      outcome === "pass" ? "" : prose(says),
    ];
  });
  const update = baselineOf(check, page.theme.marks);
  const baseline = update === null ? [] : list([`**baseline** ${prose(update.says)}`, ...update.changes.map(prose)]);
  const why = list(ownReasons(check).map(prose));
  return [
    `### ${said(check.outcome)}: ${prose(check.name)}`,
    "",
    facts.join(", "),
    ...(rows.length === 0 ? [] : ["", ...table(["", "expected", "observed", "in", "why"], rows, 5)]),
    ...(baseline.length === 0 ? [] : ["", ...baseline]),
    ...(why.length === 0 ? [] : ["", ...why]),
  ];
}
