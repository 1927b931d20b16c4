import { type Cursor, cutShort, int32, lacks, type Step, uint16 } from "./cursor.js";
import { byEtherType } from "./link.js";
import type { Packet } from "./packet.js";

const VXLAN_PORT = 4789;
/** What Linux and flannel use by default: older than the assignment, so the header must look like VXLAN in every reserved bit. */
const VXLAN_LINUX_PORT = 8472;
const GENEVE_PORT = 6081;
const ERSPAN = 0x88be;

/**
 * Generic routing encapsulation (RFC 2784, RFC 2890), its version 1 as PPTP uses it (RFC 2637), and ERSPAN, a mirrored Ethernet
 * frame behind 8 bytes (type II, told by the sequence number) or none (type I).
 */
export function gre(cursor: Cursor): Step {
  if (lacks(cursor, 4)) return cutShort(cursor, "other-protocol");
  const { bytes, at } = cursor;
  const flags = uint16(bytes, at);
  const type = uint16(bytes, at + 2);
  const version = flags & 7;
  // Source routes (RFC 1701) are gone from the standard and have no length in the header.
  if (version > 1 || (flags & 0x4000) !== 0) return "other-protocol";
  let headerLength = 4;
  if ((flags & 0x8000) !== 0) headerLength += 4;
  if ((flags & 0x2000) !== 0) headerLength += 4;
  if ((flags & 0x1000) !== 0) headerLength += 4;
  if (version === 1 && (flags & 0x0080) !== 0) headerLength += 4;
  cursor.at = at + headerLength;
  if (type !== ERSPAN) return byEtherType(type);
  if ((flags & 0x1000) !== 0) cursor.at += 8;
  return "ethernet";
}

/** UDP (RFC 768): ports and payload stand in the packet, for those who want them; a known tunnel is opened. */
export function udpHeader(cursor: Cursor, packet: Packet): Step {
  if (lacks(cursor, 8)) return cutShort(cursor, "malformed-ip");
  const { bytes, at } = cursor;
  const claimed = uint16(bytes, at + 4);
  if (claimed >= 8 && at + claimed < cursor.wireEnd) cursor.wireEnd = at + claimed;
  if (cursor.end > cursor.wireEnd) cursor.end = cursor.wireEnd;
  cursor.at = at + 8;
  packet.srcPort = uint16(bytes, at);
  packet.dstPort = uint16(bytes, at + 2);
  packet.payloadStart = cursor.at;
  packet.payloadCaptured = cursor.end - cursor.at;
  packet.payloadLength = cursor.wireEnd - cursor.at;
  if (packet.dstPort === VXLAN_PORT || packet.dstPort === VXLAN_LINUX_PORT) return vxlan(cursor, packet.dstPort);
  return packet.dstPort === GENEVE_PORT ? geneve(cursor) : "udp";
}

/** RFC 7348 5: the I flag, a network identifier, and an Ethernet frame. */
function vxlan(cursor: Cursor, port: number): Step {
  if (lacks(cursor, 8)) return "udp";
  const flags = int32(cursor.bytes, cursor.at);
  const reserved = (flags & ~0x08000000) | cursor.bytes[cursor.at + 7]!;
  if ((flags & 0x08000000) === 0 || (port === VXLAN_LINUX_PORT && reserved !== 0)) return "udp";
  cursor.at += 8;
  return "ethernet";
}

/** RFC 8926 3.4: version 0, options in units of 4 bytes, the EtherType of what is inside. */
function geneve(cursor: Cursor): Step {
  if (lacks(cursor, 8)) return "udp";
  const { bytes, at } = cursor;
  const first = bytes[at]!;
  if (first >> 6 !== 0) return "udp";
  cursor.at = at + 8 + (first & 0x3f) * 4;
  return byEtherType(uint16(bytes, at + 2));
}
