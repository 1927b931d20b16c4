/** HTTP/3, HTTP/2 and HTTP/1.1 below each other, with a bar as long as each one's p99. */
import type { Report } from "../../report/model.js";
import { type Align, grid } from "../grid.js";
import { type BesideRow, STALL_LEGEND, sideBySide, TIME_HEADS } from "../side-by-side.js";
import { displayWidth, hang } from "../text.js";
import type { Page } from "./page.js";

const MIN_BAR = 8;
const MAX_BAR = 30;

export function beside(report: Report, page: Page): string[] {
  const found = sideBySide(report);
  if (found === null) return [];
  const { dim } = page.theme;
  const head = [...found.factors, "", ...TIME_HEADS].map(dim);
  const rows = found.rows.map(({ levels, name, times }) => [...levels, name, ...times]);
  const words = found.factors.length + 1;
  const aligns = head.map((_, at): Align => (at < words ? "left" : "right"));
  const lines = grid([head, ...rows], aligns).map((line) => `  ${line}`);
  const legend = hang("  ", STALL_LEGEND, page.prose, dim);
  if (lines.some((line) => displayWidth(line) > page.width))
    return [...listed(found.rows, found.factors, page), ...legend];
  return [...withBars(lines, found.rows, page), ...legend];
}

/** Where there is room for them. */
function withBars(lines: readonly string[], rows: readonly BesideRow[], page: Page): string[] {
  const widest = Math.max(...lines.map(displayWidth));
  const room = Math.min(MAX_BAR, page.width - widest - 2);
  if (room < MIN_BAR) return [...lines];
  const most = Math.max(1, ...rows.map(({ p99Ns }) => p99Ns));
  const [head = "", ...body] = lines;
  const bars = rows.map(({ p99Ns }) => page.theme.marks.done.repeat(Math.max(1, Math.round((p99Ns / most) * room))));
  const at = (line: string, text: string): string => line + " ".repeat(widest + 2 - displayWidth(line)) + text;
  return [at(head, page.theme.dim("p99")), ...body.map((line, i) => at(line, page.theme.bar(bars[i] ?? "")))];
}

function listed(rows: readonly BesideRow[], factors: readonly string[], page: Page): string[] {
  return rows.flatMap(({ levels, name, times }) => {
    const place = levels.map((level, at) => `${factors[at]}=${level}`);
    const told = TIME_HEADS.map((head, at) => `${at === TIME_HEADS.length - 1 ? "stalled p99" : head} ${times[at]}`);
    return hang("  ", `${[...place, name].join(" ")}: ${told.join(", ")}`, page.prose);
  });
}
