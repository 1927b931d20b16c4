/** The standard normal distribution. */

/** Beyond this the continued fraction needs fewer terms than the series. */
const SERIES_UP_TO = 3;
const FRACTION_TERMS = 60;

/**
 * Probability that a standard normal variable exceeds `z`, to 12 digits or better. Below 3 the series of Marsaglia, "Evaluating the
 * Normal Distribution", Journal of Statistical Software 11(4), 2004; above it the continued fraction of Abramowitz and Stegun 26.2.14.
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  if (z === Number.POSITIVE_INFINITY) return 0;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > SERIES_UP_TO) {
    let fraction = z;
    for (let term = FRACTION_TERMS; term > 0; term--) fraction = z + term / fraction;
    return density / fraction;
  }
  let [sum, term] = [z, z];
  for (let odd = 3; term > 1e-17 * sum; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 - sum * density;
}

/** Probability of a deviation as large as `z` to either side. */
export const twoSided = (z: number): number => Math.min(1, 2 * normalTail(Math.abs(z)));

/** The value that a standard normal variable exceeds with probability 1 - `p`, by bisection of the tail: 12 digits. */
export function normalQuantile(p: number): number {
  if (p < 0.5) return -normalQuantile(1 - p);
  let [low, high] = [0, 40];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
