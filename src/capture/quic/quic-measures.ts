/** What a watched connection measures, as it goes. */
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Flight } from "./flights.js";

/** Durations as they are measured; each is told once. */
export interface QuicMeasures {
  /** First Initial until the handshake is complete at the client (QuicConversation.handshakeTime). */
  onHandshake(totalNs: number): void;
  /** The steps of a handshake, also of one that was not completed. */
  onFlights(flights: readonly Flight[]): void;
  /** From the capture point to `end` and back, its ACK delay taken out. */
  onRtt(end: Sender, rttNs: number): void;
  onSpinRtt(rttNs: number): void;
  /**
   * How long `end` says it held an acknowledgement back.
   * @param over it is above its max_ack_delay, which counts once the handshake is confirmed (RFC 9000 section 13.2.1)
   */
  onAckDelay(end: Sender, delayNs: number, over: boolean): void;
  /** A rejected 0-RTT request went again: so long after it went first. */
  onRejectionCost(costNs: number): void;
  /** A stream of the application began or ended. HTTP/3's unidirectional streams are its own affair and not told. */
  onStream(change: "opened" | "closed", atNs: number): void;
}
