import type { Report, TimelineEvent } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { cellName } from "../factors.js";
import { type Align, grid } from "../grid.js";
import { fromCaptures } from "../source-names.js";
import { displayWidth, hang } from "../text.js";
import { clockTime, eventName, type Slowest, type Step, slowestOf, steps } from "../timeline.js";
import type { Page } from "./page.js";

/** The slowest request of the worst run, event by event downwards, with the stretch in which nothing happened marked. */
export function slowest(report: Report, page: Page): string[] {
  const found = slowestOf(report);
  if (found === null) return [];
  const { run, timeline } = found;
  const where = report.runs.length === 1 ? "" : `, ${cellName(run, page.factors)}`;
  return [
    ...hang("  ", `${slowestCaption(found, report)}${where}`, page.prose),
    ...drawn(steps(timeline), page, fromCaptures(report.source) ? 3 : 4),
  ];
}

/** `47.6 ms: request 812 on connection 1` */
export function slowestCaption({ timeline }: Slowest, { source }: Report): string {
  const [request, connection] = fromCaptures(source) ? ["exchange", "flow"] : ["request", "connection"];
  const name = `${request} ${timeline.request} on ${connection} ${timeline.connection}`;
  return `${formatDuration(timeline.latencyNs)}: ${name}`;
}

/** @param columns the last of four is whose clock was read; in a capture there is only one */
function drawn(all: readonly Step[], page: Page, columns: number): string[] {
  const { theme, width } = page;
  const events = all.flatMap((step) => (step.kind === "event" ? [step.event] : []));
  const timeWidth = Math.max(...events.map((event) => clockTime(event.atNs).length));
  const lines = table(events, page, timeWidth, columns);
  const rail = (mark: string, text: string, paint: (line: string) => string): string[] =>
    hang(`  ${" ".repeat(timeWidth)} ${paint(mark)} `, text, width, paint);
  let next = 0;
  return all.flatMap((step) => {
    if (step.kind === "skipped") return rail(theme.marks.gap, `${step.events} more events`, theme.dim);
    if (step.kind === "gap") return rail(theme.marks.gap, step.says, theme.bad);
    const line = lines[next++] ?? "";
    return step.event.says === undefined
      ? [line]
      : [line, ...rail(theme.marks.rail, `  ${step.event.says}`, theme.dim)];
  });
}

/** One line for each event; the clock and then the bytes are left out where there is no room. */
function table(events: readonly TimelineEvent[], page: Page, timeWidth: number, most: number): string[] {
  const { theme } = page;
  const row = (event: TimelineEvent): string[] => [
    eventName(event),
    event.piece === undefined ? "" : `piece ${event.piece}`,
    event.bytes === undefined ? "" : formatSize(event.bytes),
    theme.dim(event.source === "kernel" ? "kernel's clock" : "our clock"),
  ];
  const aligns: Align[] = ["left", "left", "right", "left"];
  const build = (columns: number): string[] =>
    grid(
      events.map((event) => row(event).slice(0, columns)),
      aligns.slice(0, columns),
    ).map((line, at) => {
      const time = clockTime(events[at]?.atNs ?? 0).padStart(timeWidth);
      return `  ${time} ${theme.dim(theme.marks.rail)} ${line}`;
    });
  const choices = [4, 3, 2].filter((columns) => columns <= most);
  return choices.map(build).find((lines) => lines.every((line) => displayWidth(line) <= page.width)) ?? build(1);
}
