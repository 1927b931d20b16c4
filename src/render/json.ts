import type { Renderer } from "./renderer.js";

/** The report itself, for scripts and for `netlat compare`: schema/report.v1.json describes it. */
export const json: Renderer = (report) => `${JSON.stringify(report, null, 2)}\n`;
