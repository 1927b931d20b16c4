/**
 * What a detector of captures is. It is told what the flow tracker worked out (exchanges, holds, resends), never packets, and its
 * memory must not grow with the file: counts, LogCounts of costs, the worst few proofs, one ladder.
 */
import type { Exchange, FlowObserver } from "../../capture/flows/flow-events.js";
import type { Services } from "../../capture/services/services.js";
import type { Finding } from "../../report/model.js";
import type { CaptureFindingCode } from "../finding-codes.js";

/** What a capture must have shown for a detector that found nothing to say so; those that do not say so are TCP's. */
export type Need =
  | "flows"
  | "exchanges"
  | "both-directions"
  | "handshakes"
  | "http2"
  /** Over TCP, or read in QUIC. */
  | "any-exchanges"
  | "any-handshakes"
  | "quic"
  | "quic-acks"
  | "quic-early-data";

export interface WatchContext {
  /** Which service a flow belongs to. It is told of everything before a detector is, and forgets a flow after it. */
  readonly services: Services;
  /** A server that thinks this long, or longer, is slow. */
  readonly slowServerNs: number;
  /** How many of the worst exchanges are shown with each finding. */
  readonly proofs: number;
}

/** Of plain exchanges (`isPlain`) a watch is not told: they are most, and every call costs (`npm run bench -- pcap`). */
export interface Watch extends FlowObserver {
  /** The findings so far. It may be asked more than once, and changes nothing. */
  finish(): readonly Finding[];
}

/** Nothing was held back, sent again or closed since the exchange before; no message was split, and the server was quick. */
export function isPlain(exchange: Exchange, slowServerNs: number): boolean {
  const { quiet, breakdownNs } = exchange;
  return quiet && breakdownNs.server < slowServerNs && !splitsRequest(exchange) && !splitsAnswer(exchange);
}

/** The request came in more segments than it fills. A large one is no worse for one small segment among its full ones. */
export function splitsRequest({ smallRequestSegments, requestSegments, requestBytes, fullRequest }: Exchange): boolean {
  return smallRequestSegments > 0 && requestSegments > Math.ceil(requestBytes / Math.max(1, fullRequest));
}

/** The answer came in several segments, and would have had room in one. */
export function splitsAnswer({ answerSegments, answerBytes, fullAnswer }: Exchange): boolean {
  return answerSegments > 1 && answerBytes <= fullAnswer;
}

export interface CaptureDetector<C extends CaptureFindingCode> {
  readonly code: C;
  readonly needs: readonly Need[];
  start(context: WatchContext): Watch;
}
