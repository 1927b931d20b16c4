/** What of a packet can be read without keys: its header up to the packet number (RFC 9000 section 17, RFC 8999, RFC 9369 section 3.2). */
import { ByteReader } from "./byte-reader.js";
import { isKnownVersion, type PacketType, VERSION } from "./names.js";

/** A packet where it lies in its datagram. Byte arrays are views of the datagram. */
export interface PacketHead {
  readonly type: PacketType;
  /** undefined in a short header. */
  readonly version: number | undefined;
  /** Destination connection ID. */
  readonly dcid: Uint8Array;
  /** Source connection ID; undefined in a short header. */
  readonly scid: Uint8Array | undefined;
  /** Of Initial and Retry. */
  readonly token: Uint8Array;
  /** Version Negotiation: what the server speaks. */
  readonly versions: readonly number[];
  /** Short header: the spin bit (RFC 9000 section 17.4), which nothing protects. */
  readonly spin: boolean;
  /** The packet is `datagram[start, end)`. */
  readonly start: number;
  /** Where the protected packet number begins; of packets without one, where the header ends. */
  readonly numberAt: number;
  readonly end: number;
}

/** How the packets of a datagram end before the datagram does. */
export interface HeadFault {
  /** One sentence without a full stop that says what is wrong and where. */
  readonly reason: string;
}

const LONG = 0x80;
const FIXED = 0x40;
const SPIN = 0x20;
const MAX_CID_BYTES = 20;
const RETRY_TAG_BYTES = 16;
const NOTHING = new Uint8Array(0);

const V1_TYPES = ["initial", "0-rtt", "handshake", "retry"] as const;
/** Version 2 moves the types by one (RFC 9369 section 3.2). */
const V2_TYPES = ["retry", "initial", "0-rtt", "handshake"] as const;

/**
 * Reads the header of the packet at `start`.
 * @param shortDcidBytes how long the connection ID of a short header is there; only the ends know, from what they have issued
 */
export function readHead(datagram: Uint8Array, start: number, shortDcidBytes: number): PacketHead | HeadFault {
  const first = datagram[start];
  if (first === undefined) return { reason: "an empty datagram" };
  return (first & LONG) === 0 ? shortHead(datagram, start, shortDcidBytes) : longHead(datagram, start, first);
}

function shortHead(datagram: Uint8Array, start: number, dcidBytes: number): PacketHead | HeadFault {
  const numberAt = start + 1 + dcidBytes;
  if (numberAt > datagram.length)
    return { reason: `a short header that ends inside its connection ID, at byte ${start}` };
  return {
    type: "1-rtt",
    version: undefined,
    dcid: datagram.subarray(start + 1, numberAt),
    scid: undefined,
    token: NOTHING,
    versions: [],
    spin: (datagram[start]! & SPIN) !== 0,
    start,
    numberAt,
    end: datagram.length,
  };
}

function longHead(datagram: Uint8Array, start: number, first: number): PacketHead | HeadFault {
  const reader = new ByteReader(datagram, start + 1);
  const version = reader.uint32();
  const dcid = reader.take(reader.uint8());
  const scid = reader.take(reader.uint8());
  if (reader.broken) return { reason: `a long header that ends inside its connection IDs, at byte ${start}` };
  const base = { version, dcid, scid, token: NOTHING, versions: [], spin: false, start, end: datagram.length };
  if (version === 0) return negotiation(base, reader);
  if (!isKnownVersion(version)) return { ...base, type: "unknown-version", numberAt: reader.at };
  if (dcid.length > MAX_CID_BYTES || scid.length > MAX_CID_BYTES)
    return { reason: `a connection ID above ${MAX_CID_BYTES} bytes, at byte ${start}` };
  const type = (version === VERSION.v2 ? V2_TYPES : V1_TYPES)[(first >> 4) & 3]!;
  if (type === "retry") {
    const tokenBytes = reader.left - RETRY_TAG_BYTES;
    if (tokenBytes < 0) return { reason: "a Retry packet without room for its integrity tag" };
    return { ...base, type, token: reader.take(tokenBytes), numberAt: reader.at };
  }
  const token = type === "initial" ? reader.take(reader.varint()) : NOTHING;
  const length = reader.varint();
  if (reader.broken) return { reason: `the header of the ${type} packet at byte ${start} is cut off` };
  if (length > reader.left)
    return { reason: `the ${type} packet at byte ${start} claims ${length} bytes; ${reader.left} are left` };
  return { ...base, type, token, numberAt: reader.at, end: reader.at + length };
}

function negotiation(base: Omit<PacketHead, "type" | "numberAt">, reader: ByteReader): PacketHead {
  const versions: number[] = [];
  const numberAt = reader.at;
  while (reader.left >= 4) versions.push(reader.uint32());
  return { ...base, type: "version-negotiation", versions, numberAt };
}

export const isFault = (head: PacketHead | HeadFault): head is HeadFault => "reason" in head;

/** A client's first datagrams are padded to this (RFC 9000 section 14.1). */
const MIN_INITIAL_DATAGRAM_BYTES = 1200;
const MIN_FIRST_DCID_BYTES = 8;

/**
 * Whether a datagram can be a client's first: what tells QUIC from other UDP, without keys.
 * Versions that cannot be opened count too where they look like drafts or offers (RFC 9000 section 15).
 */
export function looksLikeClientInitial(datagram: Uint8Array): boolean {
  const first = datagram[0] ?? 0;
  if ((first & (LONG | FIXED)) !== (LONG | FIXED) || datagram.length < MIN_INITIAL_DATAGRAM_BYTES) return false;
  const head = readHead(datagram, 0, 0);
  if (isFault(head) || head.dcid.length < MIN_FIRST_DCID_BYTES || head.dcid.length > MAX_CID_BYTES) return false;
  if (head.type === "unknown-version") return isOffered(head.version ?? 0) && (head.scid?.length ?? 0) <= MAX_CID_BYTES;
  return head.type === "initial";
}

const isOffered = (version: number): boolean =>
  version >>> 8 === 0xff0000 || (version & 0x0f0f0f0f) === 0x0a0a0a0a || version === V2_DRAFT;
/** What ngtcp2 and others spoke before RFC 9369. */
const V2_DRAFT = 0x709a50c4;
