/**
 * What people suspect when a request is slow, each suspicion tested like a scientist: it states how much of the latency it would
 * have to explain, and the measurement says how much it does.
 */
import type { Finding, Theory } from "../report/model.js";
import { latencyInQuestion } from "./latency-in-question.js";
import { poolTooSmall, slowConnect, slowPath, slowServerTheory } from "./probe/common-theories.js";
import { timelyEvidence } from "./probe/generator-lag.js";
import { isQuic, quicCells } from "./probe/quic-cells.js";
import { earlyDataWouldSave, noNagle, quicPacketLoss, retryCosts, serverDelaysAcks } from "./probe/quic-theories.js";
import { nagleDelayedAck, packetLoss } from "./probe/tcp-theories.js";
import { type Test, untested } from "./probe/theory-outcome.js";
import type { ProbeEvidence } from "./probe-evidence.js";

/** The theories of probes and captures over TCP, in the order of the report. */
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

interface Suspicion extends Pick<Theory, "id" | "claim"> {
  readonly test: Test;
}

const OVER_TCP: readonly Suspicion[] = THEORIES.map(({ id, claim }) => ({ id, claim, test: TESTS[id] }));
const claimOf = (wanted: TheoryId): Suspicion[] => OVER_TCP.filter(({ id }) => id === wanted);

/** What TCP alone does has no place here, but for the first that comes to mind. */
const OVER_QUIC: readonly Suspicion[] = [
  ...claimOf("slow-path"),
  ...claimOf("slow-connect"),
  {
    id: "quic-0rtt",
    claim: "the handshake costs a round trip that 0-RTT would save",
    test: earlyDataWouldSave,
  },
  { id: "quic-retry", claim: "Retry costs every connection a round trip", test: retryCosts },
  ...claimOf("slow-server"),
  ...claimOf("pool-too-small"),
  { id: "packet-loss", claim: "packets are lost and sent again", test: quicPacketLoss },
  { id: "quic-ack-delay", claim: "the server delays its ACKs", test: serverDelaysAcks },
  { id: "nagle-delayed-ack", claim: "Nagle x delayed ACK, as over TCP", test: noNagle },
];

/**
 * Each theory confirmed, refuted or untested, with its number. A theory is confirmed only where something is slow and it explains
 * at least half of it. Cells in which we were late (`generator-lag`) count for nothing; without a usable cell all are untested.
 * Which theories: those of the transport of the latency in question.
 */
export function theories(evidence: ProbeEvidence, findings: readonly Finding[]): Theory[] {
  const timely = timelyEvidence(evidence);
  const question = latencyInQuestion(timely);
  const nothing = timely === evidence ? "no cell has a usable answer" : "we were late ourselves (generator-lag)";
  const overQuic = question === null ? quicCells(evidence).length > 0 : isQuic(question.cell);
  return (overQuic ? OVER_QUIC : OVER_TCP).map(({ id, claim, test }) => {
    if (question === null) return { id, claim, ...untested(nothing) };
    return { id, claim, ...test(timely, question, findings) };
  });
}
