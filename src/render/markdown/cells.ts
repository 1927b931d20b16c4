import type { HistogramData, Report, Run } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { axis, bars, logEdges } from "../chart.js";
import { cellName, levelOf } from "../factors.js";
import { fromCaptures } from "../source-names.js";
import type { Page } from "../table/page.js";
import { phaseLegend, phaseName, phasesOf, resumptions } from "../table/phases.js";
import { displayWidth, padEnd } from "../text.js";
import { block, code, list, prose, table } from "./syntax.js";

const BINS = 40;

/** All the numbers: a page is as wide as it needs to be. */
export function cells(report: Report, page: Page): string[] {
  if (report.runs.length === 0) return [];
  const { none } = page.theme.marks;
  const open = report.runs.some((run) => run.corrected !== null);
  const time = (data: HistogramData | null, pick: "p50" | "p90" | "p99" | "max"): string =>
    data === null || data.count === 0 ? none : formatDuration(data[pick]);
  const names = page.factors.varying;
  const head = [...(names.length === 0 ? ["run"] : names.map(prose)), "n", "p50", "p90", "p99", "max"];
  if (open) head.push("corrected p50", "corrected p99", "send lag p99");
  const [tcp, overQuic] = [report.runs.some((run) => run.quic === undefined), report.runs.some((run) => run.quic)];
  head.push("errors", tcp ? `${overQuic ? "datagrams or " : ""}writes/request` : "datagrams/request");
  if (tcp) head.push("segments/request");
  const rows = report.runs.map((run) => {
    const row = names.length === 0 ? [code(run.id)] : names.map((name) => code(levelOf(run, name)));
    row.push(
      String(run.requests),
      time(run.latency, "p50"),
      time(run.latency, "p90"),
      time(run.latency, "p99"),
      time(run.latency, "max"),
    );
    if (open) row.push(time(run.corrected, "p50"), time(run.corrected, "p99"), time(run.sendLag, "p99"));
    row.push(String(Object.values(run.errors).reduce((sum, count) => sum + count, 0)));
    row.push(perRequest(run, run.wire?.writes ?? null, none));
    if (tcp) row.push(perRequest(run, run.wire?.segments ?? null, none));
    return row;
  });
  const unused = report.runs.filter((run) => !run.used);
  const notes = list(
    unused.map((run) => `**not used** ${prose(cellName(run, page.factors))}: ${prose(run.wire?.says ?? "")}`),
  );
  return [...table(head, rows, Math.max(1, names.length)), ...(notes.length === 0 ? [] : ["", ...notes])];
}

const perRequest = (run: Run, total: number | null, none: string): string =>
  total === null || run.requests === 0 ? none : digits(total / run.requests);

/** The histograms, one line each on a shared logarithmic scale. */
export function charts(report: Report, page: Page): string[] {
  const rows = report.runs.flatMap((run) => {
    const name = cellName(run, page.factors);
    const corrected = run.corrected === null ? [] : [{ name: `${name} corrected`, data: run.corrected }];
    return [{ name, data: run.latency }, ...corrected].filter(({ data }) => data.count > 0);
  });
  const edges = logEdges(
    rows.map((row) => row.data),
    BINS,
  );
  if (edges === null) return [];
  const width = Math.max(...rows.map((row) => displayWidth(row.name)));
  const lines = rows.map((row) => `${padEnd(row.name, width)}  ${bars(row.data, edges, page.theme.marks)}`);
  const scale = axis(edges, page.theme.marks).map((line) => `${" ".repeat(width)}  ${line}`);
  return block([...lines, ...scale].map((line) => line.trimEnd()));
}

export function phases(report: Report, page: Page): string[] {
  const names = phasesOf(report.runs);
  if (names.length === 0) return [];
  const head = [
    fromCaptures(report.source) ? "service" : "cell",
    ...names.flatMap((name) => [`${prose(phaseName(name))} p50`, "p99"]),
  ];
  const rows = report.runs.map((run) => [
    prose(cellName(run, page.factors)),
    ...names.flatMap((name) => {
      const data = run.phases[name];
      const { none } = page.theme.marks;
      return data === undefined || data.count === 0
        ? [none, none]
        : [formatDuration(data.p50), formatDuration(data.p99)];
    }),
  ]);
  const legend = [...phaseLegend(names), ...resumptions(report.runs, page.factors)].map(prose);
  return [...table(head, rows, 1), ...(legend.length === 0 ? [] : ["", ...legend])];
}

export function errors(report: Report, page: Page): string[] {
  const [first, counts] = fromCaptures(report.source) ? ["service", "exchanges"] : ["cell", "requests"];
  const rows = report.runs.flatMap((run) =>
    Object.entries(run.errors)
      .filter(([, count]) => count > 0)
      .map(([kind, count]) => [
        prose(cellName(run, page.factors)),
        prose(kind),
        code(run.errorExamples?.[kind] ?? ""),
        `${count} of ${run.requests}`,
      ]),
  );
  return rows.length === 0 ? [] : table([first, "error", "the first said", counts], rows, 3);
}
