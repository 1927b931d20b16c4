/** The report for people, on a terminal or in a file: 80 columns first, wider where there is more, down to 40. */
import type { Report } from "../../report/model.js";
import { type Layout, layoutOf } from "../layout.js";
import type { Renderer } from "../renderer.js";
import { hang, harmlessReport } from "../text.js";
import { cells } from "./cells.js";
import { comparison } from "./comparison.js";
import { findings } from "./findings.js";
import { flows } from "./flows.js";
import { checks, gateVerdict, next } from "./gate.js";
import { h2 } from "./h2.js";
import { head } from "./head.js";
import { type Page, pageFor, type Section } from "./page.js";
import { errors, firstRequests, phases } from "./phases.js";
import { pool, poolsOfServices } from "./pool.js";
import { knee, poolFixes, pools, waiting } from "./pool-models.js";
import { quic } from "./quic.js";
import { transportParameters } from "./quic-parameters.js";
import { beside } from "./side-by-side.js";
import { slowest } from "./slowest.js";
import { effects, theories, verdict } from "./theories.js";
import { timeWent } from "./time-went.js";

type Sections = readonly (readonly [title: string, section: Section])[];

/** In reading order: what was found, the numbers behind it, why it is so, what to do. */
const SECTIONS: Sections = [
  ["Verdict", verdict],
  ["Comparison", comparison],
  ["Side by side", beside],
  ["Cells", cells],
  ["First request on a connection", firstRequests],
  ["Errors", errors],
  ["Phases", phases],
  ["HTTP/2", h2],
  ["QUIC", quic],
  ["Transport parameters", transportParameters],
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
  ["QUIC", quic],
  ["Transport parameters", transportParameters],
  ["Findings", findings],
  ["Theories", theories],
  ["Flows that lost most time", flows],
  ["Slowest exchange", slowest],
  ["Pool", poolsOfServices],
];

/** A gate says first whether it holds, then what stands in the way of it. */
const GATE_SECTIONS: Sections = [
  ["Verdict", gateVerdict],
  ["Checks", checks],
  ["What to do next", next],
  ["Errors", errors],
  ["Findings", findings],
];

const POOL_SECTIONS: Sections = [
  ["Verdict", verdict],
  ["Pool", pool],
  ["Pools", pools],
  ["Waiting for a connection", waiting],
  ["Connections against waiting", knee],
  ["With the findings fixed", poolFixes],
  ["Findings", findings],
];

const LAYOUTS: Readonly<Record<Layout, Sections>> = {
  gate: GATE_SECTIONS,
  pool: POOL_SECTIONS,
  capture: CAPTURE_SECTIONS,
  probe: SECTIONS,
};

export const table: Renderer = (report, terminal) => {
  const safe = harmlessReport(report, terminal.unicode);
  const page = pageFor(safe, terminal);
  const all = sectionsFor(safe);
  const sections = all.flatMap(([title, section]) => {
    const lines = section(safe, page);
    return lines.length === 0 ? [] : ["", page.theme.title(title), ...lines];
  });
  const lines = [...head(safe, page), ...sections, "", ...foot(safe, page)];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

/** In reading order; the page in HTML has the same. */
export function sectionsFor(report: Report): Sections {
  return LAYOUTS[layoutOf(report)];
}

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
