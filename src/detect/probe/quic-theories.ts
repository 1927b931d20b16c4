/** Theories on what only QUIC does. */
import type { Finding, QuicFacts } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import type { LatencyInQuestion } from "../latency-in-question.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import { flightTo } from "../quic/subject.js";
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
  const { loss, lossDelay } = question.cell.run.quic as QuicFacts;
  const sides = (["client", "server"] as const).flatMap((side) => loss[side] ?? []);
  if (sides.length === 0) return question.slow ? untested("no acknowledgement could be read") : nothingSlow(question);
  const lost = sides.reduce((sum, side) => sum + Math.max(0, side.lost - side.spurious), 0);
  const sent = sides.reduce((sum, side) => sum + side.sent, 0);
  const says = `${lost} of ${sent} packets lost (${digits((100 * lost) / Math.max(1, sent))} %)`;
  const needed = question.quantile === "p50" ? EXPLAINS_SHARE : TAIL_SHARE;
  if (lossDelay !== undefined) {
    const of = lossDelay.hit.count + lossDelay.spared.count;
    const waited = `${says}; ${lossDelay.hit.count} of ${of} requests had to wait for theirs`;
    return decided(question.slow && lossDelay.hit.count > 0 && lossDelay.hit.count >= needed * of, waited);
  }
  return decided(question.slow && lost > 0 && lost >= needed * question.cell.run.requests, says);
}

/** A request waits for no ACK: late ones cost only what the other end sends again for them. */
export function serverDelaysAcks(
  _e: ProbeEvidence,
  { cell }: LatencyInQuestion,
  findings: readonly Finding[],
): Outcome {
  const delay = cell.run.quic?.ackDelay.server ?? null;
  if (delay === null || delay.claimed.count === 0) return untested("no ACK of the server could be read");
  const { claimed, advertisedNs } = delay;
  const promised = advertisedNs === null ? "" : `, ${formatDuration(advertisedNs)} advertised`;
  const says = `its ACKs come ${formatDuration(claimed.p50)} (p50), ${formatDuration(claimed.p99)} (p99) late${promised}`;
  const found = findings.some(
    ({ code, severity, subject }) =>
      code === "quic-ack-delay" && severity !== "info" && "run" in subject && subject.run === cell.run.id,
  );
  return decided(
    found && delay.over > 0,
    `${says}; no request waits for an ACK in QUIC, only what is taken for lost goes again`,
  );
}

export const noNagle = (): Outcome =>
  decided(false, "cannot be: QUIC has no Nagle's algorithm, stream data leaves whatever is unacknowledged (RFC 9000)");
