import type { CaptureFindingCode } from "../finding-codes.js";
import { connectionChurn } from "./connection-churn.js";
import { connectionReset } from "./connection-reset.js";
import { delayedAck } from "./delayed-ack.js";
import type { CaptureDetector } from "./detector.js";
import { fastRetransmit } from "./fast-retransmit.js";
import { nagleDelayedAck } from "./nagle-delayed-ack.js";
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
};
