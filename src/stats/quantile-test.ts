import { logChoose } from "./binomial.js";

/** Rounding in the logarithms may make two equal probabilities differ by this much. */
const SLACK = 1e-9;
const REACH = 15;

/**
 * Do two samples have the same share of values up to a mark? With the mark at a quantile of both samples together this is the median
 * test for any quantile (Westenberg-Mood; Conover, "Practical Nonparametric Statistics", 3rd ed., 4.3), with Fisher's exact
 * two-sided probability.
 * @param baseBelow, nextBelow how many of the `base` and `next` values are at or below the mark
 * @returns the probability of shares that are at least as unlikely when both samples come from one distribution
 */
export function equalShares(baseBelow: number, base: number, nextBelow: number, next: number): number {
  const [all, below] = [base + next, baseBelow + nextBelow];
  if (base === 0 || next === 0 || below === 0 || below === all) return 1;
  const logP = (k: number): number => logChoose(base, k) + logChoose(next, below - k) - logChoose(all, below);
  const mean = (base * below) / all;
  const reach = REACH * Math.sqrt((mean * (1 - below / all) * next) / Math.max(1, all - 1)) + 10;
  const least = Math.max(0, below - next, Math.floor(Math.min(mean - reach, baseBelow)));
  const most = Math.min(base, below, Math.ceil(Math.max(mean + reach, baseBelow)));
  const seen = logP(baseBelow) + SLACK;
  let sum = 0;
  for (let k = least; k <= most; k++) {
    const here = logP(k);
    if (here <= seen) sum += Math.exp(here);
  }
  return Math.min(1, sum);
}
