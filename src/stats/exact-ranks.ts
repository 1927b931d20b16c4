/** How often each value of a rank statistic comes up when all orders are equally likely: exact, for small samples without ties. */

/**
 * Distribution of the Mann-Whitney U of `n` against `m` values: the share of the C(n+m, n) orders with each U from 0 to n m
 * (recursion of Mann and Whitney, Annals of Mathematical Statistics 18, 1947, as coefficients of the Gaussian binomial).
 */
export function mannWhitneyShares(n: number, m: number): Float64Array {
  const ways = new Float64Array(n * m + 1);
  ways[0] = 1;
  // Multiply by (1 - q^(m+i)) and divide by (1 - q^i), i = 1..n; the powers beyond n m never come back down.
  for (let i = 1; i <= n; i++) {
    for (let u = n * m; u >= m + i; u--) ways[u]! -= ways[u - m - i] as number;
    for (let u = i; u <= n * m; u++) ways[u]! += ways[u - i] as number;
  }
  return shares(ways);
}

/** Distribution of Wilcoxon's signed-rank statistic of `n` differences: the share of the 2^n signs with each sum from 0 to n(n+1)/2. */
export function signedRankShares(n: number): Float64Array {
  const ways = new Float64Array((n * (n + 1)) / 2 + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = ways.length - 1; sum >= rank; sum--) ways[sum]! += ways[sum - rank] as number;
  }
  return shares(ways);
}

function shares(ways: Float64Array): Float64Array {
  const all = ways.reduce((sum, count) => sum + count, 0);
  return ways.map((count) => count / all);
}

/** Probability of a statistic as far from its middle as `value`, to either side; the distribution is symmetric. */
export function twoSidedExact(distribution: Float64Array, value: number): number {
  const near = Math.min(value, distribution.length - 1 - value);
  let tail = 0;
  for (let at = 0; at <= near; at++) tail += distribution[at] as number;
  return Math.min(1, 2 * tail);
}

/**
 * How many of the smallest (and of the largest) differences lie outside the interval: the largest k with P(statistic < k) within
 * the tail. 0: too few values for this confidence.
 */
export function outside(distribution: Float64Array, tail: number): number {
  let [below, k] = [0, 0];
  while (k < distribution.length) {
    below += distribution[k] as number;
    if (below > tail) break;
    k++;
  }
  return k;
}
