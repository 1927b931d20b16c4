/** The slowest few answered requests of a block, with their timelines; the rest costs one comparison. */
import type { Timeline } from "../report/model.js";

export class Slowest {
  readonly #keep: number;
  /** Slowest first. */
  readonly #kept: Timeline[] = [];
  #thresholdNs: number;

  constructor(keep: number) {
    this.#keep = keep;
    this.#thresholdNs = keep > 0 ? -1 : Number.POSITIVE_INFINITY;
  }

  /** Whether a request of this latency would be kept; ask before its timeline is built. */
  wants(latencyNs: number): boolean {
    return latencyNs > this.#thresholdNs;
  }

  add(timeline: Timeline): void {
    const behind = this.#kept.findIndex((other) => other.latencyNs < timeline.latencyNs);
    this.#kept.splice(behind < 0 ? this.#kept.length : behind, 0, timeline);
    if (this.#kept.length > this.#keep) this.#kept.pop();
    if (this.#kept.length === this.#keep) this.#thresholdNs = (this.#kept.at(-1) as Timeline).latencyNs;
  }

  /** Slowest first. */
  get timelines(): readonly Timeline[] {
    return this.#kept;
  }
}
