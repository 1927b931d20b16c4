/** Runs all detectors over a finished probe. One that throws becomes an outcome, not a crash (learnt from Lighthouse's runner). */
import type { DetectorOutcome, Finding } from "../report/model.js";
import { PROBE_FINDING_CODES, type ProbeFindingCode } from "./finding-codes.js";
import { usableCells } from "./probe/cells.js";
import { timelyEvidence } from "./probe/generator-lag.js";
import { PROBE_DETECTORS, type ProbeDetectors } from "./probe/registry.js";
import type { ProbeEvidence } from "./probe-evidence.js";

export interface Judgement {
  /** Errors before warnings before infos; among equals the most costly first. */
  readonly findings: Finding[];
  /** One outcome per finding code of a probe: "no findings" must never mean "could not look". */
  readonly detectors: DetectorOutcome[];
}

/**
 * Findings and how each detector fared. Of a cell in which we were late ourselves that is the only finding: nothing can be said of
 * the target by it. The other cells are judged as if it had not been run.
 */
export function judge(evidence: ProbeEvidence, detectors: ProbeDetectors = PROBE_DETECTORS): Judgement {
  const lag = runOne(evidence, detectors, "generator-lag");
  const timely = timelyEvidence(evidence);
  const allLate = lag.findings.length > 0 && usableCells(timely).length === 0;
  const voided = evidence.cells.length - timely.cells.length;
  const results = PROBE_FINDING_CODES.map((code) => {
    if (code === "generator-lag") return lag;
    return allLate ? withheld(code) : runOne(timely, detectors, code, voided);
  });
  return {
    findings: results.flatMap((result) => result.findings).sort(mostSevereFirst),
    detectors: results.map((result) => result.outcome),
  };
}

interface Result {
  readonly findings: readonly Finding[];
  readonly outcome: DetectorOutcome;
}

/** @param voided cells left out of the evidence because we were late in them */
function runOne(evidence: ProbeEvidence, detectors: ProbeDetectors, code: ProbeFindingCode, voided = 0): Result {
  try {
    const obstacle = detectors[code].cannotJudge(evidence);
    if (obstacle !== null) return { findings: [], outcome: { code, status: "not-applicable", reason: obstacle } };
    const findings = detectors[code].judge(evidence);
    return { findings, outcome: { code, status: "ran", reason: looked(evidence, voided) } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { findings: [], outcome: { code, status: "failed", reason } };
  }
}

const withheld = (code: ProbeFindingCode): Result => ({
  findings: [],
  outcome: { code, status: "not-applicable", reason: "we were late ourselves (generator-lag)" },
});

function looked(evidence: ProbeEvidence, voided: number): string {
  const cells = usableCells(evidence);
  const requests = cells.reduce((sum, cell) => sum + cell.latencyNs.length, 0);
  const late = voided === 0 ? "" : `; in ${voided} we were late ourselves (generator-lag)`;
  return `looked at ${requests} answered requests in ${cells.length} of ${evidence.cells.length + voided} cells${late}`;
}

const RANK: Readonly<Record<Finding["severity"], number>> = { error: 0, warning: 1, info: 2 };

/** Order of findings in a report. */
export function mostSevereFirst(left: Finding, right: Finding): number {
  return RANK[left.severity] - RANK[right.severity] || right.costNs.total - left.costNs.total;
}
