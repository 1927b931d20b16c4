/**
 * From packets to flows and exchanges. Runs for every packet, allocates nothing for most of them, and tells its observer few
 * and rich events. Pure: packets and their times come in.
 */
import { acknowledge, tellLate } from "./acknowledgements.js";
import { endExchange } from "./exchanges.js";
import type { FlowObserver, Side } from "./flow-events.js";
import { D, F, NOTE_FIELDS, NOTES, sideOf, STRIDE, X } from "./flow-slab.js";
import { FlowTable } from "./flow-table.js";
import { handshakeEnds, synSegment } from "./handshake.js";
import type { Packet } from "./packet.js";
import { dataSegment } from "./segments.js";
import { Tracking } from "./tracking.js";

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

const OPEN = 0;
const CLOSED = 1;
const RESET = 2;

type Ending = "closed" | "reset" | "idle" | "evicted" | "end-of-capture";

export class FlowTracker {
  readonly #table: FlowTable;
  readonly #tracking: Tracking;
  readonly #idleNs: number;

  /** @param idleNs a flow that was silent for longer, and then speaks without a SYN, is told as a new one */
  constructor(observer: FlowObserver, options: { maxFlows: number; idleNs: number }) {
    this.#idleNs = options.idleNs;
    this.#table = new FlowTable(options.maxFlows, (slot) => this.#end(slot, "evicted"));
    this.#tracking = new Tracking(this.#table, observer);
  }

  get flowsSeen(): number {
    return this.#tracking.flowsSeen;
  }

  get flowsEvicted(): number {
    return this.#table.evicted;
  }

  /** Makes ready for a packet that will come soon; optional, for speed. */
  expect(p: Packet): number {
    return this.#table.warm(p);
  }

  packet(p: Packet): void {
    const table = this.#table;
    const slot = table.slotOf(p);
    const side = table.side;
    const slab = table.slab;
    const f = slot * STRIDE;
    if (table.fresh) this.#tracking.begin(slot);
    else this.#restartIfNew(slab, slot, side, p);
    slab[f + F.last] = p.atNs;
    slab[f + F.packets]! += 1;
    slab[f + F.bytes]! += p.payloadLength;
    this.#note(slab, slot, side, p);
    const flags = p.flags;
    const me = sideOf(f, side);
    if ((flags & RST) !== 0) {
      this.#reset(slab, slot, side, p);
      return;
    }
    if ((flags & SYN) !== 0) {
      synSegment(this.#tracking, slab, slot, side, p);
      return;
    }
    if (p.timestampValue >= 0) slab[me + D.timestamps] = 1;
    const pure = p.payloadLength === 0 && (flags & FIN) === 0;
    if ((flags & ACK) !== 0) {
      if (Number.isNaN(slab[f + F.clientLeg]) && !Number.isNaN(slab[f + F.synAckAt])) {
        handshakeEnds(this.#tracking, slab, slot, side, p);
      }
      acknowledge(this.#tracking, slab, slot, side, p, pure);
    }
    if (p.payloadLength > 0) dataSegment(this.#tracking, slab, slot, side, p);
    if ((flags & FIN) !== 0) this.#fin(slab, slot, side, p);
  }

  /** The capture is over. */
  finish(): void {
    for (const slot of this.#table.slots()) this.#end(slot, "end-of-capture");
  }

  /** The same ends and ports again: a new connection after a closed one, or after a long silence. */
  #restartIfNew(slab: Float64Array, slot: number, side: Side, p: Packet): void {
    const f = slot * STRIDE;
    const closed = slab[f + F.closed] as number;
    const opens = (p.flags & (SYN | ACK)) === SYN && slab[sideOf(f, side) + D.isn] !== p.seq;
    const silent = p.atNs - (slab[f + F.last] as number) > this.#idleNs;
    const used = (slab[f + F.packets] as number) > 0;
    if (!(used && (opens || (silent && closed === OPEN)))) return;
    this.#end(slot, closed === CLOSED ? "closed" : closed === RESET ? "reset" : "idle");
    this.#table.restart(slot, p.atNs);
    this.#tracking.begin(slot);
  }

  #note(slab: Float64Array, slot: number, side: Side, p: Packet): void {
    const f = slot * STRIDE;
    const noted = slab[f + F.noted] as number;
    const at = (slot * NOTES + (noted % NOTES)) * NOTE_FIELDS;
    const { notes } = this.#table;
    notes[at] = p.number;
    notes[at + 1] = p.atNs;
    notes[at + 2] = p.payloadLength * 512 + (p.flags & 0xff) * 2 + side;
    slab[f + F.noted] = noted + 1;
  }

  #fin(slab: Float64Array, slot: number, side: Side, p: Packet): void {
    const f = slot * STRIDE;
    const me = sideOf(f, side);
    slab[me + D.next] = (p.seq + p.payloadLength + 1) >>> 0;
    slab[me + D.lastDataAt] = p.atNs;
    slab[me + D.lastDataPacket] = p.number;
    slab[f + F.fins] = (slab[f + F.fins] as number) | (side + 1);
    if (slab[f + F.fins] === 3 && slab[f + F.closed] === OPEN) slab[f + F.closed] = CLOSED;
  }

  #reset(slab: Float64Array, slot: number, side: Side, p: Packet): void {
    const f = slot * STRIDE;
    if (slab[f + F.closed] === RESET) return;
    const unanswered = slab[f + X.active] === 1 && Number.isNaN(slab[f + X.answerFirst]);
    const refused = slab[f + F.client] === (side === 0 ? 1 : 0) && Number.isNaN(slab[f + F.synAckAt]) && !Number.isNaN(slab[f + F.synAt]);
    slab[f + F.closed] = RESET;
    this.#tracking.observer.reset?.(this.#tracking.view(slot), side, p.number, p.atNs, unanswered || refused);
  }

  #end(slot: number, why: Ending): void {
    const slab = this.#table.slab;
    for (const side of [0, 1] as const) tellLate(this.#tracking, slab, slot, side);
    endExchange(this.#tracking, slab, slot);
    const closed = slab[slot * STRIDE + F.closed] as number;
    const ending = why === "end-of-capture" && closed === CLOSED ? "closed" : why === "end-of-capture" && closed === RESET ? "reset" : why;
    const flow = this.#tracking.view(slot);
    flow.freeze();
    this.#tracking.observer.flowEnded?.(flow, ending);
  }
}
