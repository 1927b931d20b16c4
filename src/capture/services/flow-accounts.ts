/**
 * What is kept of each live flow: how many exchanges, where their time went, their latencies. Written to for every exchange, and since
 * each is another flow's, what counts is how much memory is touched: of an exchange that nothing has delayed, one record of 64 bytes
 * and one place in a list of latencies, both found by the flow's slot. What the services want to know of it they are told
 * many exchanges at a time, when the list is full (`settle`). (`npm run bench -- pcap` watches it.)
 */
import type { Breakdown } from "../../report/model.js";
import type { LatencyHistogram } from "../../stats/histogram.js";
import { bucketOf } from "../../stats/log-counts.js";
import type { Exchange, Flow, Side } from "../flows/flow-events.js";
import { FlowLatencies } from "./flow-latencies.js";
import type { Service } from "./service.js";

/** Numbers of a record. What stands in the first four is added up since the last `settle`. */
const STRIDE = 8;
const NETWORK = 0;
const SERVER = 1;
const TRANSFER = 2;
const SUM = 3;
const MIN = 4;
const MAX = 5;
/** Behind them whole numbers, places in the view of 32-bit integers: latencies in the list, and exchanges. */
const INTS = 2 * STRIDE;
const LISTED = 12;
const EXCHANGES = 13;
/** Twice the number of its service, and 1 more when it has had an exchange, and belongs to that service for good. */
const SERVICE = 14;
/** How many of those in the list the service has been told of. */
const SETTLED = 15;

/** Numbers of what is touched less often: the first four as they were settled, what went to stalls, and time lost. */
const TOLD_STRIDE = 10;
const HOLD = 4;
const LOSS = 5;
const WINDOW = 6;
const LOST = 7;
/** By side: holds among HOLD, which are taken back if that side turns out to have Nagle's algorithm off. */
const HELD = 8;

/** Latencies of a flow that are listed one by one, before they are counted by bucket. */
const ROOM = 192;
const HOUR_NS = 3600e9;

/** Exchanges that wait to be entered together, and the numbers of each: start, end, latency, and three parts of it. */
const WAITING = 64;
const WAITING_STRIDE = 6;

export class FlowAccounts {
  readonly #flows: (Flow | null)[] = [];
  #numbers = new Float64Array(0);
  #ints = new Int32Array(0);
  #told = new Float64Array(0);
  #listed = new Uint16Array(0);
  readonly #services: Service[] = [];
  readonly #numberOf = new Map<Service, number>();
  readonly #more = new Map<number, FlowLatencies>();
  readonly #waits = new Float64Array(WAITING * WAITING_STRIDE);
  readonly #slots = new Int32Array(WAITING);
  #waiting = 0;
  /** Keeps the loads that only bring memory near from being optimised away. */
  #warmth = 0;

  /** Whether the flow has an account; it stands at `flow.slot`. */
  has(flow: Flow): boolean {
    return this.#flows[flow.slot] === flow;
  }

  open(flow: Flow, service: Service): void {
    const { slot } = flow;
    if (slot >= this.#flows.length) this.#grow(slot + 1);
    this.#numbers.fill(0, slot * STRIDE, (slot + 1) * STRIDE);
    this.#numbers[slot * STRIDE + MIN] = Number.POSITIVE_INFINITY;
    this.#told.fill(0, slot * TOLD_STRIDE, (slot + 1) * TOLD_STRIDE);
    this.#more.delete(slot);
    this.#flows[slot] = flow;
    this.move(slot, service);
  }

  /** To be settled before. */
  close(slot: number): void {
    if (this.#waiting > 0) this.#enter();
    if (slot >= this.#flows.length) return;
    this.#flows[slot] = null;
    this.#ints[slot * INTS + EXCHANGES] = 0;
    this.#ints[slot * INTS + SERVICE] = 0;
    this.#more.delete(slot);
  }

  service(slot: number): Service {
    return this.#services[(this.#ints[slot * INTS + SERVICE] as number) >> 1] as Service;
  }

  move(slot: number, service: Service): void {
    let number = this.#numberOf.get(service);
    if (number === undefined) {
      number = this.#services.push(service) - 1;
      this.#numberOf.set(service, number);
    }
    this.#ints[slot * INTS + SERVICE] = 2 * number;
  }

  /** Whether the flow of the slot had an exchange; it need not have an account. */
  asked(slot: number): boolean {
    return slot < this.#flows.length && ((this.#ints[slot * INTS + SERVICE] as number) & 1) !== 0;
  }

  /** The flow has its first exchange. */
  ask(slot: number): void {
    this.#ints[slot * INTS + SERVICE]! |= 1;
  }

  flow(slot: number): Flow | null {
    return this.#flows[slot] ?? null;
  }

  /** Slots of flows that have an account. */
  *live(): Generator<number> {
    for (let slot = 0; slot < this.#flows.length; slot++) if (this.#flows[slot] !== null) yield slot;
  }

  /** 0 without an account. */
  exchanges(slot: number): number {
    if (this.#waiting > 0) this.#enter();
    return slot < this.#flows.length ? (this.#ints[slot * INTS + EXCHANGES] as number) : 0;
  }

  lostNs(slot: number): number {
    return this.#told[slot * TOLD_STRIDE + LOST] as number;
  }

  /** Latencies above an hour count as an hour. The flow must have an account. */
  exchange({ slot, startNs, endNs, latencyNs, breakdownNs }: Exchange): void {
    const at = this.#waiting * WAITING_STRIDE;
    const waiting = this.#waits;
    waiting[at] = startNs;
    waiting[at + 1] = endNs;
    waiting[at + 2] = latencyNs <= HOUR_NS ? Math.round(latencyNs) : HOUR_NS;
    waiting[at + 3] = breakdownNs.network;
    waiting[at + 4] = breakdownNs.server;
    waiting[at + 5] = breakdownNs.transfer;
    this.#slots[this.#waiting] = slot;
    this.#waiting++;
    if (this.#waiting === WAITING) this.#enter();
  }

  /** Enters all that wait. Their memory is asked for first, nothing but loads in a row, so that the cache misses overlap. */
  #enter(): void {
    const slots = this.#slots;
    const count = this.#waiting;
    const ints = this.#ints;
    const list = this.#listed;
    this.#waiting = 0;
    let warmth = this.#warmth;
    for (let i = 0; i < count; i++) warmth ^= ints[(slots[i] as number) * INTS] as number;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number;
      warmth ^= list[slot * ROOM + ((ints[slot * INTS + LISTED] as number) % ROOM)] as number;
    }
    this.#warmth = warmth;
    for (let i = 0; i < count; i++) this.#enterOne(slots[i] as number, i * WAITING_STRIDE);
  }

  #enterOne(slot: number, from: number): void {
    const waiting = this.#waits;
    const numbers = this.#numbers;
    const ints = this.#ints;
    const ns = waiting[from + 2] as number;
    const at = slot * STRIDE;
    numbers[at + NETWORK]! += waiting[from + 3] as number;
    numbers[at + SERVER]! += waiting[from + 4] as number;
    numbers[at + TRANSFER]! += waiting[from + 5] as number;
    numbers[at + SUM]! += ns;
    if (ns < (numbers[at + MIN] as number)) numbers[at + MIN] = ns;
    if (ns > (numbers[at + MAX] as number)) numbers[at + MAX] = ns;
    const whole = slot * INTS;
    let listed = ints[whole + LISTED] as number;
    if (listed === ROOM) {
      this.#countListed(slot);
      listed = 0;
    }
    this.#listed[slot * ROOM + listed] = bucketOf(ns);
    ints[whole + LISTED] = listed + 1;
    ints[whole + EXCHANGES]! += 1;
    this.service(slot).exchange(waiting[from] as number, waiting[from + 1] as number);
  }

  /** Of the exchange's time, what it lost, and to what: for those that lost any. */
  lost(slot: number, { senderHold, loss, window }: Breakdown, lostNs: number): void {
    const told = this.#told;
    const at = slot * TOLD_STRIDE;
    told[at + HOLD]! += senderHold;
    told[at + LOSS]! += loss;
    told[at + WINDOW]! += window;
    told[at + LOST]! += lostNs;
  }

  /** Of what was charged to holds, `heldNs` is that side's. */
  held(slot: number, side: Side, heldNs: number): void {
    this.#told[slot * TOLD_STRIDE + HELD + side]! += heldNs;
  }

  /** That side's holds were none: their time is what the message took to be sent. @returns how much it was */
  takeBack(slot: number, side: Side): number {
    const told = this.#told;
    const at = slot * TOLD_STRIDE;
    const backNs = Math.min(told[at + HELD + side] as number, told[at + HOLD] as number);
    told[at + HELD + side] = 0;
    told[at + HOLD]! -= backNs;
    told[at + TRANSFER]! += backNs;
    told[at + LOST]! -= backNs;
    return backNs;
  }

  breakdownNs(slot: number): Breakdown {
    if (this.#waiting > 0) this.#enter();
    const told = (part: number): number => this.#told[slot * TOLD_STRIDE + part] as number;
    return {
      network: this.#both(slot, NETWORK),
      senderHold: told(HOLD),
      loss: told(LOSS),
      window: told(WINDOW),
      server: this.#both(slot, SERVER),
      transfer: this.#both(slot, TRANSFER),
    };
  }

  /** What is known now, as a histogram once that is asked for: it takes a hundred times the memory. */
  latency(slot: number): () => LatencyHistogram {
    const count = this.exchanges(slot);
    const [min, max] = [this.#numbers[slot * STRIDE + MIN], this.#numbers[slot * STRIDE + MAX]] as [number, number];
    const counts = this.#more.get(slot)?.copy() ?? new FlowLatencies();
    for (const bucket of this.#list(slot, 0)) counts.add(bucket);
    const sum = this.#both(slot, SUM);
    return () => counts.toHistogram({ count, min, max, sum });
  }

  /** Tells the flow's service of the exchanges that it has not been told of. */
  settle(slot: number): void {
    if (this.#waiting > 0) this.#enter();
    this.#settle(slot);
  }

  #settle(slot: number): void {
    const [numbers, ints, told] = [this.#numbers, this.#ints, this.#told];
    const at = slot * STRIDE;
    const buckets = this.#list(slot, ints[slot * INTS + SETTLED] as number);
    if (buckets.length === 0) return;
    const [network, server, transfer, sum] = numbers.subarray(at, at + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    this.service(slot).settle({ network, server, transfer }, buckets, {
      sum,
      min: numbers[at + MIN] as number,
      max: numbers[at + MAX] as number,
    });
    for (let part = 0; part < 4; part++) told[slot * TOLD_STRIDE + part]! += numbers[at + part] as number;
    numbers.fill(0, at, at + 4);
    ints[slot * INTS + SETTLED] = ints[slot * INTS + LISTED] as number;
  }

  /** Makes room in the list. */
  #countListed(slot: number): void {
    this.#settle(slot);
    let counts = this.#more.get(slot);
    if (counts === undefined) {
      counts = new FlowLatencies();
      this.#more.set(slot, counts);
    }
    for (const bucket of this.#list(slot, 0)) counts.add(bucket);
    this.#ints[slot * INTS + LISTED] = 0;
    this.#ints[slot * INTS + SETTLED] = 0;
  }

  #list(slot: number, from: number): Uint16Array {
    return this.#listed.subarray(slot * ROOM + from, slot * ROOM + (this.#ints[slot * INTS + LISTED] as number));
  }

  #both(slot: number, part: number): number {
    return (this.#told[slot * TOLD_STRIDE + part] as number) + (this.#numbers[slot * STRIDE + part] as number);
  }

  #grow(least: number): void {
    const slots = Math.max(64, 2 ** Math.ceil(Math.log2(least)));
    const numbers = new Float64Array(slots * STRIDE);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    this.#ints = new Int32Array(numbers.buffer);
    const told = new Float64Array(slots * TOLD_STRIDE);
    told.set(this.#told);
    this.#told = told;
    const listed = new Uint16Array(slots * ROOM);
    listed.set(this.#listed);
    this.#listed = listed;
    while (this.#flows.length < slots) this.#flows.push(null);
  }
}
