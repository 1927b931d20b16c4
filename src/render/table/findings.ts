import type { Finding, Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { whole } from "../counting.js";
import { cellName } from "../factors.js";
import { flowName, flowOf } from "../flow-names.js";
import { checkOf, runName } from "../gate/words.js";
import { ladderCaption, ladderLines } from "../ladder.js";
import { fromCaptures } from "../source-names.js";
import { hang, padEnd } from "../text.js";
import type { Marks } from "../theme.js";
import type { Page } from "./page.js";

/** The findings, each with its proof and its cure, then which detectors found nothing and which could not look. */
export function findings(report: Report, page: Page): string[] {
  const lines = report.findings.flatMap((finding, at) => [...(at === 0 ? [] : [""]), ...one(finding, report, page)]);
  const rest = silent(report);
  if (lines.length > 0 && rest.length > 0) lines.push("");
  return [...lines, ...rest.flatMap((text) => hang("  ", text, page.prose, page.theme.dim))];
}

function one(finding: Finding, report: Report, page: Page): string[] {
  const { theme } = page;
  const paint = { error: theme.bad, warning: theme.warn, info: theme.dim }[finding.severity];
  const label = (text: string): string => `    ${theme.dim(padEnd(text, 8))}`;
  const lines = hang(
    `  ${paint(`${theme.marks[finding.severity]} ${finding.severity}`)}  `,
    finding.title,
    page.prose,
    theme.strong,
  );
  const add = (name: string, text: string): number => lines.push(...hang(label(name), text, page.prose));
  add("where", subjectOf(finding, report, page));
  if (finding.count > 0) add("delayed", `${delayedOf(finding, report)} (${finding.confidence})`);
  if (finding.costNs.total > 0) add("cost", costOf(finding));
  for (const [at, evidence] of finding.evidence.entries())
    add(at === 0 ? "proof" : "", evidenceOf(evidence, theme.marks));
  if (finding.whatIf !== null) add("what if", whatIfOf(finding));
  for (const [at, step] of finding.fix.entries()) {
    const number = finding.fix.length === 1 ? "" : `${at + 1}. `;
    lines.push(...hang(label(at === 0 ? "fix" : "") + number, step, page.prose, at === 0 ? theme.good : undefined));
  }
  add("more", `netlat explain ${finding.code}`);
  if (finding.ladder === undefined) return lines;
  add("worst", ladderCaption(finding.ladder));
  return [...lines, "", ...ladderLines(finding.ladder, report, page.width, page.width < 60 ? 2 : 4, theme)];
}

/** Of a gate: the check and, where it has several, the cell. */
export function subjectOf(finding: Finding, report: Report, page: Page): string {
  const check = checkOf(finding, report);
  if (check === undefined) return placeOf(finding, report, page);
  const { subject } = finding;
  const place = "run" in subject ? runName(subject, check, report) : placeOf(finding, report, page);
  return place === null ? check.name : `${check.name}, ${place}`;
}

function placeOf({ subject }: Finding, report: Report, { factors, theme }: Page): string {
  if ("flow" in subject) {
    const flow = flowOf(report, subject.flow);
    return flow === undefined ? `flow ${subject.flow}` : `flow ${subject.flow}, ${flowName(flow, theme.marks)}`;
  }
  if ("pool" in subject) return subject.pool;
  const run = report.runs.find((candidate) => candidate.id === subject.run);
  return run === undefined ? subject.run : cellName(run, factors);
}

/** Findings that do not count requests. */
const COUNTED: Partial<Record<Finding["code"], string>> = {
  "syn-retransmit": "handshakes",
  "h2-goaway": "connections",
  "h2-ping-enforced": "connections",
  "quic-ack-delay": "ACKs",
  "quic-retry": "connections",
  "quic-0rtt-rejected": "connections",
  "quic-version-negotiation": "connections",
};

/** `99 of 100 exchanges`: what a capture counts is not what a probe asked for. */
export function delayedOf({ code, count, of, confidence }: Finding, report: Report): string {
  // Where it is not known which requests a loss hit, the packets are counted, and what they cost is only likely.
  const packets = code === "quic-loss" && confidence === "likely" ? "packets" : undefined;
  const things = packets ?? COUNTED[code] ?? (fromCaptures(report.source) ? "exchanges" : "requests");
  return `${whole(count)} of ${whole(of)} ${things}`;
}

const MAX_PACKETS = 8;

/** What it says, and the packets that prove it as Wireshark numbers them. */
export function evidenceOf({ says, packets }: Finding["evidence"][number], marks: Marks): string {
  if (packets === undefined || packets.length === 0) return says;
  const more = packets.length > MAX_PACKETS ? ` ${marks.ellipsis}` : "";
  const word = packets.length === 1 ? "packet" : "packets";
  return `${says} (${word} ${packets.slice(0, MAX_PACKETS).join(", ")}${more})`;
}

export function costOf({ costNs }: Finding): string {
  const { total, p50, max } = costNs;
  return `${formatDuration(total)} in all; each ${formatDuration(p50)} (p50), ${formatDuration(max)} at most`;
}

export const whatIfOf = ({ whatIf }: Finding): string =>
  whatIf === null ? "" : `without it p50 ${formatDuration(whatIf.p50Ns)}, p99 ${formatDuration(whatIf.p99Ns)}`;

const said = { ran: "looked", "not-applicable": "could not judge", failed: "failed" };

/** "No findings" must never mean "could not look": who looked, and who could not, and why. */
export function silent(report: Report): string[] {
  const told = new Set(report.findings.map((finding) => finding.code));
  const calm = report.detectors.filter((detector) => detector.status === "ran" && !told.has(detector.code));
  const blind = report.detectors.filter((detector) => detector.status !== "ran");
  const found = calm.length === 0 ? [] : [`looked, found nothing: ${calm.map((detector) => detector.code).join(", ")}`];
  const reasons = [...new Set(blind.map(({ status, reason }) => `${said[status]} (${reason})`))];
  const unseen = reasons.map((text) => {
    const codes = blind.filter(({ status, reason }) => `${said[status]} (${reason})` === text).map(({ code }) => code);
    return `${text}: ${codes.join(", ")}`;
  });
  return [...found, ...unseen];
}
