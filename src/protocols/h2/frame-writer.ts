/** Writes frames (RFC 9113 section 6). Each function appends whole frames to the sink and checks nothing: the caller knows the rules. */
import type { ByteSink } from "../hpack/byte-sink.js";
import { ERROR, type ErrorName, FLAG, FRAME, FRAME_HEADER_BYTES } from "./names.js";

function writeFrameHead(sink: ByteSink, type: number, flags: number, streamId: number, length: number): void {
  const at = sink.reserve(FRAME_HEADER_BYTES);
  const bytes = sink.bytes;
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  bytes[at + 5] = streamId >>> 24;
  bytes[at + 6] = streamId >>> 16;
  bytes[at + 7] = streamId >>> 8;
  bytes[at + 8] = streamId;
}

/** Any frame, of a known type or not. */
export function writeFrame(sink: ByteSink, type: number, flags: number, streamId: number, payload: Uint8Array): void {
  writeFrameHead(sink, type, flags, streamId, payload.length);
  sink.append(payload);
}

export interface HeadersOptions {
  readonly endStream?: boolean;
  /** Zeros behind the block, 0 to 255 bytes; the frame then has a pad length field. */
  readonly padding?: number;
  /** The deprecated priority fields (section 5.3.2). Weight is 1 to 256. */
  readonly priority?: Priority;
}
export interface Priority {
  readonly dependsOn: number;
  readonly exclusive: boolean;
  readonly weight: number;
}

/** HEADERS, and CONTINUATIONs where the block exceeds `maxFrameBytes`. @returns how many frames */
export function writeHeaders(
  sink: ByteSink,
  streamId: number,
  block: Uint8Array,
  maxFrameBytes: number,
  options: HeadersOptions = {},
): number {
  const { padding, priority } = options;
  const extra = (padding === undefined ? 0 : 1 + padding) + (priority === undefined ? 0 : 5);
  const first = Math.min(block.length, maxFrameBytes - extra);
  let flags = first === block.length ? FLAG.END_HEADERS : 0;
  if (options.endStream === true) flags |= FLAG.END_STREAM;
  if (padding !== undefined) flags |= FLAG.PADDED;
  if (priority !== undefined) flags |= FLAG.PRIORITY;
  writeFrameHead(sink, FRAME.HEADERS, flags, streamId, first + extra);
  if (padding !== undefined) sink.byte(padding);
  if (priority !== undefined) writePriorityFields(sink, priority);
  sink.append(block, 0, first);
  if (padding !== undefined) sink.zeros(padding);
  let frames = 1;
  for (let at = first; at < block.length; frames++) {
    const end = Math.min(block.length, at + maxFrameBytes);
    writeContinuation(sink, streamId, block.subarray(at, end), end === block.length);
    at = end;
  }
  return frames;
}

export function writeContinuation(sink: ByteSink, streamId: number, fragment: Uint8Array, endHeaders: boolean): void {
  writeFrame(sink, FRAME.CONTINUATION, endHeaders ? FLAG.END_HEADERS : 0, streamId, fragment);
}

/** One DATA frame of `bytes[start, end)`. @param padding as of `HeadersOptions` */
export function writeData(
  sink: ByteSink,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  endStream: boolean,
  padding?: number,
): void {
  const flags = (endStream ? FLAG.END_STREAM : 0) | (padding === undefined ? 0 : FLAG.PADDED);
  const extra = padding === undefined ? 0 : 1 + padding;
  writeFrameHead(sink, FRAME.DATA, flags, streamId, end - start + extra);
  if (padding !== undefined) sink.byte(padding);
  sink.append(bytes, start, end);
  if (padding !== undefined) sink.zeros(padding);
}

export function writePriority(sink: ByteSink, streamId: number, priority: Priority): void {
  writeFrameHead(sink, FRAME.PRIORITY, 0, streamId, 5);
  writePriorityFields(sink, priority);
}

function writePriorityFields(sink: ByteSink, { dependsOn, exclusive, weight }: Priority): void {
  sink.uint32(exclusive ? dependsOn | 0x80000000 : dependsOn);
  sink.byte(weight - 1);
}

export function writeRstStream(sink: ByteSink, streamId: number, code: ErrorName): void {
  writeFrameHead(sink, FRAME.RST_STREAM, 0, streamId, 4);
  sink.uint32(ERROR[code]);
}

/** @param entries identifiers and values in the order in which they go out; unknown identifiers are allowed */
export function writeSettings(sink: ByteSink, entries: readonly (readonly [id: number, value: number])[]): void {
  writeFrameHead(sink, FRAME.SETTINGS, 0, 0, entries.length * 6);
  for (const [id, value] of entries) {
    sink.uint16(id);
    sink.uint32(value);
  }
}

export function writeSettingsAck(sink: ByteSink): void {
  writeFrameHead(sink, FRAME.SETTINGS, FLAG.ACK, 0, 0);
}

/** @param payload 8 bytes */
export function writePing(sink: ByteSink, payload: Uint8Array, ack: boolean): void {
  writeFrame(sink, FRAME.PING, ack ? FLAG.ACK : 0, 0, payload);
}

export function writeGoaway(sink: ByteSink, lastStreamId: number, code: ErrorName, debug: Uint8Array): void {
  writeFrameHead(sink, FRAME.GOAWAY, 0, 0, 8 + debug.length);
  sink.uint32(lastStreamId);
  sink.uint32(ERROR[code]);
  sink.append(debug);
}

export function writeWindowUpdate(sink: ByteSink, streamId: number, increment: number): void {
  writeFrameHead(sink, FRAME.WINDOW_UPDATE, 0, streamId, 4);
  sink.uint32(increment);
}
