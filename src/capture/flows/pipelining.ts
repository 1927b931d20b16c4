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
import type { Outstanding } from "../streams/connection-tap.js";
import { isPipelined, type Pipelined } from "../streams/reading.js";
import { beginsRequest, requestsIn } from "../streams/requests-in.js";
import type { Trouble } from "../streams/stream-exchange.js";
import { endExchange } from "./exchanges.js";
import { BIT, F, R, rareOf, recordOf, S, ST, STATE, sideOf, X, XT } from "./flow-slab.js";
import { PROTOCOLS } from "./flow-view.js";
import type { Tracking } from "./tracking.js";

const { state: STATE_BITS, exchanges: EXCHANGES } = F;
const { active: ACTIVE, answered: ANSWERED, lastSmall: LAST_SMALL } = STATE;
const { wholeRequest: WHOLE, headRequest: HEAD, outOfStep: OUT_OF_STEP, asksAhead: ASKS_AHEAD } = STATE;
/** While one of these is set, every message is looked at. */
const ALWAYS = OUT_OF_STEP | ASKS_AHEAD;
/** Of segments that are no longer than those that were looked at before, and held one request or part of one: every so many. */
const EVERY = 16;
/** A server that has answered, and has been asked nothing for this long, owes nothing: that, and two ways from end to end. */
const PAUSE_NS = 20e6;

/** The flow's protocol is known now, from its client's first data. */
export function watchForPipelining(tracking: Tracking, slot: number): void {
  const { ints, rare } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  if (pipelinedKind(ints[state] as number) === undefined) return;
  const opening = rareOf(slot);
  const inTheMiddle =
    Number.isNaN(rare[opening + R.synAt] as number) && Number.isNaN(rare[opening + R.synAckAt] as number);
  ints[state]! |= STATE.pipelinable | (inTheMiddle ? OUT_OF_STEP : 0);
}

/** New data of the client, before it is made part of an exchange. @param inOrder it begins where the last one ended */
export function requestSent(tracking: Tracking, slot: number, client: 0 | 1, p: Packet, inOrder: boolean): void {
  const { ints, longest } = tracking.slab;
  const flow = recordOf(slot);
  const state = ints[flow + STATE_BITS] as number;
  if ((state & (ACTIVE | ANSWERED)) === ACTIVE) {
    // A request ends with less than a full segment, nearly always.
    if ((state & LAST_SMALL) !== 0) unanswered(tracking, slot, client, p, inOrder);
    return;
  }
  // What is known of the segment that began the exchange before is not known of this one.
  if ((state & WHOLE) !== 0) ints[flow + STATE_BITS] = state & ~(WHOLE | HEAD);
  const isLonger = p.payloadLength > (longest[slot] as number);
  if (isLonger || (state & ALWAYS) !== 0 || (ints[flow + EXCHANGES] as number) % EVERY === 0) {
    look(tracking, slot, client, p);
  }
}

/** More data, while the answer is awaited: the rest of the request, or the next one. */
function unanswered(tracking: Tracking, slot: number, client: 0 | 1, p: Packet, inOrder: boolean): void {
  const { ints } = tracking.slab;
  const flow = recordOf(slot);
  const state = ints[flow + STATE_BITS] as number;
  const kind = pipelinedKind(state);
  if (kind === undefined) return;
  if ((state & WHOLE) !== 0 && inOrder) readFrom(tracking, slot, client, p, kind, true);
  else if ((state & (OUT_OF_STEP | ASKS_AHEAD)) !== (OUT_OF_STEP | ASKS_AHEAD) && beginsRequest(kind, p)) {
    miss(tracking, slot, kind);
  }
}

/** A message begins. */
function look(tracking: Tracking, slot: number, client: 0 | 1, p: Packet): void {
  const { ints, longest } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  if (((ints[state] as number) & OUT_OF_STEP) !== 0 && isAfterPause(tracking, slot, client, p))
    ints[state]! &= ~OUT_OF_STEP;
  const kind = pipelinedKind(ints[state] as number);
  if (kind === undefined) return;
  const held = requestsIn(kind, p);
  const inStep = ((ints[state] as number) & OUT_OF_STEP) === 0;
  if (held === "more") {
    if (inStep && p.payloadCaptured === p.payloadLength) readFrom(tracking, slot, client, p, kind, false);
    else miss(tracking, slot, kind);
    return;
  }
  if (p.payloadLength > (longest[slot] as number)) longest[slot] = p.payloadLength;
  if (held !== "part" && inStep) ints[state]! |= held === "head" ? WHOLE | HEAD : WHOLE;
}

/** Requests are ahead of answers, and cannot be told apart from here on: what was asked before is not known. */
function miss(tracking: Tracking, slot: number, kind: Pipelined): void {
  const state = recordOf(slot) + STATE_BITS;
  const { ints } = tracking.slab;
  if (((ints[state] as number) & ASKS_AHEAD) === 0) tracking.streams.missed(kind);
  ints[state] = ((ints[state] as number) & ~WHOLE) | OUT_OF_STEP | ASKS_AHEAD;
}

/** The server spoke last, and nobody has said anything for so long that no answer is due. */
function isAfterPause({ slab: { ints, times } }: Tracking, slot: number, client: 0 | 1, p: Packet): boolean {
  const server = sideOf(slot, client === 0 ? 1 : 0);
  if (((ints[server + S.bits] as number) & BIT.next) === 0) return false;
  const wayNs =
    finite(times[(sideOf(slot, client) >> 1) + ST.leg] as number) + finite(times[(server >> 1) + ST.leg] as number);
  return p.atNs - (times[(server >> 1) + ST.sentAt] as number) >= PAUSE_NS + 2 * wayNs;
}

/** From this segment on the flow is read inside. @param isSecond one request came before it, and is not answered */
function readFrom(
  tracking: Tracking,
  slot: number,
  client: 0 | 1,
  p: Packet,
  kind: Pipelined,
  isSecond: boolean,
): void {
  const { ints } = tracking.slab;
  const state = recordOf(slot) + STATE_BITS;
  // What has ended until here is told as before.
  if (!isSecond) endExchange(tracking, slot);
  const before = ints[state] as number;
  const server = sideOf(slot, client === 0 ? 1 : 0);
  const knowsServer = ((ints[server + S.bits] as number) & BIT.next) !== 0;
  const troubles = isSecond ? troublesOf(tracking, slot) : [];
  const isOfThis = (trouble: Trouble): boolean => trouble.event.packets.includes(p.number);
  const begins = tracking.streams.pipelined(slot, {
    client,
    kind,
    firstSeq: { client: p.seq, server: knowsServer ? (ints[server + S.next] as number) : p.ack },
    eventful: (before & STATE.eventful) !== 0,
    again: (before & STATE.readAgain) !== 0,
    outstanding: isSecond
      ? outstanding(
          tracking,
          slot,
          troubles.filter((trouble) => !isOfThis(trouble)),
        )
      : undefined,
    delayed: troubles.filter(isOfThis),
  });
  if (!begins) return;
  ints[state] =
    ((ints[state] as number) & ~(STATE.pipelinable | STATE.eventful | ALWAYS | WHOLE | HEAD)) | STATE.readInside;
}

/** The request that waits for its answer, as the flow's record has it. */
function outstanding({ slab: { ints, times } }: Tracking, slot: number, troubles: readonly Trouble[]): Outstanding {
  const flow = recordOf(slot);
  const time = flow >> 1;
  const method = ((ints[flow + STATE_BITS] as number) & HEAD) === 0 ? "GET" : "HEAD";
  const atNs = times[time + XT.requestAt] as number;
  const sent = { packet: (ints[flow + X.firstPacket] as number) >>> 0, atNs, small: true };
  return { sent, bytes: times[time + XT.requestBytes] as number, method, troubles };
}

function troublesOf(tracking: Tracking, slot: number): Trouble[] {
  const state = tracking.slab.ints[recordOf(slot) + STATE_BITS] as number;
  if ((state & STATE.troubled) === 0) return [];
  const { holds, resends, windowStalls } = tracking.troubles(slot);
  return [
    ...holds.map((event) => {
      const believed = event.prompt || tracking.believesLoose(slot, event.sender);
      return { kind: "hold", event, believed } as const;
    }),
    ...resends.map((event) => ({ kind: "resend", event }) as const),
    ...windowStalls.map((event) => ({ kind: "window", event }) as const),
  ];
}

function pipelinedKind(state: number): Pipelined | undefined {
  const protocol = PROTOCOLS[(state & STATE.protocolMask) >> STATE.protocolShift] as string;
  return isPipelined(protocol) ? protocol : undefined;
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
