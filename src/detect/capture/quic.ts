/** The findings of QUIC in captures: each service is judged as a cell of a probe is (src/detect/quic). */
import { judgeAckDelay } from "../quic/ack-delay.js";
import { judgeEarlyData } from "../quic/early-data.js";
import { judgeRetry, judgeVersionNegotiation } from "../quic/extra-trip.js";
import { judgeLoss } from "../quic/loss.js";
import type { QuicFindingCode, QuicJudge } from "../quic/subject.js";
import type { CaptureDetector, Need } from "./detector.js";

export const quicAckDelay = quicDetector("quic-ack-delay", judgeAckDelay, "quic-acks");
export const quicRetry = quicDetector("quic-retry", judgeRetry);
export const quicZeroRttRejected = quicDetector("quic-0rtt-rejected", judgeEarlyData, "quic-early-data");
export const quicLoss = quicDetector("quic-loss", judgeLoss, "quic-acks");
export const quicVersionNegotiation = quicDetector("quic-version-negotiation", judgeVersionNegotiation);

/** The facts of QUIC are added up elsewhere: there is nothing to listen to, only to judge at the end. */
function quicDetector<C extends QuicFindingCode>(code: C, judge: QuicJudge, need: Need = "quic"): CaptureDetector<C> {
  return { code, needs: [need], start: ({ services }) => ({ finish: () => services.quicSubjects().flatMap(judge) }) };
}
