/**
 * How far one small sample lies above another, as an interval without any assumption on the shape (Hodges and Lehmann, Annals of
 * Mathematical Statistics 34, 1963; Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd ed., 3.3 and 4.3).
 */
import { mannWhitneyShares, outside, signedRankShares } from "./exact-ranks.js";
import { normalQuantile } from "./normal.js";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Up to so many products (pairs) or values the exact distribution is cheap and within a double. */
const EXACT_PRODUCTS = 2500;
const EXACT_PAIRS = 60;

/** Interval for how much the values of `next` exceed those of `base`, two independent samples; null: too few values. */
export function shiftInterval(base: readonly number[], next: readonly number[], confidence: number): Interval | null {
  const [n, m] = [base.length, next.length];
  const differences = next.flatMap((value) => base.map((other) => value - other));
  const tail = (1 - confidence) / 2;
  const cut =
    n * m <= EXACT_PRODUCTS
      ? outside(mannWhitneyShares(n, m), tail)
      : normalCut((n * m) / 2, Math.sqrt((n * m * (n + m + 1)) / 12), tail);
  return between(differences, cut);
}

/** Interval for the typical difference of pairs, from their Walsh averages; null: too few pairs. */
export function pairedShiftInterval(differences: readonly number[], confidence: number): Interval | null {
  const n = differences.length;
  const walsh = differences.flatMap((value, at) => differences.slice(at).map((other) => (value + other) / 2));
  const tail = (1 - confidence) / 2;
  const cut =
    n <= EXACT_PAIRS
      ? outside(signedRankShares(n), tail)
      : normalCut((n * (n + 1)) / 4, Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24), tail);
  return between(walsh, cut);
}

/** The normal approximation of `outside`, rounded to the safe side. */
const normalCut = (mean: number, deviation: number, tail: number): number =>
  Math.max(0, Math.floor(mean - normalQuantile(1 - tail) * deviation));

function between(values: readonly number[], cut: number): Interval | null {
  if (cut < 1 || 2 * cut > values.length) return null;
  const sorted = Float64Array.from(values).sort();
  return { low: sorted[cut - 1] as number, high: sorted[sorted.length - cut] as number };
}
