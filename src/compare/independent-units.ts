/**
 * What of two runs may be taken as independent. Requests are not: they come in moods of the machine, and a test of them alone calls
 * every second pair of runs of the same server different. Blocks of one run are less alike, but the moods outlast a run, so that
 * runs differ from each other as much as the blocks of one run do (measured: bench/results/compare.json). In order of trust:
 *
 * - rounds: both took turns in one probe; a mood meets both sides of a round
 * - runs: several runs on each side
 * - blocks: one run on each side; what differs is held against how the blocks of one run differ among themselves
 * - requests: no blocks are known, as in a capture
 *
 * Where there are rounds or blocks, but too few of them, requests do not take their place: nobody can tell.
 */
import type { Block, Run } from "../report/model.js";

export type Units =
  | { readonly unit: "rounds"; readonly differences: readonly number[] }
  | { readonly unit: "runs"; readonly base: readonly number[]; readonly next: readonly number[] }
  | { readonly unit: "blocks"; readonly base: readonly number[]; readonly next: readonly number[] }
  | { readonly unit: "requests" };

/** With fewer no test can be sure: 6 rounds reach p = 0.03, 4 runs against 4 the same; the spread of 6 blocks is a guess already. */
export const LEAST = { rounds: 6, runs: 4, blocks: 6 };

const FIELDS: ReadonlyMap<number, "p50Ns" | "p90Ns" | "p99Ns"> = new Map([
  [0.5, "p50Ns"],
  [0.9, "p90Ns"],
  [0.99, "p99Ns"],
]);

type Field = "p50Ns" | "p90Ns" | "p99Ns";

/** The best units that both runs have for this quantile: values in nanoseconds. @param interleaved both took turns in one probe */
export function independentUnits(base: Run, next: Run, quantile: number, interleaved: boolean): Units {
  const field = FIELDS.get(quantile);
  if (field === undefined) return { unit: "requests" };
  const [left, right] = [base.blocks ?? [], next.blocks ?? []];
  if (interleaved) return { unit: "rounds", differences: inRounds(left, right, field) };
  const runs = { base: perPart(left, field), next: perPart(right, field) };
  if (enough(runs, LEAST.runs)) return { unit: "runs", ...runs };
  const blocks = { base: left.map((block) => block[field]), next: right.map((block) => block[field]) };
  return enough(blocks, 1) ? { unit: "blocks", ...blocks } : { unit: "requests" };
}

const enough = (sides: { base: readonly number[]; next: readonly number[] }, least: number): boolean =>
  sides.base.length >= least && sides.next.length >= least;

/** New minus base in each round that both have. */
function inRounds(base: readonly Block[], next: readonly Block[], field: Field): number[] {
  const place = ({ part = 0, round }: Block) => `${part}/${round}`;
  const byPlace = new Map(base.map((block) => [place(block), block[field]]));
  return next.flatMap((block) => {
    const other = byPlace.get(place(block));
    return other === undefined ? [] : [block[field] - other];
  });
}

/** Of each part of a merged run the middle of its blocks. */
function perPart(blocks: readonly Block[], field: Field): number[] {
  const parts = new Map<number, number[]>();
  for (const block of blocks) {
    if (block.part !== undefined) parts.set(block.part, [...(parts.get(block.part) ?? []), block[field]]);
  }
  return [...parts.values()].map((values) => {
    const sorted = values.toSorted((a, b) => a - b);
    return ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
  });
}
