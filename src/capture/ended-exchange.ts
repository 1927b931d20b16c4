/** An exchange as observers see it: a copy of what stood in the flow's record when it ended. */
import type { Breakdown } from "../report/model.js";
import type { Exchange, Flow, Hold, PacketNote, Resend, WindowStall } from "./flow-events.js";
import { F, R, rareOf, recordOf, S, ST, STATE, sideOf, X, XT } from "./flow-slab.js";
import type { Tracking, Troubles } from "./tracking.js";

const { firstPacket: FIRST_PACKET, requestSegments: REQUEST_SEGMENTS } = X;
const { answerSegments: ANSWER_SEGMENTS, smallSegments: SMALL_SEGMENTS } = X;
const { requestAt: REQUEST_AT, requestLast: REQUEST_LAST, requestBytes: REQUEST_BYTES } = XT;
const { answerFirst: ANSWER_FIRST, answerLast: ANSWER_LAST, answerBytes: ANSWER_BYTES } = XT;
const { sentPacket: SENT_PACKET } = S;
const { leg: LEG } = ST;
const { charged: CHARGED, client: CLIENT } = STATE;
const EXCHANGES = F.exchanges;
const NOTHING: readonly never[] = Object.freeze([]);

/** @param state of the record; @param troubles what delayed it */
export function exchangeOf(
  tracking: Tracking,
  slot: number,
  state: number,
  troubles: Troubles | undefined,
): EndedExchange {
  const { ints, times } = tracking.slab;
  const flow = recordOf(slot);
  const time = flow >> 1;
  const server = sideOf(slot, (state & CLIENT) === 1 ? 1 : 0);
  return new EndedExchange(
    tracking,
    slot,
    [
      times[time + REQUEST_AT] as number,
      times[time + REQUEST_LAST] as number,
      times[time + ANSWER_FIRST] as number,
      times[time + ANSWER_LAST] as number,
      times[time + REQUEST_BYTES] as number,
      times[time + ANSWER_BYTES] as number,
      times[(server >> 1) + LEG] as number,
    ],
    ints[flow + EXCHANGES] as number,
    ints[flow + FIRST_PACKET] as number,
    ints[server + SENT_PACKET] as number,
    ints[flow + REQUEST_SEGMENTS] as number,
    ints[flow + ANSWER_SEGMENTS] as number,
    ints[flow + SMALL_SEGMENTS] as number,
    troubles,
    (state & CHARGED) === 0
      ? undefined
      : tracking.slab.rare.slice(rareOf(slot) + R.hold, rareOf(slot) + R.waitStall + 1),
  );
}

export class EndedExchange implements Exchange {
  readonly flow: Flow;
  readonly holds: readonly Hold[];
  readonly resends: readonly Resend[];
  readonly windowStalls: readonly WindowStall[];
  readonly number: number;
  readonly requestSegments: number;
  readonly answerSegments: number;
  readonly smallRequestSegments: number;
  private readonly tracking: Tracking;
  private readonly slot: number;
  private readonly numbers: readonly number[];
  private readonly first: number;
  private readonly last: number;
  private readonly accounts: Float64Array | undefined;
  private parts: Breakdown | undefined = undefined;

  constructor(
    tracking: Tracking,
    slot: number,
    numbers: readonly number[],
    number: number,
    first: number,
    last: number,
    requestSegments: number,
    answerSegments: number,
    smallRequestSegments: number,
    troubles: Troubles | undefined,
    accounts: Float64Array | undefined,
  ) {
    this.flow = tracking.view(slot);
    this.holds = troubles === undefined ? NOTHING : troubles.holds;
    this.resends = troubles === undefined ? NOTHING : troubles.resends;
    this.windowStalls = troubles === undefined ? NOTHING : troubles.windowStalls;
    this.number = number;
    this.requestSegments = requestSegments;
    this.answerSegments = answerSegments;
    this.smallRequestSegments = smallRequestSegments;
    this.tracking = tracking;
    this.slot = slot;
    this.numbers = numbers;
    this.first = first;
    this.last = last;
    this.accounts = accounts;
  }

  get startNs(): number {
    return this.numbers[0] as number;
  }

  get endNs(): number {
    return this.numbers[3] as number;
  }

  get latencyNs(): number {
    return Math.max(0, this.endNs - this.startNs);
  }

  get requestBytes(): number {
    return this.numbers[4] as number;
  }

  get answerBytes(): number {
    return this.numbers[5] as number;
  }

  get packets(): readonly [number, number] {
    return [this.first >>> 0, this.last >>> 0];
  }

  get breakdownNs(): Breakdown {
    this.parts ??= breakdown(this.numbers, this.accounts);
    return this.parts;
  }

  recentPackets(): readonly PacketNote[] {
    return this.tracking.recentPackets(this.slot);
  }
}

/**
 * Where the latency went; the parts add up to it. Between the last byte of the request and the first of the answer lie the way
 * to the server and back (the least seen from the capture point) and, for the rest, the server.
 */
function breakdown(numbers: readonly number[], accounts: Float64Array | undefined): Breakdown {
  const [start = 0, requestLast = 0, answerFirst = 0, end = 0, , , leg = 0] = numbers;
  const latencyNs = Math.max(0, end - start);
  const senderHold = Math.min(latencyNs, accounts?.[0] ?? 0);
  const loss = Math.min(latencyNs - senderHold, accounts?.[1] ?? 0);
  const window = Math.min(latencyNs - senderHold - loss, accounts?.[2] ?? 0);
  const left = latencyNs - senderHold - loss - window;
  const waitNs = Math.max(0, answerFirst - requestLast - (accounts?.[3] ?? 0));
  const network = Math.min(left, waitNs, Number.isFinite(leg) ? leg : waitNs);
  const thinking = Math.min(left - network, waitNs - network);
  return { network, senderHold, loss, window, server: thinking, transfer: left - network - thinking };
}
