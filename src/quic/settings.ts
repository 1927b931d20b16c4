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
  // quiche 0.18 dates packets by its pacer, also without pacing. With cubic and reno a window below a burst of ten packets makes
  // the pacer late, its round trips too long, and its probe timeouts seconds: seen with 2 % loss. Its BBR paces itself.
  congestion: "bbr",
  // RFC 9000 section 18.2: what a peer takes when nothing is said.
  maxAckDelayNs: ms(25),
};
