/** HTTP/3 beside HTTP/2 and HTTP/1.1 on the same path: how long requests took, and how long they stood still. */
import type { Report, Run } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { levelOf } from "./factors.js";

const HTTP = "http";
const SPOKEN: Readonly<Record<string, string>> = { h3: "HTTP/3", h2: "HTTP/2", h1: "HTTP/1.1" };

export interface BesideRow {
  /** Levels of the factors that vary besides, in the order of `factors`. */
  readonly levels: readonly string[];
  readonly http: string;
  readonly times: readonly string[];
  readonly p99Ns: number;
}

export interface SideBySide {
  readonly factors: readonly string[];
  readonly rows: readonly BesideRow[];
}

export const TIME_HEADS = ["p50", "p90", "p99", "max", "stalled p50", "p99"];
export const STALL_LEGEND =
  "stalled: what a request took beyond the quickest of all those beside it; each is a stream, or over HTTP/1.1 has a connection";

/** null: nothing stands beside another. */
export function sideBySide({ runs }: Report): SideBySide | null {
  const compared = runs.filter((run) => run.factors[HTTP] !== undefined && run.latency.count > 0);
  if (new Set(compared.map((run) => run.factors[HTTP])).size < 2) return null;
  const factors = sharedFactors(compared);
  const groups = new Map<string, Run[]>();
  for (const run of compared) {
    const key = factors.map((name) => levelOf(run, name)).join("\n");
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const rows = [...groups.values()].flatMap((group) => {
    const quickest = Math.min(...group.map(({ latency }) => latency.min));
    return group.map((run) => rowOf(run, group, factors, quickest));
  });
  return { factors, rows };
}

/** Factors of all of them that vary: those that only one of the protocols has tell its cells apart in the section on cells. */
function sharedFactors(runs: readonly Run[]): string[] {
  const [first] = runs;
  const names = Object.keys(first?.factors ?? {}).filter(
    (name) => name !== HTTP && runs.every((run) => run.factors[name] !== undefined),
  );
  return names.filter((name) => new Set(runs.map((run) => levelOf(run, name))).size > 1);
}

function rowOf(run: Run, group: readonly Run[], factors: readonly string[], quickestNs: number): BesideRow {
  const { p50, p90, p99, max } = run.latency;
  const stalls = [p50, p99].map((ns) => Math.max(0, ns - quickestNs));
  const http = levelOf(run, HTTP);
  return {
    levels: factors.map((name) => levelOf(run, name)),
    http: [SPOKEN[http] ?? http, ...ownLevels(run, group)].join(" "),
    times: [p50, p90, p99, max, ...stalls].map(formatDuration),
    p99Ns: p99,
  };
}

/** What tells it from others of the same protocol beside it, such as `early-data=on`. */
function ownLevels(run: Run, group: readonly Run[]): string[] {
  const alike = group.filter((other) => levelOf(other, HTTP) === levelOf(run, HTTP));
  return Object.keys(run.factors)
    .filter((name) => alike.some((other) => levelOf(other, name) !== levelOf(run, name)))
    .map((name) => `${name}=${levelOf(run, name)}`);
}
