/** Theories on what only TCP does. */
import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { LatencyInQuestion } from "../latency-in-question.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import { EXPLAINS_SHARE, TAIL_SHARE } from "../thresholds.js";
import { severalWrites, usableCells } from "./cells.js";
import { isQuic, lossSeenByQuic } from "./quic-cells.js";
import { decided, nothingSlow, type Outcome, untested } from "./theory-outcome.js";

/** Linux waits at least 200 ms before it sends again by timer (TCP_RTO_MIN). */
export function packetLoss(evidence: ProbeEvidence, question: LatencyInQuestion): Outcome {
  const { run } = question.cell;
  const retransmits = run.kernel?.retransmits ?? null;
  if (retransmits === null) {
    return question.slow
      ? untested(
          `retransmissions were not seen: this engine has no TCP_INFO here${lossSeenByQuic(evidence) ? "; QUIC lost packets on the same path (quic-loss)" : ""}`,
        )
      : nothingSlow(question);
  }
  const needed = (question.quantile === "p50" ? EXPLAINS_SHARE : TAIL_SHARE) * run.requests;
  const confirmed = question.slow && retransmits > 0 && retransmits >= needed;
  return decided(confirmed, `${retransmits} retransmissions in ${run.requests} requests of ${question.cell.name}`);
}

export function nagleDelayedAck(
  evidence: ProbeEvidence,
  _question: LatencyInQuestion,
  findings: readonly Finding[],
): Outcome {
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

const couldStall = (cell: ProbeCell): boolean => !isQuic(cell) && cell.nagle && cell.pieces > 1 && !cell.cork;

function delayedWords({ subject, count, of, costNs }: Finding): string {
  const place = "run" in subject ? subject.run : "flow" in subject ? `flow ${subject.flow}` : subject.pool;
  return `${count} of ${of} requests in ${place} waited ${formatDuration(costNs.p50)} (p50) for a delayed ACK`;
}
