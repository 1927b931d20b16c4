/**
 * From packets to flows and exchanges. Runs for every packet, allocates nothing for most of them, and tells its observer few
 * and rich events. Pure: packets and their times come in.
 *
 * It looks the way it does for speed, as flow-slab.ts, flow-table.ts, acknowledgements.ts, segments.ts and exchanges.ts do: a packet that
 * tells nothing special passes through them with a handful of loads and stores in four cache lines, and every special case is
 * one bit that was loaded anyway. `npm run bench -- pcap` watches it.
 */

import type { KeyLog } from "../../protocols/tls/key-log.js";
import type { Packet } from "../decode/packet.js";
import { type PacketRows, ROW } from "../packets/packet-rows.js";
import type { ReadInside } from "../streams/read-inside.js";
import { acknowledge, tellLate } from "./acknowledgements.js";
import { endExchange } from "./exchanges.js";
import type { FlowObserver, Side } from "./flow-events.js";
import { hashOf } from "./flow-hash.js";
import { BIT, F, FT, R, RS, rareOf, rareSideOf, recordOf, S, ST, STATE, sideOf } from "./flow-slab.js";
import { FlowTable } from "./flow-table.js";
import { handshakeEnds, synSegment, timestampsSeen } from "./handshake.js";
import { openHole, unanswered } from "./resends.js";
import { dataSegment } from "./segments.js";
import { Tracking } from "./tracking.js";

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

const { state: STATE_BITS, note: NOTE, packets: PACKETS } = F;
const { bytes: BYTES, last: LAST } = FT;
const BITS = S.bits;
const TIMESTAMPS = BIT.timestamps;
const { closed: CLOSED, reset: RESET, awaitsAck: AWAITS_ACK, readInside: READ_INSIDE } = STATE;

/** How many packets ahead. */
const AHEAD = 32;

type Ending = "closed" | "reset" | "idle" | "evicted" | "end-of-capture";

export class FlowTracker {
  readonly #table: FlowTable;
  readonly #tracking: Tracking;
  readonly #idleNs: number;
  readonly #elsewhere = new Map<number, () => void>();
  /** Keeps the loads that only bring memory near from being optimised away. */
  #warmth = 0;

  /**
   * @param idleNs a flow that was silent for longer, and then speaks without a SYN, is told as a new one
   * @param keyLog opens TLS; it may grow while packets come
   */
  constructor(observer: FlowObserver, options: { maxFlows: number; idleNs: number; keyLog?: KeyLog | undefined }) {
    this.#idleNs = options.idleNs;
    this.#table = new FlowTable(options.maxFlows, (slot) => this.#evicted(slot));
    this.#tracking = new Tracking(this.#table, observer, options.keyLog);
  }

  /**
   * A place for a flow that is tracked elsewhere: it counts among the flows, and makes room when it was silent longest.
   * @param onEvicted it has to make room: told once, and the place is no longer its own
   */
  openElsewhere(atNs: number, onEvicted: () => void): { readonly id: number; readonly slot: number } {
    const slot = this.#table.reserve(atNs);
    this.#elsewhere.set(slot, onEvicted);
    return { id: this.#tracking.nextId(), slot };
  }

  heardElsewhere(slot: number, atNs: number): void {
    this.#table.touch(slot, atNs);
  }

  endedElsewhere(slot: number): void {
    this.#elsewhere.delete(slot);
    this.#table.release(slot);
  }

  /** What was read inside of connections so far. */
  get readInside(): ReadInside {
    return this.#tracking.streams.readInside;
  }

  get flowsSeen(): number {
    return this.#tracking.flowsSeen;
  }

  get flowsEvicted(): number {
    return this.#table.evicted;
  }

  /**
   * Packets in a row. The memory of their flows is asked for some packets ahead: cache misses are most of what a packet costs when
   * flows are many, and those of several packets overlap.
   * @param accepts which of them are looked at; undefined: all
   * @returns how many were looked at
   */
  packets(rows: PacketRows, accepts: ((packet: Packet) => boolean) | undefined): number {
    const end = rows.used * ROW;
    let warm = 0;
    let left = 0;
    for (let at = 0; at < end; at = rows.next(at)) {
      if (at >= warm) {
        warm = Math.min(end, at + AHEAD * ROW);
        this.#warmth ^= this.#table.warm(rows, at, warm);
      }
      const p = rows.packet(at);
      if (accepts !== undefined && !accepts(p)) left++;
      else this.#packet(p, rows.hash(at));
    }
    return rows.packets - left;
  }

  packet(p: Packet): void {
    this.#packet(p, hashOf(p));
  }

  /** The capture is over. */
  finish(): void {
    for (let slot = 0; slot < this.#table.used; slot++) {
      if (!this.#table.isReserved(slot)) this.#end(slot, "end-of-capture");
    }
  }

  #packet(p: Packet, hash: number): void {
    const tracking = this.#tracking;
    const place = this.#table.place(p, hash);
    const slot = place >> 1;
    const side = (place & 1) as Side;
    const flow = recordOf(slot);
    const { ints, times } = tracking.slab;
    const { flags, payloadLength, atNs } = p;
    if (this.#table.fresh) tracking.begin(slot);
    else if ((flags & SYN) !== 0 || atNs - (times[(flow >> 1) + LAST] as number) > this.#idleNs)
      this.#restartIfNew(slot, side, p);
    times[(flow >> 1) + LAST] = atNs;
    times[(flow >> 1) + BYTES]! += payloadLength;
    ints[flow + PACKETS]! += 1;
    ints[flow + NOTE] = tracking.notes.take(p, side, ints[flow + NOTE] as number);
    if ((flags & (RST | SYN)) !== 0) {
      if ((flags & RST) !== 0) this.#reset(slot, side, p);
      else synSegment(tracking, slot, side, p);
      return;
    }
    const me = sideOf(slot, side);
    if (p.timestampValue >= 0 && ((ints[me + BITS] as number) & TIMESTAMPS) === 0) timestampsSeen(tracking, slot, side);
    if ((flags & ACK) !== 0) {
      if (((ints[flow + STATE_BITS] as number) & AWAITS_ACK) !== 0) handshakeEnds(tracking, slot, side, p);
      acknowledge(tracking, slot, side, p, payloadLength === 0 && (flags & FIN) === 0);
    }
    if (payloadLength > 0) {
      dataSegment(tracking, slot, side, p);
      if (((ints[flow + STATE_BITS] as number) & READ_INSIDE) !== 0) tracking.streams.segment(slot, side, p);
    }
    if ((flags & FIN) !== 0) this.#fin(slot, side, p);
  }

  /** The same ends and ports again: a new connection after a closed one, or after a long silence. */
  #restartIfNew(slot: number, side: Side, p: Packet): void {
    const { ints, times, rare } = this.#tracking.slab;
    const flow = recordOf(slot);
    const state = ints[flow + STATE_BITS] as number;
    const silent = p.atNs - (times[(flow >> 1) + LAST] as number) > this.#idleNs && (state & CLOSED) === 0;
    const isNewSyn = (p.flags & SYN) !== 0 && rare[rareSideOf(slot, side) + RS.isn] !== (p.seq | 0);
    // A SYN-ACK opens a connection anew only where one has ended: its SYN was not captured.
    const opens = isNewSyn && ((p.flags & ACK) === 0 || (state & CLOSED) !== 0);
    if (!opens && !silent) return;
    this.#end(slot, (state & RESET) !== 0 ? "reset" : (state & CLOSED) !== 0 ? "closed" : "idle");
    this.#table.restart(slot, p.atNs);
    this.#tracking.begin(slot);
  }

  #fin(slot: number, side: Side, p: Packet): void {
    const { ints, times } = this.#tracking.slab;
    const flow = recordOf(slot);
    const me = sideOf(slot, side);
    const end = (p.seq + p.payloadLength) | 0;
    const ahead = ((ints[me + BITS] as number) & BIT.next) === 0 ? 0 : (end - (ints[me + S.next] as number)) | 0;
    if (ahead > 0) openHole(this.#tracking, slot, side, p);
    if (ahead >= 0) {
      if (((ints[me + BITS] as number) & BIT.late) !== 0) tellLate(this.#tracking, slot, side === 0 ? 1 : 0);
      ints[me + S.next] = (end + 1) | 0;
      ints[me + BITS]! |= BIT.next;
      times[(me >> 1) + ST.sentAt] = p.atNs;
    }
    const state = (ints[flow + STATE_BITS] as number) | (side === 0 ? STATE.fin0 : STATE.fin1);
    const both = (state & STATE.fin0) !== 0 && (state & STATE.fin1) !== 0;
    ints[flow + STATE_BITS] = both ? state | CLOSED : state;
  }

  #reset(slot: number, side: Side, p: Packet): void {
    const { ints, rare } = this.#tracking.slab;
    const flow = recordOf(slot);
    const state = ints[flow + STATE_BITS] as number;
    if ((state & RESET) !== 0) return;
    const unanswered = (state & (STATE.active | STATE.answered)) === STATE.active;
    const byServer = (state & STATE.client) - 1 === 1 - side;
    const opening =
      !Number.isNaN(rare[rareOf(slot) + R.synAt] as number) && Number.isNaN(rare[rareOf(slot) + R.synAckAt] as number);
    ints[flow + STATE_BITS] = state | RESET | CLOSED;
    this.#tracking.observer.reset?.(
      this.#tracking.view(slot),
      side,
      p.number,
      p.atNs,
      unanswered || (byServer && opening),
    );
  }

  #evicted(slot: number): void {
    const elsewhere = this.#elsewhere.get(slot);
    if (elsewhere === undefined) this.#end(slot, "evicted");
    else {
      this.#elsewhere.delete(slot);
      elsewhere();
    }
  }

  #end(slot: number, why: Ending): void {
    const { ints } = this.#tracking.slab;
    for (const side of [0, 1] as const) {
      const late = ((ints[sideOf(slot, side) + BITS] as number) & BIT.late) !== 0;
      if (late) tellLate(this.#tracking, slot, side === 0 ? 1 : 0);
      unanswered(this.#tracking, slot, side);
    }
    if (((ints[recordOf(slot) + STATE_BITS] as number) & READ_INSIDE) !== 0) this.#tracking.streams.end(slot);
    endExchange(this.#tracking, slot);
    const state = ints[recordOf(slot) + STATE_BITS] as number;
    const atEnd = why === "end-of-capture";
    const ending = atEnd && (state & RESET) !== 0 ? "reset" : atEnd && (state & CLOSED) !== 0 ? "closed" : why;
    this.#tracking.observer.flowEnded?.(this.#tracking.end(slot), ending);
  }
}
