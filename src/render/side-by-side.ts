/** HTTP/3 beside HTTP/2 and HTTP/1.1 on the same path: how long requests took, and how long they stood still. */
import type { Report, Run } from "../report/model.js";
import { besideGroups, spokenBy } from "../report/side-by-side.js";
import { formatDuration } from "../units/duration.js";
import { levelOf } from "./factors.js";

export interface BesideRow {
  /** Levels of the factors that tell the groups apart, in the order of `factors`. */
  readonly levels: readonly string[];
  /** `HTTP/3`, with what tells it from others of its protocol beside it. */
  readonly name: string;
  readonly times: readonly string[];
  readonly p99Ns: number;
}

export interface SideBySide {
  readonly factors: readonly string[];
  readonly rows: readonly BesideRow[];
}

export const TIME_HEADS = ["p50", "p90", "p99", "max", "stalled p50", "p99"];
export const STALL_LEGEND =
  "stalled: what a request took beyond the quickest of all those beside it; over HTTP/3 and HTTP/2 each is a stream";

/** null: nothing stands beside another. */
export function sideBySide({ runs }: Report): SideBySide | null {
  const groups = besideGroups(runs);
  const [first] = groups;
  if (first === undefined) return null;
  const rows = groups.flatMap((group) => {
    const quickestNs = Math.min(...group.runs.map(({ latency }) => latency.min));
    return group.runs.map((run): BesideRow => {
      const { p50, p90, p99, max } = run.latency;
      const stalls = [p50, p99].map((ns) => Math.max(0, ns - quickestNs));
      return {
        levels: Object.values(group.levels),
        name: [spokenBy(run), ...ownLevels(run, group.runs)].join(" "),
        times: [p50, p90, p99, max, ...stalls].map(formatDuration),
        p99Ns: p99,
      };
    });
  });
  return { factors: Object.keys(first.levels), rows };
}

/** What tells it from others of the same protocol beside it, such as `early-data=on`. */
function ownLevels(run: Run, group: readonly Run[]): string[] {
  const alike = group.filter((other) => spokenBy(other) === spokenBy(run));
  return Object.keys(run.factors)
    .filter((name) => alike.some((other) => levelOf(other, name) !== levelOf(run, name)))
    .map((name) => `${name}=${levelOf(run, name)}`);
}
