/**
 * The factorial experiment: every combination of the levels is a cell, and the cells take turns in shuffled rounds, so that a
 * machine that grows slower or noisier while it runs does so for all of them alike (randomised complete blocks; Box, Hunter
 * and Hunter, "Statistics for Experimenters", 2nd ed., chapter 4). Pure: the seed comes in as an argument.
 */
import { random, shuffled } from "../stats/random.js";
import { type SplitLevel, type Switch, splitLabel } from "./levels.js";
import type { QuickAck } from "./probe.js";

/** The levels of each factor, at least one each, without duplicates. */
export interface Factors {
  readonly nagle: readonly Switch[];
  readonly split: readonly SplitLevel[];
  readonly quickack: readonly QuickAck[];
  readonly cork: readonly Switch[];
}

export interface Cell {
  /** `nagle=on,split=fields,quickack=default`; `,cork=...` behind it only where cork is varied or on. */
  readonly id: string;
  /** The same, by name, in the same order; a number of pieces is a number. */
  readonly factors: Readonly<Record<string, string | number>>;
  readonly nagle: Switch;
  readonly split: SplitLevel;
  readonly quickack: QuickAck;
  readonly cork: Switch;
}

/** Enough rounds for a confidence interval that is worth having: with ten, t is 2.26. */
const ROUNDS = 10;
/** A shorter block would mostly measure the change from one cell to the next. */
const LEAST_PER_BLOCK = 5;

/** Every combination of the levels: the full factorial. */
export function cellsOf(factors: Factors): Cell[] {
  const corkMatters = factors.cork.length > 1 || factors.cork.includes("on");
  return factors.nagle.flatMap((nagle) =>
    factors.split.flatMap((split) =>
      factors.quickack.flatMap((quickack) =>
        factors.cork.map((cork): Cell => {
          const levels = { nagle, split: splitLabel(split), quickack, ...(corkMatters ? { cork } : {}) };
          const id = Object.entries(levels).map(([factor, level]) => `${factor}=${level}`);
          return { id: id.join(","), factors: levels, nagle, split, quickack, cork };
        }),
      ),
    ),
  );
}

/** What a cell is called in prose: its levels of the factors that vary among `cells`; all of them when none does. */
export function cellName(cell: Cell, cells: readonly Cell[]): string {
  const levels = Object.entries(cell.factors);
  const varied = levels.filter(([factor, level]) => cells.some((other) => other.factors[factor] !== level));
  return (varied.length > 0 ? varied : levels).map(([factor, level]) => `${factor}=${level}`).join(" ");
}

/**
 * How many requests a cell gets in each round: ten rounds, fewer when a block would be shorter than five requests.
 * @param requestsPerCell Infinity (bounded by time alone) gives ten unbounded blocks
 * @returns one number per round, at least one round; they add up to `requestsPerCell`
 */
export function roundsFor(requestsPerCell: number): number[] {
  const rounds = Math.max(1, Math.min(ROUNDS, Math.floor(requestsPerCell / LEAST_PER_BLOCK)));
  const base = Math.floor(requestsPerCell / rounds);
  const longer = requestsPerCell - base * rounds;
  return Array.from({ length: rounds }, (_, round) => base + (round < longer ? 1 : 0));
}

/** The order of the blocks: in each round every cell once, shuffled anew. The same seed gives the same order. */
export function planRounds(cells: readonly Cell[], roundCount: number, seed: number): Cell[][] {
  const uniform = random(seed);
  return Array.from({ length: roundCount }, () => shuffled(cells, uniform));
}
