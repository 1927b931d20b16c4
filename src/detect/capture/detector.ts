/**
 * What a detector of captures is. It is told what the flow tracker worked out (exchanges, holds, resends), never packets, and its
 * memory must not grow with the file: counts, LogCounts of costs, the worst few proofs, one ladder.
 */
import type { FlowObserver } from "../../capture/flows/flow-events.js";
import type { Services } from "../../capture/services/services.js";
import type { Finding } from "../../report/model.js";
import type { CaptureFindingCode } from "../finding-codes.js";

/** What a capture must have shown for a detector that found nothing to say so. */
export type Need = "flows" | "exchanges" | "both-directions" | "handshakes";

export interface WatchContext {
  /** Which service a flow belongs to. It is told of everything before a detector is, and forgets a flow after it. */
  readonly services: Services;
  /** A server that thinks this long, or longer, is slow. */
  readonly slowServerNs: number;
  /** How many of the worst exchanges are shown with each finding. */
  readonly proofs: number;
}

export interface Watch extends FlowObserver {
  /** The findings so far. It may be asked more than once, and changes nothing. */
  finish(): readonly Finding[];
}

export interface CaptureDetector<C extends CaptureFindingCode> {
  readonly code: C;
  readonly needs: readonly Need[];
  start(context: WatchContext): Watch;
}
