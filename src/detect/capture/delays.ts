/**
 * Exchanges that one kind of event (a hold, a resend, a closed window) has delayed: each counted once for each end to blame, with the
 * time that its events cover. Events that belong to no exchange are kept, few per flow, until the flow ends: see `settle`.
 */
import type { Exchange, Flow, Side } from "../../capture/flows/flow-events.js";
import { roleOf } from "../../capture/services/service.js";
import type { WatchContext } from "./detector.js";
import { ladderOf, type Marks } from "./ladder.js";
import { type Proof, Tallies, type Tally } from "./tally.js";

/** Where delayed exchanges are added: a tally, or what waits to become part of one. */
export type Sink = Pick<Tally, "add" | "wants" | "prove">;

export interface DelayKind<E> {
  /** The end to blame. */
  readonly blame: (event: E) => Side;
  readonly interval: (event: E) => readonly [fromNs: number, toNs: number];
  /** How long the timer took that set this delay; null: none was measured. */
  readonly timer: (event: E) => number | null;
  /** The one event that tells most of an exchange's delay. */
  readonly proof: (event: E) => Omit<Proof, "costNs">;
  readonly marks: (event: E) => Marks;
}

interface Strays<E> {
  readonly events: E[];
  /** Those beyond the bound. */
  more: number;
}

const STRAYS_PER_FLOW = 64;
const SIDES = [0, 1] as const;

export class Delays<E extends { readonly flow: Flow }> {
  readonly #kind: DelayKind<E>;
  readonly #services: WatchContext["services"];
  readonly #strays = new Map<Flow, Strays<E>>();
  readonly tallies: Tallies;

  constructor(kind: DelayKind<E>, { services, proofs }: WatchContext) {
    this.#kind = kind;
    this.#services = services;
    this.tallies = new Tallies(proofs);
  }

  /** An event, in an exchange or outside: which of them, the exchange tells when it ends. */
  told(event: E): void {
    const strays = this.#strays.get(event.flow);
    if (strays === undefined) this.#strays.set(event.flow, { events: [event], more: 0 });
    else if (strays.events.length < STRAYS_PER_FLOW) strays.events.push(event);
    else strays.more++;
  }

  /** An exchange has ended in which nothing of this kind happened. The common case. */
  calm(exchange: Exchange): void {
    if (!exchange.quiet && this.#strays.size > 0) this.#strays.delete(exchange.flow);
  }

  /**
   * An exchange has ended; what was told before belongs to it, or was between two exchanges and delayed neither.
   * @param events those in it that count
   */
  exchange(exchange: Exchange, events: readonly E[], sink?: (side: Side) => Sink): void {
    this.calm(exchange);
    if (events.length === 0) return;
    const { blame, interval, proof, marks, timer } = this.#kind;
    const first = events[0] as E;
    for (const side of SIDES) {
      if (events.length === 1 && blame(first) !== side) continue;
      const mine = events.filter((event) => blame(event) === side && interval(event)[1] <= exchange.endNs);
      const worst = longest(mine, interval);
      const costNs = Math.min(exchange.latencyNs, covered(mine.map(interval), exchange.startNs));
      if (worst === undefined || !(costNs > 0)) continue;
      const to = sink === undefined ? this.#tally(exchange.flow, side) : sink(side);
      to.add(costNs, exchange.latencyNs, timer(worst));
      if (!to.wants(costNs)) continue;
      to.prove({ ...proof(worst), costNs }, () => ladderOf(exchange, () => mine.flatMap(marks)));
    }
  }

  /** What an end is blamed for, and no exchange has claimed yet, was nothing after all. */
  forget(flow: Flow, side: Side): void {
    const strays = this.#strays.get(flow);
    if (strays === undefined) return;
    const left = strays.events.filter((event) => this.#kind.blame(event) !== side);
    if (left.length === 0) this.#strays.delete(flow);
    else this.#strays.set(flow, { events: left, more: 0 });
  }

  flowEnded(flow: Flow): void {
    const strays = this.#strays.get(flow);
    if (strays === undefined) return;
    this.#strays.delete(flow);
    this.#settle(flow, strays, this.tallies);
  }

  /** The tallies as they would be if the capture ended now. */
  settled(): Tallies {
    const tallies = this.tallies.copy();
    for (const [flow, strays] of this.#strays) this.#settle(flow, strays, tallies);
    return tallies;
  }

  /**
   * What belongs to no exchange. After an exchange was seen on the flow it is a request that never got its answer, and counts
   * once. On a flow without any exchange (a stream in one direction) each event counts by itself.
   */
  #settle(flow: Flow, { events, more }: Strays<E>, tallies: Tallies): void {
    const { blame, interval, proof, timer } = this.#kind;
    const service = this.#services.of(flow);
    for (const side of SIDES) {
      const mine = events.filter((event) => blame(event) === side);
      if (mine.length === 0) continue;
      const tally = tallies.of(service, roleOf(flow, side));
      const groups = flow.exchanges === 0 ? mine.map((event) => [event]) : [mine];
      for (const group of groups) {
        const worst = longest(group, interval);
        const costNs = covered(group.map(interval), 0);
        if (worst === undefined || !(costNs > 0)) continue;
        tally.add(costNs, null, timer(worst));
        if (tally.wants(costNs)) tally.prove({ ...proof(worst), costNs });
      }
    }
    const last = events.at(-1);
    if (flow.exchanges > 0 || last === undefined) return;
    const [fromNs, toNs] = interval(last);
    for (let i = 0; i < more; i++) tallies.of(service, roleOf(flow, blame(last))).add(toNs - fromNs, null, null);
  }

  #tally(flow: Flow, side: Side): Tally {
    return this.tallies.of(this.#services.of(flow), roleOf(flow, side));
  }
}

function longest<E>(events: readonly E[], interval: DelayKind<E>["interval"]): E | undefined {
  let found: E | undefined;
  let foundNs = -1;
  for (const event of events) {
    const [fromNs, toNs] = interval(event);
    if (toNs - fromNs > foundNs) [found, foundNs] = [event, toNs - fromNs];
  }
  return found;
}

/** Time from `startNs` on that the intervals cover, overlaps counted once. */
export function covered(intervals: readonly (readonly [number, number])[], startNs: number): number {
  let untilNs = startNs;
  let sumNs = 0;
  for (const [fromNs, toNs] of [...intervals].sort((left, right) => left[0] - right[0])) {
    if (toNs > untilNs) {
      sumNs += toNs - Math.max(fromNs, untilNs);
      untilNs = toNs;
    }
  }
  return sumNs;
}
