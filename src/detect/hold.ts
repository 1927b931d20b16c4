/**
 * Was data of this request held back by Nagle's algorithm? Decided from the kernel's timestamps of one request.
 * Called once per request between two measurements: it allocates nothing.
 */
import { MIN_HOLD_NS, REACTION_FLOOR_NS, REACTION_RTT_SHARE } from "./thresholds.js";

/** What `classifyHold` found; the caller keeps one and hands it in again for each request. */
export interface Hold {
  /**
   * Time that the request lost: its pieces were held after the last of them was written. What a hold took before that, the
   * pauses between the writes would have taken anyway. Overlapping holds count once; 0: nothing lost; NaN: a deciding timestamp is missing.
   */
  heldNs: number;
  /** Longest time from the sending of a piece to its ACK, for which a later piece was held; NaN: none was. */
  ackDelayNs: number;
}

/**
 * Time during which Nagle's algorithm held back a piece of the request: written while an earlier piece was unacknowledged, and
 * sent by the kernel right after the ACK of that piece came in (RFC 896; RFC 9293 3.7.4; Linux tcp_nagle_test). A piece that waited for
 * anything else, such as the application or a full congestion window that opened later, does not count. Whether the ACK was
 * *delayed*, or only a round trip away, is the detectors' question: `ackDelayNs` answers it, however long the application
 * itself waited before it wrote the held piece.
 *
 * All times are nanoseconds on one clock, by piece in the order of writing. Pieces that travelled in one segment have one
 * timestamp, at the last of them: NaN for the others means "sent with the next piece".
 *
 * @param writtenNs just before each write system call
 * @param sentNs when the kernel handed the segment that ends with this piece to the device (SOF_TIMESTAMPING_TX_SOFTWARE); NaN as above
 * @param ackedNs when its ACK came in (SOF_TIMESTAMPING_TX_ACK); NaN where that is missing
 * @param count pieces of this request, at least one; the arrays may be longer
 * @param rttNs the path's round trip, 0 when not known
 * @param hold is overwritten
 */
export function classifyHold(
  writtenNs: Float64Array,
  sentNs: Float64Array,
  ackedNs: Float64Array,
  count: number,
  rttNs: number,
  hold: Hold,
): void {
  const reactionNs = Math.max(REACTION_FLOOR_NS, REACTION_RTT_SHARE * rttNs);
  hold.heldNs = 0;
  hold.ackDelayNs = Number.NaN;
  // The request could not have been whole before its last piece was written.
  let countedUntilNs = writtenNs[count - 1] as number;
  let first = 0;
  for (let piece = 0; piece < count; piece++) {
    const sent = sentNs[piece] as number;
    if (Number.isNaN(sent)) continue;
    // Pieces first..piece left in one segment; the piece before them is the one that may have stood in the way.
    const written = writtenNs[first] as number;
    if (first > 0 && sent - written > MIN_HOLD_NS) {
      const acked = ackedNs[first - 1] as number;
      if (Number.isNaN(acked)) {
        hold.heldNs = Number.NaN;
        return;
      }
      if (acked > written && sent >= acked && sent - acked <= reactionNs) {
        const delayNs = acked - (sentNs[first - 1] as number);
        if (!(delayNs <= hold.ackDelayNs)) hold.ackDelayNs = delayNs;
        if (sent > countedUntilNs) {
          hold.heldNs += sent - countedUntilNs;
          countedUntilNs = sent;
        }
      }
    }
    first = piece + 1;
  }
  if (first < count) hold.heldNs = Number.NaN;
}
