/**
 * Data that was held back until an ACK came, and what shows that an end does not hold back.
 * How a Nagle x delayed-ACK stall is proved, and what is no such stall: docs/findings/nagle-delayed-ack.md.
 */

import type { Packet } from "../decode/packet.js";
import { charge } from "./exchanges.js";
import { BIT, F, R, RS, rareSideOf, recordOf, S, ST, STATE, sideOf } from "./flow-slab.js";
import type { Tracking } from "./tracking.js";

/** A held piece follows the ACK at once: within this, or within a quarter of the round trip where that is longer. */
const REACTION_NS = 1e6;
const REACTION_RTT_SHARE = 0.25;
/** On a path with jitter it may come later, but well within the delay that it waited for. */
const LOOSE_SHARE = 0.4;
/** An ACK that is later than the way by less than this was not delayed by a timer; what waited for it lost a round trip only. */
const LEAST_ACK_DELAY_NS = 5e6;

/** A second small segment while an earlier one is in flight: Nagle's algorithm would not have let it go (RFC 896; tcp_nagle_check). */
export function provesNagleOff(tracking: Tracking, slot: number, side: 0 | 1): void {
  tracking.slab.ints[sideOf(slot, side) + S.bits]! |= BIT.nagleOff;
  tracking.observer.nagleOff?.(tracking.view(slot), side);
}

/** A small segment right after a pure ACK for a small one, with no word of the peer's in between. */
export function released(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, times } = tracking.slab;
  const me = sideOf(slot, side);
  const them = sideOf(slot, side === 0 ? 1 : 0);
  if (((ints[me + S.bits] as number) & BIT.nagleOff) !== 0) return;
  const legToReceiver = finite(times[(them >> 1) + ST.leg] as number);
  const legToSender = finite(times[(me >> 1) + ST.leg] as number);
  const ackAt = times[(me >> 1) + ST.ackAt] as number;
  const smallAt = times[(me >> 1) + ST.sentAt] as number;
  const ackDelayNs = ackAt - smallAt - legToReceiver;
  const reactionNs = p.atNs - ackAt - legToSender;
  const window = ints[them + S.window] as number;
  if (ackDelayNs < LEAST_ACK_DELAY_NS) return;
  const prompt = reactionNs <= Math.max(REACTION_NS, REACTION_RTT_SHARE * (legToReceiver + legToSender));
  if (!prompt && reactionNs > LOOSE_SHARE * ackDelayNs) return;
  if (window >= 0 && window < p.payloadLength) return;
  const heldNs = p.atNs - smallAt;
  const flow = recordOf(slot);
  const hold = {
    flow: tracking.view(slot),
    sender: side,
    packets: [(ints[me + S.sentPacket] as number) >>> 0, (ints[me + S.ackPacket] as number) >>> 0, p.number] as const,
    smallBytes: ints[flow + F.lastBytes + side] as number,
    releasedBytes: p.payloadLength,
    atNs: smallAt,
    ackDelayNs,
    heldNs,
    prompt,
  };
  const believed = count(tracking, slot, side, prompt);
  // An ACK that set something free is not told as one that came late and set nothing free.
  if (believed) ints[me + S.bits]! &= ~BIT.late;
  if (((ints[flow + F.state] as number) & STATE.active) !== 0) {
    tracking.troubles(slot).holds.push(hold);
    if (believed) charge(tracking, slot, R.hold, heldNs, side);
  }
  ints[flow + F.state]! |= STATE.eventful;
  tracking.observer.hold?.(hold);
}

/** @returns whether the hold is to be believed */
function count(tracking: Tracking, slot: number, side: 0 | 1, prompt: boolean): boolean {
  const { rare } = tracking.slab;
  const mine = rareSideOf(slot, side);
  rare[mine + (prompt ? RS.promptHolds : RS.looseHolds)]! += 1;
  return prompt || tracking.believesLoose(slot, side);
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
