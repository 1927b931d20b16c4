/**
 * Whether a client sends requests ahead of answers. Who speaks in turn does not tell them apart, so from there on the flow's bytes are
 * read (../streams). Most clients never do it, and bytes that nobody has touched yet cost more than all else about a packet; so
 * `npm run bench -- pcap` watches this file.
 *
 * It shows in one of two ways. A segment holds more than one request: looked for where a message begins. Or a request goes out while an
 * earlier one has no answer: then what the earlier segment held must be known, and it is if that was looked at. Else, and where the
 * capture begins in the middle of a connection or has a gap, nobody knows how many answers are due; after a pause none is.
 */

import type { Packet } from "../decode/packet.js";
import { isPipelined, type Pipelined } from "../streams/reading.js";
import { BegunRequest, beginsRequest, isOneRequest } from "../streams/requests-in.js";
import { endExchange } from "./exchanges.js";
import { BIT, F, R, rareOf, recordOf, S, ST, STATE, sideOf, X, XT } from "./flow-slab.js";
import { PROTOCOLS } from "./flow-view.js";
import { type Earlier, outstandingOf } from "./outstanding.js";
import type { Tracking } from "./tracking.js";

const { state: STATE_BITS, exchanges: EXCHANGES } = F;
const { active: ACTIVE, answered: ANSWERED, lastSmall: LAST_SMALL } = STATE;
const { wholeRequest: WHOLE, headRequest: HEAD, begunRequest: BEGUN } = STATE;
const { outOfStep: OUT_OF_STEP, asksAhead: ASKS_AHEAD } = STATE;
const OF_REQUEST = WHOLE | HEAD | BEGUN;
/** Both: it asks ahead, and how many answers are due is not known. */
const AHEAD_AND_LOST = OUT_OF_STEP | ASKS_AHEAD;
const SPECIAL = OF_REQUEST | AHEAD_AND_LOST;
/**
 * A look costs as much as all else about a packet: its bytes come from the core that has read them. So of messages as short as one that
 * was looked at, and held no more than one request, few are looked at; longer ones, by an eighth at least, are. What is long in any
 * case says less: a value to store, or many requests.
 */
const FIRST = 2;
const EVERY_SHORT = 64;
const EVERY_LONG = 8;
const LONGER = 9 / 8;
const { lookedAtShift: LOOKED_AT } = STATE;
const UNIT_BYTES = 8;
const MOST_UNITS = 63;
const LONG_BYTES = MOST_UNITS * UNIT_BYTES;
/** Flows whose request is read over several segments, at most. */
const MOST_BEGUN = 4096;
/** A server that has answered, and has been asked nothing for this long, owes nothing: that, and two ways from end to end. */
const PAUSE_NS = 20e6;

/** The flow's protocol is known now, from its client's first data. */
export function watchForPipelining(tracking: Tracking, slot: number, client: 0 | 1, p: Packet): void {
  const { ints, rare } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  if (kindOf(ints[state] as number) === undefined) return;
  const opening = rareOf(slot);
  const inTheMiddle =
    Number.isNaN(rare[opening + R.synAt] as number) && Number.isNaN(rare[opening + R.synAckAt] as number);
  ints[state]! |= STATE.pipelinable | (inTheMiddle ? OUT_OF_STEP : 0);
  look(tracking, slot, client, p);
}

/** New data of a client that is watched, before it is made part of an exchange. */
export function requestSent(tracking: Tracking, slot: number, client: 0 | 1, p: Packet): void {
  const { ints } = tracking.slab;
  const flow = recordOf(slot);
  const state = ints[flow + STATE_BITS] as number;
  if ((state & (ACTIVE | ANSWERED)) === ACTIVE) {
    // A request ends with less than a full segment, nearly always.
    if ((state & (LAST_SMALL | BEGUN)) !== 0) unanswered(tracking, slot, client, p);
    return;
  }
  if ((state & SPECIAL) !== 0 && !isToBeLookedAt(tracking, slot, client, p)) return;
  const exchanges = ints[flow + EXCHANGES] as number;
  const known = (state >>> LOOKED_AT) * UNIT_BYTES;
  const seldom = p.payloadLength <= known ? EVERY_SHORT - 1 : known < LONG_BYTES ? 0 : EVERY_LONG - 1;
  if (exchanges < FIRST || (exchanges & seldom) === 0) look(tracking, slot, client, p);
}

/** The same where the data does not begin where the last one ended. */
export function requestOutOfOrder(tracking: Tracking, slot: number, p: Packet): void {
  const state = tracking.slab.ints[recordOf(slot) + STATE_BITS] as number;
  const kind = kindOf(state);
  forgetRequest(tracking, slot);
  const isMore = (state & (ACTIVE | ANSWERED | LAST_SMALL)) === (ACTIVE | LAST_SMALL);
  if (kind !== undefined && isMore && beginsRequest(kind, p, false)) miss(tracking, slot, kind);
}

/** A message begins, of a flow of which something is known. @returns whether it may be looked at as any other */
function isToBeLookedAt(tracking: Tracking, slot: number, client: 0 | 1, p: Packet): boolean {
  const { ints } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  forgetRequest(tracking, slot);
  if (((ints[state] as number) & OUT_OF_STEP) !== 0 && isAfterPause(tracking, slot, client, p))
    ints[state]! &= ~OUT_OF_STEP;
  if (((ints[state] as number) & ASKS_AHEAD) === 0) return true;
  const kind = kindOf(ints[state] as number);
  if (kind !== undefined && ((ints[state] as number) & OUT_OF_STEP) === 0)
    readFrom(tracking, slot, client, p, kind, undefined);
  return false;
}

/** A message begins. */
function look(tracking: Tracking, slot: number, client: 0 | 1, p: Packet): void {
  const { ints } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  const before = ints[state] as number;
  const kind = kindOf(before);
  if (kind === undefined) return;
  const known = Math.ceil((Math.min(p.payloadLength, LONG_BYTES) * LONGER) / UNIT_BYTES);
  if (known > before >>> LOOKED_AT)
    ints[state] = (before & ((1 << LOOKED_AT) - 1)) | (Math.min(MOST_UNITS, known) << LOOKED_AT);
  if (isOneRequest(kind, p)) {
    if (((ints[state] as number) & OUT_OF_STEP) === 0) ints[state]! |= WHOLE;
  } else goOn(tracking, slot, client, p, kind, BegunRequest.of(kind));
}

/** More data, while the answer is awaited: the rest of the request, or the next one. */
function unanswered(tracking: Tracking, slot: number, client: 0 | 1, p: Packet): void {
  const state = tracking.slab.ints[recordOf(slot) + STATE_BITS] as number;
  const kind = kindOf(state);
  if (kind === undefined || (state & AHEAD_AND_LOST) === AHEAD_AND_LOST) return;
  const begun = (state & BEGUN) === 0 ? undefined : tracking.begun.get(slot);
  if (begun !== undefined) {
    goOn(tracking, slot, client, p, kind, begun);
    return;
  }
  const isWhole = (state & WHOLE) !== 0;
  // After HTTP's head a body may follow, whatever the head says; Redis takes commands that look like nothing.
  if ((!isWhole || kind === "http1") && !beginsRequest(kind, p, isWhole)) return;
  if (isWhole || isLikeTheFirst(tracking, slot, p, kind)) {
    readFrom(tracking, slot, client, p, kind, { isHead: (state & HEAD) !== 0, isAnswered: true, ends: 0 });
  } else miss(tracking, slot, kind);
}

/** The first segment was not looked at. It is as long as this one, which is one whole request: so was that. */
function isLikeTheFirst({ slab: { ints, times } }: Tracking, slot: number, p: Packet, kind: Pipelined): boolean {
  const flow = recordOf(slot);
  return (
    ((ints[flow + STATE_BITS] as number) & OUT_OF_STEP) === 0 &&
    ints[flow + X.requestSegments] === 1 &&
    times[(flow >> 1) + XT.requestBytes] === p.payloadLength &&
    isOneRequest(kind, p)
  );
}

/** The segment is the first, or the next, of a request that is read. */
function goOn(tracking: Tracking, slot: number, client: 0 | 1, p: Packet, kind: Pipelined, begun: BegunRequest): void {
  const { ints } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  const before = ints[state] as number;
  const isFirst = (before & BEGUN) === 0;
  const inStep = (before & OUT_OF_STEP) === 0;
  forgetRequest(tracking, slot);
  const held = begun.take(p);
  if (held === "more") {
    if (inStep && p.payloadCaptured === p.payloadLength)
      readFrom(tracking, slot, client, p, kind, isFirst ? undefined : begun);
    else miss(tracking, slot, kind);
  } else if (held === "part" && inStep && tracking.begun.size < MOST_BEGUN) {
    tracking.begun.set(slot, begun);
    ints[state]! |= BEGUN;
  } else if (held === "one" && inStep) ints[state]! |= begun.isHead ? WHOLE | HEAD : WHOLE;
}

/** Requests are ahead of answers, and cannot be told apart from here on: what was asked before is not known. */
function miss(tracking: Tracking, slot: number, kind: Pipelined): void {
  const state = recordOf(slot) + STATE_BITS;
  const { ints } = tracking.slab;
  if (((ints[state] as number) & ASKS_AHEAD) === 0) tracking.streams.missed(kind);
  forgetRequest(tracking, slot);
  ints[state]! |= AHEAD_AND_LOST;
}

/** What is known of the last request is not known of what comes now. */
function forgetRequest(tracking: Tracking, slot: number): void {
  const state = recordOf(slot) + STATE_BITS;
  const { ints } = tracking.slab;
  if (((ints[state] as number) & BEGUN) !== 0) tracking.begun.delete(slot);
  ints[state]! &= ~OF_REQUEST;
}

/** The server spoke last, and nobody has said anything for so long that no answer is due. */
function isAfterPause({ slab: { ints, times } }: Tracking, slot: number, client: 0 | 1, p: Packet): boolean {
  const server = sideOf(slot, client === 0 ? 1 : 0);
  if (((ints[server + S.bits] as number) & BIT.next) === 0) return false;
  const wayNs =
    finite(times[(sideOf(slot, client) >> 1) + ST.leg] as number) + finite(times[(server >> 1) + ST.leg] as number);
  return p.atNs - (times[(server >> 1) + ST.sentAt] as number) >= PAUSE_NS + 2 * wayNs;
}

/** From this segment on the flow is read inside. */
function readFrom(
  tracking: Tracking,
  slot: number,
  client: 0 | 1,
  p: Packet,
  kind: Pipelined,
  earlier: Earlier | undefined,
): void {
  const { ints } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  const outstanding = earlier?.isAnswered === true ? outstandingOf(tracking, slot, p, earlier) : undefined;
  // What has ended until here is told as before.
  if (outstanding === undefined) endExchange(tracking, slot);
  const before = ints[state] as number;
  const server = sideOf(slot, client === 0 ? 1 : 0);
  const knowsServer = ((ints[server + S.bits] as number) & BIT.next) !== 0;
  const begins = tracking.streams.pipelined(slot, {
    client,
    kind,
    firstSeq: {
      client: p.seq + (earlier?.ends ?? 0),
      server: knowsServer ? (ints[server + S.next] as number) : p.ack,
    },
    eventful: (before & STATE.eventful) !== 0,
    again: (before & STATE.readAgain) !== 0,
    outstanding,
  });
  if (begins)
    ints[state] = (before & ~(STATE.pipelinable | STATE.eventful | AHEAD_AND_LOST | OF_REQUEST)) | STATE.readInside;
}

function kindOf(state: number): Pipelined | undefined {
  const protocol = PROTOCOLS[(state & STATE.protocolMask) >> STATE.protocolShift] as string;
  return isPipelined(protocol) ? protocol : undefined;
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
