/**
 * Was data of this request held back by Nagle's algorithm? Decided from the kernel's timestamps of one request.
 * Called once per request between two measurements: it allocates nothing.
 */
import { MIN_HOLD_NS, REACTION_FLOOR_NS, REACTION_RTT_SHARE } from "./thresholds.js";

/**
 * Time during which Nagle's algorithm held back a piece of the request: written while an earlier piece was unacknowledged, and
 * sent by the kernel right after the ACK of that piece came in (RFC 896; RFC 9293 3.7.4; Linux tcp_nagle_test). A piece that waited for
 * anything else, such as the application or a full congestion window that opened later, does not count. Whether the ACK was
 * *delayed*, or only a round trip away, is the detectors' question.
 *
 * All times are nanoseconds on one clock, by piece in the order of writing. Pieces that travelled in one segment have one
 * timestamp, at the last of them: NaN for the others means "sent with the next piece".
 *
 * @param writtenNs just before each write system call
 * @param sentNs when the kernel handed the segment that ends with this piece to the device (SOF_TIMESTAMPING_TX_SOFTWARE); NaN as above
 * @param ackedNs when its ACK came in (SOF_TIMESTAMPING_TX_ACK); NaN where that is missing
 * @param count pieces of this request; the arrays may be longer
 * @param rttNs the path's round trip, 0 when not known
 * @returns held time, overlapping holds counted once; 0: nothing was held; NaN: a timestamp that decides is missing
 */
export function classifyHold(
  writtenNs: Float64Array,
  sentNs: Float64Array,
  ackedNs: Float64Array,
  count: number,
  rttNs: number,
): number {
  const reactionNs = Math.max(REACTION_FLOOR_NS, REACTION_RTT_SHARE * rttNs);
  let heldNs = 0;
  let heldUntilNs = Number.NEGATIVE_INFINITY;
  let first = 0;
  for (let piece = 0; piece < count; piece++) {
    const sent = sentNs[piece] as number;
    if (Number.isNaN(sent)) continue;
    // Pieces first..piece left in one segment; the piece before them is the one that may have stood in the way.
    const written = writtenNs[first] as number;
    if (first > 0 && sent - written > MIN_HOLD_NS) {
      const acked = ackedNs[first - 1] as number;
      if (Number.isNaN(acked)) return Number.NaN;
      if (acked > written && sent >= acked && sent - acked <= reactionNs) {
        heldNs += sent - Math.max(written, heldUntilNs);
        heldUntilNs = sent;
      }
    }
    first = piece + 1;
  }
  return first < count ? Number.NaN : heldNs;
}
