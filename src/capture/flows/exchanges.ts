/**
 * A request and its answer, told apart by who speaks: the client's first byte after the server's last one begins the next exchange.
 * Runs for every packet with data; `npm run bench -- pcap` watches it.
 */

import type { Packet } from "../decode/packet.js";
import { OF_EXCHANGE as ALL_OF_IT, F, R, rareOf, recordOf, STATE, X, XT } from "./flow-slab.js";
import type { Tracking } from "./tracking.js";

const { state: STATE_BITS, exchanges: EXCHANGES } = F;
const { firstPacket: FIRST_PACKET, requestSegments: REQUEST_SEGMENTS } = X;
const { answerSegments: ANSWER_SEGMENTS, smallSegments: SMALL_SEGMENTS } = X;
const { requestAt: REQUEST_AT, requestLast: REQUEST_LAST, requestBytes: REQUEST_BYTES } = XT;
const { answerFirst: ANSWER_FIRST, answerLast: ANSWER_LAST, answerBytes: ANSWER_BYTES } = XT;
const { active: ACTIVE, answered: ANSWERED, troubled: TROUBLED, charged: CHARGED, lastSmall: LAST_SMALL } = STATE;
const { eventful: EVENTFUL, readInside: READ_INSIDE, protocolMask: PROTOCOL } = STATE;
const OF_EXCHANGE = ALL_OF_IT;

/** New data of the client. @param small it does not fill a segment */
export function requestData(tracking: Tracking, slot: number, p: Packet, small: boolean): void {
  const { ints, times } = tracking.slab;
  const flow = recordOf(slot);
  const time = flow >> 1;
  let state = ints[flow + STATE_BITS] as number;
  if ((state & ANSWERED) !== 0) {
    endExchange(tracking, slot);
    state = ints[flow + STATE_BITS] as number;
  }
  if ((state & ACTIVE) === 0) {
    state |= ACTIVE;
    times[time + REQUEST_AT] = p.atNs;
    times[time + REQUEST_BYTES] = 0;
    times[time + ANSWER_BYTES] = 0;
    ints[flow + FIRST_PACKET] = p.number;
    ints[flow + REQUEST_SEGMENTS] = 0;
    ints[flow + ANSWER_SEGMENTS] = 0;
    ints[flow + SMALL_SEGMENTS] = 0;
  } else {
    if ((state & LAST_SMALL) !== 0) ints[flow + SMALL_SEGMENTS]! += 1;
    if ((state & CHARGED) !== 0) tracking.slab.rare[rareOf(slot) + R.waitStall] = 0;
  }
  ints[flow + STATE_BITS] = small ? state | LAST_SMALL : state & ~LAST_SMALL;
  times[time + REQUEST_LAST] = p.atNs;
  times[time + REQUEST_BYTES]! += p.payloadLength;
  ints[flow + REQUEST_SEGMENTS]! += 1;
}

/** New data of the server. Without a request it is a greeting, and no part of an exchange. */
export function answerData(tracking: Tracking, slot: number, p: Packet): void {
  const { ints, times } = tracking.slab;
  const flow = recordOf(slot);
  const time = flow >> 1;
  const state = ints[flow + STATE_BITS] as number;
  if ((state & ACTIVE) === 0) {
    if ((state & PROTOCOL) === 0 && ints[flow + EXCHANGES] === 0) greeting(tracking, slot, p);
    return;
  }
  if ((state & ANSWERED) === 0) {
    ints[flow + STATE_BITS] = state | ANSWERED;
    times[time + ANSWER_FIRST] = p.atNs;
  }
  times[time + ANSWER_LAST] = p.atNs;
  times[time + ANSWER_BYTES]! += p.payloadLength;
  ints[flow + ANSWER_SEGMENTS]! += 1;
}

/** A server that speaks first, and says nothing that is known, unless it is HTTP/2. */
function greeting(tracking: Tracking, slot: number, p: Packet): void {
  const client = (((tracking.slab.ints[recordOf(slot) + STATE_BITS] as number) & STATE.client) - 1) as 0 | 1;
  if (tracking.streams.greeted(slot, client, p)) tracking.slab.ints[recordOf(slot) + STATE_BITS]! |= READ_INSIDE;
}

/** Tells the observer of the exchange that ran, if it was answered. Of a flow that is read inside it is none. */
export function endExchange(tracking: Tracking, slot: number): void {
  const { ints } = tracking.slab;
  const flow = recordOf(slot);
  const state = ints[flow + STATE_BITS] as number;
  if ((state & ACTIVE) === 0) return;
  const troubles = (state & TROUBLED) === 0 ? undefined : tracking.takeTroubles(slot);
  let told = OF_EXCHANGE;
  if ((state & (ANSWERED | READ_INSIDE)) === ANSWERED) {
    told |= EVENTFUL;
    ints[flow + EXCHANGES]! += 1;
    const { observer } = tracking;
    if (observer.exchange !== undefined) {
      tracking.ended.fill(slot, state, troubles);
      observer.exchange(tracking.ended);
    }
  }
  ints[flow + STATE_BITS] = (ints[flow + STATE_BITS] as number) & ~told;
}

/** Adds time to one of the running exchange's accounts. @param account R.hold, R.loss or R.window */
export function charge(tracking: Tracking, slot: number, account: number, ns: number, sender: 0 | 1): void {
  const { ints, rare } = tracking.slab;
  const flow = recordOf(slot);
  const state = ints[flow + STATE_BITS] as number;
  if ((state & ACTIVE) === 0 || !(ns > 0)) return;
  const bySender = (state & STATE.client) - 1 === sender;
  const answering = (state & ANSWERED) !== 0;
  // The client's data delays the request, the server's the answer; anything else delayed nobody in this exchange.
  if (bySender === answering) return;
  const accounts = rareOf(slot);
  if ((state & CHARGED) === 0) {
    ints[flow + STATE_BITS] = state | CHARGED;
    rare.fill(0, accounts + R.hold, accounts + R.waitStall + 1);
  }
  rare[accounts + account]! += ns;
  if (!answering) rare[accounts + R.waitStall]! += ns;
}
