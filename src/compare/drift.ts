/** Are the parts of a merged report alike? Pure. */
import type { Run } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { quantileDifference } from "./quantile-difference.js";
import { quantileName } from "./words.js";

/** What a part is called, and its run. */
export interface DriftPart {
  readonly file: string;
  readonly run: Run;
}

/** A difference that nobody would act on is no warning: a tenth. */
const PRACTICAL = 0.1;
const LEVEL = 0.05;
const QUANTILES = [0.5, 0.99];

/**
 * Of each run and quantile the slowest part is held against the fastest (the range test of k samples): a warning when they differ by
 * a tenth or more, and by more than chance allows, Bonferroni-corrected for all pairs of parts that might have been the extremes,
 * for all runs and quantiles.
 * @returns sentences; none when the parts are alike, or too small to tell
 */
export function drift(runs: readonly (readonly DriftPart[])[]): string[] {
  const told = runs
    .map((parts) => parts.filter(({ run }) => run.latency.count > 0))
    .filter((parts) => parts.length > 1);
  const tests = told.reduce((sum, parts) => sum + (parts.length * (parts.length - 1)) / 2, 0) * QUANTILES.length;
  return told.flatMap((parts) => QUANTILES.flatMap((quantile) => extremes(parts, quantile, LEVEL / tests)));
}

function extremes(parts: readonly DriftPart[], quantile: number, level: number): string[] {
  const of = ({ run }: DriftPart): number => (quantile === 0.5 ? run.latency.p50 : run.latency.p99);
  const sorted = parts.toSorted((left, right) => of(left) - of(right));
  const [fastest, slowest] = [sorted[0], sorted.at(-1)] as [DriftPart, DriftPart];
  if (of(slowest) - of(fastest) < PRACTICAL * of(fastest)) return [];
  const found = quantileDifference(fastest.run, slowest.run, quantile, 1 - LEVEL);
  if (found === null || found.pValue > level) return [];
  const where = `${formatDuration(of(slowest))} in ${slowest.file}, ${formatDuration(of(fastest))} in ${fastest.file}`;
  return [`the parts are not alike: ${quantileName(quantile)} of ${fastest.run.id} is ${where}`];
}
