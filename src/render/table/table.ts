/** The report for people, on a terminal or in a file: 80 columns first, wider where there is more, down to 40. */
import type { Report } from "../../report/model.js";
import type { Renderer } from "../renderer.js";
import { hang, harmlessReport } from "../text.js";
import { cells } from "./cells.js";
import { findings } from "./findings.js";
import { flows } from "./flows.js";
import { head } from "./head.js";
import { type Page, pageFor, type Section } from "./page.js";
import { errors, firstRequests, phases } from "./phases.js";
import { pool, poolsOfServices } from "./pool.js";
import { slowest } from "./slowest.js";
import { effects, theories, verdict } from "./theories.js";
import { timeWent } from "./time-went.js";

type Sections = readonly (readonly [title: string, section: Section])[];

/** In reading order: what was found, the numbers behind it, why it is so, what to do. */
const SECTIONS: Sections = [
  ["Verdict", verdict],
  ["Cells", cells],
  ["First request on a connection", firstRequests],
  ["Errors", errors],
  ["Phases", phases],
  ["Effects (95 % confidence)", effects],
  ["Theories", theories],
  ["Findings", findings],
  ["Slowest request", slowest],
  ["Pool", pool],
];

/** A capture has services for cells, and its proof is packets. */
const CAPTURE_SECTIONS: Sections = [
  ["Verdict", verdict],
  ["Services", cells],
  ["Where the time went", timeWent],
  ["Errors", errors],
  ["Phases", phases],
  ["Findings", findings],
  ["Theories", theories],
  ["Flows that lost most time", flows],
  ["Slowest exchange", slowest],
  ["Pool", poolsOfServices],
];

export const table: Renderer = (report, terminal) => {
  const safe = harmlessReport(report, terminal.unicode);
  const page = pageFor(safe, terminal);
  const all = safe.source.kind === "capture" ? CAPTURE_SECTIONS : SECTIONS;
  const sections = all.flatMap(([title, section]) => {
    const lines = section(safe, page);
    return lines.length === 0 ? [] : ["", page.theme.title(title), ...lines];
  });
  const lines = [...head(safe, page), ...sections, "", ...foot(safe, page)];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

function foot(report: Report, page: Page): string[] {
  const { os, kernel, node, cpus } = report.environment;
  const machine = `${os} ${kernel}, Node ${node}, ${cpus} ${cpus === 1 ? "CPU" : "CPUs"}`;
  return hang(
    "",
    `${report.tool.name} ${report.tool.version} on ${machine}, ${report.startedAt}`,
    page.prose,
    page.theme.dim,
  );
}
