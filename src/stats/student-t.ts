/** How sure a mean of a few values is. */

/** Standard normal deviate with 2.5 % of the distribution above it. */
const NORMAL_975 = 1.959963984540054;
const TWO_SIDED_P = 0.05;

/**
 * Two-sided 95 % quantile of Student's t distribution: the t that |T| exceeds with probability 5 %.
 * G. W. Hill, "Algorithm 396: Student's t-quantiles", Communications of the ACM 13(10), 1970, 619-620; exact for 1 and 2
 * degrees of freedom, else within 0.0005 % of the tables. Constants and steps as printed there.
 * @param df degrees of freedom, a whole number from 1
 */
export function studentT95(df: number): number {
  if (!(df >= 1)) throw new RangeError(`studentT95(${df}): at least one degree of freedom`);
  if (df === 1) return 1 / Math.tan((TWO_SIDED_P * Math.PI) / 2);
  if (df === 2) return Math.sqrt(2 / (TWO_SIDED_P * (2 - TWO_SIDED_P)) - 2);
  const a = 1 / (df - 0.5);
  const b = 48 / a ** 2;
  let c = (((20700 * a) / b - 98) * a - 16) * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * df;
  let y = (d * TWO_SIDED_P) ** (2 / df);
  if (y > 0.05 + a) {
    const x = -NORMAL_975;
    y = x * x;
    if (df < 5) c += 0.3 * (df - 4.5) * (x + 0.6);
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c;
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
    y = Math.expm1(a * y * y);
  } else {
    y =
      ((1 / (((df + 6) / (df * y) - 0.089 * d - 0.822) * (df + 2) * 3) + 0.5 / (df + 4)) * y - 1) *
        ((df + 1) / (df + 2)) +
      1 / y;
  }
  return Math.sqrt(df * y);
}

export interface MeanInterval {
  readonly mean: number;
  /** Bounds of the 95 % confidence interval; null with fewer than two values. */
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Mean of a small sample with its 95 % confidence interval, mean +- t * s / sqrt(n) (Student 1908).
 * @param values independent and roughly normal, at least one; means of blocks are
 */
export function meanInterval(values: readonly number[]): MeanInterval {
  const n = values.length;
  if (n === 0) throw new RangeError("meanInterval: no values");
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, low: null, high: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = studentT95(n - 1) * Math.sqrt(squares / (n - 1) / n);
  return { mean, low: mean - half, high: mean + half };
}
