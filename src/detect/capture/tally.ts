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
    const { count, unfinished, proofs, ladder, ladderNs } = this;
    const counts = { costs: this.costs.copy(), delayed: this.delayed.copy(), cured: this.cured.copy() };
    return Object.assign(new Tally(this.#most), {
      count,
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
  readonly #byService = new Map<Service, Map<Role, Tally>>();

  /** @param most proofs to keep in each */
  constructor(most: number) {
    this.#most = most;
  }

  of(service: Service, role: Role): Tally {
    let roles = this.#byService.get(service);
    if (roles === undefined) {
      roles = new Map();
      this.#byService.set(service, roles);
    }
    let tally = roles.get(role);
    if (tally === undefined) {
      tally = new Tally(this.#most);
      roles.set(role, tally);
    }
    return tally;
  }

  copy(): Tallies {
    const result = new Tallies(this.#most);
    for (const [service, roles] of this.#byService) {
      result.#byService.set(service, new Map([...roles].map(([role, tally]) => [role, tally.copy()])));
    }
    return result;
  }

  *[Symbol.iterator](): Generator<readonly [Service, Role, Tally]> {
    for (const [service, roles] of this.#byService) {
      for (const [role, tally] of roles) if (tally.count > 0) yield [service, role, tally];
    }
  }
}
