import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { MAX_LAG_NS, MAX_LAG_SHARE } from "../thresholds.js";
import { costOf, extremes, noUsableCell, quantile, usableCells } from "./cells.js";

const prose = PROSE["generator-lag"];

/** In the open loop requests are due at a time; when we sent them late, the latency we would report is our own. */
export const generatorLag: ProbeDetector<"generator-lag"> = {
  code: "generator-lag",
  cannotJudge(evidence) {
    return evidence.openLoop ? noUsableCell(evidence) : "closed loop: no request was due at a given time";
  },
  judge(evidence) {
    return lateCells(evidence).map(({ cell, p99Ns }) => finding(cell, p99Ns, lagLimitNs(cell)));
  },
};

/**
 * The evidence without the cells in which we were late: what is left can be judged, and `calm` and `worst` are chosen from it.
 * The very same object where we were never late.
 */
export function timelyEvidence(evidence: ProbeEvidence): ProbeEvidence {
  const late = new Set(lateCells(evidence).map(({ cell }) => cell));
  if (late.size === 0) return evidence;
  const cells = evidence.cells.filter((cell) => !late.has(cell));
  return { ...evidence, cells, ...extremes(cells) };
}

interface LateCell {
  readonly cell: ProbeCell;
  readonly p99Ns: number;
}

/** The latest first. */
function lateCells(evidence: ProbeEvidence): LateCell[] {
  if (!evidence.openLoop) return [];
  return usableCells(evidence)
    .map((cell) => ({ cell, p99Ns: quantile(cell.lagNs, 0.99) ?? 0 }))
    .filter(({ cell, p99Ns }) => p99Ns > lagLimitNs(cell))
    .sort((left, right) => right.p99Ns - left.p99Ns);
}

/** Held against the cell's own latency: one that is slow is measured well enough by a sender that is a little late. */
function lagLimitNs(cell: ProbeCell): number {
  return Math.max(MAX_LAG_NS, MAX_LAG_SHARE * cell.run.latency.p50);
}

function finding(cell: ProbeCell, p99Ns: number, limitNs: number): Finding {
  const late = Array.from(cell.lagNs.filter((lag) => lag > limitNs));
  const rate = cell.run.targetRatePerSecond;
  return {
    code: "generator-lag",
    severity: "warning",
    title: prose.title({ p99Ns, limitNs }),
    subject: { run: cell.run.id },
    count: late.length,
    of: cell.lagNs.length,
    costNs: costOf(late),
    confidence: "certain",
    evidence: [
      {
        says:
          `${late.length} of ${cell.lagNs.length} requests left more than ${formatDuration(limitNs)} after they were due and a connection was free` +
          (rate === null ? "" : `; asked for ${rate}/s, ${Math.round(cell.run.ratePerSecond)}/s were answered`),
      },
    ],
    fix: [...prose.fix],
    whatIf: null,
  };
}
