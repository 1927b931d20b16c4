/** What a report about pools says beyond Little's law: waiting by several models, the knee, the fixes. */
import type { PoolReport, Report } from "../../report/model.js";
import { type Align, grid } from "../grid.js";
import {
  caseName,
  KNEE_LEGEND,
  kneeMark,
  kneeRows,
  modelNotes,
  modelRows,
  poolsOf,
  summaryRows,
} from "../pool-rows.js";
import { displayWidth, hang, padEnd } from "../text.js";
import type { Page } from "./page.js";

const INDENT = 4;
const NARROW = 48;
const MIN_BAR = 8;
const MAX_BAR = 40;

/** Of several pools one line each. */
export function pools(report: Report, page: Page): string[] {
  const all = poolsOf(report);
  if (all.length === 0) return [];
  const rows = summaryRows(
    all.map(({ pool }) => pool),
    page.theme.marks.none,
  );
  const [head = "", ...lines] = columns(rows, page, 0, [2, 4, 0]);
  const named = lines.flatMap((line, at) => [
    ...hang("  ", all[at]?.name ?? "", page.width, page.theme.strong),
    `    ${line}`,
  ]);
  return [
    `    ${head}`,
    ...named,
    ...hang("  ", "one of them in full: --run or --service", page.prose, page.theme.dim),
  ];
}

/** The models side by side, for each size of the pool that matters. */
export function waiting({ pool }: Report, page: Page): string[] {
  const cases = pool?.cases ?? [];
  if (pool === null || cases.length === 0) return [];
  const { none, warning } = page.theme.marks;
  const indent = " ".repeat(page.width < NARROW ? INDENT / 2 : INDENT);
  const lines = cases.flatMap((one, at) => {
    const [head = "", ...rows] = columns(modelRows(one, none), page, 1, [3, 1, 2]);
    return [
      ...(at === 0 ? [] : [""]),
      ...hang("  ", caseName(one), page.prose, page.theme.strong),
      indent + head,
      ...rows.map((row) => indent + (row.startsWith("  ") ? page.theme.dim(row) : row)),
      ...one.warnings.flatMap((text) => hang(`    ${page.theme.warn(warning)} `, text, page.prose, page.theme.warn)),
    ];
  });
  return [...lines, ...modelNotes(pool).flatMap((text) => hang("  ", text, page.prose, page.theme.dim))];
}

/** A table with a bar for the wait in each row: where the bars fall off is the knee. */
export function knee({ pool }: Report, page: Page): string[] {
  const rows = pool?.knee ?? [];
  if (pool === null || rows.length === 0) return [];
  const marks = rows.map(({ connections }) => kneeMark(connections, pool));
  const behind = Math.max(...marks.map((mark) => mark.length));
  const [head = "", ...lines] = columns(kneeRows(pool, page.theme.marks.none), page, 0, [1, 2, 4], behind);
  const left = Math.max(...[head, ...lines].map(displayWidth)) + 4;
  const lengths = barLengths(rows, marks, page.width - left);
  const block = page.theme.marks.parts.senderHold;
  const drawn = lines.map((line, at) => {
    const mark = marks[at] ?? "";
    const bar = block.repeat(lengths[at] ?? 0);
    const paint = mark.includes("recommended") ? page.theme.good : page.theme.strong;
    const gap = bar === "" || mark === "" ? "" : " ";
    return `${padEnd(`  ${line}`, left)}${page.theme.bar(bar)}${gap}${mark === "" ? "" : paint(mark)}`;
  });
  const legend = lengths.some((length) => length > 0) ? `${KNEE_LEGEND}; bars by its square root` : KNEE_LEGEND;
  return [`  ${head}`, ...drawn, ...hang("  ", legend, page.prose, page.theme.dim)];
}

/**
 * As long as fits with the marks behind them; none where that is too little. By the square root: near saturation the wait is a
 * hundred times that behind the knee.
 */
function barLengths(rows: NonNullable<PoolReport["knee"]>, marks: readonly string[], room: number): number[] {
  const waits = rows.map((row) => row.simulatedWaitP99Ns ?? row.waitP99Ns);
  const most = Math.max(1, ...waits);
  for (let width = MAX_BAR; width >= MIN_BAR; width--) {
    const lengths = waits.map((wait) => (wait === 0 ? 0 : Math.max(1, Math.round(width * Math.sqrt(wait / most)))));
    if (lengths.every((length, at) => length + 1 + (marks[at] ?? "").length <= room)) return lengths;
  }
  return waits.map(() => 0);
}

export const poolFixes = ({ pool }: Report, page: Page): string[] =>
  (pool?.fixes ?? []).flatMap(({ says }) => hang(`  ${page.theme.marks.bullet} `, says, page.prose));

/**
 * @param words how many of the first columns are words and not numbers
 * @param dispensable columns that a narrow terminal goes without, the first one first
 * @param behind how much must fit behind them
 */
function columns(
  rows: readonly (readonly string[])[],
  page: Page,
  words: number,
  dispensable: readonly number[],
  behind = 0,
): string[] {
  const [head = [], ...rest] = rows;
  const aligns: Align[] = head.map((_, at) => (at < words ? "left" : "right"));
  for (let dropped = 0; ; dropped++) {
    const gone = dispensable.slice(0, dropped);
    const kept = <T>(cells: readonly T[]): T[] => cells.filter((_, at) => !gone.includes(at));
    const lines = grid([kept(head).map((text) => page.theme.dim(text)), ...rest.map(kept)], kept(aligns));
    const widest = Math.max(...lines.map(displayWidth));
    if (widest + INDENT + behind <= page.width || dropped === dispensable.length) return lines;
  }
}
