import type { Finding, Report } from "../../report/model.js";
import { ladderCaption, ladderLines } from "../ladder.js";
import { costOf, delayedOf, evidenceOf, silent, subjectOf, whatIfOf } from "../table/findings.js";
import type { Page } from "../table/page.js";
import { el, type Html, list, pre, prose } from "./markup.js";

export function findings(report: Report, page: Page): Html[] {
  const rest = silent(report);
  const cards = report.findings.map((finding) => card(finding, report, page));
  return rest.length === 0 ? cards : [...cards, el("div", { class: "muted" }, list(rest))];
}

function card(finding: Finding, report: Report, page: Page): Html {
  const facts: [string, Html][] = [
    ["where", prose(subjectOf(finding, report, page))],
    ["delayed", prose(`${delayedOf(finding, report)} (${finding.confidence})`)],
  ];
  if (finding.costNs.total > 0) facts.push(["cost", prose(costOf(finding))]);
  if (finding.whatIf !== null) facts.push(["what if", prose(whatIfOf(finding))]);
  if (finding.evidence.length > 0) {
    facts.push(["proof", list(finding.evidence.map((evidence) => evidenceOf(evidence, page.theme.marks)))]);
  }
  if (finding.fix.length > 0) facts.push(["fix", list(finding.fix)]);
  facts.push(["more", el("code", {}, `netlat explain ${finding.code}`)]);
  return el("div", { class: `card ${finding.severity}` }, [
    el("h3", {}, [el("b", {}, `${finding.severity}: `), prose(finding.title)]),
    definitions(facts),
    ...worst(finding, report, page),
  ]);
}

export const definitions = (facts: readonly (readonly [string, Html])[]): Html =>
  el(
    "dl",
    {},
    facts.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]),
  );

function worst({ ladder }: Finding, report: Report, page: Page): Html[] {
  if (ladder === undefined) return [];
  const caption = el("p", { class: "muted" }, `The worst: ${ladderCaption(ladder)}`);
  return [caption, pre(ladderLines(ladder, report, page.width, 0, page.theme).map((line) => line.trimEnd()))];
}
