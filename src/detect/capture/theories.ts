/**
 * The usual suspects, held against a capture. Asked of one service: the one that lost most time, or where none lost any, the one that
 * took most. A theory states a part of the latency of all its exchanges together, and the breakdown says how large that is.
 */
import type { QuicTally } from "../../capture/quic/quic-tally.js";
import type { Service } from "../../capture/services/service.js";
import type { Finding, FindingCode, QuicFacts, Theory } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import { formatRate } from "../../units/rate.js";
import { flightTo } from "../quic/subject.js";
import { lossSeen, NO_NAGLE, serverAcksSaid } from "../quic/theory-words.js";
import { OVER_QUIC, OVER_TCP, type QuicTheoryId, type TcpTheoryId } from "../suspicions.js";
import { CONNECT_SHARE, EXPLAINS_SHARE, FULL_POOL_SHARE, TAIL_SHARE } from "../thresholds.js";

type Outcome = Pick<Theory, "verdict" | "because">;

interface Question {
  readonly service: Service;
  /** Of this service. */
  readonly findings: readonly Finding[];
  /** false: there is nothing that needs an explanation. */
  readonly slow: boolean;
  readonly connections: number;
}

/** @param services those that lost most time first */
export function captureTheories(
  services: readonly Service[],
  findings: readonly Finding[],
  slowServerNs: number,
  connectionsOf: (service: Service) => number,
): Theory[] {
  const service = serviceInQuestion(services);
  const theory = ({ id, claim }: Pick<Theory, "id" | "claim">, test: Test): Theory => {
    if (service === null) return { id, claim, ...untested("no request with its answer was seen") };
    const question = {
      service,
      findings: findings.filter(({ subject }) => "run" in subject && subject.run === service.id),
      slow: service.latency.quantile(0.99) >= slowServerNs,
      connections: connectionsOf(service),
    };
    return { id, claim, ...test(question) };
  };
  const overQuic = service === null ? services.some(({ quic }) => quic !== null) : service.quic !== null;
  if (overQuic) return OVER_QUIC.map((one) => theory(one, QUIC_TESTS[one.id]));
  return OVER_TCP.map((one) => theory(one, TESTS[one.id]));
}

function serviceInQuestion(services: readonly Service[]): Service | null {
  const asked = services.filter(({ exchanges }) => exchanges > 0);
  const first = asked[0];
  if (first === undefined) return null;
  if (first.lostNs > 0) return first;
  return asked.reduce((most, service) => (service.latency.sum > most.latency.sum ? service : most), first);
}

type Test = (question: Question) => Outcome;

const slowPath: Test = (question) => partOf(question, question.service.breakdownNs.network, "the way there and back");
const slowServer: Test = (question) => partOf(question, question.service.breakdownNs.server, "think time");

const TESTS: { readonly [Id in TcpTheoryId]: Test } = {
  "slow-path": slowPath,
  "slow-connect": slowConnect,
  "slow-server": slowServer,
  "pool-too-small": poolTooSmall,
  "packet-loss": packetLoss,
  "nagle-delayed-ack": nagleDelayedAck,
};

const QUIC_TESTS: { readonly [Id in QuicTheoryId]: Test } = {
  "slow-path": slowPath,
  "slow-connect": slowConnect,
  "quic-0rtt": earlyDataWouldSave,
  "quic-retry": retryCosts,
  "slow-server": slowServer,
  "pool-too-small": () => decided(false, "requests are streams of a connection: none waits for one of its own"),
  "packet-loss": quicPacketLoss,
  "quic-ack-delay": serverDelaysAcks,
  "nagle-delayed-ack": () => decided(false, NO_NAGLE),
};

const untested = (because: string): Outcome => ({ verdict: "untested", because });
const decided = (confirmed: boolean, because: string): Outcome => ({
  verdict: confirmed ? "confirmed" : "refuted",
  because,
});

/** `43.9 ms per request, 98.1 % of the latency of tcp 10.0.0.1:9000`. */
function portion({ service }: Question, partNs: number): string {
  const share = (100 * partNs) / Math.max(1, service.latency.sum);
  return `${formatDuration(partNs / Math.max(1, service.exchanges))} per request, ${digits(share)} % of the latency of ${service.id}`;
}

function partOf(question: Question, partNs: number, name: string): Outcome {
  const explains = question.slow && partNs >= EXPLAINS_SHARE * question.service.latency.sum;
  return decided(explains, `${name}: ${portion(question, partNs)}`);
}

function slowConnect(question: Question): Outcome {
  const { service, connections, slow } = question;
  const { connect, exchanges } = service;
  if (connect.count === 0) return untested("no handshake was captured, so the time of connecting is not known");
  const partNs = connect.mean * connect.count;
  const churn = found(question, "connection-churn").length > 0 || found(question, "syn-retransmit").length > 0;
  const each = `a connection takes ${formatDuration(connect.quantile(0.5))} (p50), ${connections} for ${exchanges} requests`;
  return decided(
    churn && (slow || partNs > 0) && partNs >= CONNECT_SHARE * (partNs + service.latency.sum),
    `${each}: ${formatDuration(partNs / Math.max(1, exchanges))} per request, beside ${formatDuration(service.latency.mean)} of latency`,
  );
}

/** The queue for a connection is in the client, where no capture looks; only free connections refute it. */
function poolTooSmall({ service, connections }: Question): Outcome {
  const law = `L = ${formatRate(service.arrivalPerSecond)} x ${formatDuration(service.latency.mean)}, ${digits(service.meanInFlight)} in flight as measured`;
  const open = Math.max(1, service.open.count > 0 ? service.open.max : connections);
  const on = `${open} connection${open === 1 ? "" : "s"} open at once`;
  if (service.meanInFlight < FULL_POOL_SHARE * open) return decided(false, `${law}, on ${on}: some were free`);
  return untested(`${law}, on ${on}: all were busy, but a capture does not show who waits for one in the client`);
}

function packetLoss(question: Question): Outcome {
  const { service, slow } = question;
  const losses = [...found(question, "rto"), ...found(question, "fast-retransmit")];
  const delayed = losses.reduce((sum, { count }) => sum + count, 0);
  const partNs = service.breakdownNs.loss;
  // A few requests that wait 200 ms make a tail, however little that is on average.
  const tail = slow && delayed >= TAIL_SHARE * service.exchanges && delayed > 0;
  const explains = slow && partNs >= EXPLAINS_SHARE * service.latency.sum;
  const count = `${delayed} of ${service.exchanges} requests waited for something lost`;
  return decided(explains || tail, `${count}: ${portion(question, partNs)}`);
}

function nagleDelayedAck(question: Question): Outcome {
  const stalls = found(question, "nagle-delayed-ack");
  const partNs = question.service.breakdownNs.senderHold;
  const first = stalls[0];
  if (first === undefined)
    return decided(false, `no request waited for a delayed ACK; held back: ${portion(question, partNs)}`);
  const { count, of, costNs } = first;
  return decided(
    true,
    `${count} of ${of} requests waited ${formatDuration(costNs.p50)} (p50) for a delayed ACK: ${portion(question, partNs)}`,
  );
}

const found = ({ findings }: Question, code: FindingCode): Finding[] =>
  findings.filter((finding) => finding.code === code);

const factsOf = ({ service }: Question): QuicFacts => (service.quic as QuicTally).facts();

/** The handshake comes before the requests: what it costs is no part of their latency, and a capture cannot try without. */
function earlyDataWouldSave(question: Question): Outcome {
  const { connections, earlyData, handshake } = factsOf(question);
  const { offered, accepted, rejected } = earlyData;
  if (rejected > 0) return untested(`the server rejected 0-RTT on ${rejected} of ${offered} connections`);
  if (accepted > 0) return decided(false, `0-RTT is used already, on ${accepted} of ${connections.opened} connections`);
  const takes = handshake.total === null ? "" : `, a handshake takes ${formatDuration(handshake.total.p50)} (p50)`;
  const requests = `${connections.opened} connections for ${question.service.exchanges} requests${takes}`;
  if (offered > 0) return untested(`${requests}; 0-RTT was sent, what became of it is encrypted`);
  return untested(`${requests}; no client tried 0-RTT: netlat probe --early-data on,off does`);
}

function retryCosts(question: Question): Outcome {
  const facts = factsOf(question);
  const { retries } = facts.handshake;
  const count = `${retries} of ${facts.connections.opened} connections met a Retry`;
  const each = retries === 0 ? null : flightTo(facts, "retry");
  if (each === null) return decided(retries > 0, count);
  const partNs = each.p50 * retries;
  const { exchanges, latency } = question.service;
  const spread = `${formatDuration(each.p50)} (p50) each, ${formatDuration(partNs / Math.max(1, exchanges))} per request`;
  return decided(
    question.slow && partNs >= CONNECT_SHARE * (partNs + latency.sum),
    `${count}: ${spread}, beside ${formatDuration(latency.mean)} of latency`,
  );
}

function quicPacketLoss(question: Question): Outcome {
  const seen = lossSeen(factsOf(question));
  if (seen === null) return untested("no acknowledgement could be read: QUIC encrypts them (--keylog)");
  const share = seen.hitShare ?? seen.lost / Math.max(1, question.service.exchanges);
  // A few requests that wait for what was lost make a tail, however little that is on average.
  return decided(question.slow && share >= TAIL_SHARE, seen.says);
}

function serverDelaysAcks(question: Question): Outcome {
  const says = serverAcksSaid(factsOf(question));
  if (says === null) return untested("no ACK of the server could be read: QUIC encrypts them (--keylog)");
  const late = found(question, "quic-ack-delay").some(({ severity }) => severity !== "info");
  return decided(late && (factsOf(question).ackDelay.server?.over ?? 0) > 0, says);
}
