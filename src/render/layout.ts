/** Which sections a report has: the table, the Markdown and the HTML page fill the same layouts, each in its own way. */
import type { Report } from "../report/model.js";
import { fromCaptures } from "./source-names.js";

export type Layout = "gate" | "pool" | "capture" | "probe";

export function layoutOf(report: Report): Layout {
  if (report.gate !== undefined) return "gate";
  if (report.source.kind === "pool") return "pool";
  return fromCaptures(report.source) ? "capture" : "probe";
}
