/**
 * Delayed exchanges of one end of one flow that may yet turn out to be none: kept apart until the flow ends. Small, since every flow of
 * a capture may have one.
 */
import type { Service } from "../../capture/services/service.js";
import type { Ladder } from "../../report/model.js";
import type { Sink } from "./delays.js";
import type { Proof, Role, Tallies, Tally } from "./tally.js";

/**
 * So many are held back at most. An end with Nagle's algorithm off shows it within a few messages: one that has been held back so often
 * has it on, and may turn it off later without these having been any less real.
 */
const MOST = 64;

type Entry = readonly [costNs: number, latencyNs: number | null, timerNs: number | null];

export class Batch implements Sink {
  readonly #service: Service;
  readonly #role: Role;
  readonly #tallies: Tallies;
  readonly #believed: () => boolean;
  #entries: Entry[] = [];
  /** Of all that wait anywhere only the worst few are worded, and the worst is drawn: a ladder is too large to have one per flow. */
  #proofs: (readonly [Proof, Ladder | null])[] = [];

  /** @param believed asked when they are committed: whether they are delays at all */
  constructor(service: Service, role: Role, tallies: Tallies, believed: () => boolean) {
    this.#service = service;
    this.#role = role;
    this.#tallies = tallies;
    this.#believed = believed;
  }

  add(costNs: number, latencyNs: number | null, timerNs: number | null): void {
    if (this.#entries.length >= MOST) {
      this.commit(this.#tallies);
      this.#entries = [];
      this.#proofs = [];
    }
    this.#entries.push([costNs, latencyNs, timerNs]);
  }

  wants(costNs: number): boolean {
    return this.#tally.wantsPromise(costNs);
  }

  prove(proof: Proof, ladder?: () => Ladder | null): void {
    const tally = this.#tally;
    const worst = proof.costNs > Math.max(tally.promised[0] ?? -1, tally.ladderNs);
    tally.promise(proof.costNs);
    this.#proofs.push([proof, ladder !== undefined && worst ? ladder() : null]);
  }

  /** Adds all that waits, if it is believed, to the tally of its service and role. */
  commit(tallies: Tallies): void {
    if (!this.#believed()) return;
    const tally = tallies.of(this.#service, this.#role);
    for (const [costNs, latencyNs, timerNs] of this.#entries) tally.add(costNs, latencyNs, timerNs);
    for (const [proof, ladder] of this.#proofs) {
      if (tally.wants(proof.costNs)) tally.prove(proof);
      if (ladder !== null) tally.draw(proof.costNs, () => ladder);
    }
  }

  /** They were no delays. The next one may be worded and drawn, however small. */
  drop(): void {
    this.#tally.promised = [];
  }

  get #tally(): Tally {
    return this.#tallies.of(this.#service, this.#role);
  }
}
