/** Two sets of runs held against each other: matched, tested, judged. Pure. */
import { fromHistogramData } from "../report/histogram.js";
import type { ComparedPair, ComparedQuantile, Comparison, ComparisonVerdict, Run } from "../report/model.js";
import { holm } from "../stats/holm.js";
import { mannWhitney, type Tally } from "../stats/rank-tests.js";
import type { MinimumEffect } from "./minimum-effect.js";
import { type QuantileDifference, quantileDifference } from "./quantile-difference.js";
import { pairWords } from "./words.js";

export interface Question {
  readonly confidence: number;
  readonly minimumEffect: MinimumEffect;
  /** At least one; the first decides the verdict on a pair. */
  readonly quantiles: readonly number[];
  /** Both took turns in one probe, round by round. */
  readonly interleaved: boolean;
}

export interface RunPair {
  readonly id: string;
  readonly base: Run;
  readonly next: Run;
  /** Why no conclusion may rest on one of them, in words. */
  readonly obstacle?: string;
}

export interface Matched {
  readonly pairs: readonly RunPair[];
  readonly onlyInBase: readonly string[];
  readonly onlyInNew: readonly string[];
}

/** Runs of the same id; where each side has one run, those two whatever their ids. */
export function matchRuns(base: readonly Run[], next: readonly Run[]): Matched {
  const [only, other] = [base[0], next[0]];
  if (base.length === 1 && next.length === 1 && only !== undefined && other !== undefined) {
    const id = only.id === other.id ? only.id : `${only.id} / ${other.id}`;
    return { pairs: [{ id, base: only, next: other }], onlyInBase: [], onlyInNew: [] };
  }
  const byId = new Map(next.map((run) => [run.id, run]));
  const pairs = base.flatMap((run) => {
    const twin = byId.get(run.id);
    return twin === undefined ? [] : [{ id: run.id, base: run, next: twin }];
  });
  const matched = new Set(pairs.map(({ id }) => id));
  const rest = (runs: readonly Run[]) => runs.map(({ id }) => id).filter((id) => !matched.has(id));
  return { pairs, onlyInBase: rest(base), onlyInNew: rest(next) };
}

/**
 * Compares the pairs. A quantile is faster or slower when its test says so after Holm's correction over all pairs,
 * and the difference is at least the minimum effect; the same when its whole interval lies inside the minimum effect
 * (equivalence, Schuirmann 1987); else nobody can tell.
 * @throws NetlatError (exit 3) when a histogram is damaged
 */
export function compareRuns({ pairs, onlyInBase, onlyInNew }: Matched, question: Question): Omit<Comparison, "unlike"> {
  const differences = pairs.map((pair) => (obstacle(pair) === null ? differencesOf(pair, question) : []));
  const adjusted = adjustedByQuantile(differences.flat());
  const tests = pairs.map(({ base, next }) => wholeTest(base, next));
  const adjustedTests = holm(tests.flatMap((test) => (test === null ? [] : [test.pValue])));
  let [at, testAt] = [0, 0];
  return {
    confidence: question.confidence,
    minimumEffect: question.minimumEffect.text,
    interleaved: question.interleaved,
    pairs: pairs.map((pair, index) => {
      const quantiles = (differences[index] ?? []).map((found) => judge(found, adjusted[at++] as number, question));
      const test = tests[index] ?? null;
      return pairOf(pair, quantiles, {
        pValue: test?.pValue ?? null,
        adjustedPValue: test === null ? null : (adjustedTests[testAt++] as number),
        effectSize: test?.effectSize ?? null,
      });
    }),
    onlyInBase: [...onlyInBase],
    onlyInNew: [...onlyInNew],
  };
}

/** Each quantile is a question of its own, asked of all pairs. */
function adjustedByQuantile(all: readonly QuantileDifference[]): number[] {
  const result = new Array<number>(all.length);
  for (const quantile of new Set(all.map((found) => found.quantile))) {
    const places = [...all.keys()].filter((at) => all[at]?.quantile === quantile);
    for (const [at, p] of holm(places.map((place) => all[place]?.pValue ?? 1)).entries())
      result[places[at] as number] = p;
  }
  return result;
}

function differencesOf(
  { base, next }: RunPair,
  { quantiles, confidence, interleaved }: Question,
): QuantileDifference[] {
  return quantiles
    .map((quantile) => quantileDifference(base, next, quantile, confidence, interleaved))
    .filter((difference) => difference !== null);
}

function pairOf(
  pair: RunPair,
  quantiles: ComparedQuantile[],
  test: Pick<ComparedPair, "pValue" | "adjustedPValue" | "effectSize">,
): ComparedPair {
  const { id, base, next } = pair;
  const verdict = quantiles[0]?.verdict ?? "cannot-tell";
  const numbers = {
    id,
    base: base.id,
    new: next.id,
    baseCount: base.latency.count,
    newCount: next.latency.count,
    baseErrors: errorsOf(base),
    newErrors: errorsOf(next),
    quantiles,
    ...test,
    verdict,
  };
  return { ...numbers, says: pairWords(numbers, obstacle(pair)) };
}

function judge(found: QuantileDifference, adjustedPValue: number, question: Question): ComparedQuantile {
  const minimumNs = Math.round(question.minimumEffect.ns(found.baseNs));
  return { ...found, minimumNs, adjustedPValue, verdict: verdictOf(found, minimumNs, adjustedPValue, question) };
}

function verdictOf(
  { differenceNs, lowNs, highNs }: QuantileDifference,
  minimumNs: number,
  adjustedPValue: number,
  { confidence }: Question,
): ComparisonVerdict {
  if (lowNs === null || highNs === null) return "cannot-tell";
  if (lowNs >= -minimumNs && highNs <= minimumNs) return "same";
  const clear = adjustedPValue <= 1 - confidence && (lowNs > 0 || highNs < 0);
  if (!clear || Math.abs(differenceNs) < minimumNs) return "cannot-tell";
  return differenceNs > 0 ? "slower" : "faster";
}

/** Why a pair cannot be compared at all, or null. */
function obstacle({ base, next, obstacle }: RunPair): string | null {
  if (obstacle !== undefined) return obstacle;
  for (const [run, side] of [
    [base, "base"],
    [next, "new"],
  ] as const) {
    if (run.latency.count === 0) return `${side} has no answered request`;
    if (!run.used) return `the split of ${side} did not happen on the wire`;
  }
  return null;
}

function wholeTest(base: Run, next: Run): { pValue: number; effectSize: number } | null {
  if (base.latency.count === 0 || next.latency.count === 0) return null;
  return mannWhitney(tallies(base), tallies(next));
}

function tallies(run: Run): Tally[] {
  return [...fromHistogramData(run.latency).buckets()].map(({ lowNs, count }) => ({ value: lowNs, count }));
}

const errorsOf = (run: Run): number => Object.values(run.errors).reduce((sum, count) => sum + count, 0);
