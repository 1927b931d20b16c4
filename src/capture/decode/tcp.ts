import { type Cursor, cutShort, int32, lacks, uint16 } from "./cursor.js";
import type { Decoded, Packet } from "./packet.js";

const SYN = 2;
/** RFC 7323 2.3: a larger shift is taken as this. */
const MAX_WINDOW_SCALE = 14;
/** NOP, NOP, timestamps, length 10: what nearly every segment carries after the handshake (RFC 7323 appendix A). */
const ALIGNED_TIMESTAMPS = 0x0101080a;

/**
 * RFC 9293 3.1. The 20 bytes of the fixed header must have been captured; options and payload may be cut by the snap length.
 * Checksums are not judged: offload leaves them wrong on purpose.
 */
export function tcpHeader(cursor: Cursor, packet: Packet): Decoded {
  if (lacks(cursor, 20)) return cutShort(cursor, "malformed-tcp");
  const { bytes, at, end } = cursor;
  const payloadAt = at + (bytes[at + 12]! >> 4) * 4;
  if (payloadAt < at + 20 || payloadAt > cursor.wireEnd) return "malformed-tcp";
  packet.srcPort = uint16(bytes, at);
  packet.dstPort = uint16(bytes, at + 2);
  packet.seq = int32(bytes, at + 4) >>> 0;
  packet.ack = int32(bytes, at + 8) >>> 0;
  packet.flags = bytes[at + 13]!;
  packet.window = uint16(bytes, at + 14);
  packet.payloadLength = cursor.wireEnd - payloadAt;
  packet.payloadStart = payloadAt < end ? payloadAt : end;
  packet.payloadCaptured = end - packet.payloadStart;
  forgetOptions(packet);
  if (payloadAt === at + 32 && end >= payloadAt && int32(bytes, at + 20) === ALIGNED_TIMESTAMPS) {
    packet.timestampValue = int32(bytes, at + 24) >>> 0;
    packet.timestampEcho = int32(bytes, at + 28) >>> 0;
  } else if (payloadAt > at + 20) {
    readOptions(packet, bytes, at + 20, packet.payloadStart);
  }
  return "tcp";
}

function forgetOptions(packet: Packet): void {
  packet.mss = -1;
  packet.windowScale = -1;
  packet.sackPermitted = false;
  packet.timestampValue = -1;
  packet.timestampEcho = -1;
  packet.sackBlocks = 0;
  packet.duplicateSack = false;
}

/** Reads what is whole in `bytes[at, end)`; the first option that makes no sense, or was cut, ends it. */
export function readOptions(packet: Packet, bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === 0) return;
    if (kind === 1) {
      at++;
      continue;
    }
    if (at + 2 > end) return;
    const length = bytes[at + 1]!;
    if (length < 2 || at + length > end) return;
    readOption(packet, bytes, at, kind, length);
    at += length;
  }
}

/** MSS (RFC 9293 3.7.1), window scale (RFC 7323 2), SACK (RFC 2018) and timestamps (RFC 7323 3). The first three count in a SYN only. */
function readOption(packet: Packet, bytes: Uint8Array, at: number, kind: number, length: number): void {
  const inSyn = (packet.flags & SYN) !== 0;
  if (kind === 8 && length === 10) {
    packet.timestampValue = int32(bytes, at + 2) >>> 0;
    packet.timestampEcho = int32(bytes, at + 6) >>> 0;
  } else if (kind === 5 && length >= 10 && (length - 2) % 8 === 0) {
    packet.sackBlocks = (length - 2) / 8;
    packet.duplicateSack = isDuplicateSack(packet.ack, bytes, at + 2, packet.sackBlocks);
  } else if (kind === 2 && length === 4 && inSyn) {
    packet.mss = uint16(bytes, at + 2);
  } else if (kind === 3 && length === 3 && inSyn) {
    packet.windowScale = Math.min(bytes[at + 2]!, MAX_WINDOW_SCALE);
  } else if (kind === 4 && length === 2 && inSyn) {
    packet.sackPermitted = true;
  }
}

/** RFC 2883 4, as Linux judges it (tcp_check_dsack): the first block begins below the ACK, or lies inside the second. */
function isDuplicateSack(ack: number, bytes: Uint8Array, at: number, blocks: number): boolean {
  const left = int32(bytes, at);
  if (((left - ack) | 0) < 0) return true;
  if (blocks < 2) return false;
  const right = int32(bytes, at + 4);
  return ((left - int32(bytes, at + 8)) | 0) >= 0 && ((int32(bytes, at + 12) - right) | 0) >= 0;
}
