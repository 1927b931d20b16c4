/**
 * The rule behind `nagle-delayed-ack` on the answer's side: the server's Nagle holds the rest of an answer until we acknowledge its
 * first piece, and our kernel delays that ACK. Seen as a pause between first and last answer byte that goes away with TCP_QUICKACK on.
 */
import type { Finding } from "../../report/model.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import {
  INITIAL_WINDOW_SEGMENTS,
  MAX_DELAYED_ACK_NS,
  MIN_INFERRED_COUNT,
  MIN_INFERRED_SHARE,
  QUICKACK_SHARE_LEFT,
} from "../thresholds.js";
import { quickackTwin } from "./cells.js";
import { stallThresholdNs } from "./stall.js";

export interface AnswerStall {
  readonly cell: ProbeCell;
  /** The same cell with TCP_QUICKACK on, in which the pause is gone; null: not run. */
  readonly twin: ProbeCell | null;
  readonly delaysNs: readonly number[];
  readonly confidence: Finding["confidence"];
}

/** The stalled answers of a usable cell; null: none. */
export function answerStall(evidence: ProbeEvidence, cell: ProbeCell): AnswerStall | null {
  if (cell.quickack === "on") return null;
  const thresholdNs = stallThresholdNs(evidence);
  const twin = quickackTwin(evidence, cell);
  // Without the twin a slow body looks the same; only a pause as long as a delayed-ACK timer is worth a word.
  const longestNs = twin === null ? MAX_DELAYED_ACK_NS + thresholdNs : Number.POSITIVE_INFINITY;
  const delaysNs = pausesNs(cell).filter((pause) => pause >= thresholdNs && pause <= longestNs);
  const share = delaysNs.length / cell.latencyNs.length;
  if (delaysNs.length < MIN_INFERRED_COUNT || share < MIN_INFERRED_SHARE) return null;
  if (twin !== null) {
    const left = stillPausing(evidence, twin) / twin.latencyNs.length;
    return left <= QUICKACK_SHARE_LEFT * share ? { cell, twin, delaysNs, confidence: "certain" } : null;
  }
  const segmentsIn = cell.run.kernel?.dataSegmentsIn ?? null;
  if (segmentsIn === null) return { cell, twin, delaysNs, confidence: "possible" };
  const perAnswer = segmentsIn / Math.max(1, cell.run.requests);
  // One segment cannot pause inside; more than the initial window needs round trips of its own.
  if (perAnswer < 1 + share / 2 || perAnswer > INITIAL_WINDOW_SEGMENTS) return null;
  return { cell, twin, delaysNs, confidence: "likely" };
}

/** Answers of a cell that pause for longer than a round trip explains. */
export function stillPausing(evidence: ProbeEvidence, cell: ProbeCell): number {
  const thresholdNs = stallThresholdNs(evidence);
  return pausesNs(cell).filter((pause) => pause >= thresholdNs).length;
}

const pausesNs = (cell: ProbeCell): number[] =>
  Array.from(cell.latencyNs, (latencyNs, at) => latencyNs - (cell.firstByteNs[at] as number));
