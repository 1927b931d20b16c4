/**
 * What an ACK says: how far data got, how long the way to the other end is, whether a window closed, and who was let go by it.
 * Runs for every packet; `npm run bench -- pcap` watches it.
 */

import type { Packet } from "../decode/packet.js";
import { BIT, S, ST, sideOf } from "./flow-slab.js";
import { settleProbe } from "./resends.js";
import type { Tracking } from "./tracking.js";
import { windowChanges } from "./windows.js";

/** Below this no ACK is called late: only timers wait longer, and the detectors ask for more. */
const LATE_NS = 20e6;

const { next: NEXT, una: UNA, window: WINDOW, ackPacket: ACK_PACKET, bits: BITS } = S;
const { sentAt: SENT_AT, oldestAt: OLDEST_AT, ackAt: ACK_AT, leg: LEG } = ST;
const HAS_NEXT = BIT.next;
const HAS_UNA = BIT.una;
const { oldest: OLDEST, small: SMALL, freed: FREED, late: LATE, resent: RESENT, probed: PROBED, zero: ZERO } = BIT;
const { scaleShift: SCALE_SHIFT, scaleMask: SCALE_MASK } = BIT;
const { duplicateShift: DUPLICATE_SHIFT, duplicateMask: DUPLICATES } = BIT;

/** Takes the ACK number and the window of a segment of `side`; `pure`: it carries nothing else. */
export function acknowledge(tracking: Tracking, slot: number, side: 0 | 1, p: Packet, pure: boolean): void {
  const { ints } = tracking.slab;
  const me = sideOf(slot, side);
  const sender = sideOf(slot, (1 - side) as 0 | 1);
  const mine = ints[me + BITS] as number;
  const windowBefore = ints[me + WINDOW] as number;
  const window = p.window << ((mine & SCALE_MASK) >> SCALE_SHIFT); // at most 2^16 << 14
  ints[me + WINDOW] = window;
  if (window === 0 || (mine & ZERO) !== 0) windowChanges(tracking, slot, side, p);
  if (((ints[sender + BITS] as number) & PROBED) !== 0) settleProbe(tracking, slot, side === 0 ? 1 : 0, p);
  const bits = ints[sender + BITS] as number;
  const ahead = (bits & HAS_UNA) === 0 ? 1 : ((p.ack | 0) - (ints[sender + UNA] as number)) | 0;
  if (ahead > 0) {
    advanced(tracking, slot, side, me, sender, p, pure);
  } else if (!pure) {
    if ((bits & (SMALL | FREED)) !== 0) ints[sender + BITS] = bits & ~(SMALL | FREED);
  } else if (ahead === 0 && (p.sackBlocks > 0 || window === windowBefore)) {
    // A duplicate ACK (RFC 5681 section 2): nothing new, while data is in flight.
    const inFlight =
      (bits & HAS_NEXT) !== 0 && (((ints[sender + NEXT] as number) - (ints[sender + UNA] as number)) | 0) > 0;
    if (inFlight && (bits & DUPLICATES) !== DUPLICATES) ints[sender + BITS] = bits + (1 << DUPLICATE_SHIFT);
  }
}

function advanced(
  tracking: Tracking,
  slot: number,
  side: 0 | 1,
  me: number,
  sender: number,
  p: Packet,
  pure: boolean,
): void {
  const { ints, times } = tracking.slab;
  const ack = p.ack | 0;
  let bits = ints[sender + BITS] as number;
  const all = (bits & HAS_NEXT) !== 0 && ((ack - (ints[sender + NEXT] as number)) | 0) >= 0;
  ints[sender + UNA] = ack;
  if (!all) {
    // The retransmission timer starts anew with every ACK of new data (RFC 6298 section 5).
    times[(sender >> 1) + OLDEST_AT] = p.atNs;
    ints[sender + BITS] = (bits | HAS_UNA | OLDEST) & ~(DUPLICATES | RESENT | SMALL | FREED);
    return;
  }
  const tookNs = p.atNs - (times[(sender >> 1) + SENT_AT] as number);
  // Karn's algorithm: an ACK after a resend does not say which of the two it answers.
  const resent = (bits & RESENT) !== 0;
  let legNs = times[(me >> 1) + LEG] as number;
  if (!resent && tookNs >= 0 && tookNs < legNs) {
    legNs = tookNs;
    times[(me >> 1) + LEG] = tookNs;
  }
  if (pure && (bits & LATE) !== 0) {
    tellLate(tracking, slot, side);
    bits &= ~LATE;
  }
  bits = (bits | HAS_UNA) & ~(DUPLICATES | OLDEST | RESENT);
  if (!pure) {
    ints[sender + BITS] = bits & ~(SMALL | FREED);
    return;
  }
  times[(sender >> 1) + ACK_AT] = p.atNs;
  ints[sender + ACK_PACKET] = p.number;
  if ((bits & SMALL) !== 0) bits |= FREED;
  if (!resent && tookNs - legNs >= LATE_NS) bits |= LATE;
  ints[sender + BITS] = bits;
}

/** Tells of the late ACK of `receiver` that waits to be told: nothing was set free by it. */
export function tellLate(tracking: Tracking, slot: number, receiver: 0 | 1): void {
  tracking.slab.ints[sideOf(slot, receiver === 0 ? 1 : 0) + BITS]! &= ~LATE;
  const { observer, late } = tracking;
  if (observer.lateAck === undefined) return;
  late.fill(slot, receiver);
  observer.lateAck(late);
}
