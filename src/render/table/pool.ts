import type { PoolLoad, PoolReport, Report } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { formatRate } from "../../units/rate.js";
import { type Align, grid } from "../grid.js";
import { displayWidth, hang } from "../text.js";
import type { Page } from "./page.js";

/** Of each service of a capture: Little's law beside what was measured in flight. @returns the services that have any */
export function servicePools(report: Report): { name: string; says: string[] }[] {
  return report.runs.flatMap((run) => {
    const measured = run.concurrency === undefined ? [] : [run.concurrency.says];
    const says = [...new Set([...(run.pool?.says ?? []), ...measured])].filter((text) => text !== "");
    return says.length === 0 ? [] : [{ name: run.id, says }];
  });
}

export function poolsOfServices(report: Report, page: Page): string[] {
  const services = servicePools(report);
  return services.flatMap(({ name, says }) => [
    ...(report.runs.length === 1 ? [] : hang("  ", name, page.prose, page.theme.strong)),
    ...says.flatMap((text) => hang(`  ${page.theme.marks.bullet} `, text, page.prose)),
  ]);
}

/** In words; for a report that is about the pool, also in numbers. */
export function pool(report: Report, page: Page): string[] {
  if (report.pool === null) return [];
  const words = report.pool.says.flatMap((text) => hang(`  ${page.theme.marks.bullet} `, text, page.prose));
  return report.source.kind === "pool" ? [...numbers(report.pool, page), "", ...words] : words;
}

function numbers(data: PoolReport, page: Page): string[] {
  const { dim, marks } = page.theme;
  const build = (short: boolean): string[] => {
    const rows = poolRows(data, marks.none, short).map(([label, ...values]) => [dim(label), ...values]);
    const aligns: Align[] = ["left", "right", "right"];
    return grid(rows, aligns.slice(0, rows[0]?.length)).map((line) => `  ${line}`);
  };
  const long = build(false);
  return long.every((line) => displayWidth(line) <= page.width) ? long : build(true);
}

/** Label, now, and after the fix where one was asked about; the first row is the head. */
export function poolRows(data: PoolReport, none: string, short: boolean): [label: string, ...values: string[]][] {
  const loads = [data.now, ...(data.after === null ? [] : [data.after])];
  const row = (label: string, symbol: string, text: (load: PoolLoad) => string): [string, ...string[]] => [
    short || symbol === "" ? label : `${label} (${symbol})`,
    ...loads.map(text),
  ];
  const maybe = (value: number | null, text: (value: number) => string): string =>
    value === null ? none : text(value);
  return [
    ["", "now", ...(data.after === null ? [] : ["after"])],
    row("arrivals", "lambda", () => formatRate(data.arrivalPerSecond)),
    row("time in the pool", "W", (load) => formatDuration(load.residenceNs)),
    row("in flight", "L = lambda x W", (load) => digits(load.inFlight)),
    row("connections", "", () => maybe(data.connections, String)),
    row("connections needed", "", (load) => String(load.connectionsNeeded)),
    row("utilisation", "L / connections", (load) => maybe(load.utilisation, (share) => `${digits(share * 100)} %`)),
    row("carries at most", "connections / W", (load) => maybe(load.capacityPerSecond, formatRate)),
    row("waiting", "", (load) => maybe(load.waiting, digits)),
    row("stable", "", (load) => (load.stable === null ? none : load.stable ? "yes" : "no")),
  ];
}
