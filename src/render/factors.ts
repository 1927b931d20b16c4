/** The factors of an experiment as a reader needs them: those that vary tell the cells apart, the others are said once. */
import type { Run } from "../report/model.js";

export interface Factors {
  /** Names of the factors with more than one level, in the order of the report. */
  readonly varying: readonly string[];
  /** `quickack=default`, for those with one level only. */
  readonly fixed: readonly string[];
}

export function factorsOf(runs: readonly Run[]): Factors {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.factors)))];
  // A cell of QUIC has no Nagle's algorithm: a factor that it lacks has no level in it.
  const levels = (name: string): string[] => runs.flatMap(({ factors }) => factors[name] ?? []).map(String);
  const varying = names.filter((name) => new Set(levels(name)).size > 1);
  const fixed = names.filter((name) => !varying.includes(name)).map((name) => `${name}=${levels(name)[0]}`);
  return { varying, fixed };
}

export const levelOf = (run: Run | undefined, factor: string): string => String(run?.factors[factor] ?? "");

/** What a cell is called in prose: `nagle=on split=fields`. The only run of a report needs no name but its id. */
export function cellName(run: Run, factors: Factors): string {
  if (factors.varying.length === 0) return run.id;
  // A cell over TCP has no level of what only QUIC has.
  const own = factors.varying.filter((name) => run.factors[name] !== undefined);
  return own.map((name) => `${name}=${levelOf(run, name)}`).join(" ");
}
