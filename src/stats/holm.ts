/**
 * P-values of several tests, made larger so that the chance of even one false alarm among all of them stays below the level asked
 * for (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979).
 * @returns in the order given
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  const order = pValues.map((p, at) => ({ p, at })).sort((left, right) => left.p - right.p);
  for (const [place, { p, at }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, p * (pValues.length - place)));
    adjusted[at] = largest;
  }
  return adjusted;
}
