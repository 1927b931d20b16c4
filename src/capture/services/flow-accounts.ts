/**
 * What is kept of each live flow: how many exchanges, where their time went, their latencies. Written to for every exchange, and since
 * each is another flow's, what counts is how much memory is touched: one record of 16 numbers and one of up to 96 buckets per flow,
 * side by side with those of other flows, instead of objects (`npm run bench -- pcap`).
 */
import type { Breakdown } from "../../report/model.js";
import type { LatencyHistogram } from "../../stats/histogram.js";
import { bucketOf } from "../../stats/log-counts.js";
import type { Flow, Side } from "../flows/flow-events.js";
import { FlowIndex } from "./flow-index.js";
import { FlowLatencies } from "./flow-latencies.js";
import type { Service } from "./service.js";

const STRIDE = 16;
const NETWORK = 0;
const HOLD = 1;
const LOSS = 2;
const WINDOW = 3;
const SERVER = 4;
const TRANSFER = 5;
const LOST = 6;
const EXCHANGES = 7;
const MIN = 8;
const MAX = 9;
const SUM = 10;
/** By side: holds among HOLD, which are taken back if that side turns out to have Nagle's algorithm off. */
const HELD = 11;

/** Latencies of a flow that are listed one by one; later ones are counted by bucket. */
const LISTED = 96;

export class FlowAccounts {
  readonly #index = new FlowIndex();
  #numbers = new Float64Array(64 * STRIDE);
  #listed = new Uint16Array(64 * LISTED);
  readonly #flows: (Flow | null)[] = [];
  readonly #services: Service[] = [];
  readonly #more = new Map<number, FlowLatencies>();
  readonly #free: number[] = [];

  /** The account of a flow; -1: it has none. */
  of(flow: Flow): number {
    return this.#index.get(flow.id);
  }

  open(flow: Flow, service: Service): number {
    const account = this.#free.pop() ?? this.#flows.length;
    if ((account + 1) * STRIDE > this.#numbers.length) this.#grow();
    this.#numbers.fill(0, account * STRIDE, (account + 1) * STRIDE);
    this.#numbers[account * STRIDE + MIN] = Number.POSITIVE_INFINITY;
    this.#flows[account] = flow;
    this.#services[account] = service;
    this.#index.set(flow.id, account);
    return account;
  }

  close(account: number): void {
    const flow = this.#flows[account];
    if (flow === null || flow === undefined) return;
    this.#index.delete(flow.id);
    this.#flows[account] = null;
    this.#more.delete(account);
    this.#free.push(account);
  }

  service(account: number): Service {
    return this.#services[account] as Service;
  }

  move(account: number, service: Service): void {
    this.#services[account] = service;
  }

  flow(account: number): Flow | null {
    return this.#flows[account] ?? null;
  }

  /** Accounts of live flows. */
  *live(): Generator<number> {
    for (let account = 0; account < this.#flows.length; account++) if (this.#flows[account] !== null) yield account;
  }

  exchanges(account: number): number {
    return this.#numbers[account * STRIDE + EXCHANGES] as number;
  }

  lostNs(account: number): number {
    return this.#numbers[account * STRIDE + LOST] as number;
  }

  /** @param latencyNs whole, from 0 to an hour; longer ones count as an hour */
  exchange(account: number, latencyNs: number, parts: Breakdown, lostNs: number): void {
    const numbers = this.#numbers;
    const at = account * STRIDE;
    const boundedNs = Math.min(3600e9, Math.max(0, Math.round(latencyNs)));
    numbers[at + NETWORK]! += parts.network;
    numbers[at + HOLD]! += parts.senderHold;
    numbers[at + LOSS]! += parts.loss;
    numbers[at + WINDOW]! += parts.window;
    numbers[at + SERVER]! += parts.server;
    numbers[at + TRANSFER]! += parts.transfer;
    numbers[at + LOST]! += lostNs;
    numbers[at + SUM]! += boundedNs;
    if (boundedNs < (numbers[at + MIN] as number)) numbers[at + MIN] = boundedNs;
    if (boundedNs > (numbers[at + MAX] as number)) numbers[at + MAX] = boundedNs;
    const before = numbers[at + EXCHANGES] as number;
    numbers[at + EXCHANGES] = before + 1;
    if (before < LISTED) this.#listed[account * LISTED + before] = bucketOf(boundedNs);
    else this.#count(account, bucketOf(boundedNs));
  }

  /** Of what was charged to holds, `heldNs` is that side's. */
  held(account: number, side: Side, heldNs: number): void {
    this.#numbers[account * STRIDE + HELD + side]! += heldNs;
  }

  /** That side's holds were none: their time is what the message took to be sent. @returns how much it was */
  takeBack(account: number, side: Side): number {
    const numbers = this.#numbers;
    const at = account * STRIDE;
    const backNs = Math.min(numbers[at + HELD + side] as number, numbers[at + HOLD] as number);
    numbers[at + HELD + side] = 0;
    numbers[at + HOLD]! -= backNs;
    numbers[at + TRANSFER]! += backNs;
    numbers[at + LOST]! -= backNs;
    return backNs;
  }

  breakdownNs(account: number): Breakdown {
    const of = (part: number): number => this.#numbers[account * STRIDE + part] as number;
    return {
      network: of(NETWORK),
      senderHold: of(HOLD),
      loss: of(LOSS),
      window: of(WINDOW),
      server: of(SERVER),
      transfer: of(TRANSFER),
    };
  }

  latency(account: number): LatencyHistogram {
    const count = this.exchanges(account);
    const at = account * STRIDE;
    const [min, max, sum] = [this.#numbers[at + MIN], this.#numbers[at + MAX], this.#numbers[at + SUM]] as number[];
    const counts = this.#more.get(account)?.copy() ?? new FlowLatencies();
    for (const bucket of this.#listed.subarray(account * LISTED, account * LISTED + Math.min(LISTED, count)))
      counts.add(bucket);
    return counts.toHistogram({ count, min: min as number, max: max as number, sum: sum as number });
  }

  #count(account: number, bucket: number): void {
    let counts = this.#more.get(account);
    if (counts === undefined) {
      counts = new FlowLatencies();
      this.#more.set(account, counts);
    }
    counts.add(bucket);
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    const listed = new Uint16Array(this.#listed.length * 2);
    listed.set(this.#listed);
    this.#listed = listed;
  }
}
