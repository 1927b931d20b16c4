/**
 * The rule behind `nagle-delayed-ack` on the request's side: which requests of a cell waited, in the client's kernel, for an ACK
 * that the server's kernel delayed. `split-write` asks the same rule, to stay silent where there is a stall.
 */
import type { Finding } from "../../report/model.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import {
  MAX_DELAYED_ACK_NS,
  MIN_DELAYED_ACK_NS,
  MIN_INFERRED_COUNT,
  MIN_INFERRED_SHARE,
  TWIN_SHARE_LEFT,
} from "../thresholds.js";
import { median, nagleOffTwin, ownPausesNs, pathRttNs } from "./cells.js";

export interface Stall {
  readonly cell: ProbeCell;
  /** What each delayed request lost. */
  readonly delaysNs: readonly number[];
  /** Delayed requests that the kernel's timestamps prove; the rest is told from latency. */
  readonly proved: number;
  readonly confidence: Finding["confidence"];
}

/**
 * An ACK that takes longer than the path's round trip by this much was delayed: only a timer does that. What the request lost may be
 * less, where we paused before we wrote the held piece.
 */
export function stallThresholdNs(evidence: ProbeEvidence): number {
  return MIN_DELAYED_ACK_NS + (pathRttNs(evidence) ?? 0);
}

/** The stalled requests of a usable cell; null: none. */
export function requestStall(evidence: ProbeEvidence, cell: ProbeCell): Stall | null {
  if (!cell.nagle) return null;
  return cell.heldNs.some((held) => !Number.isNaN(held)) ? provedStall(evidence, cell) : inferredStall(evidence, cell);
}

/** The kernel saw a piece leave only when the one before it was acknowledged. */
function provedStall(evidence: ProbeEvidence, cell: ProbeCell): Stall | null {
  const thresholdNs = stallThresholdNs(evidence);
  const delaysNs = Array.from(cell.heldNs.filter((_, at) => heldForLateAck(cell, at, thresholdNs)));
  const proved = delaysNs.length;
  if (proved === 0) return null;
  // A hold that is there with Nagle off as well is the congestion window's, not Nagle's.
  const off = nagleOffTwin(evidence, cell);
  const share = proved / cell.heldNs.length;
  const heldInOff = off?.heldNs.filter((_, at) => heldForLateAck(off, at, thresholdNs)).length ?? 0;
  if (off !== null && heldInOff / off.heldNs.length > TWIN_SHARE_LEFT * share) return null;
  // Where a timestamp got lost, the request's excess over its undelayed neighbours in the calm cell decides.
  const baseNs = calmFirstByteNs(evidence, cell);
  if (baseNs !== null && off !== null) {
    for (let at = 0; at < cell.heldNs.length; at++) {
      const excessNs = (cell.firstByteNs[at] as number) - baseNs;
      if (Number.isNaN(cell.heldNs[at]) && excessNs >= thresholdNs) delaysNs.push(excessNs);
    }
  }
  return { cell, delaysNs, proved, confidence: "certain" };
}

/** Held back for an ACK that was delayed. */
const heldForLateAck = (cell: ProbeCell, at: number, thresholdNs: number): boolean =>
  (cell.heldNs[at] as number) > 0 && (cell.ackDelayNs[at] as number) >= thresholdNs;

/** Without timestamps the experiment is the proof: late with Nagle on, not late with Nagle off, all else equal. */
function inferredStall(evidence: ProbeEvidence, cell: ProbeCell): Stall | null {
  if (cell.pieces < 2 || cell.cork) return null;
  const thresholdNs = stallThresholdNs(evidence);
  const calmNs = calmFirstByteNs(evidence, cell);
  // With nothing to compare with, only the round trip and the usual length of the timer are left to hold it against.
  const baseNs = calmNs ?? ownPausesNs(cell);
  const longestNs = calmNs === null ? MAX_DELAYED_ACK_NS + thresholdNs : Number.POSITIVE_INFINITY;
  const excess = Array.from(cell.firstByteNs, (firstByteNs) => firstByteNs - baseNs);
  const delaysNs = excess.filter((late) => late >= thresholdNs && late <= longestNs);
  const share = delaysNs.length / cell.firstByteNs.length;
  if (delaysNs.length < MIN_INFERRED_COUNT || share < MIN_INFERRED_SHARE) return null;
  const off = nagleOffTwin(evidence, cell);
  if (off !== null && shareAbove(off.firstByteNs, baseNs, thresholdNs) > TWIN_SHARE_LEFT * share) return null;
  return { cell, delaysNs, proved: 0, confidence: off === null ? "possible" : "likely" };
}

/**
 * p50 from first write to first answer byte in the calm cell, when that is another one, as it would be with the pauses that we
 * make between the pieces of `cell`.
 */
function calmFirstByteNs(evidence: ProbeEvidence, cell: ProbeCell): number | null {
  const { calm } = evidence;
  const calmNs = calm === null || calm === cell ? null : median(calm.firstByteNs);
  return calm === null || calmNs === null ? null : calmNs - ownPausesNs(calm) + ownPausesNs(cell);
}

function shareAbove(values: Float64Array, baseNs: number, thresholdNs: number): number {
  let above = 0;
  for (const value of values) if (value - baseNs >= thresholdNs) above++;
  return values.length === 0 ? 0 : above / values.length;
}
