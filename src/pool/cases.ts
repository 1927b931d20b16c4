/** One pool size under one load, by all models side by side, and where they part. */
import type { PoolCase, PoolModel, PoolReport } from "../report/pool-model.js";
import { formatDuration } from "../units/duration.js";
import { constantServiceWaiting } from "./constant-service.js";
import { allenCunneen, exponentialWaiting, isExponential, loadOf, type Queue, type Waiting } from "./formulas.js";
import { percent } from "./littles-law.js";
import type { Requests } from "./requests.js";
import { type Simulated, simulate } from "./simulation.js";
import { exponential } from "./variate.js";

/** A formula that is off by less than this serves its purpose, whatever the interval says. */
const TOLERABLE = 0.1;
/** Smaller differences are no use to anybody: of the share that waits, and of a wait as part of the mean service time. */
const MIN_SHARE = 0.001;
const MIN_WAIT_SHARE = 0.01;

export interface CaseQuestion {
  readonly load: PoolCase["load"];
  readonly queue: Queue;
  readonly connections: number;
  readonly recommended: boolean;
  readonly requests: Requests | null;
}

/** @param question with more slots than are in flight */
export function poolCase({ load, queue, connections, recommended, requests }: CaseQuestion): PoolCase {
  const poisson = queue.arrivalCv2 === 1;
  const exact = isExponential(queue);
  const formula = allenCunneen(queue);
  // M/M/c is asked of the same mean, whatever the service looks like.
  const textbook = exponentialWaiting({ ...queue, arrivalCv2: 1, service: exponential(queue.service.meanNs) });
  const models: PoolModel[] = [{ model: "M/M/c", ...textbook }];
  if (!exact) models.push({ model: "Allen-Cunneen", ...formula });
  if (queue.servers === 1 && poisson) {
    models.push({ model: "M/D/1", ...constantServiceWaiting(loadOf(queue), queue.service.meanNs) });
  }
  const simulated = requests === null ? null : simulate(requests, queue.servers);
  const warnings = simulated === null ? [NOT_SIMULATED] : partings(queue, formula, simulated);
  if (simulated !== null) models.push({ model: "simulation", ...simulated });
  return { load, connections, recommended, models, warnings };
}

const NOT_SIMULATED = "not simulated: with more than 20,000 in flight that would take too long";

/**
 * The model to go by: M/M/c where it is exact (then it stands without Allen-Cunneen), else the simulation, or where that cannot be
 * trusted Allen-Cunneen.
 */
export function trusted({ models }: PoolCase): PoolModel | undefined {
  const byName = (name: PoolModel["model"]): PoolModel | undefined => models.find(({ model }) => model === name);
  const approximation = byName("Allen-Cunneen");
  if (approximation === undefined) return byName("M/M/c");
  const simulation = byName("simulation");
  return simulation?.settled === true ? simulation : approximation;
}

/** The case of the pool as it is, now; undefined when it is not known or cannot carry the load. */
export const presentCase = ({
  cases = [],
  connections,
}: Pick<PoolReport, "cases" | "connections">): PoolCase | undefined =>
  cases.find((one) => one.load === "now" && one.connections === connections);

const FIGURES = [
  ["waitProbability", "the share that waits", percent],
  ["waitP50Ns", "the wait p50", formatDuration],
  ["waitP99Ns", "the wait p99", formatDuration],
  ["responseP99Ns", "the response p99", formatDuration],
] as const;

/** Where the formula lies outside the simulation's confidence interval, and by more than matters. */
function partings(queue: Queue, formula: Waiting, simulated: Simulated): string[] {
  if (!simulated.settled) {
    return [
      `so near saturation ${simulated.arrivals} requests are too few for a simulation: its intervals are too narrow, go by the formula`,
    ];
  }
  // That formula is exact: what differs is chance.
  if (isExponential(queue)) return [];
  const parted = FIGURES.flatMap(([figure, name, text]) => {
    const [told, seen, { low, high }] = [formula[figure], simulated[figure], simulated.interval[figure]];
    if (told === null || (told >= low && told <= high)) return [];
    const matters = figure === "waitProbability" ? MIN_SHARE : MIN_WAIT_SHARE * queue.service.meanNs;
    if (Math.abs(told - seen) <= Math.max(TOLERABLE * seen, matters)) return [];
    return [`${name} is ${text(told)} by formula and ${text(seen)} simulated (95 %: ${text(low)} to ${text(high)})`];
  });
  return parted.length === 0 ? [] : [`formula and simulation part, go by the simulation: ${parted.join("; ")}`];
}
