/** What a conversation tells its owner, as it goes. `atNs` is the time given with the datagram that showed it. */
import type { Sender } from "../tls/plaintext.js";
import type { AckFrame, AckRange } from "./frames.js";
import type { PacketType, Space } from "./names.js";

export type QuicEvent =
  /** A packet was opened: what it carries is told by the events that follow. */
  | {
      readonly type: "packet";
      readonly atNs: number;
      readonly from: Sender;
      readonly packetType: PacketType;
      readonly packetNumber: number;
      /** The packet as it lies in its datagram. */
      readonly bytes: number;
      readonly ackEliciting: boolean;
    }
  /** The server's answer to a version that it does not speak: a round trip more. */
  | { readonly type: "version-negotiation"; readonly atNs: number; readonly versions: readonly number[] }
  /** `genuine`: its integrity tag fits the client's first Initial; undefined: that one was not seen. */
  | {
      readonly type: "retry";
      readonly atNs: number;
      readonly tokenBytes: number;
      readonly genuine: boolean | undefined;
    }
  | AckSeen
  /** An edge of the spin bit after another in the same direction: one round trip, and the time until the application sent. */
  | { readonly type: "spin-rtt"; readonly atNs: number; readonly from: Sender; readonly rttNs: number }
  /** Acknowledgements passed over it by three packets or more (RFC 9002 section 6.1.1). */
  | {
      readonly type: "lost";
      readonly atNs: number;
      readonly from: Sender;
      readonly space: Space;
      readonly packetNumber: number;
      readonly sentNs: number;
      readonly bytes: number;
    }
  /** It was acknowledged after all: it had been overtaken, or only the acknowledgement was late. */
  | {
      readonly type: "not-lost";
      readonly atNs: number;
      readonly from: Sender;
      readonly space: Space;
      readonly packetNumber: number;
    }
  /** The next bytes of a stream, in order. They are valid only during the call. */
  | {
      readonly type: "stream-data";
      readonly atNs: number;
      readonly from: Sender;
      readonly streamId: number;
      readonly bytes: Uint8Array;
      /** It came in a 0-RTT packet (told of the packet that made it readable). */
      readonly early: boolean;
    }
  /** This sender's side of the stream is whole, `bytes` of it. */
  | {
      readonly type: "stream-end";
      readonly atNs: number;
      readonly from: Sender;
      readonly streamId: number;
      readonly bytes: number;
    }
  /** Bytes came ahead of others that are still missing: lost, or overtaken. Told again for the next hole behind it. */
  | { readonly type: "stream-hole"; readonly atNs: number; readonly from: Sender; readonly streamId: number }
  /** More came out of order than is kept: what follows on the stream is not told, but its end is. */
  | { readonly type: "stream-gap"; readonly atNs: number; readonly from: Sender; readonly streamId: number }
  | {
      readonly type: "stream-reset" | "stop-sending";
      readonly atNs: number;
      readonly from: Sender;
      readonly streamId: number;
      readonly errorCode: number;
    }
  /** STREAM bytes that this sender had sent before. */
  | {
      readonly type: "resent";
      readonly atNs: number;
      readonly from: Sender;
      readonly streamId: number;
      readonly bytes: number;
    }
  | { readonly type: "datagram-frame"; readonly atNs: number; readonly from: Sender; readonly bytes: number }
  | { readonly type: "key-update"; readonly atNs: number; readonly from: Sender; readonly updates: number }
  | { readonly type: "path-challenge" | "path-response"; readonly atNs: number; readonly from: Sender }
  | ({ readonly type: "close"; readonly atNs: number; readonly from: Sender } & CloseReason);

/** An ACK frame, and what it says of the packets that were seen. */
export interface AckSeen {
  readonly type: "ack";
  readonly atNs: number;
  /** Who acknowledges. */
  readonly from: Sender;
  readonly space: Space;
  readonly largest: number;
  readonly ranges: readonly AckRange[];
  readonly ecn: AckFrame["ecn"];
  /** How many packets it acknowledges first. */
  readonly newlyAcknowledged: number;
  /** The ACK Delay field, scaled by the sender's ack_delay_exponent (RFC 9000 section 19.3). Meaningless outside 1-RTT. */
  readonly sentDelayNs: number;
  /**
   * From the largest packet it acknowledges to this frame, as the capture saw both; less the delay, the round trip from the capture
   * point to who acknowledges. undefined unless that packet is newly acknowledged, and one of those that are with it had asked for it (RFC 9002 section 5.1).
   */
  readonly measuredNs: number | undefined;
}

export interface CloseReason {
  /** The application's error code, not the transport's. */
  readonly application: boolean;
  readonly errorCode: number;
  /** Such as `NO_ERROR`; of an application, its number: only its protocol has a name for it. */
  readonly errorName: string;
  /** Printable. */
  readonly reason: string;
}

export type QuicEmit = (event: QuicEvent) => void;
