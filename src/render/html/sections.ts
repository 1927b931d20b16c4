/** The sections that the page draws itself; all others it takes from the table as they are. */
import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { shareText } from "../breakdown.js";
import { logEdges } from "../chart.js";
import { cellName } from "../factors.js";
import { STALL_LEGEND, sideBySide, TIME_HEADS } from "../side-by-side.js";
import { cellColumns, rowsOf, serviceColumns } from "../table/columns.js";
import type { Page } from "../table/page.js";
import { timesOf } from "../table/time-went.js";
import { axis, BINS, dividedBar, histogram, partsLegend, plainBar } from "./bars.js";
import { curves } from "./curves.js";
import { findings } from "./findings.js";
import { checks, gateVerdict, next } from "./gate.js";
import { el, type Html, list, prose, table } from "./markup.js";

type Drawn = (report: Report, page: Page) => Html[];

/** By the title of the table's section. */
export const DRAWN: Readonly<Record<string, Drawn>> = {
  Verdict: verdict,
  Checks: checks,
  "What to do next": next,
  "Side by side": beside,
  Cells: numbers,
  Services: numbers,
  "Where the time went": timeWent,
  "Effects (95 % confidence)": effects,
  Theories: theories,
  Findings: findings,
};

function verdict(report: Report): Html[] {
  if (report.gate !== undefined) return gateVerdict(report);
  const { status, reasons } = report.verdict;
  if (status === "none" && reasons.length === 0) return [];
  const word = status === "none" ? [] : [el("b", {}, status)];
  return [el("div", { class: `card verdict ${status}` }, [...word, list(reasons)])];
}

/** Each protocol's times, and a bar as long as its p99. */
function beside(report: Report): Html[] {
  const found = sideBySide(report);
  if (found === null) return [];
  const most = Math.max(1, ...found.rows.map(({ p99Ns }) => p99Ns));
  const rows = found.rows.map(({ levels, name, times, p99Ns }) => {
    const bar = plainBar(p99Ns / most, `${name}: p99 ${formatDuration(p99Ns)}`);
    return [...levels, name, ...times.map((time) => time.replaceAll(" ", "\u00a0")), bar];
  });
  const head = [...found.factors, "", ...TIME_HEADS, "p99"];
  const words = found.factors.length + 1;
  const numbers = head.map((_, at) => at >= words && at < head.length - 1);
  return [table(head, rows, numbers), el("p", {}, STALL_LEGEND)];
}

/** Each run's numbers beside its histogram, then the percentile curves. */
function numbers(report: Report, page: Page): Html[] {
  const rows = report.runs.flatMap(rowsOf);
  if (rows.length === 0) return [];
  const columns = (report.source.kind === "capture" ? serviceColumns : cellColumns)(rows, page);
  const edges = logEdges(
    rows.map(({ data }) => data),
    BINS,
  );
  const body = rows.map((row) => [
    ...columns.map((column) => column.text(row).replaceAll(" ", "\u00a0")),
    ...(edges === null || row.data.count === 0 ? [""] : [histogram(row.data, edges)]),
  ]);
  const head = [...columns.map((column) => column.head), edges === null ? "" : axis(edges)];
  const drawn = rows.filter(({ kind }) => kind !== "send lag"); // our own lateness is no latency of theirs
  const named = drawn.map(({ run, kind, data }) => {
    const name = page.factors.varying.length === 0 ? run.id : cellName(run, page.factors);
    return { name: kind === "service" ? name : `${name}, ${kind}`, data };
  });
  return [
    table(
      head,
      body,
      columns.map(({ align }) => align === "right"),
    ),
    ...curves(named),
  ];
}

function timeWent(report: Report): Html[] {
  const times = timesOf(report);
  if (times.length === 0) return [];
  const rows = times.map(({ name, told }) => [name, dividedBar(told), told.map(shareText).join(", ")]);
  return [partsLegend(times.flatMap(({ told }) => told)), table(["service", "", "most of it"], rows, [])];
}

function effects(report: Report): Html[] {
  return report.effects.length === 0 ? [] : [list(report.effects.map(({ says }) => says))];
}

function theories(report: Report, page: Page): Html[] {
  if (report.theories.length === 0) return [];
  const { marks } = page.theme;
  const mark = { confirmed: marks.yes, refuted: marks.no, untested: marks.unknown };
  const rows = report.theories.map((theory) => [
    `${mark[theory.verdict]}\u00a0${theory.verdict}`,
    prose(theory.claim),
    prose(theory.because),
  ]);
  return [table(["", "theory", "because"], rows, [])];
}
