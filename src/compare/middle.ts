/** The value at which half of the weight is reached, in ascending order. @param values at least one */
export function middle(values: readonly { readonly value: number; readonly weight: number }[]): number {
  const sorted = values.toSorted((left, right) => left.value - right.value);
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let reached = 0;
  for (const { value, weight } of sorted) {
    reached += weight;
    if (reached >= half) return value;
  }
  return sorted.at(-1)?.value ?? 0;
}
