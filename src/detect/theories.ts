/**
 * What people suspect of a probe, each suspicion tested like a scientist: it states how much of the latency it would
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
import { OVER_QUIC, OVER_TCP, type QuicTheoryId, type TcpTheoryId } from "./suspicions.js";

const TCP_TESTS: { readonly [Id in TcpTheoryId]: Test } = {
  "slow-path": slowPath,
  "slow-connect": slowConnect,
  "slow-server": slowServerTheory,
  "pool-too-small": poolTooSmall,
  "packet-loss": packetLoss,
  "nagle-delayed-ack": nagleDelayedAck,
};

const QUIC_TESTS: { readonly [Id in QuicTheoryId]: Test } = {
  "slow-path": slowPath,
  "slow-connect": slowConnect,
  "quic-0rtt": earlyDataWouldSave,
  "quic-retry": retryCosts,
  "slow-server": slowServerTheory,
  "pool-too-small": poolTooSmall,
  "packet-loss": quicPacketLoss,
  "quic-ack-delay": serverDelaysAcks,
  "nagle-delayed-ack": noNagle,
};

interface Suspicion extends Pick<Theory, "id" | "claim"> {
  readonly test: Test;
}

const TCP: readonly Suspicion[] = OVER_TCP.map(({ id, claim }) => ({ id, claim, test: TCP_TESTS[id] }));
const QUIC: readonly Suspicion[] = OVER_QUIC.map(({ id, claim }) => ({ id, claim, test: QUIC_TESTS[id] }));

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
  return (overQuic ? QUIC : TCP).map(({ id, claim, test }) => {
    if (question === null) return { id, claim, ...untested(nothing) };
    return { id, claim, ...test(timely, question, findings) };
  });
}
