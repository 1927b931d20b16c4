/**
 * What a segment with data says of its sender: new bytes, bytes sent again, a gap, or bytes that had been held back.
 * How a Nagle x delayed-ACK stall is proved, and what is no such stall: docs/findings/nagle-delayed-ack.md.
 */
import { clearCandidate, tellLate, tellResend, windowReleased } from "./acknowledgements.js";
import { answerData, charge, requestData } from "./exchanges.js";
import type { Resend } from "./flow-events.js";
import { D, F, seqDiff, sideOf, STRIDE, X } from "./flow-slab.js";
import { fullSize } from "./flow-view.js";
import type { Packet } from "./packet.js";
import { sniff } from "./sniff.js";
import type { Tracking } from "./tracking.js";

/** A held piece follows the ACK at once: within this, or within a quarter of the round trip where that is longer. */
const REACTION_NS = 1e6;
const REACTION_RTT_SHARE = 0.25;
/** On a path with jitter it may come later, but well within the delay that it waited for. */
const LOOSE_SHARE = 0.4;
/** Such late releases are believed, in the breakdown, where the flow has shown this many prompt ones for each. */
const PROMPT_PER_LOOSE = 2;
/** An ACK that is later than the way by less than this was not delayed by a timer; what waited for it lost a round trip only. */
const LEAST_ACK_DELAY_NS = 5e6;
/** Linux TCP_RTO_MIN is 200 ms (HZ/5); a tick and the capture's own jitter off. */
const LEAST_RTO_NS = 190e6;
/** Segments that overtake each other on the way do so within this (RFC 5681 speaks of three segments). */
const REORDER_NS = 3e6;

export function dataSegment(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet): void {
  const f = slot * STRIDE;
  const me = sideOf(f, side);
  if (p.payloadLength > (slab[me + D.largest] as number)) slab[me + D.largest] = p.payloadLength;
  const next = slab[me + D.next] as number;
  const end = (p.seq + p.payloadLength) >>> 0;
  const ahead = next < 0 ? 0 : seqDiff(p.seq, next);
  if (ahead < 0 && seqDiff(end, next) <= 0) {
    oldData(tracking, slab, slot, side, p, end);
    return;
  }
  if (ahead > 0) {
    slab[me + D.holeStart] = next;
    slab[me + D.holeEnd] = p.seq;
    slab[me + D.holeAt] = p.atNs;
  } else if (ahead < 0) resent(tracking, slab, slot, side, p); // sent again together with bytes that are new
  newData(tracking, slab, slot, side, p, end, ahead === 0);
}

function newData(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet, end: number, inOrder: boolean): void {
  const f = slot * STRIDE;
  const me = sideOf(f, side);
  const receiver = side === 0 ? 1 : 0;
  const full = fullSize(slab, f, side);
  // Offload hands several segments over as one: its tail is what Nagle's algorithm looks at.
  const small = p.payloadLength % full !== 0;
  const una = slab[me + D.una] as number;
  const inFlight = una >= 0 && seqDiff(slab[me + D.next] as number, una) > 0;
  if (small && inFlight && inOrder) provesNagleOff(tracking, slab, slot, side, una);
  if (!Number.isNaN(slab[me + D.smallAckAt])) {
    if (small && inOrder && !inFlight) released(tracking, slab, slot, side, p);
    clearCandidate(slab, me);
  }
  if (!Number.isNaN(slab[sideOf(f, receiver) + D.openedAt])) windowReleased(tracking, slab, slot, side, p);
  tellLate(tracking, slab, slot, receiver);

  slab[me + D.next] = end;
  slab[me + D.lastDataAt] = p.atNs;
  slab[me + D.lastDataPacket] = p.number;
  if (!inFlight || Number.isNaN(slab[me + D.oldestAt])) {
    slab[me + D.oldestAt] = p.atNs;
    slab[me + D.oldestPacket] = p.number;
  }
  if (small) {
    slab[me + D.smallEnd] = end;
    slab[me + D.smallAt] = p.atNs;
    slab[me + D.smallPacket] = p.number;
    slab[me + D.smallBytes] = p.payloadLength;
    slab[me + D.smallAckAt] = Number.NaN;
  } else clearCandidate(slab, me);

  if ((slab[f + F.client] as number) < 0) slab[f + F.client] = guessClient(p, side);
  if (slab[f + F.client] === side) {
    if (slab[f + F.protocol] === 0 && slab[f + F.exchanges] === 0 && slab[f + X.active] !== 1) {
      slab[f + F.protocol] = sniff(p.bytes, p.payloadStart, p.payloadCaptured, p.dstPort);
    }
    requestData(tracking, slab, slot, p, small);
  } else answerData(slab, slot, p);
}

/** A second small segment while an earlier one is in flight: Nagle's algorithm would not have let it go (RFC 896; tcp_nagle_check). */
function provesNagleOff(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, una: number): void {
  const me = sideOf(slot * STRIDE, side);
  const smallEnd = slab[me + D.smallEnd] as number;
  if (slab[me + D.nagleOff] === 1 || smallEnd < 0 || seqDiff(smallEnd, una) <= 0) return;
  slab[me + D.nagleOff] = 1;
  tracking.observer.nagleOff?.(tracking.view(slot), side);
}

/** A small segment right after a pure ACK for a small one, with no word of the peer's in between. */
function released(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet): void {
  const f = slot * STRIDE;
  const me = sideOf(f, side);
  const receiver = side === 0 ? 1 : 0;
  const them = sideOf(f, receiver);
  if (slab[me + D.nagleOff] === 1) return;
  const legToReceiver = finite(slab[them + D.leg] as number);
  const legToSender = finite(slab[me + D.leg] as number);
  const ackAt = slab[me + D.smallAckAt] as number;
  const smallAt = slab[me + D.smallAt] as number;
  const ackDelayNs = ackAt - smallAt - legToReceiver;
  const reactionNs = p.atNs - ackAt - legToSender;
  const window = slab[them + D.window] as number;
  if (ackDelayNs < LEAST_ACK_DELAY_NS) return;
  const prompt = reactionNs <= Math.max(REACTION_NS, REACTION_RTT_SHARE * (legToReceiver + legToSender));
  if (!prompt && reactionNs > LOOSE_SHARE * ackDelayNs) return;
  if (window >= 0 && window < p.payloadLength) return;
  const heldNs = p.atNs - smallAt;
  const hold = {
    flow: tracking.view(slot),
    sender: side,
    packets: [slab[me + D.smallPacket] as number, slab[me + D.smallAckPacket] as number, p.number] as const,
    smallBytes: slab[me + D.smallBytes] as number,
    releasedBytes: p.payloadLength,
    atNs: smallAt,
    ackDelayNs,
    heldNs,
    prompt,
  };
  slab[me + (prompt ? D.promptHolds : D.looseHolds)]! += 1;
  const believed = prompt || (slab[me + D.promptHolds] as number) >= PROMPT_PER_LOOSE * (slab[me + D.looseHolds] as number);
  if (believed) slab[me + D.lateDelay] = Number.NaN;
  if (slab[f + X.active] === 1) {
    tracking.troubles(slot).holds.push(hold);
    if (believed) charge(slab, f, X.hold, heldNs, side);
  }
  tracking.observer.hold?.(hold);
}

/** All bytes were seen before: a keep-alive, a probe of a closed window, a late arrival, or data sent again. */
function oldData(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet, end: number): void {
  const f = slot * STRIDE;
  const me = sideOf(f, side);
  const them = sideOf(f, side === 0 ? 1 : 0);
  const una = slab[me + D.una] as number;
  const next = slab[me + D.next] as number;
  if (p.payloadLength <= 1 && end === next && una === next) return; // keep-alive (RFC 9293 section 3.8.4)
  if (p.payloadLength <= 1 && !Number.isNaN(slab[them + D.zeroAt])) return; // window probe (section 3.8.6.1)
  const holeStart = slab[me + D.holeStart] as number;
  const inHole = holeStart >= 0 && seqDiff(p.seq, holeStart) >= 0 && seqDiff(end, slab[me + D.holeEnd] as number) <= 0;
  if (inHole) {
    fillHole(tracking, slab, slot, side, p, end);
    return;
  }
  resent(tracking, slab, slot, side, p);
}

/** Bytes that were missing: overtaken on the way, or lost before the capture point and sent again. */
function fillHole(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet, end: number): void {
  const me = sideOf(slot * STRIDE, side);
  const sinceNs = p.atNs - (slab[me + D.holeAt] as number);
  if (p.seq === slab[me + D.holeStart]) slab[me + D.holeStart] = end;
  if (seqDiff(slab[me + D.holeEnd] as number, slab[me + D.holeStart] as number) <= 0) slab[me + D.holeStart] = -1;
  const duplicateAcks = slab[me + D.duplicateAcks] as number;
  if (sinceNs < REORDER_NS && duplicateAcks < 3) return;
  tell(tracking, slab, slot, side, p, sinceNs >= LEAST_RTO_NS && duplicateAcks < 3 ? "rto" : "fast-retransmit", sinceNs, null);
}

function resent(tracking: Tracking, slab: Float64Array, slot: number, side: 0 | 1, p: Packet): void {
  const f = slot * STRIDE;
  const me = sideOf(f, side);
  const una = slab[me + D.una] as number;
  const end = (p.seq + p.payloadLength) >>> 0;
  const oldestAt = slab[me + D.oldestAt] as number;
  const original = slab[me + D.oldestPacket] as number;
  if (una >= 0 && seqDiff(end, una) <= 0) {
    tell(tracking, slab, slot, side, p, "spurious", Math.max(0, finite(p.atNs - (slab[me + D.lastDataAt] as number))), original);
    return;
  }
  const waitedNs = Math.max(0, finite(p.atNs - oldestAt));
  const duplicateAcks = slab[me + D.duplicateAcks] as number;
  const kind = waitedNs >= LEAST_RTO_NS && duplicateAcks < 3 ? "rto" : "fast-retransmit";
  // Without duplicate ACKs this may be a tail loss probe (RFC 8985 section 7): whether anything was lost, the next ACK tells.
  const probe = kind === "fast-retransmit" && duplicateAcks < 3;
  if (probe) tracking.waitForAck(slot, side, makeResend(tracking, slab, slot, side, p, kind, waitedNs, original));
  else tell(tracking, slab, slot, side, p, kind, waitedNs, original);
  slab[me + D.oldestAt] = p.atNs;
  slab[me + D.oldestPacket] = p.number;
  slab[me + D.resentSinceAck] = probe ? 2 : 1;
  clearCandidate(slab, me);
}

function tell(
  tracking: Tracking,
  slab: Float64Array,
  slot: number,
  side: 0 | 1,
  p: Packet,
  kind: Resend["kind"],
  waitedNs: number,
  original: number | null,
): void {
  tellResend(tracking, slab, slot, makeResend(tracking, slab, slot, side, p, kind, waitedNs, original));
}

function makeResend(
  tracking: Tracking,
  slab: Float64Array,
  slot: number,
  side: 0 | 1,
  p: Packet,
  kind: Resend["kind"],
  waitedNs: number,
  original: number | null,
): Resend {
  const me = sideOf(slot * STRIDE, side);
  return {
    flow: tracking.view(slot),
    sender: side,
    kind,
    packets: [original, p.number],
    atNs: p.atNs,
    bytes: p.payloadLength,
    waitedNs,
    duplicateAcks: slab[me + D.duplicateAcks] as number,
  };
}

/** In the middle of a connection: the higher port is most likely the client's (RFC 6335), else who speaks first. */
function guessClient(p: Packet, side: 0 | 1): 0 | 1 {
  const clientSends = p.srcPort === p.dstPort || p.srcPort > p.dstPort;
  if (clientSends) return side;
  return side === 0 ? 1 : 0;
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
