import type { Finding, Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { cellName, type Factors } from "../factors.js";
import { hang, padEnd } from "../text.js";
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
  add("where", subjectOf(finding, report, page.factors));
  add("delayed", `${finding.count} of ${finding.of} requests (${finding.confidence})`);
  if (finding.costNs.total > 0) add("cost", costOf(finding));
  for (const [at, { says }] of finding.evidence.entries()) add(at === 0 ? "proof" : "", says);
  if (finding.whatIf !== null) add("what if", whatIfOf(finding));
  for (const [at, step] of finding.fix.entries()) {
    const number = finding.fix.length === 1 ? "" : `${at + 1}. `;
    lines.push(...hang(label(at === 0 ? "fix" : "") + number, step, page.prose, at === 0 ? theme.good : undefined));
  }
  add("more", `netlat explain ${finding.code}`);
  return lines;
}

export function subjectOf(finding: Finding, report: Report, factors: Factors): string {
  const { subject } = finding;
  if ("flow" in subject) return `flow ${subject.flow}`;
  const run = report.runs.find((candidate) => candidate.id === subject.run);
  return run === undefined ? subject.run : cellName(run, factors);
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
