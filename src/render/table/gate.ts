import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import {
  baselineOf,
  type Check,
  type Expectation,
  nextSteps,
  type Outcome,
  otherReasons,
  ownReasons,
  retriesOf,
  runName,
  suiteOf,
  verdictOf,
} from "../gate/words.js";
import { grid } from "../grid.js";
import { displayWidth, hang } from "../text.js";
import type { Theme } from "../theme.js";
import type { Page } from "./page.js";

/** Pass, fail or inconclusive, and of how many. */
export function gateVerdict(report: Report, page: Page): string[] {
  const { gate, verdict } = report;
  if (gate === undefined) return [];
  const { status } = verdict;
  const label = status === "none" ? "  " : `  ${lookOf(status, page.theme)}  `;
  return [
    ...hang(label, verdictOf(report), page.prose, page.theme.strong),
    ...otherReasons(report).flatMap((text) => hang(`  ${page.theme.marks.bullet} `, text, page.prose)),
  ];
}

/** Each check, what it expects and what was seen; the reason wherever that is not a pass. */
export function checks(report: Report, page: Page): string[] {
  const { gate } = report;
  if (gate === undefined) return [];
  const lines = gate.checks.flatMap((check, at) => [...(at === 0 ? [] : [""]), ...one(check, report, page)]);
  if (gate.notRun.length === 0) return lines;
  return [...lines, "", ...hang("  not run: ", gate.notRun.join(", "), page.prose, page.theme.dim)];
}

/** What to do about it. */
export function next(report: Report, page: Page): string[] {
  return nextSteps(report).flatMap(({ checks: names, step }) =>
    hang(`  ${page.theme.marks.bullet} `, `${names.join(", ")}: ${step}`, page.prose),
  );
}

function one(check: Check, report: Report, page: Page): string[] {
  const { theme, prose } = page;
  const facts = [
    `${check.kind} ${check.subject}`,
    formatDuration(check.durationNs),
    `${suiteOf(report)}:${check.line}`,
  ];
  const retries = retriesOf(check);
  return [
    ...hang(`  ${lookOf(check.outcome, theme)}  `, check.name, prose, theme.strong),
    ...hang("    ", facts.join(", "), prose, theme.dim),
    ...(retries === null ? [] : hang("    ", retries, prose, theme.warn)),
    ...expectations(check, report, page),
    ...baseline(check, page),
    ...ownReasons(check).flatMap((text) => hang(check.outcome === "pass" ? "    " : "    why: ", text, prose)),
  ];
}

function baseline(check: Check, { theme, prose }: Page): string[] {
  const update = baselineOf(check, theme.marks);
  if (update === null) return [];
  const changes = update.changes.flatMap((text) => hang(`      ${theme.marks.bullet} `, text, prose));
  return [...hang(`    ${theme.dim("baseline")} `, update.says, prose), ...changes];
}

/** In columns where they have room, else each on lines of its own. */
function expectations(check: Check, report: Report, page: Page): string[] {
  const { theme, width } = page;
  const all = check.expectations;
  const runs = all.map((each) => runName(each, check, report));
  const several = runs.some((run) => run !== null);
  const rows = all.map((each, at) => [each.text, each.observed, ...(several ? [theme.dim(runs[at] ?? "")] : [])]);
  const lines = grid(rows, ["left", "left", ...(several ? (["left"] as const) : [])]);
  const fits = lines.every((line) => displayWidth(line) + 6 <= width);
  return all.flatMap((each, at) => {
    const mark = `    ${paintOf(each.outcome, theme)(markOf(each.outcome, theme))} `;
    const row = fits ? [`${mark}${lines[at]}`] : stacked(each, runs[at] ?? null, mark, page);
    return each.outcome === "pass" || each.says === "" ? row : [...row, ...hang("      why: ", each.says, page.prose)];
  });
}

function stacked({ text, observed }: Expectation, run: string | null, mark: string, page: Page): string[] {
  const { theme, prose } = page;
  return [
    ...hang(mark, text, prose),
    ...hang(`      ${theme.dim("observed")} `, observed, prose),
    ...(run !== null ? hang(`      ${theme.dim("in")} `, run, prose, theme.dim) : []),
  ];
}

const lookOf = (outcome: Outcome, theme: Theme): string =>
  paintOf(outcome, theme)(`${markOf(outcome, theme)} ${outcome}`);

export const markOf = (outcome: Outcome, { marks }: Pick<Theme, "marks">): string =>
  ({ pass: marks.yes, fail: marks.no, inconclusive: marks.unknown })[outcome];

const paintOf = (outcome: Outcome, theme: Theme) =>
  ({ pass: theme.good, fail: theme.bad, inconclusive: theme.warn })[outcome];
