/** What happened in the connections of QUIC, and the protocols side by side: the same as in the table. */
import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { cellName } from "../factors.js";
import { type Handshakes, handshakesOf } from "../quic-flights.js";
import { parameterSets } from "../quic-parameters.js";
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
import { STALL_LEGEND, sideBySide, TIME_HEADS } from "../side-by-side.js";
import { fromCaptures } from "../source-names.js";
import type { Page } from "../table/page.js";
import { code, list, prose, table } from "./syntax.js";

export function quic(report: Report, page: Page): string[] {
  const runs = quicRuns(report.runs);
  if (runs.length === 0) return [];
  const apart = fromCaptures(report.source) && report.runs.length > 1;
  const name = apart ? "service" : "cell";
  const facts = quicFacts(runs, page.factors).map(
    ({ label, text, whose }) => `**${label}** ${prose(whose === "" ? text : `${whose}: ${text}`)}`,
  );
  const parts = [
    list(facts),
    ...(apart
      ? runs.flatMap((one) =>
          handshakesOf([one], page.factors).map((found) => handshake({ ...found, whose: one.run.id })),
        )
      : handshakesOf(runs, page.factors).map(handshake)),
    ...columns(runs, TIME_COLUMNS, name, page),
    ...acks(runs, name, page),
    ...columns(runs, PACKET_COLUMNS, name, page),
  ];
  return parts.flatMap((lines, at) => (at === 0 ? lines : ["", ...lines]));
}

/** A table, and what its columns mean. */
function columns(runs: readonly QuicRun[], all: readonly QuicColumn[], name: string, page: Page): string[][] {
  const shown = told(all, runs);
  if (shown.length === 0) return [];
  const rows = runs.map((one) => [
    prose(cellName(one.run, page.factors)),
    ...shown.map(({ of }) => of(one) ?? page.theme.marks.none),
  ]);
  const legend = legendOf(shown);
  const lines = table([name, ...shown.map(({ head }) => head)], rows, 1);
  return legend === "" ? [lines] : [lines, [prose(legend)]];
}

function acks(runs: readonly QuicRun[], name: string, page: Page): string[][] {
  const rows = ackRows(runs, page.theme.marks.none);
  if (rows.length === 0) return [];
  const named = rows.map(({ one, row }) => [prose(cellName(one.run, page.factors)), ...row]);
  return [table([name, ...ACK_HEADS], named, 2), [prose(ACKS_LEGEND)]];
}

function handshake({ whose, total, flights }: Handshakes): string[] {
  const title = `handshake${whose === "" ? "" : ` of ${prose(whose)}`}`;
  const rows = flights.map(({ name, p50Ns }) => [prose(name), formatDuration(p50Ns)]);
  return table([title, total ?? ""], rows, 1);
}

export function transportParameters({ runs }: Report, page: Page): string[] {
  return parameterSets(quicRuns(runs), page.factors).flatMap(({ whose, rows, ends }, at) => {
    const head = [whose === "" ? "parameter" : prose(whose), ...ends];
    const body = rows.map((row) => [prose(row.name), ...ends.map((end) => code(row[end]))]);
    return [...(at === 0 ? [] : [""]), ...table(head, body, 1)];
  });
}

export function beside(report: Report): string[] {
  const found = sideBySide(report);
  if (found === null) return [];
  const rows = found.rows.map(({ levels, name, times }) => [...levels.map(code), prose(name), ...times]);
  const head = [...found.factors.map(prose), "", ...TIME_HEADS];
  return [...table(head, rows, found.factors.length + 1), "", prose(STALL_LEGEND)];
}
