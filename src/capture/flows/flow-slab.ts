/**
 * Where the numbers of a flow lie. What limits the tracker is cache misses on flow state when flows are many, so all that
 * nearly every packet looks at stands in four cache lines, 256 bytes in a row: one line for the flow, one for each side, one for
 * the exchange that runs. `ints` and `times` are two views of the same bytes. What only rare packets look at has a place of its
 * own, `rare`. (`npm run bench -- pcap` watches it.)
 *
 * Sequence numbers are compared modulo 2^32 as signed 32 bit; times are nanoseconds since the first packet.
 *
 * The files that run for every packet copy the field numbers they need into constants of their own: V8 folds a module's own
 * constants into the code, but loads an imported one from memory each time.
 */

/** Fields of the flow: places in `ints`. */
export const F = {
  /** Key of the flow table: both ports, and the last word of either address; the lower end comes first. */
  ports: 0,
  low: 1,
  high: 2,
  /** The next slot of the same bucket; -1: none. */
  chain: 3,
  state: 4,
  /** The flow's last packet in the ring of notes. */
  note: 5,
  packets: 6,
  exchanges: 7,
  /** By side: payload of its last data segment; and its full segment, 0 while nothing is known. */
  lastBytes: 8,
  full: 10,
} as const;

/** Fields of the flow: places in `times`. */
export const FT = { bytes: 6, last: 7 } as const;

/** Fields of one side, by what it sends: places in `ints`, from the side's own line on. */
export const S = {
  /** Behind the highest byte sent. */
  next: 8,
  /** Highest ACK that came for this side's bytes. */
  una: 9,
  /** Window that this side offers, scaled; -1: unknown. */
  window: 10,
  /** Behind its last small segment. */
  smallEnd: 11,
  /** Its last data segment, its oldest unacknowledged one, and the pure ACK that acknowledged all it had sent. */
  sentPacket: 12,
  oldestPacket: 13,
  ackPacket: 14,
  bits: 15,
} as const;

/** Fields of one side: places in `times`, from the side's own line on. */
export const ST = {
  sentAt: 0,
  oldestAt: 1,
  ackAt: 2,
  /** Least round trip from the capture point to this end and back. */
  leg: 3,
} as const;

/** Fields of the exchange that runs: places in `ints`. */
export const X = { firstPacket: 60, requestSegments: 61, answerSegments: 62, smallSegments: 63 } as const;

/** Fields of the exchange that runs: places in `times`. */
export const XT = {
  requestAt: 24,
  requestLast: 25,
  answerFirst: 26,
  answerLast: 27,
  requestBytes: 28,
  answerBytes: 29,
} as const;

/** Bits of F.state. The two lowest are the client: 0 unknown, 1 side 0, 2 side 1. */
export const STATE = {
  client: 3,
  fin0: 4,
  fin1: 8,
  /** FIN of both sides, or a reset, was seen. */
  closed: 16,
  reset: 32,
  /** An exchange runs; its answer has begun; something has delayed it; time stands in its rare accounts. */
  active: 64,
  answered: 128,
  troubled: 256,
  charged: 512,
  /** The last request segment was small: if another follows, it was a piece. */
  lastSmall: 1024,
  /** SYN or SYN-ACK was sent twice: the handshake's times say nothing (Karn's algorithm). */
  synResent: 2048,
  /** The client's ACK will end the handshake. */
  awaitsAck: 4096,
  ipv6: 8192,
  /** A hold, a resend or a window stall was told since the last exchange. */
  eventful: 16384,
  /** Its payload is read: what is asked and answered inside are its exchanges (../streams). */
  readInside: 32768,
  protocolShift: 16,
  protocolMask: 7 << 16,
  /** Its requests can be told apart by their bytes, and are not yet (./pipelining.ts). */
  pipelinable: 1 << 19,
  /** The exchange that runs was looked at: its data is one whole request; that is HTTP's HEAD. */
  wholeRequest: 1 << 20,
  headRequest: 1 << 21,
  /** The exchange that runs is looked at, and its request goes on. */
  begunRequest: 1 << 25,
  /** How many answers are due is not known. */
  outOfStep: 1 << 22,
  /** Requests are sent ahead of answers: all are looked at. */
  asksAhead: 1 << 23,
  /** It was read inside, up to a gap in the capture. */
  readAgain: 1 << 24,
  /** The rest: how long requests are that were looked at, in units of 8 bytes, 63 at most. */
  lookedAtShift: 26,
} as const;

/** All that STATE tells of the exchange that runs, so that none does. */
export const OF_EXCHANGE = STATE.active | STATE.answered | STATE.troubled | STATE.charged | STATE.lastSmall;

/** Bits of S.bits. */
export const BIT = {
  /** S.next, S.una, S.smallEnd and ST.oldestAt hold something. */
  next: 1,
  una: 2,
  smallEnd: 4,
  oldest: 8,
  /** The last data segment was small, and more may wait for its ACK; that ACK came alone. */
  small: 16,
  freed: 32,
  /** That ACK was late. */
  late: 64,
  timestamps: 128,
  nagleOff: 256,
  /** Sent something again since the last ACK; that was a probe which no ACK has answered yet. */
  resent: 512,
  probed: 1024,
  /** This side's window is closed; it has opened again, and nobody has used that yet. */
  zero: 2048,
  opened: 4096,
  /** Bytes are missing. */
  hole: 8192,
  /** The other side announced an MSS. */
  mss: 16384,
  scaleShift: 16,
  scaleMask: 15 << 16,
  /** Duplicate ACKs for this side's data, at most 255. */
  duplicateShift: 20,
  duplicateMask: 255 << 20,
} as const;

/** Fields of the flow in `rare`; NaN: none. */
export const R = {
  start: 0,
  synAt: 1,
  synAckAt: 2,
  handshakeRtt: 3,
  /** SYN to SYN-ACK, and SYN-ACK to ACK, as the capture point saw them. */
  serverLeg: 4,
  clientLeg: 5,
  /** Accounts of the exchange that runs: held back, lost, window closed; and what of that was between request and answer. */
  hold: 6,
  loss: 7,
  window: 8,
  waitStall: 9,
  /** Upper words of the two addresses, for IPv6. */
  words: 10,
} as const;

/** Fields of one side in `rare`. */
export const RS = {
  /** Since when its window is closed; when it opened again, and how long it had been closed. */
  zeroAt: 0,
  zeroPacket: 1,
  openedAt: 2,
  openedPacket: 3,
  closedFor: 4,
  /** A gap in its bytes, and when it appeared. */
  holeStart: 5,
  holeEnd: 6,
  holeAt: 7,
  /** In its SYN: NaN, -1 and -1 where there was none. */
  isn: 8,
  announcedMss: 9,
  windowScale: 10,
  promptHolds: 11,
  looseHolds: 12,
} as const;

const INTS = 64;
/** Ints of a cache line. */
export const LINE = 16;
const RARE = 42;
const FIRST_SIDE_RARE = 16;
const SIDE_RARE = 13;

/** First place of a flow in `ints`; half of it is the one in `times`. */
export const recordOf = (slot: number): number => slot * INTS;
/** First place of a side in `ints`; half of it is the one in `times`. */
export const sideOf = (slot: number, side: 0 | 1): number => slot * INTS + (1 + side) * LINE;
export const rareOf = (slot: number): number => slot * RARE;
export const rareSideOf = (slot: number, side: 0 | 1): number => slot * RARE + FIRST_SIDE_RARE + side * SIDE_RARE;

/** x - y modulo 2^32, signed: above 0 when x comes after y (RFC 9293 section 3.4). */
export const seqDiff = (x: number, y: number): number => (x - y) | 0;

export class FlowSlab {
  ints = new Int32Array(0);
  times = new Float64Array(0);
  rare = new Float64Array(0);

  /** Makes room for so many flows; those that are there keep their slots. */
  grow(flows: number): void {
    const bytes = new ArrayBuffer(flows * INTS * Int32Array.BYTES_PER_ELEMENT);
    const ints = new Int32Array(bytes);
    const rare = new Float64Array(flows * RARE);
    ints.set(this.ints);
    rare.set(this.rare);
    this.ints = ints;
    this.times = new Float64Array(bytes);
    this.rare = rare;
  }

  /** Makes the record that of a flow just seen. */
  reset(slot: number, atNs: number): void {
    const { ints, times, rare } = this;
    const flow = recordOf(slot);
    // The key, which stands before the state, stays.
    const isIpv6 = (ints[flow + F.state] as number) & STATE.ipv6;
    ints.fill(0, flow + F.state, flow + INTS);
    ints[flow + F.state] = isIpv6;
    rare.fill(Number.NaN, rareOf(slot), rareOf(slot) + R.words);
    rare.fill(Number.NaN, rareOf(slot) + FIRST_SIDE_RARE, rareOf(slot) + RARE);
    times[(flow >> 1) + FT.last] = atNs;
    rare[rareOf(slot) + R.start] = atNs;
    for (const side of [0, 1] as const) {
      ints[sideOf(slot, side) + S.window] = -1;
      times[(sideOf(slot, side) >> 1) + ST.leg] = Number.POSITIVE_INFINITY;
      const mine = rareSideOf(slot, side);
      for (const field of [RS.announcedMss, RS.windowScale]) rare[mine + field] = -1;
      for (const field of [RS.promptHolds, RS.looseHolds]) rare[mine + field] = 0;
    }
  }
}
