/** What happened inside the connections of HTTP/2 and gRPC: the same as in the table. */
import type { Report } from "../../report/model.js";
import { cellName } from "../factors.js";
import {
  frameRows,
  openOf,
  type StreamRun,
  streamFacts,
  streamRuns,
  timesLegend,
  timesOf,
  timeText,
} from "../h2-rows.js";
import type { Page } from "../table/page.js";
import { list, prose, table } from "./syntax.js";

export function h2({ runs }: Report, page: Page): string[] {
  const streams = streamRuns(runs);
  if (streams.length === 0) return [];
  const { none } = page.theme.marks;
  const names = streams.map(({ run }) => prose(cellName(run, page.factors)));
  const told = timesOf(streams);
  const rows = streams.map((one, at) => [
    names[at] ?? "",
    openOf(one),
    ...told.flatMap((time) => [timeText(time, one, "p50", none), timeText(time, one, "p99", none)]),
  ]);
  const facts = streamFacts(streams, page.factors).map(
    ({ label, text, whose }) => `**${label}** ${prose(whose === "" ? text : `${whose}: ${text}`)}`,
  );
  return [
    ...table(["cell", "open", ...told.flatMap(({ head }) => [`${head} p50`, "p99"])], rows, 1),
    "",
    prose(timesLegend(told)),
    "",
    ...frames(streams, names, none),
    ...list(facts),
  ];
}

function frames(streams: readonly StreamRun[], names: readonly string[], none: string): string[] {
  const { types, rows } = frameRows(streams, none);
  if (types.length === 0) return [];
  const named = rows.map((row, at) => [names[at] ?? "", ...row]);
  return [...table(["frames sent/received", ...types.map(prose)], named, 1), ""];
}
