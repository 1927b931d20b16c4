/** Two measurements side by side, quantile by quantile, with the interval of each difference and what can be said of it. */
import type { ComparedPair, ComparedQuantile, Comparison, Report } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { counted } from "../counting.js";
import { type Align, grid } from "../grid.js";
import { displayWidth, hang } from "../text.js";
import type { Theme } from "../theme.js";
import type { Page } from "./page.js";

export function comparison(report: Report, page: Page): string[] {
  const { comparison: data } = report;
  if (data === undefined) return [];
  const { theme, prose } = page;
  const warning = `  ${theme.warn(theme.marks.warning)} `;
  return [
    ...pairLines(data, page),
    ...comparisonNotes(data).flatMap((text) => hang("  ", text, prose, theme.dim)),
    ...data.unlike.flatMap((text) => hang(warning, `unlike: ${text}`, prose, theme.warn)),
  ];
}

/** All columns where there is room; else without the intervals, then also without the base. */
function pairLines(data: Comparison, page: Page): string[] {
  const layouts: readonly (readonly Shown[])[] = [
    ALL_SHOWN,
    ["base", "new", "change", "verdict"],
    ["new", "change", "verdict"],
  ];
  const fits = (lines: readonly string[]): boolean => lines.every((line) => displayWidth(line) <= page.width);
  const drawn = layouts.map((shown) => tableOf(data, shown, page));
  return drawn.find(fits) ?? (drawn.at(-1) as string[]);
}

function tableOf(data: Comparison, shown: readonly Shown[], page: Page): string[] {
  if (data.pairs.length === 0) return [];
  const { theme } = page;
  const found = data.pairs.flatMap(({ quantiles }) => quantiles);
  const head = quantileHead(data, shown).map(theme.dim);
  const rows = found.map((one) => painted(rowOf(one, shown), one.verdict, theme));
  const aligns = head.map((_, at): Align => (at === 0 || at === head.length - 1 ? "left" : "right"));
  const [top = "", ...lines] = grid([head, ...rows], aligns);
  let next = 0;
  const pairs = data.pairs.flatMap((pair) => {
    const name = data.pairs.length === 1 ? [] : hang("  ", pair.id, page.width, theme.strong);
    if (pair.quantiles.length === 0) return [...name, ...hang("  ", pair.says, page.prose, theme.warn)];
    return [...name, ...pair.quantiles.map(({ verdict }) => `${markOf(verdict, theme)} ${lines[next++]}`)];
  });
  return found.length === 0 ? pairs : [`  ${top}`, ...pairs];
}

/** The columns behind the quantile's name. */
export type Shown = "base" | "new" | "change" | "interval" | "verdict";
export const ALL_SHOWN: readonly Shown[] = ["base", "new", "change", "interval", "verdict"];

/** Also the head of the Markdown table. */
export function quantileHead(data: Comparison, shown: readonly Shown[]): string[] {
  const [base, next] = sidesOf(data);
  const interval = `${Number((data.confidence * 100).toPrecision(6))} % interval`;
  const heads = { base, new: next, change: "change", interval, verdict: "verdict" };
  return ["", ...shown.map((column) => heads[column])];
}

/** What the two sides are called: those of --ab by their letters. */
const sidesOf = ({ interleaved }: Comparison): readonly [string, string] =>
  interleaved ? ["A", "B"] : ["base", "new"];

/** `p50`, and of the columns shown: base, new, `+10.4 %`, `+21.0 us to +29.0 us`, `slower`. */
export function rowOf(found: ComparedQuantile, shown: readonly Shown[]): string[] {
  const { quantile, baseNs, newNs, differenceNs, lowNs, highNs } = found;
  const cells = {
    base: formatDuration(baseNs),
    new: formatDuration(newNs),
    change: baseNs > 0 ? `${signed(differenceNs, (100 * differenceNs) / baseNs)} %` : plus(differenceNs),
    interval: lowNs === null || highNs === null ? "too few" : `${plus(lowNs)} to ${plus(highNs)}`,
    verdict: found.verdict === "cannot-tell" ? "cannot tell" : found.verdict,
  };
  return [`p${Number((quantile * 100).toPrecision(12))}`, ...shown.map((column) => cells[column])];
}

const plus = (ns: number): string => (ns > 0 ? `+${formatDuration(ns)}` : formatDuration(ns));
const signed = (ns: number, percent: number): string => `${ns > 0 ? "+" : ""}${digits(percent)}`;

function painted(row: readonly string[], verdict: ComparedQuantile["verdict"], theme: Theme): string[] {
  const paint = verdict === "slower" ? theme.bad : verdict === "faster" ? theme.good : undefined;
  return paint === undefined ? [...row] : row.map((cell, at) => (at === row.length - 1 ? paint(cell) : cell));
}

function markOf(verdict: ComparedQuantile["verdict"], { marks, bad, good, warn }: Theme): string {
  if (verdict === "slower") return bad(marks.error);
  if (verdict === "faster") return good(marks.yes);
  return verdict === "same" ? " " : warn(marks.unknown);
}

const UNITS: Readonly<Record<ComparedQuantile["unit"], (base: number, next: number) => string>> = {
  rounds: (base) => `${counted(base, "round")} in which both took turns`,
  runs: (base, next) => `${counted(base, "run")} against ${next}`,
  blocks: (base, next) => `one run against another, as their ${base} and ${next} blocks differ`,
  requests: (base, next) => `requests taken as independent, ${base} against ${next}`,
};

/** What the numbers rest on, in words; also below the Markdown table. */
export function comparisonNotes(data: Comparison): string[] {
  const tested = new Map<string, string[]>();
  for (const { unit, units, quantile } of data.pairs.flatMap(({ quantiles }) => quantiles)) {
    const says = UNITS[unit](units.base, units.new);
    tested.set(says, [...new Set([...(tested.get(says) ?? []), `p${Number((quantile * 100).toPrecision(12))}`])]);
  }
  const basis = [...tested].map(([says, names]) => (tested.size === 1 ? says : `${names.join(", ")}: ${says}`));
  return [
    ...(basis.length === 0 ? [] : [`tested on: ${basis.join("; ")}; effects below ${data.minimumEffect} are not told`]),
    ...data.pairs.flatMap((pair) => effectOf(pair, data)),
  ];
}

function effectOf({ effectSize, id, baseErrors, newErrors }: ComparedPair, data: Comparison): string[] {
  const name = data.pairs.length > 1 ? `${id}: ` : "";
  const [base, next] = sidesOf(data);
  const lines = [];
  if (effectSize !== null) {
    const share = `${digits(effectSize * 100)} % of all pairs`;
    lines.push(`${name}a request of ${next} takes longer than one of ${base} in ${share} (50 %: no difference)`);
  }
  if (baseErrors + newErrors > 0) {
    lines.push(
      `${name}failed requests, which have no latency to compare: ${baseErrors} in ${base}, ${newErrors} in ${next}`,
    );
  }
  return lines;
}
