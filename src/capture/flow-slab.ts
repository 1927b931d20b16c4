/**
 * Where the numbers of a flow lie. All flows stand in one Float64Array, each in a record of its own: what limits the tracker is
 * cache misses on flow state, and one flat record per flow has fewer than objects or columns have (`npm run bench -- pcap`).
 * Sequence numbers are unsigned 32 bit and compared modulo 2^32; times are nanoseconds since the first packet; NaN or -1: none.
 */

/** Fields of the flow as a whole. */
export const F = {
  start: 0,
  last: 1,
  packets: 2,
  bytes: 3,
  /** -1 unknown, else the side. */
  client: 4,
  /** 0 open, 1 closed by FIN on both sides, 2 reset. */
  closed: 5,
  synAt: 6,
  synAckAt: 7,
  /** SYN or SYN-ACK was sent twice: the handshake's times say nothing (Karn's algorithm). */
  synResent: 8,
  handshakeRtt: 9,
  /** SYN to SYN-ACK, and SYN-ACK to ACK, as the capture point saw them. */
  serverLeg: 10,
  clientLeg: 11,
  protocol: 12,
  exchanges: 13,
  noted: 14,
  /** Bit per side: FIN seen. */
  fins: 15,
} as const;

/** Fields of the exchange that runs. */
export const X = {
  active: 16,
  requestAt: 17,
  requestLast: 18,
  requestBytes: 19,
  requestSegments: 20,
  /** Small request segments that more of the request followed; and whether the last one was small. */
  smallSegments: 21,
  lastSmall: 22,
  answerFirst: 23,
  answerLast: 24,
  answerBytes: 25,
  answerSegments: 26,
  firstPacket: 27,
  lastPacket: 28,
  hold: 29,
  loss: 30,
  window: 31,
  /** Part of loss and window between the last request byte and the first answer byte. */
  waitStall: 32,
} as const;

/** Fields of one direction, named by its sender. */
export const D = {
  // What nearly every packet looks at stands together.
  /** Behind the highest byte sent; -1: nothing seen. */
  next: 0,
  /** Highest ACK that came for this direction; -1: none. */
  una: 1,
  /** Window that this side offers, scaled. */
  window: 2,
  windowScale: 3,
  /** MSS that this side announced (bounds what the other sends). */
  announcedMss: 4,
  /** Largest payload that this side sent. */
  largest: 5,
  lastDataAt: 6,
  oldestAt: 7,
  /** 0 no, 1 yes, 2 yes, by a probe that no ACK has answered yet. */
  resentSinceAck: 8,
  duplicateAcks: 9,
  timestamps: 10,
  /** Least round trip from the capture point to this end and back. */
  leg: 11,
  /** Behind the last small segment; -1: none. */
  smallEnd: 12,
  /** A small segment in flight that more data may be waiting for, and the pure ACK that answered it. */
  smallAt: 13,
  smallAckAt: 14,
  /** Since when this side's window is closed; NaN: it is open. */
  zeroAt: 15,
  /** The window of this side opened again: when, and for how long it was closed; NaN: told already. */
  openedAt: 16,
  /** A pure ACK for this direction's data that came late: its delay, and the packets. NaN: none. */
  lateDelay: 17,
  lastDataPacket: 18,
  oldestPacket: 19,
  smallPacket: 20,
  smallBytes: 21,
  smallAckPacket: 22,
  // The rest is for rare events.
  nagleOff: 23,
  zeroPacket: 24,
  openedPacket: 25,
  closedFor: 26,
  /** A gap in this direction's bytes, and when it appeared. */
  holeStart: 27,
  holeEnd: 28,
  holeAt: 29,
  lateAckPacket: 30,
  lateDataPacket: 31,
  isn: 32,
  promptHolds: 33,
  looseHolds: 34,
} as const;

export const SIDE_FIELDS = 36;
export const FIRST_SIDE = 33;
export const STRIDE = FIRST_SIDE + 2 * SIDE_FIELDS;

/** Offset of a side's fields within the record that begins at `flow`. */
export const sideOf = (flow: number, side: 0 | 1): number => flow + FIRST_SIDE + side * SIDE_FIELDS;

const BLANK = blankRecord();

function blankRecord(): Float64Array {
  const blank = new Float64Array(STRIDE);
  blank[F.client] = -1;
  for (const field of [F.synAt, F.synAckAt, F.handshakeRtt, F.serverLeg, F.clientLeg]) blank[field] = Number.NaN;
  for (const side of [0, 1] as const) {
    const d = sideOf(0, side);
    for (const field of [D.next, D.una, D.windowScale, D.announcedMss, D.smallEnd, D.holeStart, D.isn]) blank[d + field] = -1;
    for (const field of [D.smallAt, D.smallAckAt, D.zeroAt, D.openedAt, D.lateDelay, D.oldestAt, D.lastDataAt]) blank[d + field] = Number.NaN;
    blank[d + D.window] = -1;
    blank[d + D.leg] = Number.POSITIVE_INFINITY;
  }
  return blank;
}

/** Makes the record at `flow` that of a flow just seen. */
export function resetRecord(slab: Float64Array, flow: number, atNs: number): void {
  slab.set(BLANK, flow);
  slab[flow + F.start] = atNs;
  slab[flow + F.last] = atNs;
}

/** x - y modulo 2^32, signed: above 0 when x comes after y (RFC 9293 section 3.4). */
export const seqDiff = (x: number, y: number): number => (x - y) | 0;

/** Packets that each flow remembers. */
export const NOTES = 16;
/** Number, time, and payload * 512 + flags * 2 + side. */
export const NOTE_FIELDS = 3;
