/**
 * A pool simulated: requests arrive, take the connection that is free first, in order of arrival. By the recursion of J. Kiefer and J. Wolfowitz, "On the
 * Theory of Queues with Many Servers", Transactions of the AMS 78, 1955, 1-18: all that must be known is when each connection becomes free.
 * Pure: a seed gives the same figures again, and pools of different sizes under the same seed see the same requests, so that more
 * connections never look worse by chance.
 */
import { type Batch, figuresOf, type Intervals, intervalsOf, joined } from "./batches.js";
import { loadOf, type Waiting } from "./formulas.js";
import { BATCHES, isSettled, type Requests } from "./requests.js";

export interface Simulated extends Waiting {
  readonly waitP50Ns: number;
  readonly waitP99Ns: number;
  readonly responseP99Ns: number;
  readonly waitMaxNs: number;
  readonly interval: Intervals;
  readonly arrivals: number;
  readonly seed: number;
  /** false: so near saturation that the batches depend on each other, and the intervals are too narrow. */
  readonly settled: boolean;
}

/** @returns null where there is no steady state */
export function simulate(requests: Requests, servers: number): Simulated | null {
  const { load, perBatch, seed } = requests;
  if (loadOf(load) >= servers) return null;
  const line = warm(requests, servers);
  const batches = Array.from({ length: BATCHES }, () => line.batch(perBatch));
  const all = joined(batches);
  return {
    ...figuresOf(all),
    interval: intervalsOf(all, batches),
    arrivals: perBatch * BATCHES,
    seed,
    settled: isSettled(requests, servers),
  };
}

/** As `simulate`, the 99th percentile of the wait alone, and sooner. @param servers more than are in flight */
export function simulatedWaitP99(requests: Requests, servers: number): number {
  const count = BATCHES * requests.perBatch;
  const waitsNs = new Float64Array(count);
  let waited = 0;
  warm(requests, servers).each(count, (waitNs) => {
    if (waitNs > 0) waitsNs[waited++] = waitNs;
  });
  // Most need not wait: only the others are worth sorting.
  const at = Math.ceil(0.99 * count) - 1 - (count - waited);
  return at < 0 ? 0 : (waitsNs.subarray(0, waited).sort()[at] as number);
}

/** Whether that percentile is at most `targetNs`: what a search asks again and again. */
export function waitP99Within(requests: Requests, servers: number, targetNs: number): boolean {
  const count = BATCHES * requests.perBatch;
  let longer = 0;
  warm(requests, servers).each(count, (waitNs) => {
    if (waitNs > targetNs) longer++;
  });
  return count - longer >= Math.ceil(0.99 * count);
}

/** A pool that is in the middle of its work. */
function warm(requests: Requests, servers: number): Line {
  const line = new Line(requests, servers);
  line.each(requests.warmup, () => {});
  return line;
}

/** The pool in the middle of its work. */
class Line {
  readonly #requests: Requests;
  readonly #servers: number;
  /** When each connection becomes free: a heap, the earliest on top. */
  readonly #freeAt: Float64Array;
  #next = 0;
  #nowNs = 0;

  constructor(requests: Requests, servers: number) {
    this.#requests = requests;
    this.#servers = servers;
    // With as many connections as there are requests nobody waits; more of them change nothing.
    this.#freeAt = new Float64Array(Math.min(servers, requests.gapsNs.length));
  }

  batch(count: number): Batch {
    const [waitsNs, responsesNs] = [new Float64Array(count), new Float64Array(count)];
    const fromNs = this.#nowNs;
    let [busyNs, at] = [0, 0];
    this.each(count, (waitNs, serviceNs) => {
      waitsNs[at] = waitNs;
      responsesNs[at++] = waitNs + serviceNs;
      busyNs += serviceNs;
    });
    const offeredNs = this.#servers * (this.#nowNs - fromNs);
    return { waitsNs: waitsNs.sort(), responsesNs: responsesNs.sort(), busyNs, offeredNs };
  }

  /** The next requests, one after the other. */
  each(count: number, tell: (waitNs: number, serviceNs: number) => void): void {
    const { gapsNs, servicesNs } = this.#requests;
    const end = this.#next + count;
    for (; this.#next < end; this.#next++) {
      this.#nowNs += gapsNs[this.#next] as number;
      const serviceNs = servicesNs[this.#next] as number;
      const waitNs = Math.max(0, (this.#freeAt[0] as number) - this.#nowNs);
      this.#take(this.#nowNs + waitNs + serviceNs);
      tell(waitNs, serviceNs);
    }
  }

  /** The connection that is free first is busy until then. */
  #take(untilNs: number): void {
    const heap = this.#freeAt;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= untilNs) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = untilNs;
  }
}
