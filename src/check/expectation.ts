/** What a suite expects, as data. docs/check.md has the words; read-expectation.ts reads them. */
import { quantileName as nameOfQuantile } from "../compare/words.js";
import type { FindingCode, HistogramData, Run } from "../report/model.js";
import type { Ns } from "../units/duration.js";

export type Comparison = "<" | "<=" | ">" | ">=" | "==";

/** Which histogram of a run: service time, time from the intended start, or one phase. */
export type Series = "latency" | "corrected" | `phases.${string}`;

/** Which runs of the check: those with all of these levels, or of this service; all of them when empty. */
export interface Selector {
  readonly text: string;
  readonly factors: ReadonlyMap<string, string>;
  /** A port, an address with port, or a run's id. */
  readonly service?: string;
}

export interface Written {
  readonly text: string;
  readonly line: number;
  readonly selector: Selector;
  readonly comparison: Comparison;
}

export type Expectation =
  /** `p99 < 5ms`; quantile 1 is the maximum. */
  | (Written & { readonly kind: "quantile"; readonly series: Series; readonly quantile: number; readonly limitNs: Ns })
  /** `errors == 0`, `errors.timeout < 3` */
  | (Written & { readonly kind: "errors"; readonly error?: string; readonly limit: number })
  /** `errors < 0.1%` */
  | (Written & { readonly kind: "error-share"; readonly error?: string; readonly limit: number })
  | (Written & { readonly kind: "rate"; readonly limitPerSecond: number })
  | (Written & { readonly kind: "requests"; readonly limit: number })
  /** `findings == 0` (errors and warnings), `findings rto == 0` */
  | (Written & { readonly kind: "findings"; readonly code?: FindingCode; readonly limit: number })
  /** `baseline p50 < +10%`, `baseline p99 < +2ms` */
  | (Written & {
      readonly kind: "baseline";
      readonly series: Series;
      readonly quantile: number;
      readonly change: { readonly share: number } | { readonly ns: number };
    });

/** The histogram of the series; null: this run has none. */
export function seriesOf(run: Run, series: Series): HistogramData | null {
  if (series === "latency") return run.latency;
  if (series === "corrected") return run.corrected;
  return run.phases[series.slice("phases.".length)] ?? null;
}

export function holds(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "==":
      return value === limit;
  }
}

/** `<` and `<=`: a value may not be above. */
export const isUpper = (comparison: Comparison): boolean => comparison.startsWith("<");

/** `p99.9`, or `max`. */
export const quantileName = (quantile: number): string => (quantile === 1 ? "max" : nameOfQuantile(quantile));

type Selectable = Pick<Run, "id" | "factors" | "endpoint">;

/** Whether the expectations behind the selector are about this run. */
export function selects({ factors, service }: Selector, run: Selectable): boolean {
  const levels = [...factors].every(([name, level]) => String(run.factors[name]) === level);
  return levels && (service === undefined || isService(run, service));
}

function isService({ id, endpoint }: Selectable, service: string): boolean {
  return id === service || endpoint === service || endpoint.endsWith(`:${service}`);
}
