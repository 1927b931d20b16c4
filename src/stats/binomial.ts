/** Sums over discrete distributions, in logarithms so that a million trials do not underflow. */

/** ln n! by Stirling's series (Abramowitz and Stegun 6.1.41) from 16 on, exact products below: 14 digits. */
export function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let factor = 2; factor <= n; factor++) product *= factor;
    return Math.log(product);
  }
  const x = n + 1;
  const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - 1 / (1680 * x ** 7);
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series;
}

/** ln of the number of ways to choose `k` of `n`. */
export const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/** Further from the mean than this many standard deviations nothing is left to be summed. */
const REACH = 12;

/**
 * The ranks whose values bound a quantile, whatever the distribution: the interval from the `low`th to the `high`th smallest of
 * `n` independent values holds the quantile with at least this confidence, equal tails (W. J. Conover, "Practical Nonparametric
 * Statistics", 3rd ed., 3.2; H. A. David and H. N. Nagaraja, "Order Statistics", 3rd ed., 7.1).
 * @returns ranks from 1 to n; null for a bound that `n` values are too few for
 */
export function quantileRanks(
  n: number,
  quantile: number,
  confidence: number,
): { low: number | null; high: number | null } {
  const tail = (1 - confidence) / 2;
  const spread = Math.sqrt(n * quantile * (1 - quantile));
  const from = Math.max(0, Math.floor(n * quantile - REACH * spread - 10));
  const to = Math.min(n, Math.ceil(n * quantile + REACH * spread + 10));
  let [low, high, below] = [0, n + 1, 0];
  for (let k = from; k <= to; k++) {
    below += Math.exp(logChoose(n, k) + k * Math.log(quantile) + (n - k) * Math.log1p(-quantile));
    if (below <= tail) low = k + 1;
    if (below >= 1 - tail) {
      high = k + 1;
      break;
    }
  }
  return { low: low === 0 ? null : low, high: high > n ? null : high };
}
