/** What an end of a QUIC connection announces and how it sends: plain data, by the names that users of quinn and quiche know. */
import { ms, type Ns } from "../units/duration.js";

export const CONGESTION_CONTROLS = ["cubic", "reno", "bbr"] as const;
export type CongestionControl = (typeof CONGESTION_CONTROLS)[number];

export interface TransportSettings {
  /** max_idle_timeout. */
  readonly idleTimeoutNs: Ns;
  /** A PING when nothing was sent for so long; undefined: none. */
  readonly keepaliveNs: Ns | undefined;
  /** Largest datagram that we send, and max_udp_payload_size that we announce; 1200 to 65527. */
  readonly maxUdpPayloadBytes: number;
  /** initial_max_streams_bidi and _uni: streams that the peer may open. */
  readonly maxStreamsBidi: number;
  readonly maxStreamsUni: number;
  /** initial_max_data, and initial_max_stream_data of each kind of stream. */
  readonly windowBytes: number;
  readonly streamWindowBytes: number;
  readonly congestion: CongestionControl;
  /** max_ack_delay: what we say, whatever we do. */
  readonly maxAckDelayNs: Ns;
}

export const DEFAULT_TRANSPORT: TransportSettings = {
  idleTimeoutNs: ms(30_000),
  keepaliveNs: undefined,
  maxUdpPayloadBytes: 1350,
  maxStreamsBidi: 100,
  maxStreamsUni: 100,
  windowBytes: 16 * 1024 ** 2,
  streamWindowBytes: 4 * 1024 ** 2,
  // Seen with quiche 0.18's cubic at 2 % loss: its round trip estimate grew from request to request (22 ms where they took 0.3) once
  // losses had made the window small, and a lost packet then cost seconds. Not so with its BBR. The cause is presumably the pacer,
  // which dates packets and has bursts larger than such a window; that was not looked up in its source.
  congestion: "bbr",
  // RFC 9000 section 18.2: what a peer takes when nothing is said.
  maxAckDelayNs: ms(25),
};
