/** What happened inside the connections of HTTP/2 and gRPC: times per stream, frames, and what both ends said of themselves. */
import type { Report } from "../../report/model.js";
import { cellName, levelOf } from "../factors.js";
import { type Align, grid } from "../grid.js";
import {
  frameRows,
  openOf,
  type StreamRun,
  type StreamTime,
  streamFacts,
  streamRuns,
  timesLegend,
  timesOf,
  timeText,
} from "../h2-rows.js";
import type { SharedFact } from "../shared-facts.js";
import { displayWidth, hang, padEnd } from "../text.js";
import type { Page } from "./page.js";

const LABEL = 12;

export function h2({ runs }: Report, page: Page): string[] {
  const streams = streamRuns(runs);
  if (streams.length === 0) return [];
  const told = timesOf(streams);
  return [
    ...times(streams, told, page),
    ...hang("  ", timesLegend(told), page.prose, page.theme.dim),
    ...frames(streams, page),
    "",
    ...streamFacts(streams, page.factors).flatMap((fact) => factLines(fact, page)),
  ];
}

/** A row for each cell, p50 and p99; the p99 are left out where there is no room for them. */
function times(streams: readonly StreamRun[], told: readonly StreamTime[], page: Page): string[] {
  const { none } = page.theme.marks;
  const build = (picks: readonly ("p50" | "p99")[]): string[] => {
    const heads = told.flatMap(({ head }) => picks.map((pick) => (pick === "p50" ? `${head} p50` : pick)));
    const rows = streams.map((one) => [
      openOf(one),
      ...told.flatMap((time) => picks.map((pick) => timeText(time, one, pick, none))),
    ]);
    return withLevels(streams, ["open", ...heads], rows, page);
  };
  return fitting([build(["p50", "p99"]), build(["p50"])], page) ?? streams.flatMap((one) => listed(one, told, page));
}

/** Without room for columns. */
function listed(one: StreamRun, told: readonly StreamTime[], page: Page): string[] {
  const { none } = page.theme.marks;
  const each = told.map((time) => `${time.head} ${timeText(time, one, "p50", none)}`);
  const text = [`${openOf(one)} open`, ...each].join(", ");
  return hang("  ", `${cellName(one.run, page.factors)}: ${text} (p50)`, page.prose);
}

function frames(streams: readonly StreamRun[], page: Page): string[] {
  const { types, rows } = frameRows(streams, page.theme.marks.none);
  if (types.length === 0) return [];
  const legend = hang("  ", "frames sent/received while measuring", page.prose, page.theme.dim);
  const table = fitting([withLevels(streams, types, rows, page)], page);
  if (table !== undefined) return ["", ...table, ...legend];
  const lists = streams.flatMap(({ run }, at) => {
    const told = types.map((type, column) => `${type} ${rows[at]?.[column]}`);
    return hang("  ", `${cellName(run, page.factors)}: ${told.join(", ")}`, page.prose);
  });
  return ["", ...lists, ...legend];
}

function withLevels(
  streams: readonly StreamRun[],
  head: readonly string[],
  rows: readonly (readonly string[])[],
  page: Page,
): string[] {
  const names = page.factors.varying;
  const aligns: Align[] = [...names.map((): Align => "left"), ...head.map((): Align => "right")];
  const body = rows.map((row, at) => [...names.map((name) => levelOf(streams[at]?.run, name)), ...row]);
  return grid([[...names, ...head].map(page.theme.dim), ...body], aligns).map((line) => `  ${line}`);
}

const fitting = (candidates: readonly string[][], page: Page): string[] | undefined =>
  candidates.find((lines) => lines.every((line) => displayWidth(line) <= page.width));

function factLines({ label, text, whose }: SharedFact, page: Page): string[] {
  return hang(`  ${page.theme.dim(padEnd(label, LABEL))}`, whose === "" ? text : `${whose}: ${text}`, page.prose);
}
