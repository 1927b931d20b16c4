/** Theories that are the same over any transport: the path, the connections, the server, the pool. */
import type { Finding } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { formatRate } from "../../units/rate.js";
import { feltNs, type LatencyInQuestion } from "../latency-in-question.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import { CONNECT_SHARE, EXPLAINS_SHARE, MIN_SLOW_COUNT } from "../thresholds.js";
import { connectionsOf, median, pathRttNs, quantile } from "./cells.js";
import { reopenedConnections, setupNs } from "./connection-churn.js";
import { idleWhileWaiting, poolWaitsNs } from "./own-waiting.js";
import { slowServer, thinkTimesNs } from "./slow-server.js";
import { decided, explains, nothingSlow, type Outcome, portion, untested } from "./theory-outcome.js";

export function slowPath(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
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

export function slowConnect(
  evidence: ProbeEvidence,
  question: LatencyInQuestion,
  findings: readonly Finding[],
): Outcome {
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

export function slowServerTheory(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
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

export function poolTooSmall(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
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
  return decided(
    streamsAsked(cell) > streamLimit(cell) && explains(waitNs, question, EXPLAINS_SHARE),
    `${law}; ${waited}`,
  );
}

/** Requests that may be under way at once on a connection. */
function streamsAsked({ run }: ProbeCell): number {
  if (run.quic !== undefined) return Math.max(1, Number(run.factors.streams ?? 1) || 1);
  return run.h2?.streams ?? 1;
}

/** Those that the server allows at once. */
function streamLimit({ run }: ProbeCell): number {
  const granted = run.quic?.transportParameters.server?.initial_max_streams_bidi;
  return run.h2?.streamLimit ?? (typeof granted === "number" ? granted : Number.POSITIVE_INFINITY);
}

/** `20 connections`; of HTTP/2 with the streams that the server allows of those asked for. */
function placesWords(connections: number, cell: ProbeCell): string {
  const words = `${connections} connection${connections === 1 ? "" : "s"}`;
  const streams = Math.min(streamsAsked(cell), streamLimit(cell));
  return streams === 1 ? words : `${words} x ${streams} streams`;
}
