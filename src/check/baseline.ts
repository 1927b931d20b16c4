/** A baseline: what is kept of a report, and whether a new one asks less than the old. Pure. */
import { LEAST } from "../compare/independent-units.js";
import { quantileDifference } from "../compare/quantile-difference.js";
import type { Gate, Report, Run } from "../report/model.js";
import type { Expectation } from "./expectation.js";
import { CONFIDENCE, leastRequests } from "./judge-confidence.js";
import { errorsOf } from "./judge-seen.js";

type Update = NonNullable<Gate["checks"][number]["baselineUpdate"]>;
export type BaselineChange = Update["changes"][number];

const QUANTILES = [0.5, 0.9, 0.99];

/** Without proof of more, this much is taken for noise, once: repeated updates could else creep up unseen. */
const CREEP = 0.1;

/** Only what differences are computed from: a file for a repository. */
export function baselineOf(report: Report): Report {
  return {
    ...report,
    runs: report.runs.map((run) => ({ ...run, slowest: [] })),
    flows: [],
    effects: [],
    findings: [],
    theories: [],
    detectors: [],
    pool: null,
    verdict: { status: "none", reasons: [] },
  };
}

/** Why the report is too thin to be held against; null: it is not. */
export function tooThin(report: Report, expectations: readonly Expectation[]): string | null {
  const highest = Math.max(0.5, ...expectations.flatMap((one) => (one.kind === "baseline" ? [one.quantile] : [])));
  const least = leastRequests(highest);
  const thin = report.runs.find(({ latency }) => latency.count < least);
  if (report.runs.length === 0) return "nothing was measured";
  if (thin !== undefined)
    return `${thin.id} has ${thin.latency.count} requests, and what is expected needs ${least}; raise requests`;
  const short = report.runs.find(({ blocks }) => blocks !== undefined && blocks.length < LEAST.blocks);
  return short === undefined
    ? null
    : `${short.id} has ${short.blocks?.length} blocks of requests, and a comparison needs ${LEAST.blocks}; raise requests`;
}

/** Old against new, per run and quantile: slower than chance allows, or by more than a tenth, is looser. */
export function baselineChanges(old: Report, next: Report): BaselineChange[] {
  return next.runs.flatMap((run) => {
    const before = old.runs.find(({ id }) => id === run.id);
    return before === undefined ? [] : QUANTILES.flatMap((quantile) => changeOf(before, run, quantile));
  });
}

function changeOf(before: Run, run: Run, quantile: number): BaselineChange[] {
  const difference = quantileDifference(before, run, quantile, CONFIDENCE);
  if (difference === null) return [];
  const { baseNs, newNs, lowNs, highNs } = difference;
  const looser = (lowNs !== null && lowNs > 0) || newNs > baseNs * (1 + CREEP);
  return [{ run: run.id, quantile, oldNs: baseNs, newNs, lowNs, highNs, looser }];
}

/** Other ways to ask less than before: a run that is gone, more failures. */
export function otherLosses(old: Report, next: Report): string[] {
  return old.runs.flatMap((before) => {
    const run = next.runs.find(({ id }) => id === before.id);
    if (run === undefined) return [`${before.id} is not measured any more`];
    if (2 * run.latency.count < before.latency.count) {
      return [`${run.id} has ${run.latency.count} requests, before ${before.latency.count}: its interval is wider`];
    }
    const more = share(run) > share(before);
    return more
      ? [`${run.id} has ${errorsOf(run, undefined)} failed requests, before ${errorsOf(before, undefined)}`]
      : [];
  });
}

const share = (run: Run): number => (run.requests === 0 ? 1 : errorsOf(run, undefined) / run.requests);

/** Facts of the machine that differ, in words: latencies of two machines differ by themselves. */
export function otherMachine(old: Report, next: Report): string | null {
  const [before, now] = [old.environment, next.environment];
  const facts = (["os", "kernel", "cpus"] as const).filter((fact) => before[fact] !== now[fact]);
  return facts.length === 0 ? null : facts.map((fact) => `${fact} ${before[fact]}, now ${now[fact]}`).join("; ");
}
