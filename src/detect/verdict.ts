/** The verdict in words: which combination stalls, how much it costs, what to change. */
import type { Effect, Finding } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { type LatencyInQuestion, latencyInQuestion } from "./latency-in-question.js";
import { severalWrites, usableCells } from "./probe/cells.js";
import { timelyEvidence } from "./probe/generator-lag.js";
import { isQuic } from "./probe/quic-cells.js";
import { earlyDataWords, migrationWords, quicCalmWords, sideBySideWords } from "./probe/quic-verdict.js";
import type { ProbeCell, ProbeEvidence } from "./probe-evidence.js";
import { theories } from "./theories.js";
import { EXPLAINS_SHARE } from "./thresholds.js";

/** Theories that a finding of the same name, or of this name, has already told. */
const TOLD_BY: Readonly<Record<string, Finding["code"]>> = {
  "slow-connect": "connection-churn",
  "slow-server": "slow-server",
  "nagle-delayed-ack": "nagle-delayed-ack",
  "pool-too-small": "h2-stream-limit",
  "packet-loss": "quic-loss",
  "quic-retry": "quic-retry",
  "quic-ack-delay": "quic-ack-delay",
};

/** Where requests are streams, these are the question; that nothing waited for a delayed ACK is said behind them. */
const LEADING: readonly Finding["code"][] = [
  "quic-loss",
  "quic-0rtt-rejected",
  "quic-retry",
  "quic-version-negotiation",
  "quic-ack-delay",
  "h2-ping-enforced",
  "h2-stream-limit",
  "h2-head-of-line",
  "h2-flow-control",
  "h2-goaway",
];

/** From so many combinations on, a list of them says less than their number. */
const FOLD_FROM = 4;

/** Sentences for people, the most important first; at least one. `findings` as `judge` orders them. */
export function verdict(evidence: ProbeEvidence, findings: readonly Finding[], effects: readonly Effect[]): string[] {
  if (usableCells(evidence).length === 0) {
    return ["No verdict: no request got a usable answer.", ...failures(evidence)];
  }
  const timely = timelyEvidence(evidence);
  const cells = usableCells(timely);
  const lags = findings.filter((finding) => finding.code === "generator-lag");
  if (cells.length === 0) return [...lagWords(lags, "the target"), ...failures(evidence)];
  const stalls = findings.filter((finding) => finding.code === "nagle-delayed-ack");
  const others = findings.filter(({ code }) => code !== "nagle-delayed-ack" && code !== "generator-lag");
  const all = byCode(others);
  const groups = all.filter((group) => group.some(({ severity }) => severity !== "info"));
  const leads = groups.filter(([first]) => stalls.length === 0 && first !== undefined && LEADING.includes(first.code));
  return [
    ...sideBySideWords(cells),
    ...earlyDataWords(cells),
    ...migrationWords(cells),
    ...leads.flatMap((group) => withFix(group, cells)),
    ...(stalls.length > 0 ? stallWords(stalls, cells, effects) : calmWords(cells, findings)),
    ...groups.filter((group) => !leads.includes(group)).flatMap((group) => withFix(group, cells)),
    ...pipelineWords(cells),
    ...theoryWords(timely, findings),
    ...all.filter((group) => !groups.includes(group)).map((group) => findingWords(group, cells)),
    ...(lags.length > 0 ? lagWords(lags, namesOf(lags, evidence.cells)) : []),
    ...failures(evidence),
    ...unused(timely),
  ];
}

/** `subject`: of what nothing can be said. */
function lagWords(lags: readonly Finding[], subject: string): string[] {
  return lags.slice(0, 1).flatMap((lag) => [`No verdict on ${subject}: ${lag.title}.`, `To change: ${lag.fix[0]}.`]);
}

function stallWords(stalls: readonly Finding[], cells: readonly ProbeCell[], effects: readonly Effect[]): string[] {
  const stalled = new Set(stalls.map((stall) => cellOf(stall, cells)));
  const calm = cells.filter((cell) => !stalled.has(cell));
  const fixes = [...new Set(stalls.map((stall) => stall.fix.slice(0, 2).join("; or ")))];
  const told = stalls.length < FOLD_FROM ? stalls : stalls.slice(0, 1);
  return [
    ...told.map((stall) => stallSentence(stall, cells)),
    ...(told.length < stalls.length ? [`The same in ${combinations(stalls.length - told.length, "more ")}.`] : []),
    ...(calm.length > 0 ? [`No stall in ${listOf(calm)}: p50 ${p50Range(calm)}.`] : []),
    ...effects.filter(isNagleBySplit).map((effect) => `${effect.says}.`),
    ...fixes.map((fix) => `To change: ${fix}.`),
  ];
}

/** A stall that nothing was compared with is no fact yet; its first evidence says what is missing. */
function stallSentence(stall: Finding, cells: readonly ProbeCell[]): string {
  const facts = `${where(stall, cells)}${stall.title}${withoutIt(stall, cells)}`;
  return stall.confidence === "possible" ? `Perhaps ${facts} (${stall.evidence[0]?.says}).` : `${facts}.`;
}

function calmWords(all: readonly ProbeCell[], findings: readonly Finding[]): string[] {
  const cells = all.filter((cell) => !isQuic(cell));
  const quic = quicCalmWords(all.filter(isQuic), findings);
  return cells.length === 0 ? quic : [...quic, noStallWords(cells, quic.length > 0)];
}

/** @param beside cells of QUIC: then nobody came for Nagle's algorithm, and the flags that try it are no flags of theirs */
function noStallWords(cells: readonly ProbeCell[], beside: boolean): string {
  const tried = cells.some((cell) => cell.nagle && cell.pieces > 1 && !cell.cork);
  const limit = tried || beside ? "" : `; Nagle on with several writes was not tried (${severalWrites(cells)})`;
  return `No stall: in ${combinations(cells.length)}${beside ? " over TCP" : ""} no request waited for a delayed ACK, p50 ${p50Range(cells)}${limit}.`;
}

const withFix = (group: readonly Finding[], cells: readonly ProbeCell[]): string[] => [
  findingWords(group, cells),
  ...(group[0]?.fix.slice(0, 1).map((fix) => `To change: ${fix}.`) ?? []),
];

/** Answers on a pipelined connection come in order (RFC 9112 section 9.3.2): where that is most of the latency, in the worst cell. */
function pipelineWords(cells: readonly ProbeCell[]): string[] {
  const blocked = cells
    .map((cell) => ({ cell, behindNs: cell.run.phases.behind?.p50 ?? 0, latencyNs: cell.run.latency.p50 }))
    .filter(({ behindNs, latencyNs }) => behindNs > EXPLAINS_SHARE * latencyNs)
    .sort((left, right) => right.behindNs - left.behindNs);
  return blocked.slice(0, 1).map(({ cell, behindNs, latencyNs }) => {
    const name = cells.length > 1 ? `${cell.name}: ` : "";
    const waited = `${formatDuration(behindNs)} of ${formatDuration(latencyNs)} (p50)`;
    return `${name}head-of-line blocking by pipelining: requests waited ${waited} for the answers to earlier ones on their connection; fewer in a pipeline, more connections, or HTTP/2 streams, whose answers come in any order.`;
  });
}

/** Findings of one code, the most costly first: the first is told, the others counted. */
function findingWords(group: readonly Finding[], cells: readonly ProbeCell[]): string {
  const first = group[0] as Finding;
  const more = group.length === 1 ? "" : `; the same in ${combinations(group.length - 1, "more ")}`;
  return `${where(first, cells)}${first.title}${more}.`;
}

function byCode(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<Finding["code"], Finding[]>();
  for (const finding of findings) groups.set(finding.code, [...(groups.get(finding.code) ?? []), finding]);
  return [...groups.values()];
}

/** What theories explain that no finding has told; or that something slow stays unexplained. */
function theoryWords(evidence: ProbeEvidence, findings: readonly Finding[]): string[] {
  const tested = theories(evidence, findings);
  const confirmed = tested.filter((theory) => theory.verdict === "confirmed");
  // What 0-RTT saves is said where the cells are compared.
  const untold = confirmed.filter(
    ({ id }) => id !== "quic-0rtt" && !findings.some((finding) => finding.code === TOLD_BY[id]),
  );
  const question = latencyInQuestion(evidence);
  const open = question?.slow && confirmed.length === 0 && findings.every((finding) => finding.severity === "info");
  return [
    ...untold.map((theory) => `Confirmed: ${theory.claim} (${theory.because}).`),
    ...(open ? [transferWords(question) ?? `Not explained by any theory tested: ${question.words}.`] : []),
  ];
}

/** A long answer is no riddle: most of its time passes behind its first byte. null: it does not. */
function transferWords({ cell, latencyNs, quantile, words }: LatencyInQuestion): string | null {
  const { latency, phases } = cell.run;
  const behindNs = phases.ttfb === undefined ? 0 : latency.p50 - phases.ttfb.p50;
  if (quantile !== "p50" || behindNs < EXPLAINS_SHARE * latencyNs) return null;
  return `Most of ${words} is the answer on its way: ${formatDuration(behindNs)} pass between its first byte and its last; a shorter answer (compressed, or in parts) or more bandwidth takes that away, nothing that was varied here.`;
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

/** Cells that fail for the same reason are told together. */
function unused(evidence: ProbeEvidence): string[] {
  const reasons = new Map<string, ProbeCell[]>();
  for (const cell of evidence.cells.filter(({ run }) => !run.used)) {
    const says = cell.run.wire?.says ?? "its split was not seen";
    reasons.set(says, [...(reasons.get(says) ?? []), cell]);
  }
  return [...reasons].map(
    ([says, cells]) => `${listOf(cells)} ${cells.length === 1 ? "is" : "are"} not used: ${says}.`,
  );
}

const combinations = (count: number, which: "" | "more " = ""): string =>
  `${count} ${which}combination${count === 1 ? "" : "s"}`;

function listOf(cells: readonly ProbeCell[]): string {
  return cells.length < FOLD_FROM ? cells.map((cell) => cell.name).join("; ") : combinations(cells.length);
}

const namesOf = (findings: readonly Finding[], cells: readonly ProbeCell[]): string =>
  listOf(findings.map((finding) => cellOf(finding, cells)).filter((cell) => cell !== undefined));

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
