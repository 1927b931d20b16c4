/** Connections of QUIC that took a round trip more to open than they need, or lost what they sent early. */
import { judgeEarlyData } from "../quic/early-data.js";
import { judgeRetry, judgeVersionNegotiation } from "../quic/extra-trip.js";
import type { QuicSubject } from "../quic/subject.js";
import { quicDetector } from "./quic-cells.js";

export const quicRetry = quicDetector("quic-retry", judgeRetry);

export const quicVersionNegotiation = quicDetector("quic-version-negotiation", judgeVersionNegotiation);

export const quicZeroRttRejected = quicDetector("quic-0rtt-rejected", judgeEarlyData, { cannotJudge: nothingEarly });

function nothingEarly(subjects: readonly QuicSubject[]): string | null {
  if (subjects.some(({ facts }) => facts.earlyData.offered > 0)) return null;
  return "no connection sent 0-RTT: add --early-data on, the server must have given a ticket";
}
