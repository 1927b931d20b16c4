/** What a comparison says to people. */
import type { ComparedPair, ComparedQuantile, Comparison } from "../report/model.js";
import { digits, formatDuration } from "../units/duration.js";

/** `p50`, `p99.9`. */
export const quantileName = (quantile: number): string => `p${Number((quantile * 100).toPrecision(12))}`;

const signed = (ns: number): string => (ns > 0 ? `+${formatDuration(ns)}` : formatDuration(ns));

/** One sentence about one pair. @param obstacle why it cannot be compared at all, or null */
export function pairWords(pair: Omit<ComparedPair, "says">, obstacle: string | null): string {
  if (obstacle !== null) return `cannot be compared: ${obstacle}`;
  return `${pair.quantiles.map(quantileWords).join("; ")}${errorWords(pair)}`;
}

/** `p50 is slower, from 240 us to 265 us (+25.0 us, +10.4 %; +21.0 us to +29.0 us)`; the confidence of the interval is said once. */
function quantileWords(found: ComparedQuantile): string {
  const { quantile, baseNs, newNs, differenceNs, lowNs, highNs, minimumNs } = found;
  const name = quantileName(quantile);
  const change = `from ${formatDuration(baseNs)} to ${formatDuration(newNs)}`;
  const percent = baseNs > 0 ? `, ${differenceNs > 0 ? "+" : ""}${digits((100 * differenceNs) / baseNs)} %` : "";
  const interval = lowNs === null || highNs === null ? "" : `${signed(lowNs)} to ${signed(highNs)}`;
  switch (found.verdict) {
    case "faster":
    case "slower":
      return `${name} is ${found.verdict}, ${change} (${signed(differenceNs)}${percent}; ${interval})`;
    case "same":
      return `${name} is the same within ${formatDuration(minimumNs)}, ${change} (${interval})`;
    case "cannot-tell":
      return interval === ""
        ? `${name} cannot be told: too few ${found.unit} (${found.units.base} and ${found.units.new})`
        : `${name} cannot be told, ${change} (${interval})`;
  }
}

/** Failed requests have no latency to compare: more of them may make a server look fast. */
function errorWords({ baseErrors, newErrors, baseCount, newCount }: Omit<ComparedPair, "says">): string {
  if (baseErrors === 0 && newErrors === 0) return "";
  return `; failed: ${baseErrors} of ${baseErrors + baseCount}, then ${newErrors} of ${newErrors + newCount}`;
}

/** The whole comparison in words: what changed first, then what is the same, what cannot be told, what was left out. */
export function comparisonWords(
  comparison: Omit<Comparison, "unlike">,
  names: { base: string; next: string },
): string[] {
  const { pairs, onlyInBase, onlyInNew } = comparison;
  const said = (["slower", "faster", "same", "cannot-tell"] as const).flatMap((verdict) => {
    const told = pairs.filter((pair) => pair.verdict === verdict);
    return told.length === 0 ? [] : [groupWords(verdict, told, pairs.length, comparison, names)];
  });
  if (pairs.length > 1) said.push(...otherQuantiles(pairs));
  if (pairs.length === 0) said.push("Nothing to compare: no run of one has its like in the other.");
  return [...said, ...alone(onlyInBase, names.base), ...alone(onlyInNew, names.next)];
}

function groupWords(
  verdict: ComparedPair["verdict"],
  told: readonly ComparedPair[],
  all: number,
  { confidence, minimumEffect }: Pick<Comparison, "confidence" | "minimumEffect">,
  { base, next }: { base: string; next: string },
): string {
  const where = all === 1 ? "" : ` in ${told.length} of ${all}`;
  const which = all === 1 ? `: ${told[0]?.says}` : `: ${told.map(({ id }) => id).join("; ")}`;
  const sure = `${Number((confidence * 100).toPrecision(6))} % confidence`;
  switch (verdict) {
    case "faster":
    case "slower":
      return `${next} is ${verdict} than ${base}${where} (${sure})${which}.`;
    case "same":
      return `${next} is the same as ${base}${where}, within ${minimumEffect} (${sure})${which}.`;
    case "cannot-tell":
      return `It cannot be told whether ${next} is slower or faster than ${base}${where} (${sure})${which}.`;
  }
}

/** The first quantile decides the verdict on a pair: what another one says clearly must not get lost. */
function otherQuantiles(pairs: readonly ComparedPair[]): string[] {
  const told = new Map<string, string[]>();
  for (const { id, quantiles, verdict } of pairs) {
    for (const found of quantiles.slice(1)) {
      if (found.verdict === verdict || (found.verdict !== "slower" && found.verdict !== "faster")) continue;
      const words = `${quantileName(found.quantile)} is ${found.verdict}`;
      told.set(words, [...(told.get(words) ?? []), id]);
    }
  }
  return [...told].map(([words, ids]) => `But ${words} in ${ids.join("; ")}.`);
}

function alone(ids: readonly string[], name: string): string[] {
  return ids.length === 0 ? [] : [`Only in ${name}: ${ids.join("; ")}.`];
}
