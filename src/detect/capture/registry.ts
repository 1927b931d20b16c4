import type { CaptureFindingCode } from "../finding-codes.js";
import { connectionChurn } from "./connection-churn.js";
import { connectionReset } from "./connection-reset.js";
import { delayedAck } from "./delayed-ack.js";
import type { CaptureDetector } from "./detector.js";
import { fastRetransmit } from "./fast-retransmit.js";
import { h2FlowControl } from "./h2-flow-control.js";
import { h2Goaway } from "./h2-goaway.js";
import { h2PingEnforced } from "./h2-ping-enforced.js";
import { nagleDelayedAck } from "./nagle-delayed-ack.js";
import { quicAckDelay, quicLoss, quicRetry, quicVersionNegotiation, quicZeroRttRejected } from "./quic.js";
import { rto } from "./rto.js";
import { slowServer } from "./slow-server.js";
import { splitWrite } from "./split-write.js";
import { synRetransmit } from "./syn-retransmit.js";
import { zeroWindow } from "./zero-window.js";

export type CaptureDetectors = { readonly [C in CaptureFindingCode]: CaptureDetector<C> };

/** One detector per finding that a capture can show. A code without one does not compile. */
export const CAPTURE_DETECTORS: CaptureDetectors = {
  "nagle-delayed-ack": nagleDelayedAck,
  "split-write": splitWrite,
  "delayed-ack": delayedAck,
  "slow-server": slowServer,
  "connection-churn": connectionChurn,
  rto,
  "fast-retransmit": fastRetransmit,
  "syn-retransmit": synRetransmit,
  "zero-window": zeroWindow,
  "connection-reset": connectionReset,
  "h2-flow-control": h2FlowControl,
  "h2-ping-enforced": h2PingEnforced,
  "h2-goaway": h2Goaway,
  "quic-ack-delay": quicAckDelay,
  "quic-retry": quicRetry,
  "quic-0rtt-rejected": quicZeroRttRejected,
  "quic-loss": quicLoss,
  "quic-version-negotiation": quicVersionNegotiation,
};
