/** Which numbers of a run stand in the table of cells, and which of them there is room for. */
import type { HistogramData, Run } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { formatRate } from "../../units/rate.js";
import { whole } from "../counting.js";
import { levelOf } from "../factors.js";
import { type Align, gridWidth } from "../grid.js";
import { displayWidth, truncate } from "../text.js";
import type { Page } from "./page.js";

/** In the open loop a run has three rows: from the first write, from the intended start, and our own lateness. */
export interface Row {
  readonly run: Run;
  readonly kind: "service" | "corrected" | "send lag";
  readonly data: HistogramData;
}

export interface Column {
  readonly head: string;
  readonly align: Align;
  readonly text: (row: Row) => string;
  /** Columns with a lower number are the first to go when there is no room. */
  readonly keep: number;
}

export interface Layout {
  readonly columns: readonly Column[];
  /** How many characters the histograms are wide. */
  readonly bins: number;
  /** Where the histograms begin. */
  readonly barsAt: number;
  /** The histograms stand beside the numbers, not below them. */
  readonly beside: boolean;
  /** The factors found no room as columns: each cell's name stands above its numbers. */
  readonly named: boolean;
}

const MARGIN = 2;
/** Too few to show two modes and their shape; the percentiles are worth more than a wide chart. */
const LEAST_BINS = 10;
const MIN_BINS = 16;
const MAX_BINS = 40;
const MAX_LEVEL = 14;
/** What a cell cannot be understood without. */
const ESSENTIAL = 8;
const FACTOR = 10;
export const IN_FLIGHT = "in flight";

export function rowsOf(run: Run): Row[] {
  const rows: Row[] = [{ run, kind: "service", data: run.latency }];
  if (run.corrected === null) return rows;
  rows.push({ run, kind: "corrected", data: run.corrected });
  if (run.sendLag !== null) rows.push({ run, kind: "send lag", data: run.sendLag });
  return rows;
}

export const errorsOf = (run: Run): number => Object.values(run.errors).reduce((sum, count) => sum + count, 0);

const once = (text: (run: Run) => string) => (row: Row) => (row.kind === "service" ? text(row.run) : "");

const time = (head: string, keep: number, none: string, pick: (data: HistogramData) => number): Column => ({
  head,
  align: "right",
  text: ({ data }) => (data.count === 0 ? none : formatDuration(pick(data))),
  keep,
});

/** For the cells of an experiment. */
export function cellColumns(rows: readonly Row[], page: Page): Column[] {
  const { marks } = page.theme;
  const columns: Column[] = page.factors.varying.map((name) => ({
    head: truncate(name, MAX_LEVEL, marks.ellipsis),
    align: "left",
    text: once((run) => truncate(levelOf(run, name), MAX_LEVEL, marks.ellipsis)),
    keep: FACTOR,
  }));
  const openLoop = rows.some((row) => row.kind !== "service");
  if (openLoop) columns.push({ head: "", align: "left", text: (row) => row.kind, keep: ESSENTIAL });
  columns.push({ head: "n", align: "right", text: once((run) => String(run.requests)), keep: 2 });
  columns.push(time("p50", ESSENTIAL, marks.none, (data) => data.p50));
  columns.push(time("p90", 4, marks.none, (data) => data.p90));
  columns.push(time("p99", ESSENTIAL, marks.none, (data) => data.p99));
  columns.push(time("max", 5, marks.none, (data) => data.max));
  if (rows.some((row) => errorsOf(row.run) > 0)) {
    columns.push({ head: "err", align: "right", text: once((run) => String(errorsOf(run))), keep: 7 });
  }
  columns.push({ head: "rate", align: "right", text: once((run) => formatRate(run.ratePerSecond)), keep: 1 });
  if (rows.some((row) => row.run.wire !== null)) {
    columns.push({ head: "wire", align: "left", text: once((run) => wireOf(run, marks.none)), keep: 6 });
  }
  return columns;
}

/** For the services of a capture. */
export function serviceColumns(rows: readonly Row[], page: Page): Column[] {
  const { none } = page.theme.marks;
  const number = (head: string, keep: number, text: (run: Run) => string): Column => ({
    head,
    align: "right",
    text: once(text),
    keep,
  });
  const columns: Column[] = [{ head: "service", align: "left", text: once((run) => run.id), keep: FACTOR }];
  columns.push(number("conns", 3, (run) => whole(run.connections)));
  columns.push(number("exch", 6, (run) => whole(run.requests)));
  if (rows.some((row) => errorsOf(row.run) > 0)) columns.push(number("err", 7, (run) => whole(errorsOf(run))));
  columns.push(number("rate", 4, (run) => formatRate(run.ratePerSecond)));
  if (rows.some((row) => row.run.concurrency !== undefined)) {
    columns.push(number(IN_FLIGHT, 5, (run) => inFlightOf(run, none)));
  }
  columns.push(time("p50", ESSENTIAL, none, (data) => data.p50));
  columns.push(time("p90", 1, none, (data) => data.p90));
  columns.push(time("p99", ESSENTIAL, none, (data) => data.p99));
  columns.push(time("max", 7, none, (data) => data.max));
  return columns;
}

/** Exchanges under way at a time, on average and at most: `0.98/12`. */
export const inFlightOf = ({ concurrency }: Run, none: string): string =>
  concurrency === undefined ? none : `${digits(concurrency.mean)}/${whole(concurrency.max)}`;

/** Writes and segments for each request: `3w 2s`; of QUIC its datagrams: `3d`. */
function wireOf({ requests, wire, quic }: Run, none: string): string {
  if (requests === 0 || wire === null) return none;
  const each = (total: number): string => {
    const mean = total / requests;
    return mean < 100 ? String(Number(mean.toFixed(1))) : whole(Math.round(mean));
  };
  if (quic !== undefined) return `${each(wire.writes)}d`;
  return `${each(wire.writes)}w ${wire.segments === null ? none : each(wire.segments)}s`;
}

/**
 * Histograms beside the numbers if that takes no more than the rate, a narrower chart and the count, never a percentile; else
 * below, with what fits.
 */
export function layOut(columns: readonly Column[], rows: readonly Row[], width: number): Layout {
  const room = width - MARGIN;
  const used = (kept: readonly Column[]): number => gridWidth(kept.map((column) => columnWidth(column, rows)));
  for (let drop = 0; drop <= 2; drop++) {
    const kept = columns.filter((column) => column.keep > drop);
    const left = room - used(kept) - 2;
    if (left < (drop === 0 ? MIN_BINS : LEAST_BINS)) continue;
    return { columns: kept, bins: Math.min(MAX_BINS, left), barsAt: width - left, beside: true, named: false };
  }
  const below = { bins: Math.min(MAX_BINS, room - 2), barsAt: MARGIN + 2, beside: false };
  for (let drop = 0; drop < ESSENTIAL; drop++) {
    const kept = columns.filter((column) => column.keep > drop);
    if (used(kept) <= room) return { ...below, columns: kept, named: false };
  }
  const numbers = columns.filter((column) => column.keep !== FACTOR && column.keep > 2);
  const fit = [2, 4, 5, 6]
    .map((drop) => numbers.filter((column) => column.keep > drop))
    .find((kept) => used(kept) <= room);
  return { ...below, columns: fit ?? numbers.filter((column) => column.keep >= ESSENTIAL), named: true };
}

/**
 * For services: all on one line where only the p90 has to go for it; else the name stands beside the histogram, and the numbers
 * below both, as many as there is room for.
 */
export function layOutServices(columns: readonly Column[], rows: readonly Row[], width: number): Layout {
  const room = width - MARGIN;
  const used = (kept: readonly Column[]): number => gridWidth(kept.map((column) => columnWidth(column, rows)));
  for (let drop = 0; drop <= 1; drop++) {
    const kept = columns.filter((column) => column.keep > drop);
    const left = room - used(kept) - 2;
    if (left < MIN_BINS) continue;
    return { columns: kept, bins: Math.min(MAX_BINS, left), barsAt: width - left, beside: true, named: false };
  }
  const names = Math.max(...rows.map((row) => displayWidth(row.run.id)));
  const left = room - names - 2;
  const bins = Math.min(MAX_BINS, left < MIN_BINS ? room - 2 : left);
  const numbers = columns.filter((column) => column.keep !== FACTOR);
  let drop = 0;
  while (drop < ESSENTIAL && used(numbers.filter((column) => column.keep > drop)) > room - 2) drop++;
  return {
    columns: numbers.filter((column) => column.keep > drop),
    bins,
    barsAt: width - bins,
    beside: false,
    named: true,
  };
}

const columnWidth = (column: Column, rows: readonly Row[]): number =>
  Math.max(displayWidth(column.head), ...rows.map((row) => displayWidth(column.text(row))));
