/** Windows that closed and opened again. */

import type { Packet } from "../decode/packet.js";
import { charge } from "./exchanges.js";
import { BIT, F, R, RS, rareSideOf, recordOf, S, ST, STATE, sideOf, XT } from "./flow-slab.js";
import type { Tracking } from "./tracking.js";

/** What waited for the window follows within this and two ways. */
const PROMPT_NS = 10e6;

/** The window of `side` is closed, or was before this segment. */
export function windowChanges(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, rare } = tracking.slab;
  const me = sideOf(slot, side);
  const mine = rareSideOf(slot, side);
  const closed = ((ints[me + S.bits] as number) & BIT.zero) !== 0;
  const open = (ints[me + S.window] as number) !== 0;
  if (open === !closed) return;
  if (!open) {
    ints[me + S.bits]! |= BIT.zero;
    rare[mine + RS.zeroAt] = p.atNs;
    rare[mine + RS.zeroPacket] = p.number;
    return;
  }
  ints[me + S.bits] = ((ints[me + S.bits] as number) & ~BIT.zero) | BIT.opened;
  rare[mine + RS.openedAt] = p.atNs;
  rare[mine + RS.openedPacket] = p.number;
  rare[mine + RS.closedFor] = p.atNs - (rare[mine + RS.zeroAt] as number);
}

/**
 * New data of `side` right after the receiver's window opened: the window is what it had waited for. Anything else in the
 * meantime, or a pause of the sender's own, and the closed window delayed nobody.
 */
export function windowReleased(tracking: Tracking, slot: number, side: 0 | 1, p: Packet): void {
  const { ints, times, rare } = tracking.slab;
  const receiver = side === 0 ? 1 : 0;
  const theirs = rareSideOf(slot, receiver);
  ints[sideOf(slot, receiver) + S.bits]! &= ~BIT.opened;
  const openedAt = rare[theirs + RS.openedAt] as number;
  const legNs = times[(sideOf(slot, side) >> 1) + ST.leg] as number;
  const promptNs = PROMPT_NS + 2 * (Number.isFinite(legNs) ? legNs : 0);
  if (!(p.atNs - openedAt <= promptNs)) return;
  const closedNs = rare[theirs + RS.closedFor] as number;
  const stall = {
    flow: tracking.view(slot),
    receiver,
    packets: [rare[theirs + RS.zeroPacket] as number, rare[theirs + RS.openedPacket] as number] as const,
    atNs: openedAt - closedNs,
    closedNs,
  } as const;
  const flow = recordOf(slot);
  if (((ints[flow + F.state] as number) & STATE.active) !== 0) {
    tracking.troubles(slot).windowStalls.push(stall);
    const requestAt = times[(flow >> 1) + XT.requestAt] as number;
    charge(tracking, slot, R.window, Math.min(closedNs, openedAt - requestAt), side);
  }
  ints[flow + F.state]! |= STATE.eventful;
  tracking.observer.windowStall?.(stall);
}
