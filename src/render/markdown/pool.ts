/** The sections of a report about pools. */
import type { Report } from "../../report/model.js";
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
import type { Page } from "../table/page.js";
import { poolRows } from "../table/pool.js";
import { code, list, prose, table } from "./syntax.js";

export function pool(report: Report, page: Page): string[] {
  if (report.pool === null) return [];
  const words = list(report.pool.says.map(prose));
  if (report.source.kind !== "pool") return words;
  const [top = [""], ...rows] = poolRows(report.pool, page.theme.marks.none, false);
  return [...table(top, rows, 1), "", ...words];
}

export function pools(report: Report, page: Page): string[] {
  const all = poolsOf(report);
  if (all.length === 0) return [];
  const [head = [], ...rows] = summaryRows(
    all.map(({ pool }) => pool),
    page.theme.marks.none,
  );
  return table(
    ["", ...head],
    rows.map((row, at) => [code(all[at]?.name ?? ""), ...row]),
    1,
  );
}

export function waiting({ pool }: Report, page: Page): string[] {
  const cases = pool?.cases ?? [];
  if (pool === null || cases.length === 0) return [];
  const tables = cases.flatMap((one) => {
    const [head = [], ...rows] = modelRows(one, page.theme.marks.none);
    const warnings = one.warnings.length === 0 ? [] : ["", ...list(one.warnings.map((text) => `**${prose(text)}**`))];
    return [`### ${caseName(one)}`, "", ...table(head, rows, 1), ...warnings, ""];
  });
  return [...tables, ...list(modelNotes(pool).map(prose))];
}

export function knee({ pool }: Report, page: Page): string[] {
  if (pool === null || (pool.knee ?? []).length === 0) return [];
  const [head = [], ...rows] = kneeRows(pool, page.theme.marks.none);
  const marked = rows.map((row, at) => [...row, kneeMark(pool.knee?.[at]?.connections ?? 0, pool)]);
  return [...table([...head, ""], marked, 0), "", prose(KNEE_LEGEND)];
}

export const poolFixes = ({ pool }: Report): string[] => list((pool?.fixes ?? []).map(({ says }) => prose(says)));
