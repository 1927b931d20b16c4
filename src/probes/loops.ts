/** When which session begins its next request: the closed loop (also for warm-up) and the open loop. */
import { Alarm, nowNs } from "./clock.js";
import type { Pacer } from "./pacer.js";
import type { Exchange } from "./session.js";

/** What a loop works on. */
export interface Floor {
  readonly connections: number;
  begin(index: number): void;
  exchange(index: number): Exchange;
  /** The exchange of this session has ended, and was due and possible at these times. */
  record(index: number, intendedNs: number, readyNs: number): void;
  /** A request that was due and never got a connection. */
  recordUnsent(intendedNs: number, endNs: number): void;
  /** Nothing runs any more and nothing is left to start. */
  done(): void;
}

export interface Loop {
  start(): void;
  ended(index: number): void;
  /** Called now and then. */
  tick(now: number): void;
  stop(): void;
  /** Stops for good: what was due and not sent is recorded with the age it reached. */
  abandon(now: number): void;
}

/** Each session begins its next request as soon as its last one has ended, as long as `mayBegin` grants one. */
export class ClosedLoop implements Loop {
  readonly #floor: Floor;
  readonly #mayBegin: (index: number, now: number) => boolean;
  readonly #freeAtNs: Float64Array;
  #running = 0;

  constructor(floor: Floor, mayBegin: (index: number, now: number) => boolean) {
    this.#floor = floor;
    this.#mayBegin = mayBegin;
    this.#freeAtNs = new Float64Array(floor.connections);
  }

  start(): void {
    for (let index = 0; index < this.#floor.connections; index++) this.#next(index, nowNs());
    if (this.#running === 0) this.#floor.done();
  }

  ended(index: number): void {
    this.#running--;
    const readyNs = this.#freeAtNs[index] as number;
    this.#floor.record(index, readyNs, readyNs);
    this.#next(index, this.#floor.exchange(index).endNs);
    if (this.#running === 0) this.#floor.done();
  }

  tick(): void {}

  stop(): void {}

  abandon(): void {}

  #next(index: number, freeAtNs: number): void {
    if (!this.#mayBegin(index, freeAtNs)) return;
    this.#freeAtNs[index] = freeAtNs;
    this.#running++;
    this.#floor.begin(index);
  }
}

interface OpenLoopLimits {
  readonly requests: number;
  /** No request is due later than this after the first. */
  readonly durationNs: number;
  /** After the last one was due: how long requests that are late may still be sent. */
  readonly drainNs: number;
}

/**
 * Requests become due by the pacer, whatever the target does; a free session takes the one that is due longest. Sessions
 * take turns, so that all connections stay in use at any rate.
 */
export class OpenLoop implements Loop {
  readonly #floor: Floor;
  readonly #pacer: Pacer;
  readonly #limits: OpenLoopLimits;
  readonly #alarm = new Alarm(() => this.#dispatch());
  readonly #free: Queue;
  readonly #due = new Queue();
  readonly #intendedNs: Float64Array;
  readonly #freeAtNs: Float64Array;
  #startNs = 0;
  #planned = 0;
  /** Infinity: no further request will become due. */
  #nextDueNs = 0;
  #lastDueNs = 0;
  #running = 0;

  constructor(floor: Floor, pacer: Pacer, limits: OpenLoopLimits) {
    this.#floor = floor;
    this.#pacer = pacer;
    this.#limits = limits;
    this.#free = new Queue();
    this.#intendedNs = new Float64Array(floor.connections);
    this.#freeAtNs = new Float64Array(floor.connections);
  }

  start(): void {
    this.#startNs = nowNs();
    for (let index = 0; index < this.#floor.connections; index++) this.#free.push(index);
    this.#plan();
    this.#dispatch();
  }

  ended(index: number): void {
    this.#running--;
    const intendedNs = this.#intendedNs[index] as number;
    const readyNs = Math.max(intendedNs, this.#freeAtNs[index] as number);
    this.#floor.record(index, intendedNs, readyNs);
    this.#freeAtNs[index] = this.#floor.exchange(index).endNs;
    this.#free.push(index);
    this.#dispatch();
  }

  /** With all connections busy no alarm runs; the end of the drain is noticed here. */
  tick(now: number): void {
    this.#collect(now);
    if (this.#nextDueNs !== Number.POSITIVE_INFINITY || now < this.#lastDueNs + this.#limits.drainNs) return;
    while (this.#due.length > 0) this.#floor.recordUnsent(this.#due.shift(), now);
    this.#dispatch();
  }

  stop(): void {
    this.#alarm.cancel();
  }

  abandon(now: number): void {
    this.stop();
    this.#collect(now);
    while (this.#due.length > 0) this.#floor.recordUnsent(this.#due.shift(), now);
  }

  #dispatch(): void {
    this.#collect(nowNs());
    while (this.#due.length > 0 && this.#free.length > 0) {
      const index = this.#free.shift();
      this.#intendedNs[index] = this.#due.shift();
      this.#running++;
      this.#floor.begin(index);
      this.#collect(nowNs());
    }
    const more = this.#nextDueNs !== Number.POSITIVE_INFINITY;
    if (more && this.#free.length > 0) this.#alarm.set(this.#nextDueNs);
    else this.#alarm.cancel();
    if (!more && this.#running === 0 && this.#due.length === 0) this.#floor.done();
  }

  #collect(now: number): void {
    while (this.#nextDueNs <= now) {
      this.#due.push(this.#nextDueNs);
      this.#lastDueNs = this.#nextDueNs;
      this.#plan();
    }
  }

  #plan(): void {
    const afterNs = this.#planned++ < this.#limits.requests ? this.#pacer.next() : Number.POSITIVE_INFINITY;
    this.#nextDueNs = afterNs <= this.#limits.durationNs ? this.#startNs + afterNs : Number.POSITIVE_INFINITY;
  }
}

/** First in, first out, of numbers; an array's own shift() moves all that is behind. */
class Queue {
  #items: number[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: number): void {
    this.#items.push(item);
  }

  /** Needs: length > 0. */
  shift(): number {
    const item = this.#items[this.#head++] as number;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
