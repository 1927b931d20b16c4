/** Bytes that were seen before, or are missing: lost and sent again, overtaken on the way, or sent to keep a connection alive. */

import type { Packet } from "../decode/packet.js";
import { charge } from "./exchanges.js";
import type { Resend } from "./flow-events.js";
import { BIT, F, R, RS, rareSideOf, recordOf, S, ST, STATE, seqDiff, sideOf, XT } from "./flow-slab.js";
import type { Tracking } from "./tracking.js";

/** Linux TCP_RTO_MIN is 200 ms (HZ/5); a tick and the capture's own jitter off. */
const LEAST_RTO_NS = 190e6;
/** Segments that overtake each other on the way do so within this (RFC 5681 speaks of three segments). */
const REORDER_NS = 3e6;

/** All bytes were seen before: a keep-alive, a probe of a closed window, a late arrival, or data sent again. */
export function oldData(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, rare } = tracking.slab;
  const me = sideOf(slot, side);
  const them = sideOf(slot, side === 0 ? 1 : 0);
  const bits = ints[me + S.bits] as number;
  const next = ints[me + S.next] as number;
  const end = (p.seq + p.payloadLength) | 0;
  if (p.payloadLength <= 1) {
    const allAcknowledged = (bits & BIT.una) !== 0 && ints[me + S.una] === next;
    if (end === next && allAcknowledged) return; // keep-alive (RFC 9293 section 3.8.4)
    if (((ints[them + S.bits] as number) & BIT.zero) !== 0) return; // window probe (section 3.8.6.1)
  }
  if ((bits & BIT.hole) !== 0) {
    const mine = rareSideOf(slot, side);
    const inHole =
      seqDiff(p.seq, rare[mine + RS.holeStart] as number) >= 0 && seqDiff(end, rare[mine + RS.holeEnd] as number) <= 0;
    if (inHole) {
      fillHole(tracking, slot, side, p, end);
      return;
    }
  }
  resent(tracking, slot, side, p);
}

/** The segment begins behind the bytes seen so far. */
export function openHole(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, rare } = tracking.slab;
  const me = sideOf(slot, side);
  const mine = rareSideOf(slot, side);
  ints[me + S.bits]! |= BIT.hole;
  rare[mine + RS.holeStart] = ints[me + S.next] as number;
  rare[mine + RS.holeEnd] = p.seq | 0;
  rare[mine + RS.holeAt] = p.atNs;
}

/** Bytes that were missing: overtaken on the way, or lost before the capture point and sent again. */
function fillHole(tracking: Tracking, slot: number, side: 0 | 1, p: Packet, end: number): void {
  const { ints, rare } = tracking.slab;
  const me = sideOf(slot, side);
  const mine = rareSideOf(slot, side);
  const sinceNs = p.atNs - (rare[mine + RS.holeAt] as number);
  if (seqDiff(p.seq, rare[mine + RS.holeStart] as number) === 0) rare[mine + RS.holeStart] = end;
  if (seqDiff(rare[mine + RS.holeEnd] as number, rare[mine + RS.holeStart] as number) <= 0)
    ints[me + S.bits]! &= ~BIT.hole;
  const duplicateAcks = duplicatesOf(tracking, slot, side);
  if (sinceNs < REORDER_NS && duplicateAcks < 3) return;
  const kind = sinceNs >= LEAST_RTO_NS && duplicateAcks < 3 ? "rto" : "fast-retransmit";
  tellResend(tracking, slot, makeResend(tracking, slot, side, p, kind, Math.max(0, sinceNs), null));
}

/** Bytes that this end has sent before. */
export function resent(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, times } = tracking.slab;
  const me = sideOf(slot, side);
  const time = me >> 1;
  const bits = ints[me + S.bits] as number;
  const end = (p.seq + p.payloadLength) | 0;
  const original = (bits & BIT.next) === 0 ? null : (ints[me + S.oldestPacket] as number) >>> 0;
  if ((bits & BIT.una) !== 0 && seqDiff(end, ints[me + S.una] as number) <= 0) {
    const sinceNs = Math.max(0, p.atNs - (times[time + ST.sentAt] as number));
    tellResend(tracking, slot, makeResend(tracking, slot, side, p, "spurious", sinceNs, original));
    return;
  }
  const waitedNs = (bits & BIT.oldest) === 0 ? 0 : Math.max(0, p.atNs - (times[time + ST.oldestAt] as number));
  const duplicateAcks = duplicatesOf(tracking, slot, side);
  const kind = waitedNs >= LEAST_RTO_NS && duplicateAcks < 3 ? "rto" : "fast-retransmit";
  // Without duplicate ACKs this may be a tail loss probe (RFC 8985 section 7): whether anything was lost, the next ACK tells.
  const probe = kind === "fast-retransmit" && duplicateAcks < 3;
  const resend = makeResend(tracking, slot, side, p, kind, waitedNs, original);
  unanswered(tracking, slot, side);
  if (probe) tracking.waitForAck(slot, side, resend);
  else tellResend(tracking, slot, resend);
  times[time + ST.oldestAt] = p.atNs;
  ints[me + S.oldestPacket] = p.number;
  const now = (ints[me + S.bits] as number) & ~(BIT.small | BIT.freed | BIT.probed);
  ints[me + S.bits] = now | BIT.oldest | BIT.resent | (probe ? BIT.probed : 0);
}

/** A probe that no ACK has answered, and none will: the data goes out again, or the flow is over. It was lost, as far as can be seen. */
export function unanswered(tracking: Tracking, slot: number, prober: 0 | 1): void {
  const probe = tracking.takeProbe(slot, prober);
  if (probe !== undefined) tellResend(tracking, slot, probe);
}

/** The ACK after a probe tells by a duplicate SACK (RFC 2883) that the original had arrived; else it was lost. */
export function settleProbe(tracking: Tracking, slot: number, prober: 0 | 1, p: Packet): void {
  tracking.slab.ints[sideOf(slot, prober) + S.bits]! &= ~BIT.probed;
  const probe = tracking.takeProbe(slot, prober);
  if (probe === undefined) return;
  tellResend(tracking, slot, p.duplicateSack ? { ...probe, kind: "spurious" } : probe);
}

/** Tells of data sent again, and charges the running exchange for the wait. */
function tellResend(tracking: Tracking, slot: number, resend: Resend): void {
  const { ints, times } = tracking.slab;
  const flow = recordOf(slot);
  if (((ints[flow + F.state] as number) & STATE.active) !== 0) {
    tracking.troubles(slot).resends.push(resend);
    const waitedNs = Math.min(resend.waitedNs, resend.atNs - (times[(flow >> 1) + XT.requestAt] as number));
    if (resend.kind !== "spurious") charge(tracking, slot, R.loss, waitedNs, resend.sender);
  }
  ints[flow + F.state]! |= STATE.eventful;
  tracking.observer.resend?.(resend);
}

function makeResend(
  tracking: Tracking,
  slot: number,
  side: 0 | 1,
  p: Packet,
  kind: Resend["kind"],
  waitedNs: number,
  original: number | null,
): Resend {
  return {
    flow: tracking.view(slot),
    sender: side,
    kind,
    packets: [original, p.number],
    atNs: p.atNs,
    bytes: p.payloadLength,
    waitedNs,
    duplicateAcks: duplicatesOf(tracking, slot, side),
  };
}

/** Duplicate ACKs that came for the data of `side` since the last one that said anything new. */
function duplicatesOf(tracking: Tracking, slot: number, side: 0 | 1): number {
  return ((tracking.slab.ints[sideOf(slot, side) + S.bits] as number) & BIT.duplicateMask) >> BIT.duplicateShift;
}
