/** Theories on what only QUIC does. */
import type { Finding, QuicFacts } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { LatencyInQuestion } from "../latency-in-question.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import { flightTo } from "../quic/subject.js";
import { lossSeen, NO_NAGLE, serverAcksSaid } from "../quic/theory-words.js";
import { CONNECT_SHARE, EXPLAINS_SHARE, TAIL_SHARE } from "../thresholds.js";
import { sameBut, usableCells } from "./cells.js";
import { decided, explains, nothingSlow, type Outcome, portion, untested } from "./theory-outcome.js";

const EARLY = "early-data";

/** The cells with and without 0-RTT, all else equal, tell what it saves; without them only what there is to save. */
export function earlyDataWouldSave(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const compared = withAndWithoutEarlyData(evidence, question.cell);
  if (compared !== null) {
    const [early, late] = compared;
    const savedNs = Math.max(0, late.run.latency.p50 - early.run.latency.p50);
    const both = `p50 ${formatDuration(late.run.latency.p50)} with a whole handshake, ${formatDuration(early.run.latency.p50)} in 0-RTT`;
    return decided(explains(savedNs, question, CONNECT_SHARE), `${both}: ${portion(savedNs, question)}`);
  }
  const { earlyData, handshake } = question.cell.run.quic as QuicFacts;
  const { offered, accepted, rejected } = earlyData;
  if (offered > 0 && accepted === 0 && rejected > 0) {
    return untested(`the server rejected 0-RTT on ${rejected} of ${offered} connections (quic-0rtt-rejected)`);
  }
  const takes = handshake.total === null ? "" : `a handshake takes ${formatDuration(handshake.total.p50)} (p50)`;
  if (accepted > 0) return decided(false, `0-RTT is used already, on ${accepted} of ${offered} connections`);
  if (evidence.reuse) {
    return decided(
      false,
      `${takes === "" ? "connections are kept" : `${takes}, of connections that are kept`}: not in the measured latency`,
    );
  }
  if (!question.slow) return nothingSlow(question);
  return untested(
    `${takes === "" ? "every request connects" : `${takes}, for every request`}: compare with --early-data on,off`,
  );
}

/** All else equal, of the cell in question where it is one of them; the cell with 0-RTT first. */
function withAndWithoutEarlyData(evidence: ProbeEvidence, cell: ProbeCell): readonly [ProbeCell, ProbeCell] | null {
  const cells = usableCells(evidence);
  const pairs = cells
    .filter((early) => (early.run.quic?.earlyData.accepted ?? 0) > 0)
    .flatMap((early) => {
      const late = cells.find((one) => one.run.quic?.earlyData.offered === 0 && sameBut(early, one, [EARLY]));
      return late === undefined ? [] : [[early, late] as const];
    });
  return pairs.find((pair) => pair.includes(cell)) ?? pairs[0] ?? null;
}

export function retryCosts(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const { run } = question.cell;
  const facts = run.quic as QuicFacts;
  const { retries } = facts.handshake;
  const count = `${retries} of ${facts.connections.opened} connections met a Retry`;
  if (retries === 0) return decided(false, count);
  const each = flightTo(facts, "retry");
  if (each === null) return untested(`${count}; how long it took was not seen`);
  if (evidence.reuse)
    return decided(false, `${count}, ${formatDuration(each.p50)} (p50), and were kept: not in the measured latency`);
  const partNs = (each.p50 * retries) / Math.max(1, facts.connections.opened);
  return decided(explains(partNs, question, CONNECT_SHARE), `${count}: ${portion(partNs, question)}`);
}

/** Loss makes a tail before it makes a middle: a request in a hundred that met one is enough for a p99. */
export function quicPacketLoss(_evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const { run } = question.cell;
  const seen = lossSeen(run.quic as QuicFacts);
  if (seen === null) return question.slow ? untested("no acknowledgement could be read") : nothingSlow(question);
  const needed = question.quantile === "p50" ? EXPLAINS_SHARE : TAIL_SHARE;
  const share = seen.hitShare ?? seen.lost / Math.max(1, run.requests);
  return decided(question.slow && share > 0 && share >= needed, seen.says);
}

/** A request waits for no ACK: late ones cost only what the other end sends again for them. */
export function serverDelaysAcks(
  _e: ProbeEvidence,
  { cell }: LatencyInQuestion,
  findings: readonly Finding[],
): Outcome {
  const { run } = cell;
  const says = serverAcksSaid(run.quic as QuicFacts);
  if (says === null) return untested("no ACK of the server could be read");
  const found = findings.some(
    ({ code, severity, subject }) =>
      code === "quic-ack-delay" && severity !== "info" && "run" in subject && subject.run === run.id,
  );
  return decided(found && (run.quic?.ackDelay.server?.over ?? 0) > 0, says);
}

export const noNagle = (): Outcome => decided(false, NO_NAGLE);
