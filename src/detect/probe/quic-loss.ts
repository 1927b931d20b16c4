import { judgeLoss } from "../quic/loss.js";
import { noAcks } from "../quic/subject.js";
import { quicDetector } from "./quic-cells.js";

/** Packets of QUIC that never arrived, and the requests that waited for them (RFC 9002 section 6). */
export const quicLoss = quicDetector("quic-loss", judgeLoss, { cannotJudge: noAcks });
