import type { Decoded, SkipReason } from "./packet.js";

/**
 * How far decoding has come: the next header lies at `bytes[at]`. There is one cursor, moved forward by one function per
 * layer; a layer returns the name of the layer that follows, or what the record turned out to be. So tunnels need no
 * recursion, and nothing is allocated.
 */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** End of the captured bytes of the enclosing layer: nothing at or behind it may be read. */
  end = 0;
  /** Where the enclosing layer ended on the wire; behind `end` where the snap length cut. */
  wireEnd = 0;
}

export type Layer =
  | "ethernet"
  | "vlan"
  | "llc"
  | "mpls"
  | "pppoe"
  | "ppp"
  | "linux-cooked"
  | "linux-cooked-2"
  | "address-family"
  | "hdlc"
  | "ip"
  | "ipv4"
  | "ipv6"
  | "ipv6-options"
  | "ipv6-fragment"
  | "authentication"
  | "gre"
  | "udp-header"
  | "tcp-header";

/** The layer that follows, or the end of the way. */
export type Step = Layer | Decoded;

/** Are fewer than `count` bytes left? */
export function lacks(cursor: Cursor, count: number): boolean {
  return cursor.end - cursor.at < count;
}

/** Why a header is not whole: the snap length cut it, or it is `otherwise`. */
export function cutShort(cursor: Cursor, otherwise: SkipReason): SkipReason {
  return cursor.end < cursor.wireEnd ? "truncated-by-snap-length" : otherwise;
}

/** Big-endian 16 bits; the caller has checked that they were captured. */
export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Big-endian 32 bits as a signed integer: bit for bit the same, and without a double. */
export function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
