/** The runs of one cell or service from several reports, as one. Pure. */
import { fromHistogramData, toHistogramData } from "../report/histogram.js";
import { together } from "../report/kernel-counters.js";
import type { Block, Breakdown, HistogramData, Run } from "../report/model.js";
import { LatencyHistogram } from "../stats/histogram.js";
import { digits } from "../units/duration.js";

/** A run, and the number of the (first) part it comes from. */
export interface PartRun {
  readonly part: number;
  readonly run: Run;
}

/**
 * Histograms and counts are added up; a counter that one part could not see is not known of all (null). The rate is that of one
 * measuring process: all answers over all the time measured.
 * @param parts at least one, all of the same id
 * @throws NetlatError (exit 3) when a histogram is damaged
 */
export function mergeRuns(parts: readonly PartRun[]): Run {
  const runs = parts.map(({ run }) => run);
  const first = runs[0] as Run;
  const durationNs = sum(runs.map((run) => run.durationNs));
  const latency = added(runs.map((run) => run.latency));
  const targets = new Set(runs.map((run) => run.targetRatePerSecond));
  return {
    id: first.id,
    factors: first.factors,
    endpoint: [...new Set(runs.map((run) => run.endpoint))].join(", "),
    requests: sum(runs.map((run) => run.requests)),
    errors: addedCounts(runs.map((run) => run.errors)),
    errorExamples: Object.assign({}, ...runs.map((run) => run.errorExamples ?? {}).reverse()),
    answers: addedCounts(runs.map((run) => run.answers)),
    connections: sum(runs.map((run) => run.connections)),
    durationNs,
    ratePerSecond: durationNs > 0 ? latency.count / (durationNs / 1e9) : 0,
    targetRatePerSecond: targets.size === 1 ? first.targetRatePerSecond : null,
    latency,
    corrected: addedOrNull(runs.map((run) => run.corrected)),
    sendLag: addedOrNull(runs.map((run) => run.sendLag)),
    phases: phasesOf(runs),
    warmup: warmupOf(runs),
    kernel: together(runs.map((run) => run.kernel)),
    ...concurrencyOf(runs),
    ...breakdownOf(runs),
    wire: wireOf(runs),
    used: runs.every((run) => run.used),
    slowest: slowestOf(runs),
    ...blocksOf(parts),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function added(all: readonly HistogramData[]): HistogramData {
  const whole = new LatencyHistogram();
  for (const data of all) whole.merge(fromHistogramData(data));
  return toHistogramData(whole);
}

/** What one part has not seen would be missing from the sum: then there is none. */
function addedOrNull(all: readonly (HistogramData | null)[]): HistogramData | null {
  const seen = all.filter((data) => data !== null);
  return seen.length < all.length ? null : added(seen);
}

function addedCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [kind, count] of Object.entries(counts)) total[kind] = (total[kind] ?? 0) + count;
  return total;
}

/** Each phase with as many values as were seen of it: its own count says how many. */
function phasesOf(runs: readonly Run[]): Run["phases"] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.phases)))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      added(runs.flatMap((run) => (run.phases[name] === undefined ? [] : [run.phases[name]]))),
    ]),
  );
}

function warmupOf(runs: readonly Run[]): Run["warmup"] {
  const seen = runs.flatMap((run) => (run.warmup === null ? [] : [run.warmup]));
  if (seen.length === 0) return null;
  const those = (pick: (warmup: NonNullable<Run["warmup"]>) => HistogramData | null): HistogramData | null => {
    const all = seen.map(pick).filter((data) => data !== null);
    return all.length === 0 ? null : added(all);
  };
  return {
    requests: sum(seen.map(({ requests }) => requests)),
    first: those(({ first }) => first),
    rest: those(({ rest }) => rest),
  };
}

/** The mean is weighted by how long each part looked. */
function concurrencyOf(runs: readonly Run[]): Pick<Run, "concurrency"> {
  const seen = runs.flatMap(({ concurrency, durationNs }) =>
    concurrency === undefined ? [] : [{ ...concurrency, durationNs }],
  );
  const watchedNs = sum(seen.map(({ durationNs }) => durationNs));
  if (seen.length === 0 || watchedNs === 0) return {};
  const mean = sum(seen.map((one) => one.mean * one.durationNs)) / watchedNs;
  const max = Math.max(...seen.map((one) => one.max));
  const says = `${digits(mean)} in flight on average over all parts as measured; at least ${max} at the busiest moment of one`;
  return { concurrency: { mean, max, says } };
}

function breakdownOf(runs: readonly Run[]): Pick<Run, "breakdownNs"> {
  const seen = runs.flatMap(({ breakdownNs }) => (breakdownNs === undefined ? [] : [breakdownNs]));
  return seen.length === 0 ? {} : { breakdownNs: addedCounts(seen) as unknown as Breakdown };
}

function wireOf(runs: readonly Run[]): Run["wire"] {
  const seen = runs.flatMap(({ wire }) => (wire === null ? [] : [wire]));
  const first = seen[0];
  if (first === undefined || seen.length < runs.length) return null;
  const segments = seen.map((wire) => wire.segments);
  const splits = new Set(seen.map((wire) => wire.split));
  const says = [...new Set(seen.map((wire) => wire.says))];
  return {
    pieces: first.pieces,
    writes: sum(seen.map((wire) => wire.writes)),
    segments: segments.some((count) => count === null) ? null : sum(segments as number[]),
    split: splits.size === 1 ? first.split : splits.has("merged") ? "merged" : "not-seen",
    says: says.length === 1 ? first.says : says.join("; in another part: "),
  };
}

/** As many timelines as the part that kept most; each counts its requests within its own part. */
function slowestOf(runs: readonly Run[]): Run["slowest"] {
  const kept = Math.max(...runs.map((run) => run.slowest.length));
  return runs
    .flatMap((run) => run.slowest)
    .toSorted((left, right) => right.latencyNs - left.latencyNs)
    .slice(0, kept);
}

/** Each block keeps its round, and says which part it comes from: a part that is merged itself has several. */
function blocksOf(parts: readonly PartRun[]): Pick<Run, "blocks"> {
  if (parts.every(({ run }) => run.blocks === undefined)) return {};
  const blocks = parts.flatMap(({ part, run }) =>
    (run.blocks ?? []).map((block): Block => ({ ...block, part: part + (block.part ?? 0) })),
  );
  return { blocks };
}
