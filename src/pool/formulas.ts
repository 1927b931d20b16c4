/** Waiting by formula: M/M/c exactly, anything else by Allen and Cunneen's approximation. Times in nanoseconds. */
import { erlangC } from "./erlang.js";
import type { Variate } from "./variate.js";

/** Requests that arrive at one pool. */
export interface Queue {
  /** lambda, requests per nanosecond. */
  readonly arrivalPerNs: number;
  /** Squared coefficient of variation of the gaps between arrivals; 1: Poisson. */
  readonly arrivalCv2: number;
  /** How long a request holds its connection. */
  readonly service: Variate;
  /** Requests that may be in flight at once; above a = lambda x W, or there is no steady state. */
  readonly servers: number;
}

export interface Waiting {
  readonly utilisation: number;
  readonly waitProbability: number;
  readonly waitMeanNs: number;
  /** null: cannot be worked out by this formula. */
  readonly waitP50Ns: number | null;
  readonly waitP99Ns: number | null;
  readonly responseP99Ns: number | null;
}

/** a = lambda x W, the mean number in flight. */
export const loadOf = ({ arrivalPerNs, service }: Omit<Queue, "servers">): number => arrivalPerNs * service.meanNs;

/**
 * M/M/c: Poisson arrivals, exponential service. The wait is 0 with probability 1 - C, else exponential of rate c mu - lambda
 * (Erlang 1917; D. Gross and C. M. Harris, Fundamentals of Queueing Theory, 3rd ed. 1998, section 2.3).
 * @param service of an exponential distribution; only then the figures are exact
 */
export function exponentialWaiting(queue: Queue): Waiting {
  return waiting(queue, erlangC(queue.servers, loadOf(queue)), 1);
}

/**
 * G/G/c by A. O. Allen and J. B. Cunneen: the mean wait of M/M/c times (ca^2 + cs^2) / 2 (Allen, Probability, Statistics, and
 * Queueing Theory with Computer Science Applications, 2nd ed. 1990, section 5.3). With one server and Poisson arrivals it is the
 * Pollaczek-Khinchine formula and exact in the mean; with one server else, Kingman's (1961). For the percentiles a request that
 * waits is taken to wait exponentially, as Allen's tables do.
 */
export function allenCunneen(queue: Queue): Waiting {
  return waiting(queue, erlangC(queue.servers, loadOf(queue)), variabilityFactor(queue));
}

/** Poisson arrivals and exponential service: then these formulas are no approximation. */
export const isExponential = ({
  arrivalCv2,
  service: { components },
}: Pick<Queue, "arrivalCv2" | "service">): boolean =>
  arrivalCv2 === 1 && components.length === 1 && components[0]?.shiftNs === 0 && components[0].meanNs > 0;

export const variabilityFactor = ({ arrivalCv2, service }: Pick<Queue, "arrivalCv2" | "service">): number =>
  (arrivalCv2 + service.cv2) / 2;

function waiting(queue: Queue, erlang: number, factor: number): Waiting {
  const { arrivalPerNs, service, servers } = queue;
  const rate = (servers / service.meanNs - arrivalPerNs) / factor;
  // Without any variability nobody ever waits.
  const delayed = factor === 0 ? 0 : erlang;
  return {
    utilisation: loadOf(queue) / servers,
    waitProbability: delayed,
    waitMeanNs: delayed / rate,
    waitP50Ns: exponentialQuantile(delayed, rate, 0.5),
    waitP99Ns: exponentialQuantile(delayed, rate, 0.99),
    responseP99Ns: responseQuantile(service, delayed, rate, 0.99),
  };
}

/** Wait that a share `p` of all requests does not exceed, when `delayed` of them wait exponentially. @param rate per nanosecond */
export function exponentialQuantile(delayed: number, rate: number, p: number): number {
  return delayed <= 1 - p ? 0 : Math.log(delayed / (1 - p)) / rate;
}

/** Service and such a wait together, by halving: the distribution function has no inverse in a closed form. */
function responseQuantile(service: Variate, delayed: number, rate: number, p: number): number {
  const exceeds = (tNs: number): boolean => service.exceedsWith(delayed, rate, tNs) > 1 - p;
  let high = service.meanNs;
  while (exceeds(high) && high < Number.MAX_SAFE_INTEGER) high *= 2;
  let low = 0;
  // 40 halvings leave less than a millionth of a millionth of the range.
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (exceeds(middle)) low = middle;
    else high = middle;
  }
  return high;
}
