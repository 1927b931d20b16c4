/**
 * Packets that wait for the flow tracker, as rows of 16 whole numbers in one array: that array may be shared between threads, and a row
 * is one cache line. What nearly no packet has (IPv6 addresses, options other than timestamps) stands in a second row behind it. A
 * row is written and read once per packet; `npm run bench -- pcap` watches it. UDP datagrams are rows of their own, from the end of the
 * array backwards: who walks along the segments does not meet them.
 */
import { Packet } from "../decode/packet.js";

/** Numbers in a row. */
export const ROW = 16;
const NUMBER = 0;
/** Flags, window, and the bits below: 8, 16 and the rest. */
const META = 1;
export const HASH = 2;
const SOURCE = 3;
const DESTINATION = 4;
const PORTS = 5;
const SEQ = 6;
const ACK = 7;
const LENGTH = 8;
const START = 9;
const CAPTURED = 10;
const ECHO = 11;
/** A place in the view of 64-bit fractions. */
const AT = 6;
const TIMESTAMP = 14;

const WINDOW_SHIFT = 8;
const TIMESTAMPS = 1 << 24;
const TWO_ROWS = 1 << 25;
const IPV6 = 1 << 26;
const SACK_PERMITTED = 1;
const DUPLICATE_SACK = 2;

/** Of a datagram: how both addresses, the rest and the time lie in its row. IPv6 is told by the version that stands first. */
const DATAGRAM_VERSION = 1;
const DATAGRAM_WORDS = 2;
const DATAGRAM_PORTS = 10;
const DATAGRAM_LENGTH = 11;
const DATAGRAM_START = 12;
const DATAGRAM_CAPTURED = 13;
const DATAGRAM_AT = 7;

/** Most rows that the packets of a chunk can take: a record header, and IPv4 and TCP without options or a second row for them. */
export const mostRows = (bytes: number): number => Math.ceil(bytes / 28) + 2;

export class PacketRows {
  readonly ints: Int32Array;
  readonly #times: Float64Array;
  /** Rows in use. */
  used = 0;
  /** Segments in them. */
  packets = 0;
  /** Datagrams, each a row at the other end. */
  datagrams = 0;
  readonly #rows: number;
  readonly #datagram = new Packet();
  readonly #plain = plainPacket();
  readonly #full = new Packet();

  /** @param memory for whole rows, from `offset` on */
  constructor(memory: ArrayBuffer | SharedArrayBuffer, offset: number, rows: number) {
    this.ints = new Int32Array(memory, offset, rows * ROW);
    this.#times = new Float64Array(memory, offset, (rows * ROW) / 2);
    this.#rows = rows;
  }

  /** Rows that are free. */
  get left(): number {
    return this.#rows - this.used - this.datagrams;
  }

  clear(): void {
    this.used = 0;
    this.packets = 0;
    this.datagrams = 0;
  }

  /** Appends a packet; there must be room. @param start where its payload begins in the bytes that go with these rows */
  put(p: Packet, hash: number, start: number): void {
    const at = this.used * ROW;
    const { ints } = this;
    const plain = p.version === 4 && p.mss < 0 && p.windowScale < 0 && !p.sackPermitted && p.sackBlocks === 0;
    const timestamps = p.timestampValue >= 0;
    ints[at + NUMBER] = p.number;
    ints[at + META] =
      p.flags | (p.window << WINDOW_SHIFT) | (timestamps ? TIMESTAMPS : 0) | (plain ? 0 : this.#extra(p, at + ROW));
    ints[at + HASH] = hash;
    ints[at + SOURCE] = p.src3;
    ints[at + DESTINATION] = p.dst3;
    ints[at + PORTS] = (p.srcPort << 16) | p.dstPort;
    ints[at + SEQ] = p.seq;
    ints[at + ACK] = p.ack;
    ints[at + LENGTH] = p.payloadLength;
    ints[at + START] = start;
    ints[at + CAPTURED] = p.payloadCaptured;
    ints[at + ECHO] = p.timestampEcho;
    this.#times[(at >> 1) + AT] = p.atNs;
    ints[at + TIMESTAMP] = p.timestampValue;
    this.used += plain ? 1 : 2;
    this.packets++;
  }

  /**
   * The packet whose row begins at the number `at` (of `ints`), filled anew with each call. Sequence numbers, ACKs and timestamps are
   * signed here, bit for bit the same.
   */
  packet(at: number): Packet {
    const { ints } = this;
    const meta = ints[at + META] as number;
    const p = (meta & TWO_ROWS) === 0 ? this.#plain : this.#readExtra(meta, at + ROW);
    const ports = ints[at + PORTS] as number;
    p.number = (ints[at + NUMBER] as number) >>> 0;
    p.flags = meta & 0xff;
    p.window = (meta >> WINDOW_SHIFT) & 0xffff;
    p.src3 = ints[at + SOURCE] as number;
    p.dst3 = ints[at + DESTINATION] as number;
    p.srcPort = ports >>> 16;
    p.dstPort = ports & 0xffff;
    p.seq = ints[at + SEQ] as number;
    p.ack = ints[at + ACK] as number;
    p.payloadLength = ints[at + LENGTH] as number;
    p.payloadStart = ints[at + START] as number;
    p.payloadCaptured = ints[at + CAPTURED] as number;
    p.atNs = this.#times[(at >> 1) + AT] as number;
    const timestamps = (meta & TIMESTAMPS) !== 0;
    p.timestampValue = timestamps ? (ints[at + TIMESTAMP] as number) >>> 0 : -1;
    p.timestampEcho = timestamps ? (ints[at + ECHO] as number) >>> 0 : -1;
    return p;
  }

  /** Appends a UDP datagram; there must be room. @param start as in `put` */
  putDatagram(p: Packet, start: number): void {
    this.datagrams++;
    const row = this.#rows - this.datagrams;
    const at = row * ROW;
    const { ints } = this;
    ints[at + NUMBER] = p.number;
    ints[at + DATAGRAM_VERSION] = p.version;
    ints.set([p.src0, p.src1, p.src2, p.src3, p.dst0, p.dst1, p.dst2, p.dst3], at + DATAGRAM_WORDS);
    ints[at + DATAGRAM_PORTS] = (p.srcPort << 16) | p.dstPort;
    ints[at + DATAGRAM_LENGTH] = p.payloadLength;
    ints[at + DATAGRAM_START] = start;
    ints[at + DATAGRAM_CAPTURED] = p.payloadCaptured;
    this.#times[(at >> 1) + DATAGRAM_AT] = p.atNs;
  }

  /** The datagram of this number, from 0 in the order they were put, filled anew with each call; of TCP's fields nothing is told. */
  datagram(index: number): Packet {
    const at = (this.#rows - 1 - index) * ROW;
    const { ints } = this;
    const p = this.#datagram;
    const ports = ints[at + DATAGRAM_PORTS] as number;
    const word = (number: number): number => ints[at + DATAGRAM_WORDS + number] as number;
    p.number = (ints[at + NUMBER] as number) >>> 0;
    p.version = ints[at + DATAGRAM_VERSION] === 6 ? 6 : 4;
    [p.src0, p.src1, p.src2, p.src3] = [word(0), word(1), word(2), word(3)];
    [p.dst0, p.dst1, p.dst2, p.dst3] = [word(4), word(5), word(6), word(7)];
    p.srcPort = ports >>> 16;
    p.dstPort = ports & 0xffff;
    p.payloadLength = ints[at + DATAGRAM_LENGTH] as number;
    p.payloadStart = ints[at + DATAGRAM_START] as number;
    p.payloadCaptured = ints[at + DATAGRAM_CAPTURED] as number;
    p.atNs = this.#times[(at >> 1) + DATAGRAM_AT] as number;
    return p;
  }

  /** The hash of the packet whose row begins there. */
  hash(at: number): number {
    return this.ints[at + HASH] as number;
  }

  /** Where the row of the packet behind this one begins. */
  next(at: number): number {
    return at + (((this.ints[at + META] as number) & TWO_ROWS) === 0 ? ROW : 2 * ROW);
  }

  /** The bytes in which the payloads of the packets in these rows lie. */
  lieIn(bytes: Uint8Array): void {
    this.#plain.bytes = bytes;
    this.#full.bytes = bytes;
    this.#datagram.bytes = bytes;
  }

  /** Writes the second row, and gives the bits that tell of it. */
  #extra(p: Packet, at: number): number {
    const options = (p.sackPermitted ? SACK_PERMITTED : 0) | (p.duplicateSack ? DUPLICATE_SACK : 0);
    this.ints.set([p.src0, p.src1, p.src2, p.dst0, p.dst1, p.dst2, p.mss, p.windowScale, p.sackBlocks, options], at);
    return p.version === 6 ? TWO_ROWS | IPV6 : TWO_ROWS;
  }

  #readExtra(meta: number, at: number): Packet {
    const { ints } = this;
    const p = this.#full;
    p.version = (meta & IPV6) === 0 ? 4 : 6;
    p.src0 = ints[at] as number;
    p.src1 = ints[at + 1] as number;
    p.src2 = ints[at + 2] as number;
    p.dst0 = ints[at + 3] as number;
    p.dst1 = ints[at + 4] as number;
    p.dst2 = ints[at + 5] as number;
    p.mss = ints[at + 6] as number;
    p.windowScale = ints[at + 7] as number;
    p.sackBlocks = ints[at + 8] as number;
    const options = ints[at + 9] as number;
    p.sackPermitted = (options & SACK_PERMITTED) !== 0;
    p.duplicateSack = (options & DUPLICATE_SACK) !== 0;
    return p;
  }
}

function plainPacket(): Packet {
  return Object.assign(new Packet(), { src2: 0xffff, dst2: 0xffff });
}
