/**
 * Expectations about what the target does, not only about the requests that we happened to make: they pass or fail when the 95 %
 * confidence interval lies on one side of the limit, and are inconclusive when the limit is inside it.
 */

import { fromHistogramData } from "../report/histogram.js";
import type { HistogramData, Run } from "../report/model.js";
import { logChoose, quantileRanks } from "../stats/binomial.js";
import { digits, formatDuration } from "../units/duration.js";
import { type Expectation, holds, isUpper, quantileName, seriesOf } from "./expectation.js";
import { decided, errorsOf, type Judgement } from "./judge-seen.js";

export const CONFIDENCE = 0.95;
const TAIL = (1 - CONFIDENCE) / 2;

type Of<K extends Expectation["kind"]> = Extract<Expectation, { kind: K }>;

/** Requests without which not even the slowest one bounds the quantile from above: 1 - q^n must reach 97.5 %. */
export const leastRequests = (quantile: number): number => Math.ceil(Math.log(TAIL) / Math.log(quantile));

export function judgeQuantile({ series, quantile, comparison, limitNs }: Of<"quantile">, run: Run): Judgement {
  const data = seriesOf(run, series);
  if (data === null || data.count === 0) {
    const says = data === null ? `${series} was not measured here` : "no request was answered";
    return { outcome: "inconclusive", observed: "no sample", says };
  }
  if (quantile === 1)
    return decided(holds(data.max, comparison, limitNs), `max ${formatDuration(data.max)} of ${data.count}`);
  const { valueNs, lowNs, highNs } = bounds(data, quantile);
  const observed = `${quantileName(quantile)} ${formatDuration(valueNs)}, ${intervalWords(lowNs, highNs)}, ${data.count} requests`;
  // The bound that must hold for a pass, and the one that must not for a fail.
  const [surely, surelyNot] = isUpper(comparison) ? [highNs, lowNs] : [lowNs, highNs];
  if (surely !== null && holds(surely, comparison, limitNs)) return decided(true, observed);
  if (surelyNot !== null && !holds(surelyNot, comparison, limitNs)) {
    return decided(false, observed, `the 95 % interval lies ${isUpper(comparison) ? "above" : "below"} the limit`);
  }
  return {
    outcome: "inconclusive",
    observed,
    says: surely === null ? tooFew(quantile, data.count) : tooClose(quantile, limitNs),
  };
}

/**
 * The quantile and the order statistics that bound it. One slow request alone proves nothing: the lower bound is never the slowest.
 * @throws NetlatError (exit 3) when the histogram is damaged
 */
function bounds(data: HistogramData, quantile: number) {
  const histogram = fromHistogramData(data);
  const { low, high } = quantileRanks(data.count, quantile, CONFIDENCE);
  const at = (rank: number): number => histogram.quantile(rank / data.count);
  const lowRank = low === null ? 0 : Math.min(low, data.count - 1);
  return {
    valueNs: histogram.quantile(quantile),
    lowNs: lowRank < 1 ? null : at(lowRank),
    highNs: high === null ? null : at(high),
  };
}

function intervalWords(lowNs: number | null, highNs: number | null): string {
  if (lowNs === null && highNs === null) return "no 95 % interval";
  if (highNs === null) return `95 % CI from ${formatDuration(lowNs as number)} up`;
  return lowNs === null
    ? `95 % CI up to ${formatDuration(highNs)}`
    : `95 % CI ${formatDuration(lowNs)} to ${formatDuration(highNs)}`;
}

const tooFew = (quantile: number, count: number): string =>
  `too few requests: ${quantileName(quantile)} can be bounded from ${leastRequests(quantile)} on, and there were ${count}; raise requests`;

const tooClose = (quantile: number, limitNs: number): string =>
  `${quantileName(quantile)} is too close to ${formatDuration(limitNs)} to tell; more requests narrow the interval`;

/** Bounds of Clopper and Pearson (Biometrika 26, 1934), asked the other way round: how likely is this count at the limit? */
export function judgeErrorShare({ error, comparison, limit }: Of<"error-share">, run: Run): Judgement {
  const failed = errorsOf(run, error);
  const observed = `${failed} of ${run.requests} requests failed, ${digits((failed / run.requests) * 100)}%`;
  const surelyLess = atMost(failed, run.requests, limit) <= TAIL;
  const surelyMore = failed > 1 && 1 - atMost(failed - 1, run.requests, limit) <= TAIL;
  if (surelyLess || surelyMore) return decided(isUpper(comparison) === surelyLess, observed);
  const least = leastRequests(1 - limit);
  const says = `too few requests to tell ${digits(limit * 100)}%${failed === 0 ? `: with none failed it takes ${least}` : ""}; raise requests`;
  return { outcome: "inconclusive", observed, says };
}

/** P(X <= k) of a binomial X. */
function atMost(k: number, n: number, p: number): number {
  if (p >= 1) return k >= n ? 1 : 0;
  let sum = 0;
  for (let i = 0; i <= k; i++) sum += Math.exp(logChoose(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
  return Math.min(1, sum);
}
