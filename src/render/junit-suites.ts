/**
 * A report as suites of cases, before it is XML. Of a gate: a suite for each check, a case for each expectation. Of anything
 * else: one suite with a case for the verdict, for each finding, for each detector that found nothing, and for each pair compared.
 *
 * Inconclusive is an `error`, JUnit's word for a test that could not be judged: it must stop a pipeline, and is told apart from `failure`.
 */
import type { DetectorOutcome, Finding, Report } from "../report/model.js";
import {
  baselineOf,
  type Check,
  type Expectation,
  findingsOf,
  ownReasons,
  retriesOf,
  runName,
  suiteOf,
} from "./gate/words.js";
import { commandOf, subjectOf as sourceSubjectOf } from "./source-names.js";
import { delayedOf, evidenceOf, subjectOf } from "./table/findings.js";
import { type Page, pageFor } from "./table/page.js";

export interface Case {
  readonly name: string;
  readonly outcome: "pass" | "failure" | "error" | "skipped";
  /** What kind of failure or error; of others unused. */
  readonly type: string;
  readonly message: string;
  readonly details: readonly string[];
}

export interface Suite {
  readonly name: string;
  readonly classname: string;
  /** Shared equally by the cases: consumers add them up. */
  readonly durationNs: number;
  readonly properties: readonly (readonly [name: string, value: string])[];
  readonly cases: readonly Case[];
  readonly out: readonly string[];
}

export function suitesOf(report: Report): Suite[] {
  const { gate } = report;
  if (gate === undefined) return [reportSuite(report)];
  const suites = gate.checks.map((check) => checkSuite(check, report));
  if (gate.checks.length + gate.notRun.length === 0) return [reportSuite(report)];
  return [...suites, ...gate.notRun.map(notRunSuite)];
}

function checkSuite(check: Check, report: Report): Suite {
  const cases = check.expectations.map((expectation) => expectationCase(expectation, check, report));
  const told = cases.some(({ outcome }) => outcome !== "pass");
  if (cases.length === 0 || (check.outcome !== "pass" && !told)) cases.push(wholeCheck(check));
  const retries = retriesOf(check);
  const update = baselineOf(check, { to: "->" });
  return {
    name: check.name,
    classname: `netlat.check.${check.name}`,
    durationNs: check.durationNs,
    properties: [
      ["suite", suiteOf(report) ?? ""],
      ["line", String(check.line)],
      ["kind", check.kind],
      ["subject", check.subject],
      ["outcome", check.outcome],
      ["attempts", String(check.attempts)],
      ["attemptOutcomes", check.attemptOutcomes.join(",")],
      ["exitCode", String(check.exitCode)],
    ],
    cases,
    out: [
      ...(retries === null ? [] : [retries]),
      ...(update === null ? [] : [`baseline ${update.says}`, ...update.changes]),
      ...check.expectations.map(
        (expectation, at) => `${expectation.outcome}: ${cases[at]?.name}, observed ${expectation.observed}`,
      ),
    ],
  };
}

function expectationCase(expectation: Expectation, check: Check, report: Report): Case {
  const { text, outcome, observed, says, line } = expectation;
  const run = runName(expectation, check, report);
  const found = findingsOf(check, report).filter(({ severity }) => severity !== "info");
  return {
    name: run === null ? text : `${text} (${run})`,
    outcome: OUTCOMES[outcome],
    type: outcome === "fail" ? "expectation" : "inconclusive",
    message: `${text}: observed ${observed}`,
    details: [
      says,
      ...ownReasons(check),
      ...found.flatMap(({ title, fix, code }) => [
        `found: ${title}`,
        ...fix.map((step) => `fix: ${step}`),
        `more: netlat explain ${code}`,
      ]),
      `at ${suiteOf(report) ?? "the suite"}:${line}`,
    ].filter((text) => text !== ""),
  };
}

const OUTCOMES = { pass: "pass", fail: "failure", inconclusive: "error" } as const;

/** A check that came to its outcome without any of its expectations, such as one that reached nobody. */
const wholeCheck = (check: Check): Case => ({
  name: "the check as a whole",
  outcome: OUTCOMES[check.outcome],
  type: check.outcome === "fail" ? "check" : "inconclusive",
  message: check.reasons[0] ?? check.outcome,
  details: check.reasons,
});

const notRunSuite = (name: string): Suite => ({
  name,
  classname: `netlat.check.${name}`,
  durationNs: 0,
  properties: [],
  cases: [{ name: "not run", outcome: "skipped", type: "", message: "left out, or interrupted before", details: [] }],
  out: [],
});

function reportSuite(report: Report): Suite {
  const { source } = report;
  const page = pageFor(report, { columns: 80, colour: 0, unicode: true });
  const bad = report.findings.filter(({ severity }) => severity !== "info");
  const told = new Set(bad.map(({ code }) => code));
  const command = commandOf(source);
  return {
    name: `netlat ${command} ${sourceSubjectOf(source)}`,
    classname: `netlat.${command}`,
    durationNs: source.kind === "probe" || source.kind === "check" ? source.durationNs : 0,
    properties: Object.entries(report.environment).map(([name, value]) => [name, String(value ?? "unknown")] as const),
    cases: [
      verdictCase(report),
      ...bad.map((finding) => findingCase(finding, report, page)),
      ...report.detectors.filter(({ code }) => !told.has(code)).map(detectorCase),
      ...(report.comparison?.pairs ?? []).map(pairCase),
    ],
    out: report.findings.map(({ severity, title }) => `${severity}: ${title}`),
  };
}

/** A report without one measured latency never passes, whatever its verdict. */
function verdictCase({ source, runs, verdict }: Report): Case {
  const measures = source.kind === "probe" || source.kind === "capture";
  const unseen = measures && !runs.some((run) => run.latency.count > 0);
  const [message = unseen ? "no request was answered" : verdict.status] = verdict.reasons;
  const named = { name: "verdict", message, details: verdict.reasons };
  if (verdict.status === "fail") return { ...named, outcome: "failure", type: "verdict" };
  if (verdict.status === "inconclusive" || unseen) return { ...named, outcome: "error", type: "inconclusive" };
  return { ...named, outcome: "pass", type: "" };
}

function findingCase(finding: Finding, report: Report, page: Page): Case {
  const where = subjectOf(finding, report, page);
  return {
    name: `${finding.code} (${where})`,
    outcome: "failure",
    type: finding.severity,
    message: finding.title,
    details: [
      `delayed: ${delayedOf(finding, report)} (${finding.confidence})`,
      ...finding.evidence.map((evidence) => `proof: ${evidenceOf(evidence, page.theme.marks)}`),
      ...finding.fix.map((step) => `fix: ${step}`),
      `more: netlat explain ${finding.code}`,
    ],
  };
}

function detectorCase({ code, status, reason }: DetectorOutcome): Case {
  const outcome = ({ ran: "pass", "not-applicable": "skipped", failed: "error" } as const)[status];
  return { name: code, outcome, type: "detector", message: reason === "" ? status : reason, details: [] };
}

function pairCase({ id, verdict, says }: NonNullable<Report["comparison"]>["pairs"][number]): Case {
  const outcome = ({ slower: "failure", "cannot-tell": "error", same: "pass", faster: "pass" } as const)[verdict];
  return { name: id, outcome, type: verdict, message: says, details: [] };
}
