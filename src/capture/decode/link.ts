import { type Cursor, cutShort, lacks, type Step, uint16 } from "./cursor.js";

/** LINKTYPE_ values (tcpdump.org/linktypes.html) and the header their packets begin with. */
export function byLinkType(linkType: number): Step {
  switch (linkType) {
    case 1:
      return "ethernet";
    case 0:
    case 108:
      return "address-family";
    case 9:
    case 50:
      return "ppp";
    case 51:
      return "pppoe";
    case 104:
      return "hdlc";
    case 12:
    case 14:
    case 101:
      return "ip";
    case 113:
      return "linux-cooked";
    case 228:
      return "ipv4";
    case 229:
      return "ipv6";
    case 276:
      return "linux-cooked-2";
    default:
      return "unknown-link-type";
  }
}

/** EtherType (IEEE 802 numbers), also as GRE, VXLAN and Linux cooked captures carry it. */
export function byEtherType(type: number): Step {
  switch (type) {
    case 0x0800:
      return "ipv4";
    case 0x86dd:
      return "ipv6";
    case 0x8100:
    case 0x88a8:
    case 0x9100:
      return "vlan";
    case 0x8847:
    case 0x8848:
      return "mpls";
    case 0x8864:
      return "pppoe";
    case 0x880b:
      return "ppp";
    case 0x6558:
      return "ethernet";
    default:
      return "not-ip";
  }
}

/** Destination, source, EtherType; a value up to 1,500 is a length, and an LLC header follows (IEEE 802.3). */
export function ethernet(cursor: Cursor): Step {
  if (lacks(cursor, 14)) return cutShort(cursor, "not-ip");
  const type = uint16(cursor.bytes, cursor.at + 12);
  cursor.at += 14;
  return type <= 1500 ? "llc" : byEtherType(type);
}

/** IEEE 802.1Q and 802.1ad: tag control, then the EtherType of what is inside, which may be a tag again. */
export function vlan(cursor: Cursor): Step {
  return typeBehind(cursor, 4, 2);
}

/** LLC with a SNAP header (RFC 1042); OUI 0 means that an EtherType follows. */
export function llc(cursor: Cursor): Step {
  if (lacks(cursor, 8)) return cutShort(cursor, "not-ip");
  const { bytes, at } = cursor;
  const snap = bytes[at] === 0xaa && bytes[at + 1] === 0xaa && bytes[at + 2] === 0x03;
  if (!snap || bytes[at + 3] !== 0 || bytes[at + 4] !== 0 || bytes[at + 5] !== 0) return "not-ip";
  return typeBehind(cursor, 8, 6);
}

/** Labels up to the one with the bottom-of-stack bit (RFC 3032); what follows tells itself by its version. */
export function mpls(cursor: Cursor): Step {
  if (lacks(cursor, 4)) return cutShort(cursor, "not-ip");
  const bottom = (cursor.bytes[cursor.at + 2]! & 1) !== 0;
  cursor.at += 4;
  return bottom ? "ip" : "mpls";
}

/** PPPoE session data: version 1, type 1, code 0 (RFC 2516). */
export function pppoe(cursor: Cursor): Step {
  if (lacks(cursor, 6)) return cutShort(cursor, "not-ip");
  const { bytes, at } = cursor;
  if (bytes[at] !== 0x11 || bytes[at + 1] !== 0) return "not-ip";
  // Its length leaves out the padding of a short Ethernet frame (RFC 2516 section 4).
  const wireEnd = at + 6 + uint16(bytes, at + 4);
  if (wireEnd < cursor.wireEnd) cursor.wireEnd = wireEnd;
  if (cursor.end > cursor.wireEnd) cursor.end = cursor.wireEnd;
  cursor.at += 6;
  return "ppp";
}

const CISCO_UNICAST = 0x0f;
const CISCO_MULTICAST = 0x8f;

/** Address and control may be left out, and the protocol may be one byte: an odd one (RFC 1661 2 and 6.5). */
export function ppp(cursor: Cursor): Step {
  if (lacks(cursor, 2)) return cutShort(cursor, "not-ip");
  if (cursor.bytes[cursor.at] === 0xff && cursor.bytes[cursor.at + 1] === 0x03) {
    cursor.at += 2;
    if (lacks(cursor, 2)) return cutShort(cursor, "not-ip");
  }
  const first = cursor.bytes[cursor.at]!;
  // LINKTYPE_PPP is also written for Cisco HDLC: its address byte tells (tcpdump, print-ppp.c).
  if (first === CISCO_UNICAST || first === CISCO_MULTICAST) return "hdlc";
  const compressed = (first & 1) !== 0;
  const protocol = compressed ? first : uint16(cursor.bytes, cursor.at);
  cursor.at += compressed ? 1 : 2;
  if (protocol === 0x0021) return "ipv4";
  if (protocol === 0x0057) return "ipv6";
  return protocol === 0x0281 || protocol === 0x0283 ? "mpls" : "not-ip";
}

/** LINKTYPE_LINUX_SLL: the protocol is the last of 16 bytes. */
export function linuxCooked(cursor: Cursor): Step {
  return typeBehind(cursor, 16, 14);
}

/** LINKTYPE_LINUX_SLL2: the protocol is the first of 20 bytes. */
export function linuxCooked2(cursor: Cursor): Step {
  return typeBehind(cursor, 20, 0);
}

/** Cisco HDLC: address, control, EtherType. */
export function hdlc(cursor: Cursor): Step {
  return typeBehind(cursor, 4, 2);
}

/**
 * LINKTYPE_NULL and LINKTYPE_LOOP: an address family in the byte order of the machine that captured, or of the network. AF_INET
 * is 2 everywhere, AF_INET6 is 10 (Linux), 24 (NetBSD, OpenBSD), 28 (FreeBSD) or 30 (macOS).
 */
export function addressFamily(cursor: Cursor): Step {
  if (lacks(cursor, 4)) return cutShort(cursor, "not-ip");
  const { bytes, at } = cursor;
  const high = uint16(bytes, at);
  const low = uint16(bytes, at + 2);
  if (high !== 0 && low !== 0) return "not-ip";
  const family = high === 0 ? low : (bytes[at + 1]! << 8) | bytes[at]!;
  cursor.at += 4;
  if (family === 2) return "ipv4";
  return family === 10 || family === 24 || family === 28 || family === 30 ? "ipv6" : "not-ip";
}

function typeBehind(cursor: Cursor, headerLength: number, typeAt: number): Step {
  if (lacks(cursor, headerLength)) return cutShort(cursor, "not-ip");
  const type = uint16(cursor.bytes, cursor.at + typeAt);
  cursor.at += headerLength;
  return byEtherType(type);
}
