/**
 * What a segment with data says of its sender: new bytes, bytes sent again, a gap, or bytes that had been held back.
 * Runs for every packet with data; `npm run bench -- pcap` watches it.
 */

import type { Packet } from "../decode/packet.js";
import { sniff } from "../readers/sniff.js";
import { tellLate } from "./acknowledgements.js";
import { answerData, requestData } from "./exchanges.js";
import { BIT, F, recordOf, S, ST, STATE, seqDiff, sideOf } from "./flow-slab.js";
import { provesNagleOff, released } from "./holds.js";
import { requestOutOfOrder, requestSent, watchForPipelining } from "./pipelining.js";
import { oldData, openHole, resent } from "./resends.js";
import type { Tracking } from "./tracking.js";
import { windowReleased } from "./windows.js";

const { state: STATE_BITS, exchanges: EXCHANGES, lastBytes: LAST_BYTES, full: FULL } = F;
const {
  next: NEXT,
  una: UNA,
  smallEnd: SMALL_END,
  sentPacket: SENT_PACKET,
  oldestPacket: OLDEST_PACKET,
  bits: BITS,
} = S;
const { sentAt: SENT_AT, oldestAt: OLDEST_AT } = ST;
const HAS_NEXT = BIT.next;
const HAS_UNA = BIT.una;
const { smallEnd: HAS_SMALL_END, oldest: OLDEST, small: SMALL, freed: FREED, late: LATE } = BIT;
const { nagleOff: NAGLE_OFF, opened: OPENED, mss: MSS } = BIT;
const READ_INSIDE = STATE.readInside;
const PIPELINABLE = STATE.pipelinable;
const { client: CLIENT, active: ACTIVE, protocolMask: PROTOCOL, protocolShift: PROTOCOL_SHIFT } = STATE;
/** Together with the side that sends: data of a client that is watched for pipelining. */
const WATCHED = PIPELINABLE | CLIENT;

export function dataSegment(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints } = tracking.slab;
  const me = sideOf(slot, side);
  const end = (p.seq + p.payloadLength) | 0;
  if (((ints[me + BITS] as number) & HAS_NEXT) !== 0) {
    const next = ints[me + NEXT] as number;
    const ahead = (p.seq - next) | 0;
    if (ahead !== 0) {
      unexpected(tracking, slot, side, p, end);
      return;
    }
  }
  const state = (ints[recordOf(slot) + STATE_BITS] as number) & WATCHED;
  if (state === (PIPELINABLE | (side + 1))) requestSent(tracking, slot, side, p);
  newData(tracking, slot, side, p, end, true);
}

/** The segment does not begin where the last one ended. */
function unexpected(tracking: Tracking, slot: number, side: 0 | 1, p: Packet, end: number): void {
  const next = tracking.slab.ints[sideOf(slot, side) + NEXT] as number;
  const isAhead = seqDiff(p.seq, next) > 0;
  if (!isAhead && seqDiff(end, next) <= 0) {
    oldData(tracking, slot, side, p);
    return;
  }
  if (isAhead) openHole(tracking, slot, side, p);
  else resent(tracking, slot, side, p); // sent again together with bytes that are new
  const state = (tracking.slab.ints[recordOf(slot) + STATE_BITS] as number) & WATCHED;
  if (state === (PIPELINABLE | (side + 1))) requestOutOfOrder(tracking, slot, p);
  newData(tracking, slot, side, p, end, false);
}

function newData(tracking: Tracking, slot: number, side: 0 | 1, p: Packet, end: number, inOrder: boolean): void {
  const { ints, times } = tracking.slab;
  const flow = recordOf(slot);
  const me = sideOf(slot, side);
  const them = sideOf(slot, (1 - side) as 0 | 1);
  let bits = ints[me + BITS] as number;
  const una = ints[me + UNA] as number;
  const inFlight = (bits & HAS_UNA) !== 0 && (((ints[me + NEXT] as number) - una) | 0) > 0;
  const small = isSmall(ints, flow + FULL + side, p.payloadLength, (bits & MSS) !== 0);
  if (small && inFlight && inOrder && (bits & (HAS_SMALL_END | NAGLE_OFF)) === HAS_SMALL_END) {
    if ((((ints[me + SMALL_END] as number) - una) | 0) > 0) provesNagleOff(tracking, slot, side);
  }
  if ((bits & FREED) !== 0 && small && inOrder && !inFlight) released(tracking, slot, side, p);
  if (((ints[them + BITS] as number) & OPENED) !== 0) windowReleased(tracking, slot, side, p);
  bits = ints[me + BITS] as number;
  if ((bits & LATE) !== 0) {
    tellLate(tracking, slot, side === 0 ? 1 : 0);
    bits &= ~LATE;
  }
  ints[me + NEXT] = end;
  times[(me >> 1) + SENT_AT] = p.atNs;
  ints[me + SENT_PACKET] = p.number;
  ints[flow + LAST_BYTES + side] = p.payloadLength;
  if (!inFlight || (bits & OLDEST) === 0) {
    times[(me >> 1) + OLDEST_AT] = p.atNs;
    ints[me + OLDEST_PACKET] = p.number;
  }
  bits = (bits | HAS_NEXT | OLDEST) & ~(SMALL | FREED);
  if (small) {
    bits |= SMALL | HAS_SMALL_END;
    ints[me + SMALL_END] = end;
  }
  ints[me + BITS] = bits;

  let state = ints[flow + STATE_BITS] as number;
  if ((state & CLIENT) === 0) {
    state |= guessClient(p, side) + 1;
    ints[flow + STATE_BITS] = state;
  }
  if ((state & CLIENT) - 1 !== side) answerData(tracking, slot, p);
  else {
    if ((state & (PROTOCOL | ACTIVE)) === 0 && ints[flow + EXCHANGES] === 0) {
      const protocol = sniff(p.bytes, p.payloadStart, p.payloadCaptured, p.dstPort);
      ints[flow + STATE_BITS] = state | (protocol << PROTOCOL_SHIFT);
      if (tracking.streams.begin(slot, side, protocol, p)) ints[flow + STATE_BITS]! |= READ_INSIDE;
      else watchForPipelining(tracking, slot, side, p);
    }
    requestData(tracking, slot, p, small);
  }
}

/**
 * Whether a payload ends with less than a full segment: offload hands several segments over as one, and its tail is what Nagle's
 * algorithm looks at. Without an announced MSS the largest payload seen is taken for full.
 * @param full place of the side's full segment
 */
function isSmall(ints: Int32Array, full: number, payloadLength: number, isAnnounced: boolean): boolean {
  const size = ints[full] as number;
  if (payloadLength < size) return true;
  if (payloadLength === size) return false;
  if (isAnnounced) return payloadLength % size !== 0;
  ints[full] = payloadLength;
  return false;
}

/** In the middle of a connection: the higher port is most likely the client's (RFC 6335), else who speaks first. */
function guessClient(p: Packet, side: 0 | 1): 0 | 1 {
  const clientSends = p.srcPort === p.dstPort || p.srcPort > p.dstPort;
  if (clientSends) return side;
  return side === 0 ? 1 : 0;
}
