/** What stands beside the latency of a request: the first request on a connection, the phases before it, its failures. */
import type { HistogramData, Report, Run } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { cellName, type Factors, levelOf } from "../factors.js";
import { type Align, grid } from "../grid.js";
import { fromCaptures } from "../source-names.js";
import { displayWidth, hang } from "../text.js";
import { measured, type Page } from "./page.js";

/** Below this ratio the first request is like the others. */
const DIFFERS = 2;
const PHASE_NAMES: Readonly<Record<string, string>> = { ttfb: "first byte" };

export const phaseName = (phase: string): string => PHASE_NAMES[phase] ?? phase;

/** The runs whose first request on a connection took far less or far more than the others, with both medians. */
export function unlikeFirsts(report: Report): { run: Run; firstNs: number; othersNs: number }[] {
  return report.runs.flatMap((run) => {
    const first = run.warmup?.first;
    if (!measured(run) || first == null || first.count === 0) return [];
    const [less, more] = [Math.min(first.p50, run.latency.p50), Math.max(first.p50, run.latency.p50)];
    return more >= DIFFERS * less ? [{ run, firstNs: first.p50, othersNs: run.latency.p50 }] : [];
  });
}

export function firstRequests(report: Report, page: Page): string[] {
  return unlikeFirsts(report).flatMap(({ run, firstNs, othersNs }) => {
    const text = `${formatDuration(firstNs)} (the others: ${formatDuration(othersNs)})`;
    return hang("  ", report.runs.length === 1 ? text : `${cellName(run, page.factors)}: ${text}`, page.prose);
  });
}

/** Every phase that any run has, in the order of a request's life. */
export function phasesOf(runs: readonly Run[]): string[] {
  const present = new Set(
    runs.flatMap((run) => Object.keys(run.phases).filter((phase) => (run.phases[phase]?.count ?? 0) > 0)),
  );
  const known = ["dns", "connect", "tls", "handshake", "queue", "behind", "ttfb"].filter((phase) =>
    present.delete(phase),
  );
  return [...known, ...present];
}

/** Phases as columns, p50 and p99 each; the p99 are left out where there is no room for them. */
export function phases(report: Report, page: Page): string[] {
  const names = phasesOf(report.runs);
  if (names.length === 0) return [];
  const { dim, marks } = page.theme;
  const runs = report.runs.filter((run) => names.some((name) => (run.phases[name]?.count ?? 0) > 0));
  const time = (data: HistogramData | undefined, pick: "p50" | "p99"): string =>
    data === undefined || data.count === 0 ? marks.none : formatDuration(data[pick]);

  const named = page.factors.varying.length === 0 && report.runs.length > 1;
  const labels = named ? [fromCaptures(report.source) ? "service" : "run"] : page.factors.varying;
  const build = (picks: readonly ("p50" | "p99")[]): string[] => {
    const head = names.flatMap((name) => picks.map((pick) => (pick === "p50" ? `${phaseName(name)} p50` : pick)));
    const rows = runs.map((run) => [
      ...(named ? [run.id] : labels.map((name) => levelOf(run, name))),
      ...names.flatMap((name) => picks.map((pick) => time(run.phases[name], pick))),
    ]);
    const aligns: Align[] = [...labels.map((): Align => "left"), ...head.map((): Align => "right")];
    return grid([[...labels, ...head].map(dim), ...rows], aligns).map((line) => `  ${line}`);
  };
  const fits = [build(["p50", "p99"]), build(["p50"])].find((lines) =>
    lines.every((line) => displayWidth(line) <= page.width),
  );
  const legend = [...phaseLegend(names), ...resumptions(report.runs, page.factors)].flatMap((text) =>
    hang("  ", text, page.prose, dim),
  );
  return [...(fits ?? runs.flatMap((run) => listed(run, names, page))), ...legend];
}

const PHASE_MEANS: Readonly<Record<string, string>> = {
  queue: "queue: asked for, until its first byte was written",
  behind: "behind: written, until the answers to earlier requests on the connection had come",
};

/** What the phases mean that do not speak for themselves. */
export const phaseLegend = (names: readonly string[]): string[] => {
  const told = names.map((name) => PHASE_MEANS[name]).filter((text) => text !== undefined);
  if (names.includes("queue") && names.includes("ttfb"))
    told.push("first byte: asked for, until it came, queue included");
  return told.length === 0 ? [] : [told.join("; ")];
};

/** Of a run that offered sessions, and beside it: how many TLS handshakes resumed one. */
export function resumptions(runs: readonly Run[], factors: Factors): string[] {
  const told = runs.flatMap((run) => {
    const name = runs.length === 1 ? "" : `${cellName(run, factors)} `;
    return run.tlsResumed === undefined ? [] : [`${name}${run.tlsResumed} of ${run.connections}`];
  });
  return told.length === 0 ? [] : [`TLS handshakes that resumed a session: ${told.join(", ")}`];
}

/** Without room for columns: one phase after the other. */
function listed(run: Run, names: readonly string[], page: Page): string[] {
  const told = names.flatMap((name) => {
    const data = run.phases[name];
    return data === undefined || data.count === 0 ? [] : [`${phaseName(name)} ${formatDuration(data.p50)}`];
  });
  return hang("  ", `${cellName(run, page.factors)}: ${told.join(", ")} (p50)`, page.prose);
}

/** Failed requests by kind, with what the first of each kind said. */
export function errors(report: Report, page: Page): string[] {
  const { theme } = page;
  return report.runs.flatMap((run) =>
    Object.entries(run.errors)
      .filter(([, count]) => count > 0)
      .flatMap(([kind, count]) => {
        const example = run.errorExamples?.[kind];
        const name = report.runs.length === 1 ? "" : `${cellName(run, page.factors)}: `;
        const text = `${name}${kind} ${count} of ${run.requests}${example === undefined ? "" : `: ${example}`}`;
        return hang(`  ${theme.bad(theme.marks.error)} `, text, page.prose);
      }),
  );
}
