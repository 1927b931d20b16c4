/**
 * An exchange as observers see it. There is one object, filled anew for each: a million exchanges as a million objects cost a third of
 * the whole analysis, most of it in the caches that they wash out. `npm run bench -- pcap` watches it.
 */
import type { Breakdown } from "../../report/model.js";
import type { StreamExchange } from "../streams/stream-exchange.js";
import type {
  EarlyAck,
  Exchange,
  Flow,
  FlowControlStall,
  Hold,
  PacketNote,
  Resend,
  Side,
  WindowStall,
} from "./flow-events.js";
import { F, type FlowSlab, R, rareOf, recordOf, S, ST, STATE, sideOf, X, XT } from "./flow-slab.js";
import type { PacketNotes } from "./packet-notes.js";

const { firstPacket: FIRST_PACKET, requestSegments: REQUEST_SEGMENTS } = X;
const { answerSegments: ANSWER_SEGMENTS, smallSegments: SMALL_SEGMENTS } = X;
const { requestAt: REQUEST_AT, requestLast: REQUEST_LAST, requestBytes: REQUEST_BYTES } = XT;
const { answerFirst: ANSWER_FIRST, answerLast: ANSWER_LAST, answerBytes: ANSWER_BYTES } = XT;
const { sentPacket: SENT_PACKET } = S;
const { leg: LEG } = ST;
const { charged: CHARGED, client: CLIENT, eventful: EVENTFUL } = STATE;
const EXCHANGES = F.exchanges;
const FULL = F.full;
const NOTHING: readonly never[] = Object.freeze([]);

/** What has delayed the exchange that runs on a flow. */
export interface Troubles {
  readonly holds: Hold[];
  readonly resends: Resend[];
  readonly windowStalls: WindowStall[];
}

/** Where the figures of an exchange are taken from. */
interface Records {
  readonly slab: FlowSlab;
  view(slot: number): Flow;
  readonly notes: PacketNotes;
}

export class EndedExchange implements Exchange {
  slot = 0;
  quiet = true;
  client: Side = 0;
  fullRequest = 0;
  fullAnswer = 0;
  number = 0;
  // NaN: fields for fractions from the start; V8 would change its mind later, and compile anew.
  startNs = Number.NaN;
  endNs = Number.NaN;
  latencyNs = Number.NaN;
  behindNs = 0;
  requestBytes = Number.NaN;
  answerBytes = Number.NaN;
  requestSegments = 0;
  answerSegments = 0;
  smallRequestSegments = 0;
  holds: readonly Hold[] = NOTHING;
  resends: readonly Resend[] = NOTHING;
  windowStalls: readonly WindowStall[] = NOTHING;
  flowControlStalls: readonly FlowControlStall[] = NOTHING;
  readonly breakdownNs = {
    network: Number.NaN,
    senderHold: Number.NaN,
    loss: Number.NaN,
    window: Number.NaN,
    server: Number.NaN,
    transfer: Number.NaN,
  };
  readonly #records: Records;
  #first = 0;
  #last = 0;
  #alone = true;

  constructor(records: Records) {
    this.#records = records;
  }

  get flow(): Flow {
    return this.#records.view(this.slot);
  }

  get packets(): readonly [number, number] {
    return [this.#first >>> 0, this.#last >>> 0];
  }

  recentPackets(): readonly PacketNote[] {
    return this.#records.notes.between(this.#note, this.#first >>> 0, this.#last >>> 0);
  }

  earlyAck(): EarlyAck | null {
    if (!this.#alone) return null;
    return this.#records.notes.earlyAck(this.#note, this.#first >>> 0, this.#last >>> 0, this.client);
  }

  get #note(): number {
    return this.#records.slab.ints[recordOf(this.slot) + F.note] as number;
  }

  /** Takes over what the flow's record says of the exchange that has ended. @param state of the record; @param troubles what delayed it */
  fill(slot: number, state: number, troubles: Troubles | undefined): void {
    const { ints, times } = this.#records.slab;
    const flow = recordOf(slot);
    const time = flow >> 1;
    const client = (state & CLIENT) === 1 ? 0 : 1;
    const server = sideOf(slot, client === 0 ? 1 : 0);
    this.client = client;
    this.fullRequest = ints[flow + FULL + client] as number;
    this.fullAnswer = ints[flow + FULL + 1 - client] as number;
    this.slot = slot;
    this.quiet = (state & EVENTFUL) === 0;
    this.number = ints[flow + EXCHANGES] as number;
    this.#first = ints[flow + FIRST_PACKET] as number;
    this.#last = ints[server + SENT_PACKET] as number;
    this.startNs = times[time + REQUEST_AT] as number;
    this.endNs = times[time + ANSWER_LAST] as number;
    this.latencyNs = Math.max(0, this.endNs - this.startNs);
    this.requestBytes = times[time + REQUEST_BYTES] as number;
    this.answerBytes = times[time + ANSWER_BYTES] as number;
    this.requestSegments = ints[flow + REQUEST_SEGMENTS] as number;
    this.answerSegments = ints[flow + ANSWER_SEGMENTS] as number;
    this.smallRequestSegments = ints[flow + SMALL_SEGMENTS] as number;
    if (troubles !== undefined || this.holds !== NOTHING) {
      this.holds = troubles?.holds ?? NOTHING;
      this.resends = troubles?.resends ?? NOTHING;
      this.windowStalls = troubles?.windowStalls ?? NOTHING;
      this.flowControlStalls = NOTHING;
      this.behindNs = 0;
      this.#alone = true;
    }
    this.#divide(
      (times[time + ANSWER_FIRST] as number) - (times[time + REQUEST_LAST] as number),
      times[(server >> 1) + LEG] as number,
      (state & CHARGED) === 0 ? -1 : rareOf(slot),
    );
  }

  /** Takes over what was gathered of an exchange inside of a connection. @param quiet nothing was told of the flow since the one before */
  fillFrom(slot: number, exchange: StreamExchange, quiet: boolean): void {
    const { ints, times } = this.#records.slab;
    const flow = recordOf(slot);
    const client = ((ints[flow + F.state] as number) & CLIENT) === 1 ? 0 : 1;
    this.client = client;
    this.fullRequest = ints[flow + FULL + client] as number;
    this.fullAnswer = ints[flow + FULL + 1 - client] as number;
    this.slot = slot;
    this.quiet = quiet;
    this.number = ints[flow + EXCHANGES] as number;
    this.#first = exchange.firstPacket;
    this.#last = exchange.lastPacket;
    this.startNs = exchange.startNs;
    this.endNs = exchange.answerLastNs;
    this.latencyNs = Math.max(0, this.endNs - this.startNs);
    this.requestBytes = exchange.requestBytes;
    this.answerBytes = exchange.answerBytes;
    this.requestSegments = exchange.requestSegments;
    this.answerSegments = exchange.answerSegments;
    this.smallRequestSegments = exchange.smallRequestSegments;
    // Lists of its own, never NOTHING: the next `fill` sees that there is something to take back.
    const { holds, resends, windowStalls, flowControlStalls } = exchange.delays;
    this.holds = holds;
    this.resends = resends;
    this.windowStalls = windowStalls;
    this.flowControlStalls = flowControlStalls;
    this.behindNs = exchange.behindNs;
    this.#alone = exchange.alone;
    const leg = (sideOf(slot, client === 0 ? 1 : 0) >> 1) + LEG;
    Object.assign(this.breakdownNs, exchange.breakdownNs(times[leg] as number));
  }

  /**
   * Where the latency went; the parts add up to it. Between the last byte of the request and the first of the answer lie the way
   * to the server and back (the least seen from the capture point) and, for the rest, the server.
   * @param accounts where the record's accounts lie; -1: nothing stands in them
   */
  #divide(betweenNs: number, legNs: number, accounts: number): void {
    const parts: { -readonly [Part in keyof Breakdown]: number } = this.breakdownNs;
    let left = this.latencyNs;
    let waitNs = betweenNs;
    parts.senderHold = 0;
    parts.loss = 0;
    parts.window = 0;
    if (accounts >= 0) {
      const { rare } = this.#records.slab;
      left -= parts.senderHold = Math.min(left, rare[accounts + R.hold] as number);
      left -= parts.loss = Math.min(left, rare[accounts + R.loss] as number);
      left -= parts.window = Math.min(left, rare[accounts + R.window] as number);
      waitNs -= rare[accounts + R.waitStall] as number;
    }
    if (!(waitNs > 0)) waitNs = 0;
    const network = Math.min(left, waitNs, legNs);
    const server = Math.min(left - network, waitNs - network);
    parts.network = network;
    parts.server = server;
    parts.transfer = left - network - server;
  }
}
