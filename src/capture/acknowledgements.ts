/** What an ACK says: how far data got, how long the way to the other end is, whether a window closed, and who was let go by it. */
import { charge } from "./exchanges.js";
import { D, F, seqDiff, sideOf, STRIDE, X } from "./flow-slab.js";
import type { Resend } from "./flow-events.js";
import type { Packet } from "./packet.js";
import type { Tracking } from "./tracking.js";

/** Below this no ACK is called late: only timers wait longer, and the detectors ask for more. */
const LATE_NS = 20e6;
/** Value of D.resentSinceAck: a probe waits for its ACK. */
const PROBED = 2;

/** Takes the ACK number and the window of a segment of `side`; `pure`: it carries nothing else. */
export function acknowledge(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet, pure: boolean): void {
  const f = slot * STRIDE;
  const me = sideOf(f, side);
  const sender = sideOf(f, side === 0 ? 1 : 0);
  const una = slab[sender + D.una] as number;
  const ahead = una < 0 ? 1 : seqDiff(p.ack, una);
  const windowBefore = slab[me + D.window] as number;
  takeWindow(slab, f, me, p);
  if (slab[sender + D.resentSinceAck] === PROBED) {
    slab[sender + D.resentSinceAck] = 1;
    settleProbe(tracking, slab, slot, side === 0 ? 1 : 0, p);
  }
  if (ahead > 0) advanced(tracking, slab, slot, side, sender, me, p, pure);
  else if (ahead === 0 && pure && (p.sackBlocks > 0 || slab[me + D.window] === windowBefore)) {
    // A duplicate ACK (RFC 5681 section 2): nothing new, while data is in flight.
    if (seqDiff(slab[sender + D.next] as number, una) > 0) slab[sender + D.duplicateAcks]! += 1;
  }
  if (!pure) clearCandidate(slab, sender);
}

function advanced(
  tracking: Tracking,
  slab: Float64Array,
  slot: number,
  side: 0 | 1,
  sender: number,
  me: number,
  p: Packet,
  pure: boolean,
): void {
  slab[sender + D.una] = p.ack;
  slab[sender + D.duplicateAcks] = 0;
  const next = slab[sender + D.next] as number;
  const all = next >= 0 && seqDiff(p.ack, next) >= 0;
  const sentNs = slab[sender + D.lastDataAt] as number;
  if (!all) {
    // The retransmission timer starts anew with every ACK of new data (RFC 6298 section 5).
    slab[sender + D.oldestAt] = p.atNs;
    slab[sender + D.resentSinceAck] = 0;
    clearCandidate(slab, sender);
    return;
  }
  const tookNs = p.atNs - sentNs;
  // Karn's algorithm: an ACK after a resend does not say which of the two it answers.
  if (slab[sender + D.resentSinceAck] === 0 && tookNs >= 0 && tookNs < (slab[me + D.leg] as number)) slab[me + D.leg] = tookNs;
  slab[sender + D.oldestAt] = Number.NaN;
  slab[sender + D.resentSinceAck] = 0;
  if (!pure) return;
  const legNs = slab[me + D.leg] as number;
  const lateNs = tookNs - (Number.isFinite(legNs) ? legNs : 0);
  if (!Number.isNaN(slab[sender + D.smallAt])) {
    slab[sender + D.smallAckAt] = p.atNs;
    slab[sender + D.smallAckPacket] = p.number;
  }
  if (lateNs >= LATE_NS) {
    tellLate(tracking, slab, slot, side);
    slab[sender + D.lateDelay] = lateNs;
    slab[sender + D.lateAckPacket] = p.number;
    slab[sender + D.lateDataPacket] = slab[sender + D.lastDataPacket] as number;
  }
}

/** Tells of data sent again, and charges the running exchange for the wait. */
export function tellResend(tracking: Tracking, slab: Float64Array, slot: number, resend: Resend): void {
  const f = slot * STRIDE;
  if (slab[f + X.active] === 1) {
    tracking.troubles(slot).resends.push(resend);
    const waitedNs = Math.min(resend.waitedNs, resend.atNs - (slab[f + X.requestAt] as number));
    if (resend.kind !== "spurious") charge(slab, f, X.loss, waitedNs, resend.sender);
  }
  tracking.observer.resend?.(resend);
}

/** The ACK after a probe tells by a duplicate SACK (RFC 2883) that the original had arrived; else it was lost. */
function settleProbe(tracking: Tracking, slab: Float64Array, slot: number, prober: 0 | 1, p: Packet): void {
  const probe = tracking.takeProbe(slot, prober);
  if (probe === undefined) return;
  tellResend(tracking, slab, slot, p.duplicateSack ? { ...probe, kind: "spurious" } : probe);
}

/** Tells of a late ACK of `receiver`, if one waits to be told: nothing was set free by it. */
export function tellLate(tracking: Tracking, slab: Float64Array, slot: number, receiver: 0 | 1): void {
  const f = slot * STRIDE;
  const sender = sideOf(f, receiver === 0 ? 1 : 0);
  const delayNs = slab[sender + D.lateDelay] as number;
  if (Number.isNaN(delayNs)) return;
  slab[sender + D.lateDelay] = Number.NaN;
  tracking.observer.lateAck?.({
    flow: tracking.view(slot),
    receiver,
    packets: [slab[sender + D.lateDataPacket] as number, slab[sender + D.lateAckPacket] as number],
    atNs: slab[f + F.last] as number,
    ackDelayNs: delayNs,
  });
}

/** No small segment waits for an ACK any more. */
export function clearCandidate(slab: Float64Array, sender: number): void {
  slab[sender + D.smallAt] = Number.NaN;
  slab[sender + D.smallAckAt] = Number.NaN;
}

function takeWindow(slab: Float64Array, f: number, me: number, p: Packet): void {
  const other = me === sideOf(f, 0) ? sideOf(f, 1) : sideOf(f, 0);
  const scaled = (slab[me + D.windowScale] as number) > 0 && (slab[other + D.windowScale] as number) >= 0;
  const window = scaled ? p.window << (slab[me + D.windowScale] as number) : p.window; // at most 2^16 << 14
  const closedAt = slab[me + D.zeroAt] as number;
  slab[me + D.window] = window;
  if (window === 0) {
    if (!Number.isNaN(closedAt)) return;
    slab[me + D.zeroAt] = p.atNs;
    slab[me + D.zeroPacket] = p.number;
  } else if (!Number.isNaN(closedAt)) {
    slab[me + D.zeroAt] = Number.NaN;
    slab[me + D.openedAt] = p.atNs;
    slab[me + D.openedPacket] = p.number;
    slab[me + D.closedFor] = p.atNs - closedAt;
  }
}

/**
 * New data of `side` right after the receiver's window opened: the window is what it had waited for. Anything else in the
 * meantime, or a pause of the sender's own, and the closed window delayed nobody.
 */
export function windowReleased(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet): void {
  const f = slot * STRIDE;
  const receiver = sideOf(f, side === 0 ? 1 : 0);
  const me = sideOf(f, side);
  const openedAt = slab[receiver + D.openedAt] as number;
  slab[receiver + D.openedAt] = Number.NaN;
  const legNs = slab[me + D.leg] as number;
  const promptNs = 10e6 + 2 * (Number.isFinite(legNs) ? legNs : 0);
  if (!(p.atNs - openedAt <= promptNs)) return;
  const closedNs = slab[receiver + D.closedFor] as number;
  const atNs = openedAt - closedNs;
  const stall = {
    flow: tracking.view(slot),
    receiver: side === 0 ? (1 as const) : (0 as const),
    packets: [slab[receiver + D.zeroPacket] as number, slab[receiver + D.openedPacket] as number] as const,
    atNs,
    closedNs,
  };
  if (slab[f + X.active] === 1) {
    tracking.troubles(slot).windowStalls.push(stall);
    charge(slab, f, X.window, Math.min(closedNs, openedAt - (slab[f + X.requestAt] as number)), side);
  }
  tracking.observer.windowStall?.(stall);
}
