/**
 * The factorial experiment: every combination of the levels is a cell, and the cells take turns in shuffled rounds, so that a
 * machine that grows slower or noisier while it runs does so for all of them alike (randomised complete blocks; Box, Hunter
 * and Hunter, "Statistics for Experimenters", 2nd ed., chapter 4). Pure: the seed comes in as an argument.
 */
import { random, shuffled } from "../stats/random.js";
import { formatSize } from "../units/size.js";
import { type SplitLevel, type Switch, splitLabel } from "./levels.js";
import type { QuickAck } from "./probe.js";
import type { AckDelayLevel, HttpLevel } from "./quic-levels.js";

/** What bulk transfer runs beside the requests of a cell: none, one on their connection, or one on a connection of its own. */
export type Bulk = "none" | "same" | "other";

/** What varies, one level of each. Those that mean nothing to a transport, or that nobody asked for, are not there. */
export interface Levels {
  /** What carries the request, where several are held against each other. */
  readonly http?: HttpLevel;
  /** TCP: this, quickack and cork always. */
  readonly nagle?: Switch;
  readonly split: SplitLevel;
  readonly quickack?: QuickAck;
  readonly cork?: Switch;
  readonly connections?: number;
  /** Requests at once on a connection. */
  readonly streams?: number;
  /** HTTP/2: SETTINGS_INITIAL_WINDOW_SIZE that we announce, and the connection's window, in bytes; QUIC: initial_max_data. */
  readonly window?: number;
  readonly bulk?: Bulk;
  /** TLS session resumption. */
  readonly resume?: Switch;
  /** QUIC: the request in 0-RTT. */
  readonly early?: Switch;
  readonly ackDelay?: AckDelayLevel;
  /** QUIC: to a new local port. */
  readonly migrate?: Switch;
}

/** The levels of each factor, at least one each, without duplicates. */
export type Factors = { readonly [F in keyof Levels]: readonly Exclude<Levels[F], undefined>[] };

export interface Cell extends Levels {
  /** `nagle=on,split=fields,quickack=default`; `,cork=...` behind it only where cork is varied or on. QUIC: `split=none`. */
  readonly id: string;
  /** The same, by name, in the same order; a number of pieces is a number. */
  readonly factors: Readonly<Record<string, string | number>>;
}

/** Enough rounds for a confidence interval that is worth having: with ten, t is 2.26. */
const ROUNDS = 10;
/** A shorter block would mostly measure the change from one cell to the next. */
const LEAST_PER_BLOCK = 5;

/** In the order of a cell's name. */
const FACTORS = [
  "http",
  "nagle",
  "split",
  "quickack",
  "cork",
  "connections",
  "streams",
  "window",
  "bulk",
  "resume",
  "early",
  "ackDelay",
  "migrate",
] as const satisfies readonly (keyof Levels)[];

/** What a factor is called in a cell's name, where that is another word. */
const NAMES: { readonly [F in keyof Levels]?: string } = { early: "early-data", ackDelay: "ack-delay" };

/** Every combination of the levels: the full factorial. */
export function cellsOf(factors: Factors): Cell[] {
  const given = FACTORS.filter((name) => factors[name] !== undefined);
  const corks = factors.cork ?? [];
  const named = given.filter((name) => name !== "cork" || corks.length > 1 || corks.includes("on"));
  let combinations: Partial<Levels>[] = [{}];
  for (const name of given) {
    const levels: readonly unknown[] = factors[name] ?? [];
    combinations = combinations.flatMap((one) => levels.map((level) => ({ ...one, [name]: level })));
  }
  return combinations.map((one): Cell => {
    const levels = one as Levels;
    const labels = Object.fromEntries(named.map((name) => [NAMES[name] ?? name, labelOf(name, levels)]));
    const id = Object.entries(labels).map(([factor, level]) => `${factor}=${level}`);
    return { ...levels, id: id.join(","), factors: labels };
  });
}

function labelOf(name: keyof Levels, levels: Levels): string | number {
  if (name === "split") return splitLabel(levels.split);
  if (name === "window") return formatSize(levels.window as number).replace(" ", "");
  if (name === "ackDelay") return (levels.ackDelay as AckDelayLevel).label;
  return levels[name] as string | number;
}

/** What a cell is called in prose: its levels of the factors that vary among `cells`; all of them when none does. */
export function cellName(cell: Cell, cells: readonly Cell[]): string {
  const levels = Object.entries(cell.factors);
  const varied = levels.filter(([factor, level]) =>
    cells.some(({ factors }) => factors[factor] !== undefined && factors[factor] !== level),
  );
  return (varied.length > 0 ? varied : levels).map(([factor, level]) => `${factor}=${level}`).join(" ");
}

/**
 * How many requests a cell gets in each round: ten rounds, fewer when a block would be shorter than five requests.
 * @param most rounds
 * @param least requests of a block: those that are to be under way at once must be there at once
 * @param requestsPerCell Infinity (bounded by time alone) gives ten unbounded blocks
 * @returns one number per round, at least one round; they add up to `requestsPerCell`
 */
export function roundsFor(requestsPerCell: number, most = ROUNDS, least = 1): number[] {
  const rounds = Math.max(1, Math.min(most, Math.floor(requestsPerCell / Math.max(LEAST_PER_BLOCK, least))));
  const base = Math.floor(requestsPerCell / rounds);
  const longer = requestsPerCell - base * rounds;
  return Array.from({ length: rounds }, (_, round) => base + (round < longer ? 1 : 0));
}

/** The order of the blocks: in each round every cell once, shuffled anew. The same seed gives the same order. */
export function planRounds(cells: readonly Cell[], roundCount: number, seed: number): Cell[][] {
  const uniform = random(seed);
  return Array.from({ length: roundCount }, () => shuffled(cells, uniform));
}
