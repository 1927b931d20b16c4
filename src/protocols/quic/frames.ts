/** The frames inside packets (RFC 9000 section 19, RFC 9221). */
import { ByteReader } from "./byte-reader.js";

/** Packet numbers `first` to `last`, both included. */
export interface AckRange {
  readonly first: number;
  readonly last: number;
}

export interface AckFrame {
  readonly type: "ack";
  readonly largest: number;
  /** As it stands in the frame: microseconds divided by 2^ack_delay_exponent of who sent it. */
  readonly delay: number;
  /** From the highest down. */
  readonly ranges: readonly AckRange[];
  /** Counts of packets that came with these marks (section 19.3.2). */
  readonly ecn: { readonly ect0: number; readonly ect1: number; readonly ce: number } | undefined;
}

/** Byte arrays are views of the payload that was read. */
export interface StreamFrame {
  readonly type: "stream";
  readonly streamId: number;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly fin: boolean;
}

/** Where nothing else is said, numbers are the fields of section 19 under their names. */
export type QuicFrame =
  /** A run of them; one byte each. */
  | { readonly type: "padding"; readonly bytes: number }
  | { readonly type: "ping" | "handshake_done" }
  | AckFrame
  | {
      readonly type: "reset_stream";
      readonly streamId: number;
      readonly errorCode: number;
      readonly finalSize: number;
    }
  | { readonly type: "stop_sending"; readonly streamId: number; readonly errorCode: number }
  | { readonly type: "crypto"; readonly offset: number; readonly data: Uint8Array }
  | { readonly type: "new_token"; readonly token: Uint8Array }
  | StreamFrame
  | { readonly type: "max_data" | "data_blocked"; readonly maximum: number }
  | { readonly type: "max_stream_data" | "stream_data_blocked"; readonly streamId: number; readonly maximum: number }
  | { readonly type: "max_streams" | "streams_blocked"; readonly bidirectional: boolean; readonly maximum: number }
  | {
      readonly type: "new_connection_id";
      readonly sequence: number;
      readonly retirePriorTo: number;
      readonly connectionId: Uint8Array;
      readonly resetToken: Uint8Array;
    }
  | { readonly type: "retire_connection_id"; readonly sequence: number }
  | { readonly type: "path_challenge" | "path_response"; readonly data: Uint8Array }
  | {
      readonly type: "connection_close";
      /** The application's error code, not the transport's. */
      readonly application: boolean;
      readonly errorCode: number;
      /** Of the transport: the type of the frame that caused it, 0 if unknown. */
      readonly frameType: number;
      readonly reason: Uint8Array;
    }
  | { readonly type: "datagram"; readonly data: Uint8Array };

/** Why the rest of a payload cannot be read. */
export interface FrameFault {
  readonly code: "FRAME_ENCODING_ERROR" | "PROTOCOL_VIOLATION";
  /** One sentence without a full stop. */
  readonly reason: string;
}

const FRAME = {
  padding: 0x00,
  ping: 0x01,
  ack: 0x02,
  ackEcn: 0x03,
  resetStream: 0x04,
  stopSending: 0x05,
  crypto: 0x06,
  newToken: 0x07,
  stream: 0x08,
  maxData: 0x10,
  maxStreamData: 0x11,
  maxStreamsBidi: 0x12,
  maxStreamsUni: 0x13,
  dataBlocked: 0x14,
  streamDataBlocked: 0x15,
  streamsBlockedBidi: 0x16,
  streamsBlockedUni: 0x17,
  newConnectionId: 0x18,
  retireConnectionId: 0x19,
  pathChallenge: 0x1a,
  pathResponse: 0x1b,
  connectionClose: 0x1c,
  applicationClose: 0x1d,
  handshakeDone: 0x1e,
  datagram: 0x30,
  datagramLength: 0x31,
} as const;

const STREAM_FIN = 0x01;
const STREAM_LENGTH = 0x02;
const STREAM_OFFSET = 0x04;
const RESET_TOKEN_BYTES = 16;
const MAX_CID_BYTES = 20;

/**
 * Reads a packet's payload; never throws.
 * @returns the frames up to the first that cannot be read, and why that one cannot
 */
export function readFrames(payload: Uint8Array): { readonly frames: QuicFrame[]; readonly fault?: FrameFault } {
  const frames: QuicFrame[] = [];
  if (payload.length === 0) return { frames, fault: { code: "PROTOCOL_VIOLATION", reason: "a packet without frames" } };
  const reader = new ByteReader(payload);
  while (reader.left > 0) {
    const at = reader.at;
    const type = reader.varint();
    const frame = reader.broken ? undefined : readFrame(type, reader);
    if (frame === undefined || reader.broken) {
      const what = reader.broken ? "ends too early" : "is unknown or breaks a rule";
      const reason = `the frame of type 0x${type.toString(16)} at byte ${at} ${what}`;
      return { frames, fault: { code: "FRAME_ENCODING_ERROR", reason } };
    }
    frames.push(frame);
  }
  return { frames };
}

/** @returns undefined: the type is unknown, or a field has a value that none may have */
function readFrame(type: number, reader: ByteReader): QuicFrame | undefined {
  if (type >= FRAME.stream && type < FRAME.stream + 8) return readStream(type, reader);
  switch (type) {
    case FRAME.padding:
      return readPadding(reader);
    case FRAME.ping:
      return { type: "ping" };
    case FRAME.ack:
    case FRAME.ackEcn:
      return readAck(type === FRAME.ackEcn, reader);
    case FRAME.resetStream:
      return {
        type: "reset_stream",
        streamId: reader.varint(),
        errorCode: reader.varint(),
        finalSize: reader.varint(),
      };
    case FRAME.stopSending:
      return { type: "stop_sending", streamId: reader.varint(), errorCode: reader.varint() };
    case FRAME.crypto:
      return { type: "crypto", offset: reader.varint(), data: reader.take(reader.varint()) };
    case FRAME.newToken:
      return { type: "new_token", token: reader.take(reader.varint()) };
    case FRAME.handshakeDone:
      return { type: "handshake_done" };
    case FRAME.datagram:
      return { type: "datagram", data: reader.rest() };
    case FRAME.datagramLength:
      return { type: "datagram", data: reader.take(reader.varint()) };
    default:
      return readLimit(type, reader) ?? readConnectionFrame(type, reader);
  }
}

function readPadding(reader: ByteReader): QuicFrame {
  const start = reader.at - 1;
  while (reader.left > 0 && reader.bytes[reader.at] === 0) reader.at++;
  return { type: "padding", bytes: reader.at - start };
}

function readStream(type: number, reader: ByteReader): StreamFrame {
  const streamId = reader.varint();
  const offset = (type & STREAM_OFFSET) !== 0 ? reader.varint() : 0;
  const data = (type & STREAM_LENGTH) !== 0 ? reader.take(reader.varint()) : reader.rest();
  return { type: "stream", streamId, offset, data, fin: (type & STREAM_FIN) !== 0 };
}

/** Ranges are written from the largest down, as gaps and lengths less one (section 19.3.1). */
function readAck(hasEcn: boolean, reader: ByteReader): AckFrame | undefined {
  const largest = reader.varint();
  const delay = reader.varint();
  const more = reader.varint();
  let first = largest - reader.varint();
  if (first < 0) return undefined;
  const ranges: AckRange[] = [{ first, last: largest }];
  // Each takes two bytes at least, so that a claim of more ends with the packet.
  for (let i = 0; i < more && !reader.broken; i++) {
    const last = first - reader.varint() - 2;
    first = last - reader.varint();
    if (first < 0) return undefined;
    ranges.push({ first, last });
  }
  const ecn = hasEcn ? { ect0: reader.varint(), ect1: reader.varint(), ce: reader.varint() } : undefined;
  return { type: "ack", largest, delay, ranges, ecn };
}

function readLimit(type: number, reader: ByteReader): QuicFrame | undefined {
  switch (type) {
    case FRAME.maxData:
      return { type: "max_data", maximum: reader.varint() };
    case FRAME.dataBlocked:
      return { type: "data_blocked", maximum: reader.varint() };
    case FRAME.maxStreamData:
      return { type: "max_stream_data", streamId: reader.varint(), maximum: reader.varint() };
    case FRAME.streamDataBlocked:
      return { type: "stream_data_blocked", streamId: reader.varint(), maximum: reader.varint() };
    case FRAME.maxStreamsBidi:
    case FRAME.maxStreamsUni:
      return { type: "max_streams", bidirectional: type === FRAME.maxStreamsBidi, maximum: reader.varint() };
    case FRAME.streamsBlockedBidi:
    case FRAME.streamsBlockedUni:
      return { type: "streams_blocked", bidirectional: type === FRAME.streamsBlockedBidi, maximum: reader.varint() };
    default:
      return undefined;
  }
}

function readConnectionFrame(type: number, reader: ByteReader): QuicFrame | undefined {
  switch (type) {
    case FRAME.newConnectionId:
      return readNewConnectionId(reader);
    case FRAME.retireConnectionId:
      return { type: "retire_connection_id", sequence: reader.varint() };
    case FRAME.pathChallenge:
    case FRAME.pathResponse:
      return { type: type === FRAME.pathChallenge ? "path_challenge" : "path_response", data: reader.take(8) };
    case FRAME.connectionClose:
    case FRAME.applicationClose: {
      const application = type === FRAME.applicationClose;
      const errorCode = reader.varint();
      const frameType = application ? 0 : reader.varint();
      return { type: "connection_close", application, errorCode, frameType, reason: reader.take(reader.varint()) };
    }
    default:
      return undefined;
  }
}

function readNewConnectionId(reader: ByteReader): QuicFrame | undefined {
  const sequence = reader.varint();
  const retirePriorTo = reader.varint();
  const connectionId = reader.take(reader.uint8());
  const resetToken = reader.take(RESET_TOKEN_BYTES);
  const isAllowed = connectionId.length >= 1 && connectionId.length <= MAX_CID_BYTES && retirePriorTo <= sequence;
  return isAllowed || reader.broken
    ? { type: "new_connection_id", sequence, retirePriorTo, connectionId, resetToken }
    : undefined;
}

/** Whether a packet with this frame must be acknowledged (RFC 9002 section 2). */
export const isAckEliciting = ({ type }: QuicFrame): boolean =>
  type !== "ack" && type !== "padding" && type !== "connection_close";
