/** Reads the payloads of frames whose length a FrameReader has already checked (RFC 9113 section 6). */
import { connectionFault, type H2Fault } from "./fault.js";
import type { FrameHead } from "./frame-rules.js";
import type { Priority } from "./frame-writer.js";
import { errorName, FLAG, FRAME, frameName, settingName } from "./names.js";

/** Four bytes, big endian, without the sign. */
export const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** Four bytes without the reserved first bit. */
export const uint31 = (bytes: Uint8Array, at: number): number => uint32(bytes, at) & 0x7fffffff;

/** What stands in a HEADERS or PUSH_PROMISE frame around the fragment of the header block. */
export interface HeadersPayload {
  /** The fragment is `bytes[start, end)`. */
  readonly start: number;
  readonly end: number;
  readonly priority: Priority | undefined;
  /** Of PUSH_PROMISE; else 0. */
  readonly promisedId: number;
}

/** @returns the parts, or what is wrong with the padding */
export function readHeaders(head: FrameHead, bytes: Uint8Array, start: number, end: number): HeadersPayload | H2Fault {
  let at = start;
  let padding = 0;
  let priority: Priority | undefined;
  let promisedId = 0;
  if ((head.flags & FLAG.PADDED) !== 0) padding = bytes[at++]!;
  if (head.type === FRAME.PUSH_PROMISE) {
    promisedId = uint31(bytes, at);
    at += 4;
  } else if ((head.flags & FLAG.PRIORITY) !== 0) {
    priority = readPriority(bytes, at);
    at += 5;
  }
  if (padding > end - at) {
    const reason = `${frameName(head.type)} frame of ${head.length} bytes with ${padding} of padding`;
    return connectionFault("PROTOCOL_ERROR", reason, head.streamId);
  }
  return { start: at, end: end - padding, priority, promisedId };
}

export function readPriority(bytes: Uint8Array, at: number): Priority {
  return { dependsOn: uint31(bytes, at), exclusive: bytes[at]! >= 0x80, weight: bytes[at + 4]! + 1 };
}

/** One setting as it was sent. */
export interface SettingEntry {
  readonly id: number;
  /** Such as `MAX_CONCURRENT_STREAMS`; an unknown one as `0x1f`. */
  readonly name: string;
  readonly value: number;
}

/** @returns the settings in the order in which they were sent, repetitions and unknown identifiers included */
export function readSettings(bytes: Uint8Array, start: number, end: number): SettingEntry[] {
  const entries: SettingEntry[] = [];
  for (let at = start; at + 6 <= end; at += 6) {
    const id = (bytes[at]! << 8) | bytes[at + 1]!;
    entries.push({ id, name: settingName(id), value: uint32(bytes, at + 2) });
  }
  return entries;
}

export interface Goaway {
  readonly lastStreamId: number;
  readonly code: number;
  /** Such as `ENHANCE_YOUR_CALM`. */
  readonly codeName: string;
  /** What else the peer said, in bytes as characters (latin1), at most 1024; not made printable. */
  readonly debug: string;
}

const MAX_DEBUG_BYTES = 1024;

export function readGoaway(bytes: Uint8Array, start: number, end: number): Goaway {
  const code = uint32(bytes, start + 4);
  const until = Math.min(end, start + 8 + MAX_DEBUG_BYTES);
  const debug = Buffer.from(bytes.buffer, bytes.byteOffset + start + 8, until - start - 8).toString("latin1");
  return { lastStreamId: uint31(bytes, start), code, codeName: errorName(code), debug };
}
