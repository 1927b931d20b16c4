/**
 * The cells of the experiment, or the services of a capture, side by side, with their histograms on one scale for all, so that a second mode in one of them
 * is seen at a glance.
 */
import type { Report, Run } from "../../report/model.js";
import { axis, bars, logEdges } from "../chart.js";
import { cellName } from "../factors.js";
import { grid } from "../grid.js";
import { fromCaptures } from "../source-names.js";
import { displayWidth, hang } from "../text.js";
import {
  type Column,
  cellColumns,
  errorsOf,
  IN_FLIGHT,
  type Layout,
  layOut,
  layOutServices,
  type Row,
  rowsOf,
  serviceColumns,
} from "./columns.js";
import type { Page } from "./page.js";

/** An empty section would look like an answer. */
export const NO_SERVICES = "none: no exchange of a request and its answer was seen";

type Paint = (text: string) => string;

export function cells(report: Report, page: Page): string[] {
  const { theme } = page;
  const rows = report.runs.flatMap(rowsOf);
  const capture = fromCaptures(report.source);
  if (rows.length === 0) return capture ? hang("  ", NO_SERVICES, page.prose, theme.warn) : [];
  const columns = capture ? serviceColumns(rows, page) : cellColumns(rows, page);
  const layout = (capture ? layOutServices : layOut)(columns, rows, page.width);
  const charted = rows.filter(hasBars).map((row) => row.data);
  const edges = logEdges(charted, layout.bins);

  const looks = new Map(report.runs.map((run) => [run, lookOf(run, report, page)]));
  const shown = layout.columns;
  const [header = "", ...lines] = grid(
    [
      shown.map((column) => theme.dim(column.head)),
      ...rows.map((row) => shown.map((column) => painted(row, column, page, looks.get(row.run)?.paint))),
    ],
    shown.map((column) => column.align),
  );
  const indent = capture && layout.named ? "    " : "  ";
  const result = [atBars(indent + header, layout.beside && edges !== null ? theme.dim(chartHead(layout)) : "", layout)];
  for (const [at, row] of rows.entries()) {
    const look = looks.get(row.run);
    const first = row.kind === "service";
    const margin = first && look?.mark !== undefined ? `${look.mark} ` : "  ";
    const name = first && layout.named ? hang(margin, cellName(row.run, page.factors), page.width, theme.strong) : [];
    const numbers = (layout.named ? indent : margin) + (lines[at] ?? "");
    const chart =
      edges === null || !hasBars(row) ? "" : (look?.paint ?? theme.bar)(bars(row.data, edges, theme.marks).trimEnd());
    if (layout.beside) result.push(...name, atBars(numbers, chart, layout));
    else if (capture) result.push(...aboveNumbers(name, chart, layout), numbers);
    else result.push(...name, numbers, atBars("", chart, layout));
    if (first && !row.run.used) result.push(...unused(row.run, page));
  }
  if (edges !== null) result.push(...axis(edges, theme.marks).map((line) => atBars("", theme.dim(line), layout)));
  return [...result.filter((line) => line.trim() !== ""), ...legend(shown, rows, edges !== null, page)];
}

const chartHead = ({ bins }: Layout): string => (bins < "distribution".length ? "spread" : "distribution");

/** The lag is ours and not the target's: it would stretch the scale for nothing. */
const hasBars = (row: Row): boolean => row.kind !== "send lag" && row.data.count > 0;

const atBars = (line: string, chart: string, layout: Layout): string =>
  line + " ".repeat(Math.max(0, layout.barsAt - displayWidth(line))) + chart;

/** The name and its histogram on one line, if the name leaves it room. */
function aboveNumbers(name: readonly string[], chart: string, layout: Layout): string[] {
  const last = name.at(-1) ?? "";
  if (displayWidth(last) + 2 > layout.barsAt) return [...name, atBars("", chart, layout)];
  return [...name.slice(0, -1), atBars(last, chart, layout)];
}

/** How a run is marked: by the worst that a finding says about it, or as one that no conclusion rests on. */
function lookOf(run: Run, report: Report, { theme }: Page): { mark: string; paint: Paint } | undefined {
  if (!run.used) return { mark: theme.warn(theme.marks.unknown), paint: theme.dim };
  const about = report.findings.filter((finding) => "run" in finding.subject && finding.subject.run === run.id);
  if (about.some((finding) => finding.severity === "error")) {
    return { mark: theme.bad(theme.marks.error), paint: theme.bad };
  }
  if (about.some((finding) => finding.severity === "warning")) {
    return { mark: theme.warn(theme.marks.warning), paint: theme.warn };
  }
  return undefined;
}

function painted(row: Row, column: Column, page: Page, paint: Paint | undefined): string {
  const text = column.text(row);
  if (!row.run.used || row.kind === "send lag") return page.theme.dim(text);
  if (column.head === "err" && errorsOf(row.run) > 0) return page.theme.bad(text);
  return paint !== undefined && (column.head === "p50" || column.head === "p99") ? paint(text) : text;
}

const unused = (run: Run, page: Page): string[] =>
  hang("    ", `not used for any conclusion: ${run.wire?.says ?? ""}`, page.prose, page.theme.warn);

function wireLegend(rows: readonly Row[]): string {
  const tcp = "writes (w) and TCP segments (s)";
  const datagrams = "datagrams (d)";
  if (rows.every(({ run }) => run.quic !== undefined)) return `wire: ${datagrams} per request`;
  return `wire: ${rows.some(({ run }) => run.quic !== undefined) ? `${datagrams}, or ${tcp}` : tcp} per request`;
}

/** What of the columns that are shown does not explain itself. */
function legend(shown: readonly Column[], rows: readonly Row[], charted: boolean, page: Page): string[] {
  const has = (head: string): boolean => shown.some((column) => column.head === head);
  const parts = has("wire") ? [wireLegend(rows)] : [];
  if (has(IN_FLIGHT)) parts.push("in flight: exchanges under way at a time, mean/max");
  if (charted) {
    const things = rows.some((row) => row.run.wire !== null) ? "cells" : "services";
    parts.push(`bars: one log scale for all ${things}, height by the square root of the count`);
  }
  if (rows.some((row) => row.kind !== "service")) {
    parts.push("service: from the first write; corrected: from the intended start", "send lag: our own lateness");
  }
  return parts.flatMap((part) => hang("  ", part, page.prose, page.theme.dim));
}
