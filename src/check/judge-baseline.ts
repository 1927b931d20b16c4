/** An expectation on the change since the baseline: decided by the confidence interval of the difference of the quantile. */
import { LEAST } from "../compare/independent-units.js";
import { quantileDifference } from "../compare/quantile-difference.js";
import type { Report, Run } from "../report/model.js";
import { digits, formatDuration } from "../units/duration.js";
import { type Expectation, holds, isUpper, quantileName, type Series, seriesOf } from "./expectation.js";
import { CONFIDENCE, leastRequests } from "./judge-confidence.js";
import { decided, type Judgement } from "./judge-seen.js";

type BaselineExpectation = Extract<Expectation, { kind: "baseline" }>;

export function judgeBaseline(
  { series, quantile, comparison, change }: BaselineExpectation,
  run: Run,
  baseline: Report | null,
): Judgement {
  const inconclusive = (observed: string, says: string): Judgement => ({ outcome: "inconclusive", observed, says });
  if (baseline === null)
    return inconclusive("no baseline", "there is no baseline yet; write it with --update-baseline");
  const old = baseline.runs.find(({ id }) => id === run.id);
  if (old === undefined)
    return inconclusive("not in the baseline", `the baseline has no ${run.id}; write it anew with --update-baseline`);
  const [before, now] = [withSeries(old, series), withSeries(run, series)];
  const difference = before === null || now === null ? null : quantileDifference(before, now, quantile, CONFIDENCE);
  if (difference === null) return inconclusive("no sample", `${series} was not measured both in the baseline and now`);
  const { baseNs, newNs, differenceNs, lowNs, highNs } = difference;
  const name = quantileName(quantile);
  const moved = `${name} ${formatDuration(baseNs)} -> ${formatDuration(newNs)} (${signed(differenceNs, baseNs)}`;
  if (lowNs === null || highNs === null) {
    const says =
      difference.unit === "blocks"
        ? `too few blocks of requests: ${LEAST.blocks} are needed, in the baseline too`
        : `too few requests: ${name} can be compared from ${leastRequests(quantile)} on, in the baseline too`;
    return inconclusive(`${moved})`, `${says}; raise requests`);
  }
  const observed = `${moved}; 95 % CI ${signed(lowNs, baseNs)} to ${signed(highNs, baseNs)})`;
  const limitNs = "share" in change ? change.share * baseNs : change.ns;
  const [surely, surelyNot] = isUpper(comparison) ? [highNs, lowNs] : [lowNs, highNs];
  if (holds(surely, comparison, limitNs)) return decided(true, observed);
  if (!holds(surelyNot, comparison, limitNs)) return decided(false, observed, "more change than noise explains");
  return inconclusive(
    observed,
    "the noise is larger than the change asked for; more requests, or a calmer machine, narrow the interval",
  );
}

/** The run with this series in place of its service times; blocks tell of service times only. */
function withSeries(run: Run, series: Series): Run | null {
  if (series === "latency") return run;
  const data = seriesOf(run, series);
  if (data === null) return null;
  const { blocks: _, ...rest } = run;
  return { ...rest, latency: data };
}

/** `+1.20 ms`, with the share where it is known: `+1.20 ms, +12%`. */
function signed(differenceNs: number, baseNs: number): string {
  const sign = differenceNs < 0 ? "-" : "+";
  const share = baseNs > 0 ? ` or ${sign}${digits((Math.abs(differenceNs) / baseNs) * 100)}%` : "";
  return `${sign}${formatDuration(Math.abs(differenceNs))}${share}`;
}
