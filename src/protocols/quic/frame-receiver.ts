/** Takes the frames of opened packets to where they belong: acknowledgements, streams, connection IDs, TLS. */
import { printableBytes } from "../printable.js";
import type { Sender } from "../tls/plaintext.js";
import type { End } from "./end.js";
import type { AckSeen, CloseReason, QuicEmit } from "./events.js";
import { type AckFrame, isAckEliciting, type QuicFrame, readFrames } from "./frames.js";
import type { QuicHandshake } from "./handshake.js";
import { type Space, transportErrorName } from "./names.js";
import type { PacketHead } from "./packet-head.js";
import type { OpenedPacket } from "./protection.js";
import { Streams } from "./streams.js";
import { DEFAULT_PARAMETERS } from "./transport-parameters.js";

interface Context {
  readonly from: Sender;
  readonly space: Space;
  readonly early: boolean;
  readonly handshake: QuicHandshake;
  readonly atNs: number;
}

const NS_PER_US = 1000;

export class FrameReceiver {
  readonly #ends: Readonly<Record<Sender, End>>;
  readonly #emit: QuicEmit;
  readonly #streams: Streams;
  closed: (CloseReason & { readonly from: Sender }) | undefined;

  constructor(ends: Readonly<Record<Sender, End>>, emit: QuicEmit) {
    this.#ends = ends;
    this.#emit = emit;
    this.#streams = new Streams(emit);
  }

  get streamsGivenUp(): number {
    return this.#streams.givenUp;
  }

  streamBytes(from: Sender): { readonly bytes: number; readonly resentBytes: number } {
    return this.#streams.counts[from];
  }

  /** @returns whether it says that the handshake is confirmed (HANDSHAKE_DONE of the server) */
  receive(from: Sender, head: PacketHead, packet: OpenedPacket, handshake: QuicHandshake, atNs: number): boolean {
    const space = head.type === "initial" || head.type === "handshake" ? head.type : "application";
    const { frames, fault } = readFrames(packet.payload);
    if (fault !== undefined) this.#ends[from].fault(`${head.type} packet ${packet.packetNumber}: ${fault.reason}`);
    const bytes = head.end - head.start;
    const ackEliciting = frames.some(isAckEliciting);
    const { packetNumber } = packet;
    this.#ends[from].spaces[space].sent(packetNumber, { sentNs: atNs, bytes, ackEliciting });
    this.#emit({ type: "packet", atNs, from, packetType: head.type, packetNumber, bytes, ackEliciting });
    const context = { from, space, early: head.type === "0-rtt", handshake, atNs } as const;
    for (const frame of frames) this.#frame(frame, context);
    return from === "server" && frames.some(({ type }) => type === "handshake_done");
  }

  #frame(frame: QuicFrame, context: Context): void {
    const { from, space, early, handshake, atNs } = context;
    switch (frame.type) {
      case "ack":
        this.#ack(frame, context);
        break;
      case "crypto":
        handshake.push(from, space, frame.offset, frame.data, atNs);
        break;
      case "stream":
        this.#streams.onStream(from, frame, atNs, early);
        break;
      case "reset_stream":
        this.#streams.onReset(from, frame, atNs);
        break;
      case "stop_sending":
        this.#emit({ type: "stop-sending", atNs, from, streamId: frame.streamId, errorCode: frame.errorCode });
        break;
      case "new_connection_id":
        this.#ends[from].ids.add(frame.connectionId, frame.sequence);
        break;
      case "retire_connection_id":
        this.#ends[from === "client" ? "server" : "client"].ids.retire(frame.sequence);
        break;
      case "path_challenge":
      case "path_response":
        this.#emit({ type: frame.type === "path_challenge" ? "path-challenge" : "path-response", atNs, from });
        break;
      case "datagram":
        this.#emit({ type: "datagram-frame", atNs, from, bytes: frame.data.length });
        break;
      case "connection_close":
        this.#close(frame, from, atNs);
        break;
    }
  }

  #ack(frame: AckFrame, { from, space, handshake, atNs }: Context): void {
    const other = from === "client" ? "server" : "client";
    const outcome = this.#ends[other].spaces[space].acknowledge(frame.ranges);
    const { largest, elicited } = outcome;
    // Outside 1-RTT the exponent is not yet known, and the delay is not to be used (RFC 9000 section 19.3).
    const exponent = (space === "application" ? handshake.parametersOf(from) : undefined) ?? DEFAULT_PARAMETERS;
    const event: AckSeen = {
      type: "ack",
      atNs,
      from,
      space,
      largest: frame.largest,
      ranges: frame.ranges,
      ecn: frame.ecn,
      newlyAcknowledged: outcome.newlyAcknowledged,
      sentDelayNs: frame.delay * 2 ** exponent.ackDelayExponent * NS_PER_US,
      measuredNs: largest !== undefined && elicited ? atNs - largest.sentNs : undefined,
    };
    this.#emit(event);
    for (const { packetNumber, sentNs, bytes } of outcome.lost) {
      this.#emit({ type: "lost", atNs, from: other, space, packetNumber, sentNs, bytes });
    }
    for (const packetNumber of outcome.notLost) {
      this.#emit({ type: "not-lost", atNs, from: other, space, packetNumber });
    }
  }

  #close(frame: QuicFrame & { readonly type: "connection_close" }, from: Sender, atNs: number): void {
    const { application, errorCode, reason } = frame;
    const why: CloseReason = {
      application,
      errorCode,
      errorName: application ? String(errorCode) : transportErrorName(errorCode),
      reason: printableBytes(reason, 0, reason.length),
    };
    this.#emit({ type: "close", atNs, from, ...why });
    this.closed ??= { ...why, from };
  }
}
