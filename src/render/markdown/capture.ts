/** The sections that only a report of a capture has. */
import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatRate } from "../../units/rate.js";
import { PART_NAMES, PARTS } from "../breakdown.js";
import { percent, whole } from "../counting.js";
import { subjectOf } from "../source-names.js";
import { captureFacts } from "../table/capture-head.js";
import { NO_SERVICES } from "../table/cells.js";
import { errorsOf, inFlightOf } from "../table/columns.js";
import { flowColumns, unshown } from "../table/flows.js";
import type { Page } from "../table/page.js";
import { servicePools } from "../table/pool.js";
import { timesOf } from "../table/time-went.js";
import { code, list, prose, table } from "./syntax.js";

export function captureHead(source: Extract<Report["source"], { kind: "capture" }>): string[] {
  const facts = captureFacts(source).map(
    ({ label, text, warns }) => `**${warns ? `${label}:` : label}** ${warns ? `**${prose(text)}**` : prose(text)}`,
  );
  return [`# netlat pcap ${code(subjectOf(source))}`, "", ...list(facts)];
}

export function services(report: Report, page: Page): string[] {
  if (report.runs.length === 0) return [prose(NO_SERVICES)];
  const { none } = page.theme.marks;
  const head = ["service", "connections", "exchanges", "rate", "in flight (mean/max)", "p50", "p90", "p99", "max"];
  const rows = report.runs.map((run) => [
    code(run.id),
    whole(run.connections),
    whole(run.requests),
    formatRate(run.ratePerSecond),
    inFlightOf(run, none),
    ...(["p50", "p90", "p99", "max"] as const).map((pick) =>
      run.latency.count === 0 ? none : formatDuration(run.latency[pick]),
    ),
    whole(errorsOf(run)),
  ]);
  return table([...head, "errors"], rows, 1);
}

export function timeWent(report: Report, page: Page): string[] {
  const times = timesOf(report);
  if (times.length === 0) return [];
  const rows = times.map(({ name, told }) => [
    code(name),
    ...PARTS.map((part) => {
      const found = told.find((share) => share.part === part);
      return found === undefined ? page.theme.marks.none : percent(found.share);
    }),
  ]);
  return table(["service", ...PARTS.map((part) => PART_NAMES[part])], rows, 1);
}

export function flows(report: Report, page: Page): string[] {
  if (report.flows.length === 0) return [];
  const columns = flowColumns(page.theme, 3);
  const rows = report.flows.map((flow) => columns.map((column) => prose(column.text(flow))));
  const others = list(unshown(report));
  const lines = table(
    columns.map((column) => column.head),
    rows,
    4,
  );
  return others.length === 0 ? lines : [...lines, "", ...others];
}

export const poolsOfServices = (report: Report): string[] =>
  list(
    servicePools(report).flatMap(({ name, says }) =>
      says.map((text) => (report.runs.length === 1 ? prose(text) : `${code(name)}: ${prose(text)}`)),
    ),
  );
