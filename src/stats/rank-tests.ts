/** Rank tests: is one sample typically larger than the other? No assumption on the shape of the distribution. */
import { mannWhitneyShares, signedRankShares, twoSidedExact } from "./exact-ranks.js";
import { twoSided } from "./normal.js";

/** A value and how often it was seen. */
export interface Tally {
  readonly value: number;
  readonly count: number;
}

/** Without ties and up to so many pairs of values the exact distribution is taken. */
const EXACT_PRODUCTS = 2500;
const EXACT_PAIRS = 60;

export interface MannWhitney {
  /** Pairs in which the value of `next` is larger; a tie counts one half. */
  readonly u: number;
  /** Two-sided; 1 when a sample is empty. */
  readonly pValue: number;
  /** u of all pairs: the probability that a value of `next` exceeds one of `base` (A of Vargha and Delaney, 2000); 0.5 means no difference. */
  readonly effectSize: number;
}

/**
 * Mann-Whitney U test (Annals of Mathematical Statistics 18, 1947): exact for small samples without ties, else the normal
 * approximation with the correction for ties and for continuity (Conover, "Practical Nonparametric Statistics", 3rd ed., 5.1).
 * Effect size: Vargha and Delaney, Journal of Educational and Behavioral Statistics 25(2), 2000.
 */
export function mannWhitney(base: Iterable<Tally>, next: Iterable<Tally>): MannWhitney {
  const [left, right] = [byValue(base), byValue(next)];
  const [n, m] = [total(left), total(right)];
  if (n === 0 || m === 0) return { u: 0, pValue: 1, effectSize: 0.5 };
  let [u, below, ties, at] = [0, 0, 0, 0];
  const count = (tied: number): number => tied ** 3 - tied;
  for (const { value, count: here } of right) {
    for (; at < left.length && (left[at] as Tally).value < value; at++) {
      const only = (left[at] as Tally).count;
      below += only;
      ties += count(only);
    }
    const same = left[at]?.value === value ? (left[at++] as Tally).count : 0;
    u += here * (below + same / 2);
    ties += count(here + same);
    below += same;
  }
  for (; at < left.length; at++) ties += count((left[at] as Tally).count);
  const pValue =
    ties === 0 && n * m <= EXACT_PRODUCTS
      ? twoSidedExact(mannWhitneyShares(n, m), u)
      : approximate(u - (n * m) / 2, ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1))));
  return { u, pValue, effectSize: u / (n * m) };
}

/**
 * Wilcoxon's signed-rank test of differences of pairs (Biometrics Bulletin 1, 1945): those of 0 are left out; exact for few
 * pairs without ties, else the normal approximation with the corrections for ties and continuity (Conover, 5.7).
 * @returns the two-sided p-value
 */
export function signedRank(differences: readonly number[]): number {
  const sizes = differences.filter((difference) => difference !== 0);
  const n = sizes.length;
  if (n === 0) return 1;
  const sorted = sizes.toSorted((left, right) => Math.abs(left) - Math.abs(right));
  let [positive, ties] = [0, 0];
  for (let from = 0; from < n; ) {
    let to = from + 1;
    while (to < n && Math.abs(sorted[to] as number) === Math.abs(sorted[from] as number)) to++;
    const rank = (from + 1 + to) / 2;
    for (let at = from; at < to; at++) if ((sorted[at] as number) > 0) positive += rank;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  if (ties === 0 && n <= EXACT_PAIRS) return twoSidedExact(signedRankShares(n), positive);
  return approximate(positive - (n * (n + 1)) / 4, (n * (n + 1) * (2 * n + 1)) / 24 - ties / 48);
}

/** Two-sided p-value of a statistic that steps by whole numbers, this far from its mean. */
function approximate(offset: number, variance: number): number {
  return variance > 0 ? twoSided(Math.max(0, Math.abs(offset) - 0.5) / Math.sqrt(variance)) : 1;
}

/** Ascending, each value once. */
function byValue(tallies: Iterable<Tally>): Tally[] {
  const counts = new Map<number, number>();
  for (const { value, count } of tallies) if (count > 0) counts.set(value, (counts.get(value) ?? 0) + count);
  return [...counts].map(([value, count]) => ({ value, count })).sort((left, right) => left.value - right.value);
}

const total = (tallies: readonly Tally[]): number => tallies.reduce((sum, { count }) => sum + count, 0);
