/** The latency that the theories have to explain, and whether it needs an explanation. */
import { formatDuration } from "../units/duration.js";
import { ownPausesNs, quantile, usableCells } from "./probe/cells.js";
import type { ProbeCell, ProbeEvidence } from "./probe-evidence.js";
import { CALM_FACTOR, MIN_DELAYED_ACK_NS } from "./thresholds.js";

export interface LatencyInQuestion {
  readonly cell: ProbeCell;
  readonly latencyNs: number;
  /** p99 when only the tail is slow. */
  readonly quantile: "p50" | "p99";
  /** false: the worst there is, but nothing that needs an explanation. */
  readonly slow: boolean;
  /** `p50 43.9 ms in nagle=on,split=fields`. */
  readonly words: string;
}

/**
 * The worst usable cell's p50; where no p50 is slow but a tail is, the worst p99. In the open loop the latency counts from the
 * intended start: waiting for a free connection is latency too. The pauses that we make between pieces need no explanation. null: no usable cell.
 */
export function latencyInQuestion(evidence: ProbeEvidence): LatencyInQuestion | null {
  const { calm } = evidence;
  const calmP50Ns = calm === null ? undefined : calm.run.latency.p50 - ownPausesNs(calm);
  const middle = worst(evidence, 0.5);
  const tail = worst(evidence, 0.99);
  if (calmP50Ns === undefined || middle === null || tail === null) return null;
  const thresholdNs = Math.min(evidence.slowServerNs, MIN_DELAYED_ACK_NS);
  const slowMiddle = middle.latencyNs > CALM_FACTOR * calmP50Ns || middle.latencyNs >= thresholdNs;
  const slowTail = !slowMiddle && tail.latencyNs >= thresholdNs;
  const { cell, latencyNs } = slowTail ? tail : middle;
  const name = slowTail ? "p99" : "p50";
  const pauses = ownPausesNs(cell) > 0 ? " (our own pauses, --gap, taken off)" : "";
  const words = `${name} ${formatDuration(latencyNs)} in ${cell.name}${pauses}`;
  return { cell, latencyNs, quantile: name, slow: slowMiddle || slowTail, words };
}

/** What a caller waits: service time, and in the open loop the wait before it (coordinated omission would leave that out). */
export function feltNs(evidence: ProbeEvidence, cell: ProbeCell): Float64Array {
  if (!evidence.openLoop) return cell.latencyNs;
  return cell.latencyNs.map((latencyNs, at) => latencyNs + (cell.waitNs[at] as number));
}

function worst(evidence: ProbeEvidence, share: number): { cell: ProbeCell; latencyNs: number } | null {
  let found: { cell: ProbeCell; latencyNs: number } | null = null;
  for (const cell of usableCells(evidence)) {
    const latencyNs = Math.max(0, (quantile(feltNs(evidence, cell), share) ?? 0) - ownPausesNs(cell));
    if (found === null || latencyNs > found.latencyNs) found = { cell, latencyNs };
  }
  return found;
}
