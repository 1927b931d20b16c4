/**
 * A TCP segment as decoded from a record: one instance, filled anew for each packet. Addresses are four 32-bit words each
 * (IPv4: 0, 0, 0xffff, address, as in an IPv4-mapped IPv6 address), so that one comparison serves both versions.
 */
export class Packet {
  number = 0;
  /** NaN at first: V8 then keeps a field for fractions from the start, instead of changing its mind after 2^31. */
  atNs = Number.NaN;
  version: 4 | 6 = 4;
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  srcPort = 0;
  dstPort = 0;
  /** Unsigned 32 bit. */
  seq = 0;
  ack = 0;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  flags = 0;
  /** As in the header, not scaled. */
  window = 0;
  /** Payload bytes on the wire, from the IP length (IPv4 total length 0, as offload leaves it: from the record's length). */
  payloadLength = 0;
  /** Where the payload begins in `bytes`, and how much of it was captured (snap length). */
  payloadStart = 0;
  payloadCaptured = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** Options; -1: not there. Window scale and MSS stand in SYN segments only. */
  mss = -1;
  windowScale = -1;
  sackPermitted = false;
  timestampValue = -1;
  timestampEcho = -1;
  /** SACK blocks in this segment. */
  sackBlocks = 0;
  /** First SACK block lies below the ACK number or inside the second block: a duplicate was received (RFC 2883). */
  duplicateSack = false;
}

/** What decoding a record led to: `tcp` fills the packet; anything else is a reason to count it as skipped. */
export type Decoded = "tcp" | SkipReason;

export const SKIP_REASONS = [
  "not-ip",
  "udp",
  "other-protocol",
  "ip-fragment",
  "truncated-by-snap-length",
  "malformed-ip",
  "malformed-tcp",
  "unknown-link-type",
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];
