/** Shares of a normal distribution below one standard deviation under and over its middle. */
const BELOW = 0.1587;
const ABOVE = 0.8413;

/**
 * How much a value of `next` minus a value of `base` varies, as a standard deviation: half the distance between the 16 % and 84 %
 * quantiles of all differences. Not moved by a few odd values, and not fooled by two modes, as a median absolute deviation is.
 * @param base, next at least one value each
 */
export function differenceSpread(base: readonly number[], next: readonly number[]): number {
  const differences = Float64Array.from(next.flatMap((value) => base.map((other) => value - other))).sort();
  const at = (share: number): number => differences[Math.ceil(share * differences.length) - 1] as number;
  return (at(ABOVE) - at(BELOW)) / 2;
}
