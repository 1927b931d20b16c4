/** What was measured, with what, and how: everything that is the same for all cells. */
import type { ProbeSource, Report, Run } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { formatSize } from "../../units/size.js";
import { commandOf, subjectOf } from "../source-names.js";
import { displayWidth, hang, padEnd } from "../text.js";
import { captureFacts, type Fact } from "./capture-head.js";
import type { Page } from "./page.js";
import { partFacts } from "./part-facts.js";

const LABEL = 10;

export function head(report: Report, page: Page): string[] {
  const { theme, prose } = page;
  const { source } = report;
  const title = theme.title(`netlat ${commandOf(source)}`);
  const subject = subjectOf(source);
  const fits = displayWidth(title) + 2 + displayWidth(subject) <= prose;
  const lines = fits ? [`${title}  ${theme.strong(subject)}`] : [title, ...hang("  ", subject, prose, theme.strong)];
  if (source.kind === "probe") return [...lines, ...probeHead(report, source, page)];
  if (source.kind === "capture") return [...lines, ...captureFacts(source).flatMap((fact) => captureLine(fact, page))];
  if (source.kind === "merge" || source.kind === "comparison") {
    return [...lines, ...partFacts(source).flatMap((fact) => captureLine(fact, page))];
  }
  return lines;
}

function probeHead(report: Report, source: ProbeSource, page: Page): string[] {
  const { theme, prose } = page;
  const lines: string[] = [];
  for (const [label, text] of probeFacts(report, source, page)) {
    lines.push(...hang(`  ${theme.dim(padEnd(label, LABEL))}`, text, prose));
  }
  for (const text of source.notSeen) {
    lines.push(...hang(`  ${theme.warn(padEnd("not seen", LABEL))}`, text, prose, theme.warn));
  }
  if (source.interrupted) {
    const text = `after ${formatDuration(source.durationNs)}: what follows rests on the part that was measured`;
    lines.push(...hang(`  ${theme.bad(`${theme.marks.warning} interrupted`)} `, text, prose, theme.bad));
  }
  return lines;
}

function captureLine({ label, text, warns }: Fact, { theme, prose }: Page): string[] {
  if (!warns) return hang(`  ${theme.dim(padEnd(label, LABEL))}`, text, prose);
  return hang(`  ${theme.bad(padEnd(`${theme.marks.warning} ${label}`, LABEL - 1))} `, text, prose, theme.bad);
}

/** Label and text of each line of the head of a probe; also the head of the Markdown report. */
export function probeFacts(report: Report, source: ProbeSource, page: Page): [label: string, text: string][] {
  const times = page.theme.marks.times;
  const load = [
    source.pacing,
    `${requestsOf(report.runs, times)} of ${formatSize(source.requestBytes)}`,
    `${source.rounds} ${source.rounds === 1 ? "round" : "rounds"}`,
    `seed ${source.seed}`,
  ];
  if (!source.interrupted) load.push(`${formatDuration(source.durationNs)} in all`);
  const facts: [string, string][] = [
    ["address", `${addressesOf(source)}, ${source.protocol} over ${source.transport}`],
    ["engine", `${source.engine}: ${source.engineReason}`],
    ["load", load.join(", ")],
  ];
  if (page.factors.fixed.length > 0) facts.push(["fixed", page.factors.fixed.join(", ")]);
  return facts;
}

/** Of --ab both, by the letters that the cells go by. */
function addressesOf({ endpoint, address, against }: ProbeSource): string {
  if (against === undefined) return address ?? "not resolved";
  return `A ${endpoint} at ${address ?? "not resolved"}, B ${against.endpoint} at ${against.address ?? "not resolved"}`;
}

/** `4 cells × 1000 requests`; where they differ, from the fewest to the most. */
function requestsOf(runs: readonly Run[], times: string): string {
  const counts = runs.map((run) => run.requests);
  const fewest = Math.min(...counts);
  const most = Math.max(...counts);
  if (runs.length === 0) return "no requests";
  const each = fewest === most ? `${most} requests` : `${fewest} to ${most} requests`;
  return runs.length === 1 ? each : `${runs.length} cells ${times} ${each}`;
}
