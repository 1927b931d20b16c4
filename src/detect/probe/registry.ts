import type { ProbeFindingCode } from "../finding-codes.js";
import type { ProbeDetector } from "../probe-evidence.js";
import { connectionChurn } from "./connection-churn.js";
import { delayedAck } from "./delayed-ack.js";
import { generatorLag } from "./generator-lag.js";
import { h2FlowControl } from "./h2-flow-control.js";
import { h2Goaway, h2PingEnforced } from "./h2-goaway.js";
import { h2HeadOfLine } from "./h2-head-of-line.js";
import { h2StreamLimit } from "./h2-stream-limit.js";
import { nagleDelayedAck } from "./nagle-delayed-ack.js";
import { quicAckDelay } from "./quic-ack-delay.js";
import { quicRetry, quicVersionNegotiation, quicZeroRttRejected } from "./quic-handshake.js";
import { quicLoss } from "./quic-loss.js";
import { slowServer } from "./slow-server.js";
import { splitWrite } from "./split-write.js";

export type ProbeDetectors = { readonly [C in ProbeFindingCode]: ProbeDetector<C> };

/** One detector per finding that a probe can show, in the order of the report. A code without one does not compile. */
export const PROBE_DETECTORS: ProbeDetectors = {
  "nagle-delayed-ack": nagleDelayedAck,
  "split-write": splitWrite,
  "delayed-ack": delayedAck,
  "slow-server": slowServer,
  "connection-churn": connectionChurn,
  "h2-stream-limit": h2StreamLimit,
  "h2-head-of-line": h2HeadOfLine,
  "h2-flow-control": h2FlowControl,
  "h2-ping-enforced": h2PingEnforced,
  "h2-goaway": h2Goaway,
  "quic-ack-delay": quicAckDelay,
  "quic-retry": quicRetry,
  "quic-0rtt-rejected": quicZeroRttRejected,
  "quic-loss": quicLoss,
  "quic-version-negotiation": quicVersionNegotiation,
  "generator-lag": generatorLag,
};
