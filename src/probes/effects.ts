/**
 * What each behaviour costs, and what two of them cost together beyond their sum: the effects of the factorial experiment.
 * Differences are taken within a round, where the cells ran side by side, and only then averaged over the rounds: a drift
 * of the machine adds to both sides and cancels (blocking; Box, Hunter and Hunter, "Statistics for Experimenters", 2nd ed.,
 * chapters 4 and 5). The interval is Student's t over the rounds. Pure.
 */
import type { Effect } from "../report/model.js";
import { type MeanInterval, meanInterval } from "../stats/student-t.js";
import { formatDuration } from "../units/duration.js";
import type { Cell } from "./experiment.js";

/** Mean latency of a cell's answered requests in a round (from 0); undefined: the cell has none in that round. */
export type MeanNsPerRound = (cellId: string, round: number) => number | undefined;

type Level = string | number;
/** A sum of cell means with signs; its value in a round is one observation of an effect. */
type Contrast = readonly { readonly cell: Cell; readonly sign: 1 | -1 }[];

/** The level of each factor that provokes nothing; where it is not among the cells, the first level given stands for it. */
const CALM: Readonly<Record<string, Level>> = {
  nagle: "off",
  split: "none",
  quickack: "default",
  cork: "off",
  http: "h3",
  "early-data": "off",
  "ack-delay": "0",
  migrate: "off",
};

interface Varied {
  readonly factor: string;
  readonly calm: Level;
  readonly others: readonly Level[];
}

/**
 * Main effects of every level against the calm level of its factor, and two-way interactions, each averaged over the
 * combinations of the other factors for which all its cells are there.
 * @param cells those that may be used, with at most one cell for each combination of levels
 * @param roundCount a round in which a cell of an effect has no mean is left out of that effect; an effect without a round is
 * left out altogether
 * @returns nanoseconds of mean latency; null bounds with fewer than two rounds
 */
export function effects(cells: readonly Cell[], meanNsPerRound: MeanNsPerRound, roundCount: number): Effect[] {
  const varied = variedFactors(cells);
  const rounds = Array.from({ length: roundCount }, (_, round) => round);
  const measure = (contrasts: readonly Contrast[]): Measured | undefined => {
    if (contrasts.length === 0) return undefined;
    const perRound = rounds.map((round) =>
      average(contrasts.map((contrast) => valueIn(contrast, round, meanNsPerRound))),
    );
    const complete = perRound.filter((value) => !Number.isNaN(value));
    return complete.length === 0 ? undefined : { ...meanInterval(complete), rounds: complete.length };
  };
  const found: Effect[] = [];
  for (const factor of varied) found.push(...mainEffects(cells, factor, measure, varied.length > 1));
  for (const [at, first] of varied.entries()) {
    for (const second of varied.slice(at + 1))
      found.push(...interactions(cells, first, second, measure, varied.length > 2));
  }
  return found;
}

interface Measured extends MeanInterval {
  readonly rounds: number;
}
type Measure = (contrasts: readonly Contrast[]) => Measured | undefined;

function variedFactors(cells: readonly Cell[]): Varied[] {
  return Object.entries(CALM).flatMap(([factor, usual]) => {
    const levels = [...new Set(cells.map((cell) => cell.factors[factor]))].filter((level) => level !== undefined);
    const [first] = levels;
    if (first === undefined || levels.length < 2) return [];
    const calm = levels.includes(usual) ? usual : first;
    return [{ factor, calm, others: levels.filter((level) => level !== calm) }];
  });
}

function mainEffects(
  cells: readonly Cell[],
  { factor, calm, others }: Varied,
  measure: Measure,
  averaged: boolean,
): Effect[] {
  return others.flatMap((level) => {
    const contrasts = having(cells, { [factor]: level }).flatMap((cell) =>
      contrast([cell, 1], [at(cells, cell, { [factor]: calm }), -1]),
    );
    const measured = measure(contrasts);
    if (measured === undefined) return [];
    const says = `${factor} ${level} costs ${difference(measured, `than ${calm}`)}${averaged ? ", averaged over the other factors" : ""}`;
    return [{ kind: "main" as const, factors: [factor], from: `${calm}`, to: `${level}`, ...numbers(measured), says }];
  });
}

/** [(a1,b1) - (a1,b0)] - [(a0,b1) - (a0,b0)]: what b costs more under a1 than under a0. */
function interactions(cells: readonly Cell[], a: Varied, b: Varied, measure: Measure, averaged: boolean): Effect[] {
  const pairs = a.others.flatMap((a1) => b.others.map((b1) => [a1, b1] as const));
  return pairs.flatMap(([a1, b1]) => {
    const contrasts = having(cells, { [a.factor]: a1, [b.factor]: b1 }).flatMap((both) =>
      contrast(
        [both, 1],
        [at(cells, both, { [b.factor]: b.calm }), -1],
        [at(cells, both, { [a.factor]: a.calm }), -1],
        [at(cells, both, { [a.factor]: a.calm, [b.factor]: b.calm }), 1],
      ),
    );
    const measured = measure(contrasts);
    if (measured === undefined) return [];
    const together = `${a.factor}=${a1} and ${b.factor}=${b1} together cost`;
    const says = `${together} ${difference(measured, "than the two alone add up to")}${averaged ? ", averaged over the other factors" : ""}`;
    return [
      {
        kind: "interaction" as const,
        factors: [a.factor, b.factor],
        from: `${a.calm},${b.calm}`,
        to: `${a1},${b1}`,
        ...numbers(measured),
        says,
      },
    ];
  });
}

type Levels = Readonly<Record<string, Level>>;

function having(cells: readonly Cell[], levels: Levels): Cell[] {
  return cells.filter((cell) => Object.entries(levels).every(([factor, level]) => cell.factors[factor] === level));
}

/** The cell that differs from this one in these levels only. None where several do: cells of HTTP/2 lack factors that QUIC has. */
function at(cells: readonly Cell[], cell: Cell, levels: Levels): Cell | undefined {
  const [found, another] = having(cells, { ...cell.factors, ...levels });
  return another === undefined ? found : undefined;
}

/** One contrast, or none when one of its cells is not there. */
function contrast(...terms: (readonly [cell: Cell | undefined, sign: 1 | -1])[]): Contrast[] {
  const present = terms.flatMap(([cell, sign]) => (cell === undefined ? [] : [{ cell, sign }]));
  return present.length === terms.length ? [present] : [];
}

/** NaN when a cell has no mean in the round. */
function valueIn(contrast: Contrast, round: number, meanNsPerRound: MeanNsPerRound): number {
  return contrast.reduce((sum, { cell, sign }) => sum + sign * (meanNsPerRound(cell.id, round) ?? Number.NaN), 0);
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function numbers({ mean, low, high, rounds }: Measured): Pick<Effect, "ns" | "lowNs" | "highNs" | "rounds"> {
  // Adding 0 turns -0 into 0.
  const whole = (value: number | null) => (value === null ? null : Math.round(value) + 0);
  return { ns: Math.round(mean) + 0, lowNs: whole(low), highNs: whole(high), rounds };
}

/** `21.9 ms more than off (95 % CI 21.5 to 22.3 ms)`; the bounds are turned with the word `less`. */
function difference({ mean, low, high }: Measured, thanWhat: string): string {
  const sign = mean < 0 ? -1 : 1;
  const size = `${formatDuration(Math.abs(Math.round(mean)))} ${mean < 0 ? "less" : "more"} ${thanWhat}`;
  if (low === null || high === null) return `${size} (one round: no confidence interval)`;
  const bounds = [low * sign, high * sign]
    .map(Math.round)
    .sort((x, y) => x - y)
    .map(formatDuration) as [string, string];
  const [value, unit] = bounds[0].split(" ");
  const lower = unit !== undefined && bounds[1].endsWith(` ${unit}`) ? value : bounds[0];
  const unclear = low <= 0 && high >= 0 ? "; may be none" : "";
  return `${size} (95 % CI ${lower} to ${bounds[1]}${unclear})`;
}
