/** The three segments that open a connection: who the client is, what both ends can do, and how long the path is on either side. */

import type { Packet } from "../decode/packet.js";
import { BIT, F, R, RS, rareOf, rareSideOf, recordOf, S, ST, STATE, sideOf } from "./flow-slab.js";
import type { Tracking } from "./tracking.js";

const ACK = 16;
/** What the timestamp option takes from a full segment (RFC 7323 appendix A). */
const TIMESTAMP_BYTES = 12;

/** A SYN, or a SYN-ACK, that opens the flow or is sent again. */
export function synSegment(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, times, rare } = tracking.slab;
  const flow = recordOf(slot);
  const me = sideOf(slot, side);
  const mine = rareSideOf(slot, side);
  const answers = (p.flags & ACK) !== 0;
  const client = answers ? 1 - side : side;
  let state = ((ints[flow + F.state] as number) & ~STATE.client) | (client + 1);
  if (rare[mine + RS.isn] === (p.seq | 0)) {
    state |= STATE.synResent;
    tellResent(tracking, slot, side, p);
  }
  rare[rareOf(slot) + (answers ? R.synAckAt : R.synAt)] = p.atNs;
  rare[mine + RS.isn] = p.seq | 0;
  rare[mine + RS.announcedMss] = p.mss;
  rare[mine + RS.windowScale] = p.windowScale;
  ints[me + S.next] = (p.seq + 1) | 0;
  ints[me + S.sentPacket] = p.number;
  ints[me + S.window] = p.window; // in a SYN never scaled (RFC 7323 section 2.2)
  ints[me + S.bits]! |= BIT.next;
  times[(me >> 1) + ST.sentAt] = p.atNs;
  agree(tracking, slot);
  if (answers) {
    const peer = sideOf(slot, client as 0 | 1);
    ints[peer + S.una] = p.ack | 0;
    ints[peer + S.bits]! |= BIT.una;
    state |= STATE.awaitsAck;
    if ((state & STATE.synResent) === 0) serverAnswers(tracking, slot, side, p);
  }
  ints[flow + F.state] = state;
}

function serverAnswers(tracking: Tracking, slot: number, server: 0 | 1, p: Packet): void {
  const { times, rare } = tracking.slab;
  const legNs = p.atNs - (rare[rareOf(slot) + R.synAt] as number);
  if (!(legNs >= 0)) return;
  rare[rareOf(slot) + R.serverLeg] = legNs;
  const leg = (sideOf(slot, server) >> 1) + ST.leg;
  times[leg] = Math.min(times[leg] as number, legNs);
}

/** The client's first ACK after the SYN-ACK ends the handshake. */
export function handshakeEnds(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, times, rare } = tracking.slab;
  const flow = recordOf(slot);
  const state = ints[flow + F.state] as number;
  if ((state & STATE.client) - 1 !== side) return;
  ints[flow + F.state] = state & ~STATE.awaitsAck;
  if ((state & STATE.synResent) !== 0) return;
  const rareFlow = rareOf(slot);
  const legNs = p.atNs - (rare[rareFlow + R.synAckAt] as number);
  if (!(legNs >= 0)) return;
  rare[rareFlow + R.clientLeg] = legNs;
  const leg = (sideOf(slot, side) >> 1) + ST.leg;
  times[leg] = Math.min(times[leg] as number, legNs);
  const rttNs = p.atNs - (rare[rareFlow + R.synAt] as number);
  if (!(rttNs >= 0)) return;
  rare[rareFlow + R.handshakeRtt] = rttNs;
  tracking.observer.handshake?.(tracking.view(slot), rttNs);
}

/** A side's first segment with the timestamp option: from now on all of them have it. */
export function timestampsSeen(tracking: Tracking, slot: number, side: 0 | 1): void {
  tracking.slab.ints[sideOf(slot, side) + S.bits]! |= BIT.timestamps;
  agree(tracking, slot);
}

/**
 * What both ends have said so far. Windows are scaled only when both offered it (RFC 7323 section 2.2). A full segment is as large
 * as the other end takes, and as this one's own link allows, which is what it announces itself (RFC 9293 section 3.7.1).
 */
function agree(tracking: Tracking, slot: number): void {
  const { rare } = tracking.slab;
  const [first, second] = [rareSideOf(slot, 0), rareSideOf(slot, 1)];
  const scaled = (rare[first + RS.windowScale] as number) >= 0 && (rare[second + RS.windowScale] as number) >= 0;
  agreeFor(tracking, slot, 0, scaled ? (rare[first + RS.windowScale] as number) : 0);
  agreeFor(tracking, slot, 1, scaled ? (rare[second + RS.windowScale] as number) : 0);
}

function agreeFor(tracking: Tracking, slot: number, side: 0 | 1, scale: number): void {
  const { ints, rare } = tracking.slab;
  const me = sideOf(slot, side);
  let bits = ((ints[me + S.bits] as number) & ~BIT.scaleMask) | (scale << BIT.scaleShift);
  const own = rare[rareSideOf(slot, side) + RS.announcedMss] as number;
  const others = rare[rareSideOf(slot, side === 0 ? 1 : 0) + RS.announcedMss] as number;
  if (others > TIMESTAMP_BYTES) {
    const least = own > TIMESTAMP_BYTES ? Math.min(own, others) : others;
    bits |= BIT.mss;
    ints[recordOf(slot) + F.full + side] = least - ((bits & BIT.timestamps) !== 0 ? TIMESTAMP_BYTES : 0);
  }
  ints[me + S.bits] = bits;
}

function tellResent(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, times } = tracking.slab;
  const me = sideOf(slot, side);
  tracking.observer.resend?.({
    flow: tracking.view(slot),
    sender: side,
    kind: "syn",
    packets: [(ints[me + S.sentPacket] as number) >>> 0, p.number],
    atNs: p.atNs,
    bytes: 0,
    waitedNs: p.atNs - (times[(me >> 1) + ST.sentAt] as number),
    duplicateAcks: 0,
  });
}
