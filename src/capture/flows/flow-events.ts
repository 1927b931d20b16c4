/**
 * What the flow tracker tells, in ordinary immutable objects: few and rich. Detectors, the summary of services and the report
 * see only these, never packets. Times are nanoseconds since the first packet of the capture.
 */

import type { Breakdown } from "../../report/model.js";
import type { QuicTally } from "../quic/quic-tally.js";

/** 0: the end that `a` names, 1: `b`. */
export type Side = 0 | 1;

export interface FlowEnd {
  /** Text form, `10.0.0.1` or `2001:db8::1`. */
  readonly address: string;
  readonly port: number;
}

export type CaptureProtocol = "memcached" | "redis" | "http1" | "h2" | "tls" | "quic" | "h3" | "doq" | "unknown";

/** Whether it travels in QUIC: `quic` itself is one whose application is not known, or has no name here. */
export const isInQuic = (protocol: CaptureProtocol): protocol is "quic" | "h3" | "doq" =>
  protocol === "quic" || protocol === "h3" || protocol === "doq";
export type Vantage = "client" | "server" | "middle" | "unknown";

/** A connection, of TCP or of QUIC, as far as the capture shows it. One object for its life; what is learnt later changes it. */
export interface Flow {
  readonly id: number;
  /** A small number of its own while it lives, from 0; then it may be another's: the place for what an observer keeps of each live flow. */
  readonly slot: number;
  readonly a: FlowEnd;
  readonly b: FlowEnd;
  /** Which end is the client: proved by a SYN, else by port numbers and who spoke first; null while unknown. */
  readonly client: Side | null;
  /** SYN or SYN-ACK was seen; QUIC: always, or it would not have been known for one. */
  readonly handshakeSeen: boolean;
  readonly protocol: CaptureProtocol;
  readonly vantage: Vantage;
  readonly startNs: number;
  readonly endNs: number;
  readonly packets: number;
  readonly bytes: number;
  /** SYN to the handshake's ACK; QUIC: first Initial to the client's Finished; null: not seen. */
  readonly handshakeRttNs: number | null;
  /** Round trip between the capture point and the end: the least time seen from a segment to its ACK. [a, b]; null: none seen. */
  readonly legNs: readonly [number | null, number | null];
  /** Largest segment the end can send: the smaller of the MSS announced and what was seen; [from a, from b]. */
  readonly mss: readonly [number, number];
  /** This end has sent a small segment while another was unacknowledged: Nagle's algorithm is off there. */
  readonly nagleOff: readonly [boolean, boolean];
  readonly exchanges: number;
}

/** Data that an end held back although it could have been sent: small, unacknowledged data was in flight, and a pure ACK set it free. */
export interface Hold {
  readonly flow: Flow;
  /** Who held back. */
  readonly sender: Side;
  /** Packet numbers: the small segment in flight, the ACK that answered it, the segment that was then sent. */
  readonly packets: readonly [small: number, ack: number, released: number];
  readonly smallBytes: number;
  readonly releasedBytes: number;
  /** When the small segment passed the capture point. */
  readonly atNs: number;
  /** From the small segment to its ACK, less the leg to the receiver and back: the receiver's delay. */
  readonly ackDelayNs: number;
  /** What the hold cost: from the small segment to the released one. */
  readonly heldNs: number;
  /**
   * The released segment came as soon after the ACK as the way to the sender takes. false: it came later than that, by less than
   * a path's jitter may make; such a hold counts only where the same end shows many prompt ones.
   */
  readonly prompt: boolean;
}

export interface Resend {
  readonly flow: Flow;
  readonly sender: Side;
  readonly kind: "rto" | "fast-retransmit" | "spurious" | "syn";
  readonly packets: readonly [original: number | null, resent: number];
  readonly atNs: number;
  readonly bytes: number;
  /** From the original to this resend. */
  readonly waitedNs: number;
  readonly duplicateAcks: number;
}

/** The receiver closed its window while the sender had more to send. */
export interface WindowStall {
  readonly flow: Flow;
  readonly receiver: Side;
  readonly packets: readonly [closed: number, opened: number | null];
  readonly atNs: number;
  readonly closedNs: number;
}

/** HTTP/2's window of a stream, or of its connection, was used up (RFC 9113 section 5.2), and its sender had more to send. */
export interface FlowControlStall {
  readonly flow: Flow;
  /** Who had to wait. */
  readonly sender: Side;
  /** The last DATA, the WINDOW_UPDATE or SETTINGS that made room, the next DATA. */
  readonly packets: readonly [spent: number, opened: number, resumed: number];
  readonly atNs: number;
  readonly closedNs: number;
}

/** An end wants the connection to be over (RFC 9113 section 6.8). */
export interface SeenGoaway {
  readonly flow: Flow;
  readonly by: Side;
  readonly packet: number;
  readonly atNs: number;
  readonly codeName: string;
  /** What it says to people, printable; mostly empty. */
  readonly debug: string;
  readonly lastStreamId: number;
  /** Streams above the last one that were not answered: to be asked again elsewhere. */
  readonly lostStreams: number;
  /** PING frames that the other end had sent. */
  readonly pings: number;
}

/** An ACK of data that came late, alone, and set nothing free. There is one such object, filled anew for the next. */
export interface LateAck {
  readonly flow: Flow;
  /** The flow's; and which side is the client, as far as is known. */
  readonly slot: number;
  readonly client: Side | null;
  readonly receiver: Side;
  readonly packets: readonly [data: number, ack: number];
  readonly atNs: number;
  readonly ackDelayNs: number;
}

/**
 * A request and its answer. The tracker has one such object and fills it anew for the next exchange, so whoever keeps anything beyond
 * the call keeps a copy; `flow`, `packets`, and the lists of what delayed it may be kept as they are.
 */
export interface Exchange {
  readonly flow: Flow;
  /** The flow's, without touching the flow: most exchanges tell nothing for which its object would be needed. */
  readonly slot: number;
  /** No hold, resend or window stall was told of the flow since the exchange before. */
  readonly quiet: boolean;
  /** The side that asked. */
  readonly client: Side;
  /** Full segments of the side that asked, and of the one that answered: Flow.mss. */
  readonly fullRequest: number;
  readonly fullAnswer: number;
  /** Running number in its flow, from 1. */
  readonly number: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly latencyNs: number;
  readonly breakdownNs: Breakdown;
  /**
   * From the request's last byte until the answers to earlier requests had come, which the server gives in their order: of pipelined
   * requests. It is part of what the breakdown gives to network and server.
   */
  readonly behindNs: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** Data segments, resends not counted. */
  readonly requestSegments: number;
  readonly answerSegments: number;
  /** Segments below the MSS that were followed by more of the same message. */
  readonly smallRequestSegments: number;
  /** First and last packet. */
  readonly packets: readonly [number, number];
  /** What delayed it; mostly empty. */
  readonly holds: readonly Hold[];
  readonly resends: readonly Resend[];
  readonly windowStalls: readonly WindowStall[];
  readonly flowControlStalls: readonly FlowControlStall[];
  /**
   * How long the answer's first byte came after an ACK of the request that was there before it; and that ACK after the request's last
   * byte. null: there was none, it is too long ago, or other exchanges ran beside this one. To be called only while the observer is told of this exchange.
   */
  earlyAck(): EarlyAck | null;
  /** The packets of the exchange, the last 16 of the flow at most, oldest first. To be called only while the observer is told of this exchange. */
  recentPackets(): readonly PacketNote[];
}

export interface EarlyAck {
  readonly afterRequestNs: number;
  readonly beforeAnswerNs: number;
}

export interface PacketNote {
  readonly number: number;
  readonly atNs: number;
  readonly from: Side;
  /** Payload on the wire. */
  readonly bytes: number;
  /** As in the TCP header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16. */
  readonly flags: number;
}

export interface FlowObserver {
  /** A QUIC connection has begun. @returns where its figures are to be added up; null: it is not wanted */
  quicStarted?(flow: Flow): QuicTally | null;
  flowStarted?(flow: Flow): void;
  handshake?(flow: Flow, rttNs: number): void;
  /** An exchange has ended; all that happened in it is in it. */
  exchange?(exchange: Exchange): void;
  /** Outside of or inside an exchange. */
  hold?(hold: Hold): void;
  resend?(resend: Resend): void;
  windowStall?(stall: WindowStall): void;
  flowControlStall?(stall: FlowControlStall): void;
  goaway?(goaway: SeenGoaway): void;
  lateAck?(late: LateAck): void;
  reset?(flow: Flow, by: Side, packet: number, atNs: number, duringExchange: boolean): void;
  /** This end's Nagle's algorithm is off: holds told of it before were the application's own pauses. */
  nagleOff?(flow: Flow, side: Side): void;
  /** Ended, idle for long, or evicted: nothing more will be told of it. */
  flowEnded?(flow: Flow, why: "closed" | "reset" | "idle" | "evicted" | "end-of-capture"): void;
}
