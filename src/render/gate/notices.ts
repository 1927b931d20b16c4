/**
 * What a report has to tell a machine that annotates code: failed expectations at their line of the suite, then findings.
 * SARIF results and GitHub annotations are made of these.
 */
import type { Finding, Report } from "../../report/model.js";
import { commandOf, subjectOf as sourceSubjectOf } from "../source-names.js";
import { costOf, delayedOf, subjectOf, whatIfOf } from "../table/findings.js";
import { pageFor } from "../table/page.js";
import {
  type Check,
  checkOf,
  type Expectation,
  otherReasons,
  ownReasons,
  retriesOf,
  runName,
  suiteOf,
  verdictOf,
} from "./words.js";

export type Level = "error" | "warning" | "note";

/** The rules that are not codes of findings. */
export const GATE_RULES = [
  "expectation-failed",
  "expectation-inconclusive",
  "check-failed",
  "check-inconclusive",
  "check-flaky",
] as const;
type GateRule = (typeof GATE_RULES)[number];

export interface Notice {
  readonly rule: GateRule | Finding["code"];
  readonly level: Level;
  readonly title: string;
  /** At least one; the first says most. */
  readonly lines: readonly string[];
  /** null: it is about something that has no file. */
  readonly place: { readonly file: string; readonly line: number | null } | null;
  /** What it is about: the endpoint, the check, the cell or flow. */
  readonly subject: string;
  readonly finding: Finding | null;
}

export function noticesOf(report: Report): Notice[] {
  const checks = report.gate?.checks ?? [];
  const expected = checks.flatMap((check) => checkNotices(check, report));
  const found = report.findings.map((finding) => findingNotice(finding, report));
  const weight = { error: 0, warning: 1, note: 2 };
  return [...expected, ...found].sort((a, b) => weight[a.level] - weight[b.level]);
}

/** The report in a line: who says it, and what. */
export function summaryOf(report: Report): { title: string; lines: string[] } {
  const { status, reasons } = report.verdict;
  const lines = report.gate === undefined ? reasons : [verdictOf(report), ...otherReasons(report)];
  const [first = "nothing was found", ...rest] = lines;
  return {
    title: `netlat ${commandOf(report.source)} ${sourceSubjectOf(report.source)}`,
    lines: [status === "none" ? first : `${status}: ${first}`, ...rest],
  };
}

/** Without an expectation to blame; a pass only when it took a retry. */
const WHOLE = { fail: "check-failed", inconclusive: "check-inconclusive", pass: "check-flaky" } as const;

function checkNotices(check: Check, report: Report): Notice[] {
  const notices = check.expectations
    .filter(({ outcome }) => outcome !== "pass")
    .map((expectation) => expectationNotice(expectation, check, report));
  const retries = retriesOf(check);
  if (notices.length > 0 || (check.outcome === "pass" && retries === null)) return notices;
  const reasons = [...(retries === null ? [] : [retries]), ...check.reasons];
  return [
    {
      rule: WHOLE[check.outcome],
      level: check.outcome === "fail" ? "error" : "warning",
      title: check.name,
      lines: reasons.length === 0 ? [check.outcome] : reasons,
      place: placeOf(report, check.line),
      subject: `${check.name}, ${check.subject}`,
      finding: null,
    },
  ];
}

function expectationNotice(expectation: Expectation, check: Check, report: Report): Notice {
  const { text, line, outcome, observed, says } = expectation;
  const run = runName(expectation, check, report);
  const failed = outcome === "fail";
  const retries = retriesOf(check);
  return {
    rule: failed ? ("expectation-failed" as const) : ("expectation-inconclusive" as const),
    level: failed ? ("error" as const) : ("warning" as const),
    title: `${check.name}: ${text}`,
    lines: [
      `${failed ? "" : "inconclusive: "}observed ${observed}${run === null ? "" : ` in ${run}`}`,
      ...[says, ...ownReasons(check)].filter((line) => line !== ""),
      ...(retries === null ? [] : [retries]),
    ],
    place: placeOf(report, line),
    subject: run === null ? check.name : `${check.name}, ${run}`,
    finding: null,
  };
}

/** In a gate the expectations decide; a finding explains them, and is a warning at most. */
function findingNotice(finding: Finding, report: Report): Notice {
  const check = checkOf(finding, report);
  const own = finding.severity === "info" ? "note" : finding.severity;
  const where = subjectOf(finding, report, pageFor(report, { columns: 80, colour: 0, unicode: true }));
  return {
    rule: finding.code,
    level: report.gate !== undefined && own === "error" ? "warning" : own,
    title: check === undefined ? finding.code : `${check.name}: ${finding.code}`,
    lines: [
      finding.title,
      `where: ${where}`,
      `delayed: ${delayedOf(finding, report)} (${finding.confidence})`,
      ...(finding.costNs.total > 0 ? [`cost: ${costOf(finding)}`] : []),
      ...(finding.whatIf === null ? [] : [`what if: ${whatIfOf(finding)}`]),
      ...finding.fix.map((step) => `fix: ${step}`),
      `more: netlat explain ${finding.code}`,
    ],
    place: check === undefined ? captureFile(report) : placeOf(report, check.line),
    subject: where,
    finding,
  };
}

function placeOf(report: Report, line: number): Notice["place"] {
  const file = suiteOf(report);
  return file === null ? null : { file, line: Math.max(1, line) };
}

const captureFile = ({ source }: Report): Notice["place"] =>
  source.kind === "capture" && source.file !== "-" ? { file: source.file, line: null } : null;
