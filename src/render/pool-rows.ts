/** The models of a pool, its knee and its fixes as cells of text: for the table and for Markdown. The first row is the head. */
import type { PoolCase, PoolModel, PoolReport } from "../report/model.js";
import { digits, formatDuration } from "../units/duration.js";
import { formatRate } from "../units/rate.js";
import { whole } from "./counting.js";

/** `3.63 %`; next to nothing is not 0. */
const share = (value: number): string => (value > 0 && value < 1e-4 ? "<0.01 %" : `${digits(value * 100)} %`);

/** `20 connections after the fix, 25 % busy`. */
export function caseName({ load, connections, recommended, models }: PoolCase): string {
  const size = `${whole(connections)} connection${connections === 1 ? "" : "s"}`;
  const when = load === "after" ? " after the fix" : "";
  return `${size}${recommended ? " (recommended)" : ""}${when}, ${share(models[0]?.utilisation ?? 0)} busy`;
}

export function modelRows({ models }: PoolCase, none: string): string[][] {
  const maybe = (value: number | null): string => (value === null ? none : formatDuration(value));
  return [
    ["", "busy", "waits", "wait p50", "wait p99", "response p99"],
    ...models.flatMap((model) => [
      [
        model.model,
        share(model.utilisation),
        share(model.waitProbability),
        maybe(model.waitP50Ns),
        maybe(model.waitP99Ns),
        maybe(model.responseP99Ns),
      ],
      ...intervalRows(model),
    ]),
  ];
}

/** Both ends of the confidence interval. */
function intervalRows({ interval }: PoolModel): string[][] {
  if (interval === undefined) return [];
  const { waitProbability, waitP50Ns, waitP99Ns, responseP99Ns } = interval;
  const row = (name: string, end: "low" | "high"): string[] => [
    name,
    "",
    share(waitProbability[end]),
    ...[waitP50Ns, waitP99Ns, responseP99Ns].map((times) => formatDuration(times[end])),
  ];
  return [row("  at least", "low"), row("  at most", "high")];
}

/** What the models rest on, and how far to trust them. */
export function modelNotes({ variability, cases = [] }: PoolReport): string[] {
  const simulation = cases.flatMap(({ models }) => models).find(({ model }) => model === "simulation");
  const seen =
    simulation?.arrivals === undefined
      ? []
      : [
          `simulation: ${whole(simulation.arrivals)} requests, seed ${simulation.seed}; at least, at most: its 95 % confidence interval`,
        ];
  return [...(variability?.says ?? []), ...seen];
}

export function kneeRows(pool: PoolReport, none: string): string[][] {
  return [
    ["connections", "busy", "waits", "formula", "simulated"],
    ...(pool.knee ?? []).map((row) => [
      whole(row.connections),
      share(row.utilisation),
      share(row.waitProbability),
      formatDuration(row.waitP99Ns),
      row.simulatedWaitP99Ns === null ? none : formatDuration(row.simulatedWaitP99Ns),
    ]),
  ];
}

export const KNEE_LEGEND = "formula (Allen-Cunneen) and simulated: the wait p99";

/** What a row of the knee stands for; empty for most. */
export function kneeMark(connections: number, { connections: own, recommendation }: PoolReport): string {
  const names = [
    own === connections ? "now" : "",
    recommendation?.now.connections === connections ? "recommended" : "",
    recommendation?.grown?.connections === connections ? "growth" : "",
  ];
  return names.filter((name) => name !== "").join(", ");
}

/** One row for each pool of a report with several. */
export function summaryRows(pools: readonly PoolReport[], none: string): string[][] {
  const maybe = (value: number | null | undefined, text: (value: number) => string): string =>
    value === null || value === undefined ? none : text(value);
  return [
    ["rate", "time held", "in flight", "connections", "busy", "recommended"],
    ...pools.map(({ arrivalPerSecond, now, connections, recommendation }) => [
      formatRate(arrivalPerSecond),
      formatDuration(now.residenceNs),
      digits(now.inFlight),
      maybe(connections, whole),
      maybe(now.utilisation, share),
      maybe(recommendation?.now.connections, whole),
    ]),
  ];
}

/** The pools of a report that has one for each run. */
export const poolsOf = ({
  source,
  runs,
}: {
  source: { kind: string };
  runs: readonly { id: string; pool?: PoolReport | undefined }[];
}): { name: string; pool: PoolReport }[] =>
  source.kind === "pool" ? runs.flatMap(({ id, pool }) => (pool === undefined ? [] : [{ name: id, pool }])) : [];
