/** By how much one quantile of a run differs from that of another, as an interval and as a test. Pure. */
import { fromHistogramData } from "../report/histogram.js";
import type { Run } from "../report/model.js";
import { quantileRanks } from "../stats/binomial.js";
import { LatencyHistogram } from "../stats/histogram.js";
import { normalQuantile, twoSided } from "../stats/normal.js";
import { equalShares } from "../stats/quantile-test.js";
import { mannWhitney, signedRank } from "../stats/rank-tests.js";
import { type Interval, pairedShiftInterval, shiftInterval } from "../stats/shift.js";
import { differenceSpread } from "../stats/spread.js";
import { independentUnits, LEAST, type Units } from "./independent-units.js";

/** Nanoseconds; new minus base, so that a positive difference is slower. */
export interface QuantileDifference {
  readonly quantile: number;
  readonly baseNs: number;
  readonly newNs: number;
  readonly differenceNs: number;
  /** Bounds of the confidence interval of the difference; null: too few values for one. They always enclose `differenceNs`. */
  readonly lowNs: number | null;
  readonly highNs: number | null;
  /** Chance of a difference like this when there is none; not adjusted for other tests. */
  readonly pValue: number;
  /** What was taken as independent, and how many of them there are. */
  readonly unit: Units["unit"];
  readonly units: { readonly base: number; readonly new: number };
}

/**
 * The difference of the service times' quantile between two runs, tested on the best units that both have (independent-units.ts):
 *
 * - rounds: Hodges-Lehmann interval and Wilcoxon's signed ranks of the differences within rounds
 * - runs: Hodges-Lehmann interval and Mann-Whitney
 * - blocks: how far a block of new typically lies above one of base, not divided by the root of their number: more blocks of the
 *   same run say nothing about how the next run would differ. The requests must say so too: a p99 of a block of five is no p99
 * - requests: order statistics of both histograms, joined by MOVER; Fisher's exact test of the shares below the common quantile
 * @param quantile between 0 and 1
 * @param confidence of the interval, such as 0.95
 * @param interleaved both runs took turns in one probe, round by round
 * @returns null when a run has no answered request
 * @throws NetlatError (exit 3) when a run's histogram is damaged
 */
export function quantileDifference(
  base: Run,
  next: Run,
  quantile: number,
  confidence: number,
  interleaved = false,
): QuantileDifference | null {
  const [left, right] = [fromHistogramData(base.latency), fromHistogramData(next.latency)];
  if (left.count === 0 || right.count === 0) return null;
  const [baseNs, newNs] = [left.quantile(quantile), right.quantile(quantile)];
  const differenceNs = newNs - baseNs;
  const units = independentUnits(base, next, quantile, interleaved);
  const judged =
    units.unit === "rounds" || units.unit === "runs"
      ? byUnits(units, confidence)
      : byBlocks(units, differenceNs, confidence, byRequests(left, right, quantile, confidence));
  const { lowNs, highNs } = judged;
  return {
    quantile,
    baseNs,
    newNs,
    differenceNs,
    ...judged,
    // A few odd requests move the quantile of a whole run and not those of its blocks: the interval must admit what was seen.
    lowNs: lowNs === null ? null : Math.min(Math.floor(lowNs), differenceNs),
    highNs: highNs === null ? null : Math.max(Math.ceil(highNs), differenceNs),
  };
}

type Judged = Pick<QuantileDifference, "lowNs" | "highNs" | "pValue" | "unit" | "units">;
type Paired = Extract<Units, { readonly unit: "rounds" | "runs" }>;

function byUnits(measured: Paired, confidence: number): Judged {
  const { unit } = measured;
  if (unit === "rounds") {
    const { differences } = measured;
    const count = differences.length;
    const interval = count < LEAST.rounds ? null : pairedShiftInterval(differences, confidence);
    return { ...bounds(interval), pValue: signedRank(differences), unit, units: { base: count, new: count } };
  }
  const { base, next } = measured;
  const tallies = (values: readonly number[]) => values.map((value) => ({ value, count: 1 }));
  const { pValue } = mannWhitney(tallies(base), tallies(next));
  const units = { base: base.length, new: next.length };
  return { ...bounds(shiftInterval(base, next, confidence)), pValue, unit, units };
}

/** What the requests alone say, made as wide as the blocks ask for. */
function byBlocks(measured: Exclude<Units, Paired>, differenceNs: number, confidence: number, alone: Judged): Judged {
  if (measured.unit === "requests" || alone.lowNs === null || alone.highNs === null) return alone;
  const { unit, base, next } = measured;
  const units = { base: base.length, new: next.length };
  if (Math.min(units.base, units.new) < LEAST.blocks) return { ...bounds(null), pValue: 1, unit, units };
  const spreadNs = differenceSpread(base, next);
  const half = normalQuantile((1 + confidence) / 2) * spreadNs;
  const pValue = differenceNs === 0 ? 1 : twoSided(differenceNs / spreadNs);
  return {
    lowNs: Math.min(differenceNs - half, alone.lowNs),
    highNs: Math.max(differenceNs + half, alone.highNs),
    pValue: Math.max(pValue, alone.pValue),
    unit,
    units,
  };
}

const bounds = (interval: Interval | null) => ({ lowNs: interval?.low ?? null, highNs: interval?.high ?? null });

function byRequests(base: LatencyHistogram, next: LatencyHistogram, quantile: number, confidence: number): Judged {
  const [left, right] = [bounded(base, quantile, confidence), bounded(next, quantile, confidence)];
  const differenceNs = right.valueNs - left.valueNs;
  const both = new LatencyHistogram();
  both.merge(base);
  both.merge(next);
  const markNs = both.quantile(quantile);
  const down = mover(right.valueNs, right.lowNs, left.valueNs, left.highNs);
  const up = mover(right.valueNs, right.highNs, left.valueNs, left.lowNs);
  return {
    lowNs: down === null ? null : differenceNs - down,
    highNs: up === null ? null : differenceNs + up,
    pValue: equalShares(upTo(base, markNs), base.count, upTo(next, markNs), next.count),
    unit: "requests",
    units: { base: base.count, new: next.count },
  };
}

/** A quantile and the order statistics that bound it; null: too few values for that bound. */
function bounded(histogram: LatencyHistogram, quantile: number, confidence: number) {
  const ranks = quantileRanks(histogram.count, quantile, confidence);
  const at = (rank: number | null) => (rank === null ? null : histogram.quantile(rank / histogram.count));
  return { valueNs: histogram.quantile(quantile), lowNs: at(ranks.low), highNs: at(ranks.high) };
}

/**
 * The margin of a difference from those of its two terms, which may be unlike on both sides (method of variance estimates recovery:
 * G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008).
 */
function mover(newNs: number, newBoundNs: number | null, baseNs: number, baseBoundNs: number | null): number | null {
  return newBoundNs === null || baseBoundNs === null ? null : Math.hypot(newNs - newBoundNs, baseNs - baseBoundNs);
}

function upTo(histogram: LatencyHistogram, markNs: number): number {
  let sum = 0;
  for (const { lowNs, count } of histogram.buckets()) if (lowNs <= markNs) sum += count;
  return sum;
}
