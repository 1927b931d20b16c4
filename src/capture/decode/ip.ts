import { type Cursor, cutShort, int32, lacks, type Step, uint16 } from "./cursor.js";
import type { Packet } from "./packet.js";

/** An offloaded segment has no length in its IP header; Linux makes none above GSO_MAX_SIZE. */
const MAX_OFFLOADED_BYTES = 8 * 65_536;

/** IANA protocol numbers, the same in IPv4 and as IPv6's next header. */
function byProtocol(protocol: number): Step {
  switch (protocol) {
    case 6:
      return "tcp-header";
    case 17:
      return "udp-header";
    case 4:
      return "ipv4";
    case 41:
      return "ipv6";
    case 47:
      return "gre";
    case 0:
    case 43:
    case 60:
      return "ipv6-options";
    case 44:
      return "ipv6-fragment";
    case 51:
      return "authentication";
    default:
      return "other-protocol";
  }
}

/** Without a header that names it, IP tells its version itself. */
export function ip(cursor: Cursor): Step {
  if (lacks(cursor, 1)) return cutShort(cursor, "not-ip");
  const version = cursor.bytes[cursor.at]! >> 4;
  if (version === 4) return "ipv4";
  return version === 6 ? "ipv6" : "not-ip";
}

/** RFC 791. Any fragment, also the first: its payload is not a whole segment, and the rest has no header. */
export function ipv4(cursor: Cursor, packet: Packet): Step {
  if (lacks(cursor, 20)) return cutShort(cursor, "malformed-ip");
  const { bytes, at } = cursor;
  const first = bytes[at]!;
  const headerLength = (first & 0x0f) * 4;
  if (first >> 4 !== 4 || headerLength < 20) return "malformed-ip";
  if (!within(cursor, uint16(bytes, at + 2), headerLength)) return "malformed-ip";
  if ((uint16(bytes, at + 6) & 0x3fff) !== 0) return "ip-fragment";
  packet.version = 4;
  packet.src0 = 0;
  packet.src1 = 0;
  packet.src2 = 0xffff;
  packet.src3 = int32(bytes, at + 12);
  packet.dst0 = 0;
  packet.dst1 = 0;
  packet.dst2 = 0xffff;
  packet.dst3 = int32(bytes, at + 16);
  cursor.at = at + headerLength;
  return byProtocol(bytes[at + 9]!);
}

/** RFC 8200. A payload length of 0 is an offloaded segment (or a jumbogram, RFC 2675). */
export function ipv6(cursor: Cursor, packet: Packet): Step {
  if (lacks(cursor, 40)) return cutShort(cursor, "malformed-ip");
  const { bytes, at } = cursor;
  if (bytes[at]! >> 4 !== 6) return "malformed-ip";
  const payloadLength = uint16(bytes, at + 4);
  if (!within(cursor, payloadLength === 0 ? 0 : 40 + payloadLength, 40)) return "malformed-ip";
  packet.version = 6;
  packet.src0 = int32(bytes, at + 8);
  packet.src1 = int32(bytes, at + 12);
  packet.src2 = int32(bytes, at + 16);
  packet.src3 = int32(bytes, at + 20);
  packet.dst0 = int32(bytes, at + 24);
  packet.dst1 = int32(bytes, at + 28);
  packet.dst2 = int32(bytes, at + 32);
  packet.dst3 = int32(bytes, at + 36);
  cursor.at = at + 40;
  return byProtocol(bytes[at + 6]!);
}

/** Hop-by-hop options, routing, destination options: length in units of 8 bytes beyond the first 8 (RFC 8200 4.3, 4.4, 4.6). */
export function ipv6Options(cursor: Cursor): Step {
  return extension(cursor, 8, 8);
}

/** Authentication header: length in units of 4 bytes, less 2 (RFC 4302 2.2). */
export function authentication(cursor: Cursor): Step {
  return extension(cursor, 4, 8);
}

/** An atomic fragment, offset 0 and no more to come, is a whole packet (RFC 6946). */
export function ipv6Fragment(cursor: Cursor): Step {
  if (lacks(cursor, 8)) return cutShort(cursor, "malformed-ip");
  const { bytes, at } = cursor;
  if ((uint16(bytes, at + 2) & 0xfff9) !== 0) return "ip-fragment";
  cursor.at = at + 8;
  return byProtocol(bytes[at]!);
}

function extension(cursor: Cursor, unit: number, fixed: number): Step {
  if (lacks(cursor, 2)) return cutShort(cursor, "malformed-ip");
  const { bytes, at } = cursor;
  cursor.at = at + bytes[at + 1]! * unit + fixed;
  if (cursor.at > cursor.wireEnd) return "malformed-ip";
  return byProtocol(bytes[at]!);
}

/**
 * Draws the bounds of the packet: what follows its IP length is padding of the link, not payload. Length 0 is what a segment
 * has that the network card was to cut up (TSO): then the record's length counts. An IP length beyond the record is believed:
 * some tools write the captured length as the original one, and sequence arithmetic needs what was sent.
 * @returns false: the length makes no sense
 */
function within(cursor: Cursor, ipLength: number, headerLength: number): boolean {
  const length = ipLength === 0 ? cursor.wireEnd - cursor.at : ipLength;
  if (length < headerLength || length > MAX_OFFLOADED_BYTES) return false;
  cursor.wireEnd = cursor.at + length;
  if (cursor.end > cursor.wireEnd) cursor.end = cursor.wireEnd;
  return true;
}
