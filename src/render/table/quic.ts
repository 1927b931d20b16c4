/** What happened in the connections of QUIC: handshakes as stairs, round trips, acknowledgements, packets, and what was said. */
import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { cellName, levelOf } from "../factors.js";
import { type Align, grid } from "../grid.js";
import { type Handshakes, handshakesOf, staircase } from "../quic-flights.js";
import {
  ACK_HEADS,
  ACKS_LEGEND,
  ackRows,
  legendOf,
  PACKET_COLUMNS,
  type QuicColumn,
  type QuicRun,
  quicFacts,
  quicRuns,
  TIME_COLUMNS,
  told,
} from "../quic-rows.js";
import { fromCaptures } from "../source-names.js";
import { displayWidth, hang, padEnd } from "../text.js";
import type { Page } from "./page.js";

const LABEL = 13;
const MIN_BAR = 10;
const MAX_BAR = 40;

export function quic(report: Report, page: Page): string[] {
  const runs = quicRuns(report.runs);
  if (runs.length === 0) return [];
  // The services of a capture have little in common; the cells of an experiment have nearly all.
  const apart = fromCaptures(report.source) && report.runs.length > 1;
  const said = apart
    ? runs.flatMap((one, at) => [
        ...(at === 0 ? [] : [""]),
        ...hang("  ", one.run.id, page.prose, page.theme.strong),
        ...words([one], page),
      ])
    : words(runs, page);
  const tables = [
    columns(runs, TIME_COLUMNS, apart, page),
    acks(runs, apart, page),
    columns(runs, PACKET_COLUMNS, apart, page),
  ];
  return [...said, ...tables.flatMap((lines) => (lines.length === 0 ? [] : ["", ...lines]))];
}

function words(runs: readonly QuicRun[], page: Page): string[] {
  const facts = quicFacts(runs, page.factors).flatMap(({ label, text, whose }) =>
    hang(`  ${page.theme.dim(padEnd(label, LABEL))}`, whose === "" ? text : `${whose}: ${text}`, page.prose),
  );
  return [...facts, ...handshakesOf(runs, page.factors).flatMap((handshakes) => ["", ...ladder(handshakes, page)])];
}

/** A row for each run; what there is no room for is left out. */
function columns(runs: readonly QuicRun[], all: readonly QuicColumn[], apart: boolean, page: Page): string[] {
  let shown = told(all, runs);
  if (shown.length === 0) return [];
  const build = (kept: readonly QuicColumn[]): string[] =>
    withLabels(
      runs,
      kept.map(({ head }) => head),
      runs.map((one) => kept.map(({ of }) => of(one) ?? page.theme.marks.none)),
      apart,
      page,
    );
  let lines = build(shown);
  while (!fits(lines, page)) {
    const spare = shown.findLast((column) => column.spare === true);
    if (spare === undefined) return runs.flatMap((one) => listed(one, shown, page));
    shown = shown.filter((column) => column !== spare);
    lines = build(shown);
  }
  const legend = legendOf(shown);
  return [...lines, ...(legend === "" ? [] : hang("  ", legend, page.prose, page.theme.dim))];
}

function acks(runs: readonly QuicRun[], apart: boolean, page: Page): string[] {
  const rows = ackRows(runs, page.theme.marks.none);
  if (rows.length === 0) return [];
  const lines = withLabels(
    rows.map(({ one }) => one),
    ACK_HEADS,
    rows.map(({ row }) => row),
    apart,
    page,
  );
  const legend = hang("  ", ACKS_LEGEND, page.prose, page.theme.dim);
  if (fits(lines, page)) return [...lines, ...legend];
  const lists = rows.flatMap(({ one, row }) => {
    const texts = row.map((text, at) => `${ACK_HEADS[at]} ${text}`);
    return hang("  ", `${cellName(one.run, page.factors)}: ${texts.join(", ")}`, page.prose);
  });
  return [...lists, ...legend];
}

const fits = (lines: readonly string[], page: Page): boolean => lines.every((line) => displayWidth(line) <= page.width);

/** @param apart each row goes by the name of its service */
function withLabels(
  runs: readonly QuicRun[],
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  apart: boolean,
  page: Page,
): string[] {
  const labels = apart ? ["service"] : page.factors.varying;
  const aligns = [...labels.map((): Align => "left"), ...heads.map((): Align => "right")];
  const body = rows.map((row, at) => {
    const run = runs[at]?.run;
    return [...(apart ? [run?.id ?? ""] : labels.map((name) => levelOf(run, name))), ...row];
  });
  return grid([[...labels, ...heads].map(page.theme.dim), ...body], aligns).map((line) => `  ${line}`);
}

function listed(one: QuicRun, shown: readonly QuicColumn[], page: Page): string[] {
  const texts = shown.flatMap(({ head, of }) => {
    const text = of(one);
    return text === null ? [] : [`${head} ${text}`];
  });
  return hang("  ", `${cellName(one.run, page.factors)}: ${texts.join(", ")}`, page.prose);
}

function ladder({ whose, total, flights }: Handshakes, page: Page): string[] {
  const { bar, dim, marks } = page.theme;
  const title = `handshake${whose === "" ? "" : ` of ${whose}`}${total === null ? "" : `: ${total}`}`;
  const head = hang("  ", title, page.prose);
  const nameWidth = Math.max(...flights.map(({ name }) => displayWidth(name)));
  const times = flights.map(({ p50Ns }) => formatDuration(p50Ns));
  const timeWidth = Math.max(...times.map(displayWidth));
  const room = Math.min(MAX_BAR, page.width - 4 - nameWidth - 2 - timeWidth - 2);
  const stairs = staircase(flights, Math.max(MIN_BAR, room));
  return [
    ...head,
    ...flights.flatMap(({ name }, at) => {
      const time = " ".repeat(timeWidth - displayWidth(times[at] ?? "")) + (times[at] ?? "");
      if (room < MIN_BAR) return hang(`    ${time}  `, name, page.width, dim);
      const { before, filled } = stairs[at] ?? { before: 0, filled: 1 };
      return [`    ${padEnd(name, nameWidth)}  ${time}  ${" ".repeat(before)}${bar(marks.done.repeat(filled))}`];
    }),
  ];
}
