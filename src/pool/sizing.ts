/** The fewest connections that keep waiting below a target, by formula and by simulation, and the knee around them. */
import type { PoolKnee, PoolSize } from "../report/pool-model.js";
import { erlangCs } from "./erlang.js";
import { allenCunneen, exponentialQuantile, isExponential, loadOf, type Queue, variabilityFactor } from "./formulas.js";
import { isSettled, type Requests } from "./requests.js";
import { simulatedWaitP99, waitP99Within } from "./simulation.js";

/** Above it the search by formula would take longer than an instant, and nobody has such a pool. */
const MAX_LOAD = 1e6;
const KNEE_ROWS = 9;

export interface Demand {
  readonly load: Omit<Queue, "servers">;
  /** null: cannot be simulated. */
  readonly requests: Requests | null;
  readonly streamsPerConnection: number;
  readonly targetWaitP99Ns: number;
  /** Never recommend fewer: the deadlock floor, or 1. */
  readonly floor: number;
}

/** By simulation where that knows more than the formula. @returns the fewest connections that keep the 99th percentile of the wait at or below the target */
export function fewestConnections(demand: Demand): PoolSize {
  const { load, streamsPerConnection, floor } = demand;
  // A simulation of what is known exactly would only add noise.
  const requests = isExponential(load) ? null : demand.requests;
  const known = { arrivalPerSecond: load.arrivalPerNs * 1e9, residenceNs: Math.round(load.service.meanNs * 1e3) / 1e3 };
  const byFormula = fewestByFormula(demand);
  if (byFormula === null) return { ...known, connections: null, waitP99Ns: null, byFormula: null, from: "formula" };
  const decided = requests === null ? byFormula : fewestBySimulation(demand, requests, byFormula);
  const connections = Math.max(decided, floor);
  const slots = connections * streamsPerConnection;
  return {
    ...known,
    connections,
    waitP99Ns:
      requests === null
        ? (allenCunneen({ ...load, servers: slots }).waitP99Ns ?? 0)
        : simulatedWaitP99(requests, slots),
    byFormula,
    from: floor > decided ? "deadlock" : requests === null ? "formula" : "simulation",
  };
}

function fewestByFormula({ load, streamsPerConnection, targetWaitP99Ns }: Demand): number | null {
  const inFlight = loadOf(load);
  if (inFlight > MAX_LOAD) return null;
  const factor = variabilityFactor(load);
  for (const { servers, delayed } of erlangCs(inFlight)) {
    const rate = (servers / load.service.meanNs - load.arrivalPerNs) / factor;
    const waitNs = factor === 0 ? 0 : exponentialQuantile(delayed, rate, 0.99);
    if (waitNs <= targetWaitP99Ns) return Math.ceil(servers / streamsPerConnection);
  }
  return null;
}

/**
 * By doubling steps from what the formula says, then by halving. All sizes serve the same requests, so the wait never grows with
 * the connections and the search is sound.
 */
function fewestBySimulation(demand: Demand, requests: Requests, byFormula: number): number {
  const { load, streamsPerConnection, targetWaitP99Ns } = demand;
  const least = Math.floor(loadOf(load) / streamsPerConnection) + 1;
  const holds = (connections: number): boolean => {
    const slots = connections * streamsPerConnection;
    // Where the simulation is too short to tell it must not overrule the formula.
    if (!isSettled(requests, slots) && connections < byFormula) return false;
    return waitP99Within(requests, slots, targetWaitP99Ns);
  };
  let step = 1;
  let [fails, works] = [least - 1, Math.max(least, byFormula)];
  if (holds(works)) {
    while (works > least && works - step > fails && holds(works - step)) {
      works -= step;
      step *= 2;
    }
    fails = Math.max(fails, works - step);
  } else {
    do {
      fails = works;
      works += step;
      step *= 2;
    } while (!holds(works));
  }
  while (works - fails > 1) {
    const middle = (works + fails) >> 1;
    if (holds(middle)) works = middle;
    else fails = middle;
  }
  return works;
}

/**
 * Waiting against connections: dense near saturation, where it bends, wider apart behind.
 * @param marked sizes that must be among them: the pool's own, the recommended ones
 */
export function knee(demand: Demand, recommended: number, marked: readonly number[]): PoolKnee[] {
  const { load, requests, streamsPerConnection } = demand;
  const least = Math.floor(loadOf(load) / streamsPerConnection) + 1;
  const most = Math.max(recommended + 1, Math.ceil(least + (recommended - least) * 1.3));
  const spaced = Array.from({ length: KNEE_ROWS }, (_, at) =>
    Math.round(least + (most - least) * (at / (KNEE_ROWS - 1)) ** 1.5),
  );
  const near = marked.filter((connections) => connections >= least && connections <= 3 * most);
  const sizes = [...new Set([...spaced, ...near])].sort((left, right) => left - right);
  return sizes.map((connections) => {
    const slots = connections * streamsPerConnection;
    const { utilisation, waitProbability, waitP99Ns } = allenCunneen({ ...load, servers: slots });
    const seen = requests !== null && isSettled(requests, slots);
    return {
      connections,
      utilisation,
      waitProbability,
      waitP99Ns: waitP99Ns ?? 0,
      simulatedWaitP99Ns: seen ? simulatedWaitP99(requests, slots) : null,
    };
  });
}
