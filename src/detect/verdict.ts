/** The verdict in words: which combination stalls, how much it costs, what to change. */
import type { Effect, Finding } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { latencyInQuestion } from "./latency-in-question.js";
import { usableCells } from "./probe/cells.js";
import type { ProbeCell, ProbeEvidence } from "./probe-evidence.js";
import { theories } from "./theories.js";

/** Theories that a finding of the same name, or of this name, has already told. */
const TOLD_BY: Readonly<Record<string, Finding["code"]>> = {
  "slow-connect": "connection-churn",
  "slow-server": "slow-server",
  "nagle-delayed-ack": "nagle-delayed-ack",
};

/** Sentences for people, the most important first; at least one. `findings` as `judge` orders them. */
export function verdict(evidence: ProbeEvidence, findings: readonly Finding[], effects: readonly Effect[]): string[] {
  const cells = usableCells(evidence);
  if (cells.length === 0) return ["No verdict: no request got a usable answer.", ...failures(evidence)];
  const lag = findings.find((finding) => finding.code === "generator-lag");
  if (lag !== undefined) return [`No verdict on the target: ${lag.title}.`, `To change: ${lag.fix[0]}.`];
  const stalls = findings.filter((finding) => finding.code === "nagle-delayed-ack");
  const others = findings.filter((finding) => finding.code !== "nagle-delayed-ack");
  return [
    ...(stalls.length > 0 ? stallWords(stalls, cells, effects) : [calmWords(cells)]),
    ...others.filter((finding) => finding.severity !== "info").flatMap((finding) => findingWords(finding, cells)),
    ...theoryWords(evidence, findings),
    ...others
      .filter((finding) => finding.severity === "info")
      .map((finding) => `${where(finding, cells)}${finding.title}.`),
    ...failures(evidence),
    ...unused(evidence),
  ];
}

function stallWords(stalls: readonly Finding[], cells: readonly ProbeCell[], effects: readonly Effect[]): string[] {
  const stalled = new Set(stalls.map((stall) => cellOf(stall, cells)));
  const calm = cells.filter((cell) => !stalled.has(cell));
  const fixes = [...new Set(stalls.map((stall) => stall.fix.slice(0, 2).join("; or ")))];
  return [
    ...stalls.map((stall) => `${where(stall, cells)}${stall.title}${withoutIt(stall, cells)}.`),
    ...(calm.length > 0 ? [`No stall in ${calm.map((cell) => cell.name).join("; ")}: p50 ${p50Range(calm)}.`] : []),
    ...effects.filter(isNagleBySplit).map((effect) => `${effect.says}.`),
    ...fixes.map((fix) => `To change: ${fix}.`),
  ];
}

function calmWords(cells: readonly ProbeCell[]): string {
  const tried = cells.some((cell) => cell.nagle && cell.pieces > 1 && !cell.cork);
  const combinations = `${cells.length} combination${cells.length === 1 ? "" : "s"}`;
  const limit = tried ? "" : "; Nagle on with several writes was not tried (--nagle on --split fields)";
  return `No stall: in ${combinations} no request waited for a delayed ACK, p50 ${p50Range(cells)}${limit}.`;
}

function findingWords(finding: Finding, cells: readonly ProbeCell[]): string[] {
  return [`${where(finding, cells)}${finding.title}.`, ...finding.fix.slice(0, 1).map((fix) => `To change: ${fix}.`)];
}

/** What theories explain that no finding has told; or that something slow stays unexplained. */
function theoryWords(evidence: ProbeEvidence, findings: readonly Finding[]): string[] {
  const tested = theories(evidence, findings);
  const confirmed = tested.filter((theory) => theory.verdict === "confirmed");
  const untold = confirmed.filter((theory) => !findings.some((finding) => finding.code === TOLD_BY[theory.id]));
  const question = latencyInQuestion(evidence);
  const open = question?.slow && confirmed.length === 0 && findings.every((finding) => finding.severity === "info");
  return [
    ...untold.map((theory) => `Confirmed: ${theory.claim} (${theory.because}).`),
    ...(open ? [`Not explained by any theory tested: ${question.words}.`] : []),
  ];
}

function failures(evidence: ProbeEvidence): string[] {
  const kinds = new Map<string, number>();
  for (const { run } of evidence.cells) {
    for (const [kind, count] of Object.entries(run.errors))
      if (count > 0) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
  if (kinds.size === 0) return [];
  const requests = evidence.cells.reduce((sum, { run }) => sum + run.requests, 0);
  const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
  return [
    `${total} of ${requests} requests failed: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ")}.`,
  ];
}

function unused(evidence: ProbeEvidence): string[] {
  return evidence.cells
    .filter(({ run }) => !run.used)
    .map(({ run, name }) => `${name} is not used: ${run.wire?.says ?? "its split was not seen"}.`);
}

function withoutIt(finding: Finding, cells: readonly ProbeCell[]): string {
  const cell = cellOf(finding, cells);
  if (finding.whatIf === null || cell === undefined) return "";
  return `; p50 ${formatDuration(cell.run.latency.p50)}, without it ${formatDuration(finding.whatIf.p50Ns)}`;
}

function p50Range(cells: readonly ProbeCell[]): string {
  const p50s = cells.map((cell) => cell.run.latency.p50);
  const [low, high] = [formatDuration(Math.min(...p50s)), formatDuration(Math.max(...p50s))];
  return low === high ? low : `${low} to ${high}`;
}

function cellOf({ subject }: Finding, cells: readonly ProbeCell[]): ProbeCell | undefined {
  return cells.find(({ run }) => "run" in subject && run.id === subject.run);
}

/** The only cell needs no name. */
function where(finding: Finding, cells: readonly ProbeCell[]): string {
  const cell = cells.length > 1 ? cellOf(finding, cells) : undefined;
  return cell === undefined ? "" : `${cell.name}: `;
}

/** Only an interaction that is clearly there; with a single round there is no interval to ask. */
const isNagleBySplit = (effect: Effect): boolean =>
  effect.kind === "interaction" &&
  effect.factors.includes("nagle") &&
  effect.factors.includes("split") &&
  effect.ns > 0 &&
  (effect.lowNs ?? effect.ns) > 0;
