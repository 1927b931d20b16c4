import type { Finding, Report } from "../../report/model.js";
import { formatSize } from "../../units/size.js";
import { cellName } from "../factors.js";
import { ladderCaption, ladderLines } from "../ladder.js";
import { costOf, delayedOf, evidenceOf, silent, subjectOf, whatIfOf } from "../table/findings.js";
import type { Page } from "../table/page.js";
import { slowestCaption } from "../table/slowest.js";
import { clockTime, eventName, type Step, slowestOf, steps } from "../timeline.js";
import { block, code, list, prose, table } from "./syntax.js";

const LADDER_WIDTH = 96;

export function findings(report: Report, page: Page): string[] {
  const parts = report.findings.map((finding) => one(finding, report, page));
  const rest = list(silent(report).map(prose));
  if (rest.length > 0) parts.push(parts.length === 0 ? rest : ["### Other detectors", "", ...rest]);
  return parts.flatMap((lines, at) => (at === 0 ? lines : ["", ...lines]));
}

function one(finding: Finding, report: Report, page: Page): string[] {
  const facts = [`**where** ${prose(subjectOf(finding, report, page))}`];
  if (finding.count > 0) facts.push(`**delayed** ${delayedOf(finding, report)} (${finding.confidence})`);
  if (finding.costNs.total > 0) facts.push(`**cost** ${costOf(finding)}`);
  facts.push(...finding.evidence.map((evidence) => `**proof** ${prose(evidenceOf(evidence, page.theme.marks))}`));
  if (finding.whatIf !== null) facts.push(`**what if** ${whatIfOf(finding)}`);
  facts.push(...finding.fix.map((step) => `**fix** ${prose(step)}`));
  facts.push(`**more** ${code(`netlat explain ${finding.code}`)}`);
  const title = `### ${page.theme.marks[finding.severity]} ${finding.severity}: ${prose(finding.title)}`;
  return [title, "", ...list(facts), ...worst(finding, report, page)];
}

/** The ladder stands in a block of its own: its columns must stay under each other. */
function worst({ ladder }: Finding, report: Report, { theme }: Page): string[] {
  if (ladder === undefined) return [];
  const lines = ladderLines(ladder, report, LADDER_WIDTH, 0, theme).map((line) => line.trimEnd());
  return ["", prose(`The worst: ${ladderCaption(ladder)}`), "", ...block(lines)];
}

export function slowest(report: Report, page: Page): string[] {
  const found = slowestOf(report);
  if (found === null) return [];
  const { run, timeline } = found;
  const caption = `${slowestCaption(found, report)}, ${cellName(run, page.factors)}`;
  const rows = steps(timeline).map((step) => row(step));
  return [prose(caption), "", ...table(["time", "event", "piece", "bytes", "clock"], rows, 2)];
}

function row(step: Step): string[] {
  if (step.kind === "gap") return ["", `**${step.says}**`, "", "", ""];
  if (step.kind === "skipped") return ["", `${step.events} more events`, "", "", ""];
  const { event } = step;
  const says = event.says === undefined ? "" : `: ${prose(event.says)}`;
  const bytes = event.bytes === undefined ? "" : formatSize(event.bytes);
  return [clockTime(event.atNs), eventName(event) + says, String(event.piece ?? ""), bytes, event.source];
}
