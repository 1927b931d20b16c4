/**
 * M/D/1 exactly: Poisson arrivals, one connection, every request holds it for the same time. What remains of waiting when all
 * variability is taken out of the service.
 *
 * Mean by Pollaczek (1930) and Khinchine (1932): Wq = rho D / (2 (1 - rho)). The distribution is usually written as an alternating sum (Erlang 1909),
 * which drowns in rounding after some ten terms; here by G. J. Franx, "A simple solution for the M/D/c waiting time distribution", Operations Research
 * Letters 29(5), 2001, 221-229, a sum of positive terms, over the queue lengths of H. C. Tijms, A First Course in Stochastic Models, 2003, section 9.2
 * (equation 9.2.11: also positive terms only).
 */
import type { Waiting } from "./formulas.js";

/** So near saturation the queue is long beyond use, and beyond what can be summed up in an instant. */
const MAX_UTILISATION = 0.999;

/**
 * @param utilisation rho = lambda x D, above 0 and below 1
 * @param serviceNs D
 * @returns quantiles null above a utilisation of 0.999
 */
export function constantServiceWaiting(utilisation: number, serviceNs: number): Waiting {
  const figures = {
    utilisation,
    waitProbability: utilisation,
    waitMeanNs: (utilisation * serviceNs) / (2 * (1 - utilisation)),
  };
  if (utilisation > MAX_UTILISATION) return { ...figures, waitP50Ns: null, waitP99Ns: null, responseP99Ns: null };
  const wait = new ConstantServiceWait(utilisation);
  const p99 = wait.quantile(0.99);
  return {
    ...figures,
    waitP50Ns: wait.quantile(0.5) * serviceNs,
    waitP99Ns: p99 * serviceNs,
    responseP99Ns: (p99 + 1) * serviceNs,
  };
}

/** Waiting time in units of the service time. */
export class ConstantServiceWait {
  readonly #utilisation: number;
  /** P(at most n requests in the system), for n from 0. */
  readonly #atMost: number[];
  readonly #inSystem: number[];
  readonly #more: readonly number[];

  /** @param utilisation above 0 and below 1 */
  constructor(utilisation: number) {
    this.#utilisation = utilisation;
    this.#inSystem = [1 - utilisation];
    this.#atMost = [1 - utilisation];
    this.#more = poissonTails(utilisation);
  }

  /** P(wait <= x). */
  atMost(x: number): number {
    if (x < 0) return 0;
    const whole = Math.floor(x) + 1;
    const rest = this.#utilisation * (whole - x);
    // P(at most j in the queue) is P(at most j + 1 in the system).
    let term = Math.exp(-rest);
    let sum = 0;
    for (let arrived = 0; arrived < whole; arrived++) {
      sum += term * this.#cumulative(whole - arrived);
      term *= rest / (arrived + 1);
    }
    return Math.min(1, sum);
  }

  quantile(p: number): number {
    if (this.atMost(0) >= p) return 0;
    let high = 1;
    while (this.atMost(high) < p) high *= 2;
    let low = high === 1 ? 0 : high / 2;
    for (let step = 0; step < 40; step++) {
      const middle = (low + high) / 2;
      if (this.atMost(middle) < p) low = middle;
      else high = middle;
    }
    return high;
  }

  #cumulative(count: number): number {
    while (this.#atMost.length <= count) this.#extend();
    return this.#atMost[count] as number;
  }

  /** p(j) (1 - e(0)) = e(j-1) p(0) + sum of e(j-k) p(k), where e(n) is the chance of more than n arrivals during a service. */
  #extend(): void {
    const next = this.#inSystem.length;
    const more = this.#more;
    let sum = (more[next - 1] ?? 0) * (this.#inSystem[0] as number);
    for (let k = Math.max(1, next - more.length + 1); k < next; k++) {
      sum += (more[next - k] as number) * (this.#inSystem[k] as number);
    }
    const probability = sum / (1 - (more[0] as number));
    this.#inSystem.push(probability);
    this.#atMost.push((this.#atMost[next - 1] as number) + probability);
  }
}

/** P(more than n Poisson arrivals of this mean), for n from 0 until it is nothing; summed from the small end. */
function poissonTails(mean: number): number[] {
  const terms: number[] = [];
  for (let n = 0, term = Math.exp(-mean); term > 1e-18 || n < 2; n++) {
    terms.push(term);
    term *= mean / (n + 1);
  }
  const tails = new Array<number>(terms.length - 1).fill(0);
  for (let n = tails.length - 1, sum = 0; n >= 0; n--) {
    sum += terms[n + 1] as number;
    tails[n] = sum;
  }
  return tails;
}
