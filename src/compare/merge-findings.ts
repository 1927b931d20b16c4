/** Findings, theories and detectors of several reports, as those of one. Pure. */
import type { DetectorOutcome, Finding, Theory } from "../report/model.js";
import { middle } from "./middle.js";
import type { NamedReport } from "./report-part.js";

interface PartFinding {
  readonly file: string;
  readonly finding: Finding;
}

/**
 * Findings of one code about one run are told as one: counts and total cost added up, the evidence of the part where it cost most.
 * `of` counts only the parts in which it was found. Quantiles (`costNs.p50`, `whatIf`) cannot be added up: they are those of the
 * part in the middle by their counts, and the true one lies between the smallest and the largest part's. A finding about a
 * connection of a capture stays as it is.
 */
export function mergeFindings(reports: readonly NamedReport[]): Finding[] {
  const groups = new Map<string, PartFinding[]>();
  for (const [at, { file, report }] of reports.entries()) {
    for (const finding of report.findings) {
      const own = "flow" in finding.subject ? `${at}` : "";
      const key = `${finding.code} ${JSON.stringify(finding.subject)} ${own}`;
      groups.set(key, [...(groups.get(key) ?? []), { file, finding }]);
    }
  }
  return [...groups.values()].map((group) => one(group, reports.length)).sort(mostSevereFirst);
}

function one(group: readonly PartFinding[], parts: number): Finding {
  const [worst] = group.toSorted((a, b) => b.finding.costNs.total - a.finding.costNs.total) as [PartFinding];
  const all = group.map(({ finding }) => finding);
  const total = (pick: (finding: Finding) => number): number => all.reduce((sum, finding) => sum + pick(finding), 0);
  const { finding, file } = worst;
  const title =
    group.length === 1
      ? `${finding.title} (in ${file})`
      : `${finding.code} in ${group.length} of ${parts} parts, ${total(({ count }) => count)} of ${total((f) => f.of)} in all; at its worst in ${file}: ${finding.title}`;
  const whatIfs = all.flatMap(({ whatIf, of }) => (whatIf === null ? [] : [{ ...whatIf, weight: of }]));
  const of = (pick: "p50Ns" | "p99Ns") =>
    middle(whatIfs.map((whatIf) => ({ value: whatIf[pick], weight: whatIf.weight })));
  return {
    ...finding,
    severity: all.map(({ severity }) => severity).sort((a, b) => RANK[a] - RANK[b])[0] as Finding["severity"],
    title,
    count: total(({ count }) => count),
    of: total((f) => f.of),
    costNs: {
      total: total(({ costNs }) => costNs.total),
      p50: middle(all.map(({ costNs, count }) => ({ value: costNs.p50, weight: count }))),
      max: Math.max(...all.map(({ costNs }) => costNs.max)),
    },
    evidence: finding.evidence.map((evidence) => ({ ...evidence, says: `${file}: ${evidence.says}` })),
    whatIf: whatIfs.length === 0 ? null : { p50Ns: of("p50Ns"), p99Ns: of("p99Ns") },
  };
}

const RANK: Readonly<Record<Finding["severity"], number>> = { error: 0, warning: 1, info: 2 };

const mostSevereFirst = (left: Finding, right: Finding): number =>
  RANK[left.severity] - RANK[right.severity] || right.costNs.total - left.costNs.total;

/** Where all parts agree, their verdict with the proof of the first; else it is open, and who says what. */
export function mergeTheories(reports: readonly NamedReport[]): Theory[] {
  const ids = [...new Set(reports.flatMap(({ report }) => report.theories.map(({ id }) => id)))];
  return ids.map((id): Theory => {
    const said = reports.flatMap(({ file, report }) =>
      report.theories.filter((theory) => theory.id === id).map((theory) => ({ file, theory })),
    );
    const { file, theory } = said[0] as (typeof said)[number];
    if (said.every((other) => other.theory.verdict === theory.verdict)) {
      return { ...theory, because: said.length === 1 ? theory.because : `${file}: ${theory.because}` };
    }
    const each = said.map((other) => `${other.theory.verdict} in ${other.file}`).join(", ");
    return { ...theory, verdict: "untested", because: `the parts do not agree: ${each}` };
  });
}

/** A detector ran only if it ran in every part: "no findings" must never mean "could not look". */
export function mergeDetectors(reports: readonly NamedReport[]): DetectorOutcome[] {
  const codes = [...new Set(reports.flatMap(({ report }) => report.detectors.map(({ code }) => code)))];
  return codes.map((code): DetectorOutcome => {
    const said = reports.flatMap(({ file, report }) =>
      report.detectors.filter((outcome) => outcome.code === code).map((outcome) => ({ file, outcome })),
    );
    const unable =
      said.find(({ outcome }) => outcome.status === "failed") ?? said.find(({ outcome }) => outcome.status !== "ran");
    if (unable === undefined)
      return { code, status: "ran", reason: `looked at ${said.length} of ${reports.length} parts` };
    const ran = said.filter(({ outcome }) => outcome.status === "ran").length;
    const reason = `${unable.file}: ${unable.outcome.reason}${ran > 0 ? `; it ran in ${ran} of ${reports.length} parts` : ""}`;
    return { code, status: unable.outcome.status, reason };
  });
}
