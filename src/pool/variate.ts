/**
 * A positive random time as a mixture of shifted exponentials: each component is a constant, an exponential, or one after the
 * other. That one form holds all that is needed here: measured values (many constants), an assumed mean, and the two-moment
 * fits of W. Whitt, "Approximating a Point Process by a Renewal Process, I", Operations Research 30(1), 1982, 125-147, section 3.
 */

interface Component {
  readonly weight: number;
  readonly shiftNs: number;
  /** Mean of the exponential part; 0: none. */
  readonly meanNs: number;
}

export class Variate {
  readonly components: readonly Component[];
  readonly meanNs: number;
  /** Squared coefficient of variation: variance / mean^2. */
  readonly cv2: number;
  readonly #cumulative: Float64Array;

  /** @param components at least one; weights above 0 */
  constructor(components: readonly Component[]) {
    this.components = components;
    this.#cumulative = new Float64Array(components.length);
    let total = 0;
    for (const [at, { weight }] of components.entries()) {
      total += weight;
      this.#cumulative[at] = total;
    }
    if (!(total > 0)) throw new RangeError("Variate: no component");
    const moment = (of: (part: Component) => number): number =>
      components.reduce((sum, part) => sum + (part.weight / total) * of(part), 0);
    this.meanNs = moment(({ shiftNs, meanNs }) => shiftNs + meanNs);
    const variance = moment(({ shiftNs, meanNs }) => (shiftNs + meanNs - this.meanNs) ** 2 + meanNs ** 2);
    this.cv2 = this.meanNs > 0 ? variance / this.meanNs ** 2 : 0;
  }

  /** One value by inverting the distribution function. @param uniform in [0, 1) */
  draw(uniform: () => number): number {
    const { components } = this;
    const part = components.length === 1 ? components[0] : components[this.#pick(uniform())];
    const { shiftNs, meanNs } = part as Component;
    return meanNs === 0 ? shiftNs : shiftNs - meanNs * Math.log(1 - uniform());
  }

  /**
   * P(X + E > t), where E is 0 but with probability `delayed` exponential of the rate `rate`: what a request spends in all, when the
   * wait is such an E.
   * @param rate per nanosecond
   */
  exceedsWith(delayed: number, rate: number, tNs: number): number {
    const last = this.components.length - 1;
    const total = this.#cumulative[last] as number;
    let sum = 0;
    for (const part of this.components) sum += (part.weight / total) * tail(part, delayed, rate, tNs);
    return sum;
  }

  #pick(share: number): number {
    const cumulative = this.#cumulative;
    let [low, high] = [0, cumulative.length - 1];
    const wanted = share * (cumulative[high] as number);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The same for one component: an exponential, and with probability `delayed` a second one on top. */
function tail({ shiftNs, meanNs }: Component, delayed: number, rate: number, tNs: number): number {
  const left = tNs - shiftNs;
  if (left < 0) return 1;
  const waits = Number.isFinite(rate) ? Math.exp(-rate * left) : 0;
  if (meanNs === 0) return delayed * waits;
  const own = 1 / meanNs;
  const alone = Math.exp(-own * left);
  if (!Number.isFinite(rate)) return alone;
  const close = Math.abs(rate - own) < 1e-6 * own;
  const both = close ? (1 + own * left) * alone : (rate * alone - own * waits) / (rate - own);
  return (1 - delayed) * alone + delayed * both;
}

export const constant = (meanNs: number): Variate => new Variate([{ weight: 1, shiftNs: meanNs, meanNs: 0 }]);
export const exponential = (meanNs: number): Variate => new Variate([{ weight: 1, shiftNs: 0, meanNs }]);

/**
 * A distribution of this mean and squared coefficient of variation: constant for 0, exponential for 1; below 1 a constant and an
 * exponential one after the other, above 1 one of two exponentials with balanced means (Whitt 1982, M^d and H2^b).
 */
export function ofTwoMoments(meanNs: number, cv2: number): Variate {
  if (cv2 === 1) return exponential(meanNs);
  if (cv2 < 1) {
    const variable = meanNs * Math.sqrt(cv2);
    return new Variate([{ weight: 1, shiftNs: meanNs - variable, meanNs: variable }]);
  }
  const first = (1 + Math.sqrt((cv2 - 1) / (cv2 + 1))) / 2;
  return new Variate([first, 1 - first].map((weight) => ({ weight, shiftNs: 0, meanNs: meanNs / (2 * weight) })));
}

/**
 * The measured values themselves.
 * @param values at least one, counts above 0
 * @param meanNs their true mean, above 0; the values stand for buckets and may be off by 0.1 %
 */
export function measured(
  values: readonly { readonly valueNs: number; readonly count: number }[],
  meanNs: number,
): Variate {
  const total = values.reduce((sum, { count }) => sum + count, 0);
  const scale = meanNs / (values.reduce((sum, { valueNs, count }) => sum + valueNs * count, 0) / total);
  return new Variate(values.map(({ valueNs, count }) => ({ weight: count, shiftNs: valueNs * scale, meanNs: 0 })));
}
