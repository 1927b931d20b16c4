/**
 * What people suspect when a request is slow, each suspicion tested like a scientist: it states how much of the latency it would
 * have to explain, and the measurement says how much it does.
 */
import type { Finding, Theory } from "../report/model.js";
import { digits, formatDuration } from "../units/duration.js";
import { formatRate } from "../units/rate.js";
import { feltNs, type LatencyInQuestion, latencyInQuestion } from "./latency-in-question.js";
import { connectionsOf, median, pathRttNs, quantile, severalWrites, usableCells } from "./probe/cells.js";
import { reopenedConnections, setupNs } from "./probe/connection-churn.js";
import { timelyEvidence } from "./probe/generator-lag.js";
import { idleWhileWaiting, poolWaitsNs } from "./probe/own-waiting.js";
import { slowServer, thinkTimesNs } from "./probe/slow-server.js";
import type { ProbeCell, ProbeEvidence } from "./probe-evidence.js";
import { CONNECT_SHARE, EXPLAINS_SHARE, MIN_SLOW_COUNT, TAIL_SHARE } from "./thresholds.js";

type Outcome = Pick<Theory, "verdict" | "because">;

type Test = (evidence: ProbeEvidence, question: LatencyInQuestion, findings: readonly Finding[]) => Outcome;

/** The theories of probes and captures, in the order of the report. */
export const THEORIES = [
  { id: "slow-path", claim: "the path is slow: the round trip is most of the latency" },
  { id: "slow-connect", claim: "setting up connections is what takes the time" },
  { id: "slow-server", claim: "the server is slow: it thinks for most of the latency" },
  { id: "pool-too-small", claim: "the pool is too small: requests wait for a free connection" },
  { id: "packet-loss", claim: "packets are lost and sent again" },
  {
    id: "nagle-delayed-ack",
    claim: "Nagle x delayed ACK: the sender waits for an ACK that the receiver delays",
  },
] as const;

export type TheoryId = (typeof THEORIES)[number]["id"];

const TESTS: { readonly [Id in TheoryId]: Test } = {
  "slow-path": slowPath,
  "slow-connect": slowConnect,
  "slow-server": slowServerTheory,
  "pool-too-small": poolTooSmall,
  "packet-loss": packetLoss,
  "nagle-delayed-ack": nagleDelayedAck,
};

/**
 * Each theory confirmed, refuted or untested, with its number. A theory is confirmed only where something is slow and it explains
 * at least half of it. Cells in which we were late (`generator-lag`) count for nothing; without a usable cell all are untested.
 */
export function theories(evidence: ProbeEvidence, findings: readonly Finding[]): Theory[] {
  const timely = timelyEvidence(evidence);
  const question = latencyInQuestion(timely);
  const nothing = timely === evidence ? "no cell has a usable answer" : "we were late ourselves (generator-lag)";
  return THEORIES.map(({ id, claim }) => {
    if (question === null) return { id, claim, ...untested(nothing) };
    return { id, claim, ...TESTS[id](timely, question, findings) };
  });
}

const untested = (because: string): Outcome => ({ verdict: "untested", because });
const decided = (confirmed: boolean, because: string): Outcome => ({
  verdict: confirmed ? "confirmed" : "refuted",
  because,
});

/** `12 us, 0.03 % of p50 43.9 ms in nagle=on,split=fields`. */
function portion(partNs: number, question: LatencyInQuestion): string {
  const percent = (100 * partNs) / Math.max(1, question.latencyNs);
  const calm = question.slow ? "" : ", which is not slow";
  return `${formatDuration(partNs)}, ${digits(percent)} % of ${question.words}${calm}`;
}

const explains = (partNs: number, question: LatencyInQuestion, share: number): boolean =>
  question.slow && partNs >= share * question.latencyNs;

function slowPath(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const rttNs = pathRttNs(evidence);
  if (rttNs === null) {
    if (!question.slow) return nothingSlow(question);
    return untested("neither the kernel's RTT nor a connect time was seen");
  }
  const { minRttNs, handshakeRttNs } = evidence;
  const source = minRttNs !== null ? "min RTT" : handshakeRttNs !== null ? "handshake RTT" : "shortest connect";
  const handshake =
    minRttNs !== null && handshakeRttNs !== null ? ` (handshake RTT ${formatDuration(handshakeRttNs)})` : "";
  return decided(explains(rttNs, question, EXPLAINS_SHARE), `${source} ${portion(rttNs, question)}${handshake}`);
}

function slowConnect(evidence: ProbeEvidence, question: LatencyInQuestion, findings: readonly Finding[]): Outcome {
  const { cell } = question;
  const each = setupNs(evidence, cell);
  if (each === null) return question.slow ? untested("connect times were not seen") : nothingSlow(question);
  if (!evidence.reuse) {
    return decided(explains(each, question, CONNECT_SHARE), `every request connects: ${portion(each, question)}`);
  }
  const { connections, requests } = cell.run;
  const many = connections === 1 ? "1 connection" : `${connections} connections`;
  if (!findings.some((finding) => finding.code === "connection-churn")) {
    // Kept connections are set up before they are measured: however long it took, it is not what the requests waited for.
    return decided(false, `setting up takes ${formatDuration(each)}, for ${many}: not in the measured latency`);
  }
  const perRequestNs = (each * reopenedConnections(evidence, cell)) / Math.max(1, requests);
  return decided(
    explains(perRequestNs, question, CONNECT_SHARE),
    `setting up takes ${formatDuration(each)}, for ${many}: spread over all ${requests} requests ${portion(perRequestNs, question)}`,
  );
}

function slowServerTheory(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const obstacle = slowServer.cannotJudge(evidence);
  if (evidence.calm === null || obstacle !== null) {
    return question.slow ? untested(obstacle ?? "no usable cell") : nothingSlow(question);
  }
  if (question.quantile === "p50") {
    const think = median(thinkTimesNs(evidence, evidence.calm)) ?? 0;
    return decided(
      explains(think, question, EXPLAINS_SHARE),
      `think time in the calmest cell ${portion(think, question)}`,
    );
  }
  // The tail is the cell's own: look there, unless our own kernel may have held its requests back.
  const cell = question.cell.pieces > 1 && question.cell.nagle ? evidence.calm : question.cell;
  const think = thinkTimesNs(evidence, cell);
  // In the open loop one long stop of the server keeps all who come meanwhile waiting: the longest think time explains them.
  const name = evidence.openLoop ? "longest" : "p99";
  const partNs = quantile(think, evidence.openLoop ? 1 : 0.99) ?? 0;
  const says = `${name} think time ${portion(partNs, question)}`;
  const confirmed = explains(partNs, question, EXPLAINS_SHARE);
  const slow = think.filter((thinkNs) => thinkNs >= EXPLAINS_SHARE * question.latencyNs).length;
  if (confirmed && !evidence.openLoop && slow < MIN_SLOW_COUNT) {
    return untested(`${says}, but that was one request: it may as well be a hiccup of this machine`);
  }
  return decided(confirmed, says);
}

function poolTooSmall(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const { cell } = question;
  const connections = connectionsOf(evidence, cell);
  const perSecond = cell.run.targetRatePerSecond ?? cell.run.ratePerSecond;
  const meanNs = cell.run.latency.mean;
  const inFlight = (perSecond * meanNs) / 1e9;
  const law = `L = ${formatRate(perSecond)} x ${formatDuration(meanNs)} = ${digits(inFlight)} in flight on ${placesWords(connections, cell)}`;
  if (!evidence.openLoop) return streamsTooFew(question, law);
  const wait = poolWaitsNs(cell);
  const felt = feltNs(evidence, cell);
  const mostly = [0.5, 0.99].some(
    (share) => (quantile(wait, share) ?? 0) >= EXPLAINS_SHARE * (quantile(felt, share) ?? 0),
  );
  const waited = `requests waited ${formatDuration(median(wait) ?? 0)} (p50), ${formatDuration(quantile(wait, 0.99) ?? 0)} (p99) for a free one`;
  const busy = idleWhileWaiting(evidence, cell);
  if (busy !== null) {
    const idle = `only ${digits(busy)} of ${placesWords(connections, cell)} were busy at the ${formatRate(cell.run.ratePerSecond)} achieved`;
    return untested(`${waited}, but ${idle}: netlat itself is the bottleneck; lower --rate`);
  }
  const confirmed = question.slow && mostly && inFlight > connections * streamsAsked(cell);
  const calmNs = evidence.calm?.run.latency.mean ?? meanNs;
  const cured = (perSecond * calmNs) / 1e9;
  if (confirmed && evidence.calm !== cell && cured <= connections * streamsAsked(cell)) {
    return decided(true, `${law}; ${waited}; a consequence: at the calmest cell's latency L is ${digits(cured)}`);
  }
  return decided(confirmed, `${law}; ${waited}`);
}

/** In a closed loop nobody waits for a connection; but on one of HTTP/2 for a stream, above the server's limit. */
function streamsTooFew(question: LatencyInQuestion, law: string): Outcome {
  const { cell } = question;
  if (streamsAsked(cell) === 1) {
    return { verdict: "refuted", because: `${law}; closed loop: no request waits for a connection` };
  }
  const waitNs = quantile(cell.queueNs, question.quantile === "p50" ? 0.5 : 0.99) ?? 0;
  const waited = `requests waited ${formatDuration(median(cell.queueNs) ?? 0)} (p50), ${formatDuration(quantile(cell.queueNs, 0.99) ?? 0)} (p99) for a stream`;
  const limit = cell.run.h2?.streamLimit ?? Number.POSITIVE_INFINITY;
  return decided(streamsAsked(cell) > limit && explains(waitNs, question, EXPLAINS_SHARE), `${law}; ${waited}`);
}

/** Requests that may be under way at once on a connection. */
const streamsAsked = ({ run }: ProbeCell): number => run.h2?.streams ?? 1;

/** `20 connections`; of HTTP/2 with the streams that the server allows of those asked for. */
function placesWords(connections: number, cell: ProbeCell): string {
  const words = `${connections} connection${connections === 1 ? "" : "s"}`;
  const streams = Math.min(streamsAsked(cell), cell.run.h2?.streamLimit ?? Number.POSITIVE_INFINITY);
  return streams === 1 ? words : `${words} x ${streams} streams`;
}

/** Linux waits at least 200 ms before it sends again by timer (TCP_RTO_MIN). */
function packetLoss(_evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const { run } = question.cell;
  const retransmits = run.kernel?.retransmits ?? null;
  if (retransmits === null) {
    return question.slow
      ? untested("retransmissions were not seen: this engine has no TCP_INFO here")
      : nothingSlow(question);
  }
  const needed = (question.quantile === "p50" ? EXPLAINS_SHARE : TAIL_SHARE) * run.requests;
  const confirmed = question.slow && retransmits > 0 && retransmits >= needed;
  return decided(confirmed, `${retransmits} retransmissions in ${run.requests} requests of ${question.cell.name}`);
}

function nagleDelayedAck(evidence: ProbeEvidence, _question: LatencyInQuestion, findings: readonly Finding[]): Outcome {
  const found = findings.filter((finding) => finding.code === "nagle-delayed-ack");
  const sure = found.find((finding) => finding.confidence !== "possible");
  if (sure !== undefined) return { verdict: "confirmed", because: delayedWords(sure) };
  const perhaps = found[0];
  if (perhaps !== undefined) {
    return untested(
      `perhaps: ${delayedWords(perhaps)}; ${perhaps.evidence[0]?.says ?? "nothing to compare with was run"}`,
    );
  }
  const tried = usableCells(evidence).filter(couldStall);
  if (tried.length === 0)
    return untested(`no usable cell has Nagle on and several writes: add ${severalWrites(usableCells(evidence))}`);
  const worstNs = Math.max(...tried.map((cell) => cell.run.latency.p50));
  return decided(
    false,
    `with Nagle on and several writes no request waited for a delayed ACK: p50 ${formatDuration(worstNs)}`,
  );
}

const couldStall = (cell: ProbeCell): boolean => cell.nagle && cell.pieces > 1 && !cell.cork;

function delayedWords({ subject, count, of, costNs }: Finding): string {
  const place = "run" in subject ? subject.run : "flow" in subject ? `flow ${subject.flow}` : subject.pool;
  return `${count} of ${of} requests in ${place} waited ${formatDuration(costNs.p50)} (p50) for a delayed ACK`;
}

const nothingSlow = (question: LatencyInQuestion): Outcome => ({
  verdict: "refuted",
  because: `nothing is slow: ${question.words}`,
});
