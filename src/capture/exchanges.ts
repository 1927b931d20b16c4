/** A request and its answer, told apart by who speaks: the client's first byte after the server's last one begins the next exchange. */
import type { Breakdown } from "../report/model.js";
import type { Exchange, Flow, Hold, PacketNote, Resend, WindowStall } from "./flow-events.js";
import { D, F, sideOf, STRIDE, X } from "./flow-slab.js";
import type { Packet } from "./packet.js";
import type { Tracking } from "./tracking.js";

const NOTHING: readonly never[] = Object.freeze([]);

/** New data of the client. @param small it does not fill a segment */
export function requestData(tracking: Tracking, slab: Float64Array, slot: number, p: Packet, small: boolean): void {
  const f = slot * STRIDE;
  if (slab[f + X.active] === 1 && !Number.isNaN(slab[f + X.answerFirst])) endExchange(tracking, slab, slot);
  if (slab[f + X.active] !== 1) {
    slab[f + X.active] = 1;
    slab[f + X.requestAt] = p.atNs;
    slab[f + X.answerFirst] = Number.NaN;
    slab[f + X.firstPacket] = p.number;
    for (let field = X.requestBytes; field <= X.lastSmall; field++) slab[f + field] = 0;
    slab[f + X.answerBytes] = 0;
    slab[f + X.answerSegments] = 0;
    for (let field = X.hold; field <= X.waitStall; field++) slab[f + field] = 0;
  }
  if (slab[f + X.lastSmall] === 1) slab[f + X.smallSegments]! += 1;
  slab[f + X.lastSmall] = small ? 1 : 0;
  slab[f + X.requestLast] = p.atNs;
  slab[f + X.waitStall] = 0;
  slab[f + X.requestBytes]! += p.payloadLength;
  slab[f + X.requestSegments]! += 1;
  slab[f + X.lastPacket] = p.number;
}

/** New data of the server. Without a request it is a greeting, and no part of an exchange. */
export function answerData(slab: Float64Array, slot: number, p: Packet): void {
  const f = slot * STRIDE;
  if (slab[f + X.active] !== 1) return;
  if (Number.isNaN(slab[f + X.answerFirst])) slab[f + X.answerFirst] = p.atNs;
  slab[f + X.answerLast] = p.atNs;
  slab[f + X.answerBytes]! += p.payloadLength;
  slab[f + X.answerSegments]! += 1;
  slab[f + X.lastPacket] = p.number;
}

/** Tells the observer of the exchange that ran, if it was answered. */
export function endExchange(tracking: Tracking, slab: Float64Array, slot: number): void {
  const f = slot * STRIDE;
  if (slab[f + X.active] !== 1) return;
  slab[f + X.active] = 0;
  const troubles = tracking.takeTroubles(slot);
  if (Number.isNaN(slab[f + X.answerFirst])) return;
  slab[f + F.exchanges]! += 1;
  const { observer } = tracking;
  if (observer.exchange === undefined) return;
  const flow = tracking.view(slot);
  observer.exchange(
    new EndedExchange(
      flow,
      slab,
      f,
      troubles?.holds ?? NOTHING,
      troubles?.resends ?? NOTHING,
      troubles?.windowStalls ?? NOTHING,
      tracking,
      slot,
    ),
  );
}

class EndedExchange implements Exchange {
  readonly flow: Flow;
  readonly number: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly latencyNs: number;
  readonly breakdownNs: Breakdown;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly requestSegments: number;
  readonly answerSegments: number;
  readonly smallRequestSegments: number;
  readonly packets: readonly [number, number];
  readonly holds: readonly Hold[];
  readonly resends: readonly Resend[];
  readonly windowStalls: readonly WindowStall[];
  readonly #tracking: Tracking;
  readonly #slot: number;

  constructor(
    flow: Flow,
    slab: Float64Array,
    f: number,
    holds: readonly Hold[],
    resends: readonly Resend[],
    windowStalls: readonly WindowStall[],
    tracking: Tracking,
    slot: number,
  ) {
    this.flow = flow;
    this.number = flow.exchanges;
    this.startNs = slab[f + X.requestAt] as number;
    this.endNs = slab[f + X.answerLast] as number;
    this.latencyNs = Math.max(0, this.endNs - this.startNs);
    this.breakdownNs = breakdown(slab, f, this.latencyNs, flow.client === 0 ? sideOf(f, 1) : sideOf(f, 0));
    this.requestBytes = slab[f + X.requestBytes] as number;
    this.answerBytes = slab[f + X.answerBytes] as number;
    this.requestSegments = slab[f + X.requestSegments] as number;
    this.answerSegments = slab[f + X.answerSegments] as number;
    this.smallRequestSegments = slab[f + X.smallSegments] as number;
    this.packets = [slab[f + X.firstPacket] as number, slab[f + X.lastPacket] as number];
    this.holds = holds;
    this.resends = resends;
    this.windowStalls = windowStalls;
    this.#tracking = tracking;
    this.#slot = slot;
  }

  recentPackets(): readonly PacketNote[] {
    return this.#tracking.notes(this.#slot);
  }
}

/**
 * Where the latency went; the parts add up to it. Between the last byte of the request and the first of the answer lie the way
 * to the server and back (the least seen from the capture point) and, for the rest, the server.
 * @param server offset of the server's side
 */
function breakdown(slab: Float64Array, f: number, latencyNs: number, server: number): Breakdown {
  const senderHold = Math.min(latencyNs, slab[f + X.hold] as number);
  const loss = Math.min(latencyNs - senderHold, slab[f + X.loss] as number);
  const window = Math.min(latencyNs - senderHold - loss, slab[f + X.window] as number);
  const left = latencyNs - senderHold - loss - window;
  const waitNs = Math.max(0, (slab[f + X.answerFirst] as number) - (slab[f + X.requestLast] as number) - (slab[f + X.waitStall] as number));
  const legNs = slab[server + D.leg] as number;
  const network = Math.min(left, waitNs, Number.isFinite(legNs) ? legNs : waitNs);
  const thinking = Math.min(left - network, waitNs - network);
  return { network, senderHold, loss, window, server: thinking, transfer: left - network - thinking };
}

/** Adds time to one of the running exchange's accounts. @param field X.hold, X.loss or X.window */
export function charge(slab: Float64Array, flow: number, field: number, ns: number, sender: 0 | 1): void {
  if (slab[flow + X.active] !== 1 || !(ns > 0)) return;
  const bySender = slab[flow + F.client] === sender;
  const answering = !Number.isNaN(slab[flow + X.answerFirst]);
  // The client's data delays the request, the server's the answer; anything else delayed nobody in this exchange.
  if (bySender === answering) return;
  slab[flow + field]! += ns;
  if (!answering) slab[flow + X.waitStall]! += ns;
}
