import type { Report, Run } from "../../report/model.js";
import { type Factors, factorsOf } from "../factors.js";
import type { Terminal } from "../renderer.js";
import { fromCaptures } from "../source-names.js";
import { type Theme, themeFor } from "../theme.js";

/** What every section of the table needs to know about the place it stands in. */
export interface Page {
  readonly width: number;
  /** Prose is not set wider than this: longer lines are hard to read. */
  readonly prose: number;
  readonly theme: Theme;
  readonly factors: Factors;
}

const MIN_WIDTH = 40;
const MAX_WIDTH = 200;
const MAX_PROSE = 100;

/** A section: its lines without the title; none when the report has nothing to say about it. */
export type Section = (report: Report, page: Page) => string[];

export function pageFor(report: Report, terminal: Terminal): Page {
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, terminal.columns || 80));
  // the services of a capture, and the runs of many checks, are no cells of one experiment: each goes by its own name
  const apart = fromCaptures(report.source) || report.gate !== undefined;
  const factors = apart ? { varying: [], fixed: [] } : factorsOf(report.runs);
  return { width, prose: Math.min(width, MAX_PROSE), theme: themeFor(terminal), factors };
}

/** Runs that gave a latency to speak of. */
export const measured = (run: Run): boolean => run.latency.count > 0;
