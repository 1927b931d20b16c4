/** Runs of a probe that differ in what carries the request (the factor `http`): which of them stand beside each other. */
import type { Run } from "./model.js";

const HTTP = "http";
const SPOKEN: Readonly<Record<string, string>> = { h3: "HTTP/3", h2: "HTTP/2", h1: "HTTP/1.1" };

/** Runs that agree in all that they have in common. */
export interface Beside {
  /** Levels of the factors that tell the groups apart, by name. */
  readonly levels: Readonly<Record<string, string>>;
  readonly runs: readonly Run[];
}

/** `HTTP/3` for `h3`. */
export const spokenBy = ({ factors }: Run): string => SPOKEN[String(factors[HTTP])] ?? String(factors[HTTP]);

/**
 * Groups in the order of the runs; none where only one protocol was measured. A run without one of the factors (HTTP/1.1 has no
 * streams) stands in each group.
 */
export function besideGroups(runs: readonly Run[]): Beside[] {
  const compared = runs.filter((run) => run.factors[HTTP] !== undefined && run.latency.count > 0);
  if (protocolsOf(compared).size < 2) return [];
  const names = groupingFactors(compared);
  const whole = compared.filter(({ factors }) => names.every((name) => factors[name] !== undefined));
  const byLevels = new Map(whole.map((run) => [JSON.stringify(levelsOf(run, names)), levelsOf(run, names)]));
  return [...byLevels.values()]
    .map((levels) => ({ levels, runs: compared.filter((run) => agrees(run, levels)) }))
    .filter((group) => protocolsOf(group.runs).size > 1);
}

const protocolsOf = (runs: readonly Run[]): Set<string> => new Set(runs.map(({ factors }) => String(factors[HTTP])));

/** Those that vary and that several protocols have; what only one has tells its own cells apart. */
function groupingFactors(runs: readonly Run[]): string[] {
  const names = new Set(runs.flatMap(({ factors }) => Object.keys(factors)));
  return [...names].filter((name) => {
    const having = runs.filter(({ factors }) => factors[name] !== undefined);
    const levels = new Set(having.map(({ factors }) => String(factors[name])));
    return name !== HTTP && levels.size > 1 && protocolsOf(having).size > 1;
  });
}

const levelsOf = ({ factors }: Run, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, String(factors[name])]));

const agrees = ({ factors }: Run, levels: Readonly<Record<string, string>>): boolean =>
  Object.entries(levels).every(([name, level]) => factors[name] === undefined || String(factors[name]) === level);
