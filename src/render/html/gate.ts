import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import {
  baselineOf,
  type Check,
  nextSteps,
  otherReasons,
  ownReasons,
  retriesOf,
  runName,
  suiteOf,
  verdictOf,
} from "../gate/words.js";
import { markOf } from "../table/gate.js";
import type { Page } from "../table/page.js";
import { el, type Html, list, prose, table } from "./markup.js";

export function gateVerdict(report: Report): Html[] {
  const { status } = report.verdict;
  const word = status === "none" ? "" : `${status}: `;
  const reasons = otherReasons(report);
  const counts = el("p", {}, el("b", {}, word), verdictOf(report));
  return [el("div", { class: `card verdict ${status}` }, [counts, ...(reasons.length === 0 ? [] : [list(reasons)])])];
}

/** What to do about it. */
export function next(report: Report): Html[] {
  const steps = nextSteps(report);
  const items = steps.map(({ checks: names, step }) => el("li", {}, el("b", {}, `${names.join(", ")}: `), prose(step)));
  return items.length === 0 ? [] : [el("ul", {}, items)];
}

export function checks(report: Report, page: Page): Html[] {
  const { gate } = report;
  if (gate === undefined) return [];
  const cards = gate.checks.map((check) => card(check, report, page));
  return gate.notRun.length === 0
    ? cards
    : [...cards, el("p", { class: "muted" }, `not run: ${gate.notRun.join(", ")}`)];
}

function card(check: Check, report: Report, { theme }: Page): Html {
  const facts = [
    `${check.kind} ${check.subject}`,
    formatDuration(check.durationNs),
    `${suiteOf(report)}:${check.line}`,
  ];
  const retries = retriesOf(check);
  const update = baselineOf(check, theme.marks);
  const why = check.expectations.some(({ outcome, says }) => outcome !== "pass" && says !== "");
  const names = check.expectations.map((expectation) => runName(expectation, check, report));
  const runs = names.some((name) => name !== null);
  const rows = check.expectations.map(({ outcome, text, observed, says }, at) => [
    el("b", { class: outcome }, `${markOf(outcome, theme)}\u00a0${outcome}`),
    el("code", {}, text),
    prose(observed),
    ...(runs ? [names[at] ?? ""] : []),
    ...(why ? [outcome === "pass" ? "" : prose(says)] : []),
  ]);
  const head = ["", "expected", "observed", ...(runs ? ["in"] : []), ...(why ? ["why"] : [])];
  const notes = [
    ...(retries === null ? [] : [retries]),
    ...(update === null ? [] : [`baseline ${update.says}`, ...update.changes]),
    ...ownReasons(check),
  ];
  return el("div", { class: `card ${check.outcome}` }, [
    el("h3", {}, [
      el("b", { class: check.outcome }, `${markOf(check.outcome, theme)} ${check.outcome}`),
      ` ${check.name}`,
    ]),
    el("p", { class: "muted" }, facts.join(", ")),
    ...(rows.length === 0 ? [] : [table(head, rows, [])]),
    ...(notes.length === 0 ? [] : [list(notes)]),
  ]);
}
