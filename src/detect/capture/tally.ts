/** What a detector keeps of the exchanges that one cause delayed: numbers, the worst few proofs and one ladder. */
import type { Service } from "../../capture/services/service.js";
import type { Ladder } from "../../report/model.js";
import { LogCounts } from "../../stats/log-counts.js";

export type Role = "client" | "server";

export interface Proof {
  readonly costNs: number;
  readonly packets: readonly number[];
  readonly atNs: number;
  readonly says: string;
}

export class Tally {
  readonly #most: number;
  count = 0;
  /** Segments that the messages counted came in, where that is what is counted. */
  segments = 0;
  /** Of `count`: those that are not among the exchanges of the service, because no answer ever came. */
  unfinished = 0;
  costs = new LogCounts();
  /** Latencies of the delayed exchanges, and what they would have been. */
  delayed = new LogCounts();
  cured = new LogCounts();
  /** How long the timer behind each delay took, where there is one to measure. */
  timers = new LogCounts();
  proofs: readonly Proof[] = [];
  ladder: Ladder | undefined;
  /** What the exchange on the ladder cost. */
  ladderNs = -1;
  /** Costs of the worst proofs that wait elsewhere to be told (Batch), the worst first. */
  promised: readonly number[] = [];

  /** @param most proofs to keep */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * @param latencyNs of the exchange; null: it has none, its answer never came
   * @param timerNs null: no timer was measured
   */
  add(costNs: number, latencyNs: number | null, timerNs: number | null): void {
    this.count++;
    this.costs.record(costNs);
    if (timerNs !== null) this.timers.record(timerNs);
    if (latencyNs === null) {
      this.unfinished++;
      return;
    }
    this.delayed.record(latencyNs);
    this.cured.record(Math.max(0, latencyNs - costNs));
  }

  /** Whether a proof of this cost is among the worst few: asked first, so that no proof is worded in vain. */
  wants(costNs: number): boolean {
    const least = this.proofs.at(-1);
    return this.proofs.length < this.#most || (least !== undefined && costNs > least.costNs);
  }

  /** The same for a proof that has to wait. */
  wantsPromise(costNs: number): boolean {
    const least = this.promised.at(-1);
    return this.wants(costNs) && (this.promised.length < this.#most || (least !== undefined && costNs > least));
  }

  promise(costNs: number): void {
    this.promised = [...this.promised, costNs].sort((left, right) => right - left).slice(0, this.#most);
  }

  /** @param ladder drawn when it is the worst of all; null: there is nothing to draw */
  prove(proof: Proof, ladder?: () => Ladder | null): void {
    if (ladder !== undefined) this.draw(proof.costNs, ladder);
    this.proofs = [...this.proofs, proof].sort((left, right) => right.costNs - left.costNs).slice(0, this.#most);
  }

  draw(costNs: number, ladder: () => Ladder | null): void {
    if (costNs <= this.ladderNs) return;
    const drawn = ladder();
    if (drawn === null) return;
    this.ladderNs = costNs;
    this.ladder = drawn;
  }

  copy(): Tally {
    const { count, segments, unfinished, proofs, ladder, ladderNs } = this;
    const counts = { costs: this.costs.copy(), delayed: this.delayed.copy(), cured: this.cured.copy() };
    return Object.assign(new Tally(this.#most), {
      count,
      segments,
      unfinished,
      proofs,
      ladder,
      ladderNs,
      timers: this.timers.copy(),
      ...counts,
    });
  }
}

/** One tally per service and per end that is to blame. */
export class Tallies {
  readonly #most: number;
  /** By the service's place, the client's before the server's. */
  #tallies: (readonly [Service, Role, Tally] | undefined)[] = [];

  /** @param most proofs to keep in each */
  constructor(most: number) {
    this.#most = most;
  }

  of(service: Service, role: Role): Tally {
    const at = 2 * service.place + (role === "client" ? 0 : 1);
    while (this.#tallies.length <= at) this.#tallies.push(undefined);
    let known = this.#tallies[at];
    if (known === undefined) {
      known = [service, role, new Tally(this.#most)];
      this.#tallies[at] = known;
    }
    return known[2];
  }

  copy(): Tallies {
    const result = new Tallies(this.#most);
    result.#tallies = this.#tallies.map((known) => known && ([known[0], known[1], known[2].copy()] as const));
    return result;
  }

  *[Symbol.iterator](): Generator<readonly [Service, Role, Tally]> {
    for (const known of this.#tallies) if (known !== undefined && known[2].count > 0) yield known;
  }
}
