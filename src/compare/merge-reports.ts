/** `netlat merge`: many reports to one. Pure. */
import { usageError } from "../errors.js";
import type { Finding, FlowSummary, Report, Run } from "../report/model.js";
import { drift } from "./drift.js";
import { mergeDetectors, mergeFindings, mergeTheories } from "./merge-findings.js";
import { mergeRuns, type PartRun } from "./merge-run.js";
import { answeredIn, contentOf, measuredKind, type NamedReport, partOf, unlikeness } from "./report-part.js";

/**
 * Adds reports up, run by run of the same id. Histograms add without loss: quantiles, count, min and max are those of all samples
 * together. What cannot be added up soundly is left out: effects and pool sizing.
 * @param base of the new report: when, where and by what version it was made
 * @throws NetlatError: exit 2 when the reports make no sense together, exit 3 when a histogram is damaged
 */
export function mergeReports(given: readonly NamedReport[], base: Omit<Report, "source">): Report {
  checkTogether(given);
  const reports = withOwnFlows(given);
  const cells = byRun(reports);
  const runs = cells.map((parts) => mergeRuns(parts));
  const [first] = reports as [NamedReport];
  const warnings = [
    ...new Set(reports.slice(1).flatMap((other) => unlikeness(first, other))),
    ...cells.flatMap((parts) => absences(parts, reports)),
    ...drift(cells.map((parts) => parts.map(({ file, run }) => ({ file, run })))),
  ];
  const findings = mergeFindings(reports);
  const parts = reports.flatMap((part) =>
    part.report.source.kind === "merge" ? part.report.source.parts : [partOf(part)],
  );
  const machines = new Set(reports.map(({ report }) => JSON.stringify(report.environment)));
  return {
    ...base,
    environment: machines.size === 1 ? first.report.environment : base.environment,
    source: { kind: "merge", parts, alike: warnings.length === 0, warnings },
    runs,
    flows: reports.flatMap(({ report }) => report.flows),
    findings,
    theories: mergeTheories(reports),
    detectors: mergeDetectors(reports),
    verdict: { status: "none", reasons: reasons(runs, parts.length, warnings, findings) },
  };
}

/** @throws NetlatError (exit 2) */
function checkTogether(given: readonly NamedReport[]): void {
  const [first, ...others] = given;
  if (first === undefined || others.length === 0) {
    throw usageError("netlat merge: needs at least two reports; one has nothing to be added to");
  }
  const kind = measuredKind(first, "merge");
  for (const other of others) {
    const otherKind = measuredKind(other, "merge");
    if (otherKind !== kind) {
      throw usageError(
        `${first.file} is of kind ${kind}, ${other.file} of kind ${otherKind}: they do not add up; merge reports of one kind`,
      );
    }
    const [protocol, otherProtocol] = [protocolOf(first.report), protocolOf(other.report)];
    if (protocol !== otherProtocol) {
      throw usageError(
        `${first.file} asked by ${protocol}, ${other.file} by ${otherProtocol}: they do not add up; merge reports of one protocol`,
      );
    }
  }
  const seen = new Map<string, string>();
  for (const part of given) {
    const [file, content] = [part.file, contentOf(part)];
    const twin = seen.get(content);
    if (twin !== undefined) {
      throw usageError(`${twin} and ${file} hold the same measurement: its requests would count twice; leave one out`);
    }
    seen.set(content, file);
  }
}

/** Of a probe; a merged report keeps it in its parts. null: a capture, which may hold several. */
function protocolOf({ source }: Report): string | null {
  if (source.kind === "merge") return source.parts[0]?.protocol ?? null;
  return source.kind === "probe" ? source.protocol : null;
}

type CellPart = PartRun & { readonly file: string };

/** The runs of each id, in the order in which they first come. */
function byRun(reports: readonly NamedReport[]): CellPart[][] {
  const cells = new Map<string, CellPart[]>();
  let part = 0;
  for (const { file, report } of reports) {
    for (const run of report.runs) cells.set(run.id, [...(cells.get(run.id) ?? []), { file, part, run }]);
    part += report.source.kind === "merge" ? report.source.parts.length : 1;
  }
  return [...cells.values()];
}

function absences(parts: readonly CellPart[], reports: readonly NamedReport[]): string[] {
  if (parts.length === reports.length) return [];
  return [`${parts[0]?.run.id} is in ${parts.length} of ${reports.length} reports only`];
}

/** Connections of captures are numbered from 1 in each: here they go on counting, and so do the findings about them. */
function withOwnFlows(reports: readonly NamedReport[]): NamedReport[] {
  let offset = 0;
  return reports.map(({ file, report }) => {
    const by = offset;
    offset += Math.max(0, ...report.flows.map(({ id }) => id), ...report.findings.map(flowIn));
    const flows = report.flows.map((flow): FlowSummary => ({ ...flow, id: flow.id + by }));
    const findings = report.findings.map((finding): Finding => {
      const { subject, ladder } = finding;
      return {
        ...finding,
        subject: "flow" in subject ? { flow: subject.flow + by } : subject,
        ...(ladder === undefined ? {} : { ladder: { ...ladder, flow: ladder.flow + by } }),
      };
    });
    return { file, report: { ...report, flows, findings } };
  });
}

const flowIn = ({ subject, ladder }: Finding): number =>
  Math.max("flow" in subject ? subject.flow : 0, ladder?.flow ?? 0);

function reasons(
  runs: readonly Run[],
  parts: number,
  warnings: readonly string[],
  findings: readonly Finding[],
): string[] {
  const requests = runs.reduce((sum, run) => sum + run.requests, 0);
  const failed = requests - answeredIn(runs);
  const failures = failed > 0 ? `, ${failed} of them without a usable answer` : "";
  return [
    `${parts} reports added up: ${requests} requests${failures}.`,
    ...warnings.map((warning) => `Careful: ${warning}.`),
    ...findings.filter(({ severity }) => severity !== "info").map(({ title }) => `${title}.`),
  ];
}
