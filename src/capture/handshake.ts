/** The three segments that open a connection: who the client is, what both ends can do, and how long the path is on either side. */
import { D, F, sideOf, STRIDE } from "./flow-slab.js";
import type { Packet } from "./packet.js";
import type { Tracking } from "./tracking.js";

const ACK = 16;

/** A SYN, or a SYN-ACK, that opens the flow or is sent again. */
export function synSegment(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet): void {
  const f = slot * STRIDE;
  const me = sideOf(f, side);
  const peer = sideOf(f, side === 0 ? 1 : 0);
  const answers = (p.flags & ACK) !== 0;
  slab[f + F.client] = answers ? (side === 0 ? 1 : 0) : side;
  const sentBefore = slab[me + D.isn] === p.seq;
  const field = answers ? F.synAckAt : F.synAt;
  if (sentBefore) {
    slab[f + F.synResent] = 1;
    tellResent(tracking, slab, slot, side, p);
  }
  slab[f + field] = p.atNs;
  slab[me + D.isn] = p.seq;
  slab[me + D.next] = (p.seq + 1) >>> 0;
  slab[me + D.lastDataPacket] = p.number;
  slab[me + D.lastDataAt] = p.atNs;
  slab[me + D.announcedMss] = p.mss;
  // Scaling counts only when both offered it (RFC 7323 section 2.2); a window in a SYN is never scaled.
  slab[me + D.windowScale] = p.windowScale;
  slab[me + D.window] = p.window;
  if (p.timestampValue >= 0) slab[me + D.timestamps] = 1;
  if (!answers) return;
  slab[peer + D.una] = p.ack;
  if (slab[f + F.synResent] === 1) return;
  const legNs = p.atNs - (slab[f + F.synAt] as number);
  if (legNs >= 0) {
    slab[f + F.serverLeg] = legNs;
    slab[me + D.leg] = Math.min(slab[me + D.leg] as number, legNs);
  }
}

/** The client's first ACK after the SYN-ACK ends the handshake. */
export function handshakeEnds(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet): void {
  const f = slot * STRIDE;
  if (slab[f + F.client] !== side || slab[f + F.synResent] === 1 || Number.isNaN(slab[f + F.synAckAt])) return;
  const legNs = p.atNs - (slab[f + F.synAckAt] as number);
  if (legNs < 0) return;
  slab[f + F.clientLeg] = legNs;
  const me = sideOf(f, side);
  slab[me + D.leg] = Math.min(slab[me + D.leg] as number, legNs);
  const rttNs = p.atNs - (slab[f + F.synAt] as number);
  if (!(rttNs >= 0)) return;
  slab[f + F.handshakeRtt] = rttNs;
  tracking.observer.handshake?.(tracking.view(slot), rttNs);
}

function tellResent(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet): void {
  const me = sideOf(slot * STRIDE, side);
  tracking.observer.resend?.({
    flow: tracking.view(slot),
    sender: side,
    kind: "syn",
    packets: [slab[me + D.lastDataPacket] as number, p.number],
    atNs: p.atNs,
    bytes: 0,
    waitedNs: p.atNs - (slab[me + D.lastDataAt] as number),
    duplicateAcks: 0,
  });
}
