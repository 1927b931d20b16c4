/** The requests that a simulation serves, drawn from a seed once for pools of every size. */
import { random } from "../stats/random.js";
import { loadOf, type Queue, variabilityFactor } from "./formulas.js";
import { ofTwoMoments } from "./variate.js";

/** Batch means (G. S. Fishman 1978): 20 to 30 batches are the usual advice (A. M. Law, Simulation Modeling and Analysis, 5th ed. 2015, section 9.5.3). */
export const BATCHES = 20;
/** A batch is long against the memory of the queue: so many relaxation times, or its mean is not independent of the one before. */
const RELAXATIONS_PER_BATCH = 5;
/** The pool is filled before counting: each connection in use has turned over so often. */
const TURNOVERS = 10;
/** More in flight than this take too long to fill. */
const MAX_LOAD = 20_000;

/** The same requests for pools of every size: when they come, and how long each holds a connection. */
export class Requests {
  readonly load: Omit<Queue, "servers">;
  readonly seed: number;
  readonly perBatch: number;
  /** Arrivals before counting starts. */
  readonly warmup: number;
  readonly gapsNs: Float64Array;
  readonly servicesNs: Float64Array;

  private constructor(load: Omit<Queue, "servers">, arrivals: number, seed: number) {
    this.load = load;
    this.seed = seed;
    this.perBatch = Math.max(1, Math.floor(arrivals / BATCHES));
    this.warmup = Math.max(this.perBatch, Math.ceil(TURNOVERS * loadOf(load)));
    const count = this.warmup + BATCHES * this.perBatch;
    this.gapsNs = new Float64Array(count);
    this.servicesNs = new Float64Array(count);
    const uniform = random(seed);
    const gap = ofTwoMoments(1 / load.arrivalPerNs, load.arrivalCv2);
    for (let at = 0; at < count; at++) {
      this.gapsNs[at] = gap.draw(uniform);
      this.servicesNs[at] = load.service.draw(uniform);
    }
  }

  /**
   * @param arrivals requests to count, 20 at least; the warm-up comes on top
   * @returns null with so many in flight that a pool could not be filled in an instant
   */
  static draw(load: Omit<Queue, "servers">, arrivals: number, seed: number): Requests | null {
    return loadOf(load) > MAX_LOAD ? null : new Requests(load, arrivals, seed);
  }
}

/** The batches are long against the memory of the queue. */
export const isSettled = ({ load, perBatch }: Requests, servers: number): boolean =>
  perBatch >= neededPerBatch({ ...load, servers });

/**
 * How long the queue remembers, in arrivals: the relaxation time of M/M/c in heavy traffic, 1 / (c mu (1 - sqrt rho)^2), more with variability
 * (A. A. Borovkov; J. W. Cohen, The Single Server Queue, 1982, section III.7.3).
 */
function neededPerBatch(queue: Queue): number {
  const utilisation = loadOf(queue) / queue.servers;
  const relaxation = (utilisation / (1 - Math.sqrt(utilisation)) ** 2) * Math.max(1, variabilityFactor(queue));
  return RELAXATIONS_PER_BATCH * relaxation;
}
