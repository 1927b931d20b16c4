import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { type AnswerStall, answerStall, stillPausing } from "./answer-stall.js";
import { costOf, nagleOffTwin, noUsableCell, oneWriteTwin, usableCells, whatIf } from "./cells.js";
import { isQuic, onlyQuic } from "./quic-cells.js";
import { requestStall, type Stall, stallThresholdNs } from "./stall.js";
import { heldTimelines, pausedTimelines } from "./timeline-words.js";

const prose = PROSE["nagle-delayed-ack"];

/**
 * Nagle's algorithm held a small segment until the ACK of an earlier one, and the receiver delayed that ACK (RFC 896,
 * RFC 1122 4.2.3.2; Linux TCP_DELACK_MIN = HZ/25). On the request's side we are the sender, on the answer's side the server is.
 */
export const nagleDelayedAck: ProbeDetector<"nagle-delayed-ack"> = {
  code: "nagle-delayed-ack",
  cannotJudge(evidence) {
    const nothing = onlyQuic(evidence, "Nagle's algorithm: data waits for no ACK") ?? noUsableCell(evidence);
    if (nothing !== null) return nothing;
    const canShow = tcpCells(evidence).some((cell) => (cell.nagle && cell.pieces > 1) || cell.quickack !== "on");
    return canShow ? null : "no cell lets it happen: neither Nagle on with several writes, nor delayed ACKs of our own";
  },
  judge(evidence) {
    return tcpCells(evidence).flatMap((cell) => {
      const request = requestStall(evidence, cell);
      const answer = answerStall(evidence, cell);
      return [
        ...(request === null ? [] : [requestFinding(evidence, request)]),
        ...(answer === null ? [] : [answerFinding(evidence, answer)]),
      ];
    });
  },
};

const tcpCells = (evidence: ProbeEvidence): ProbeCell[] => usableCells(evidence).filter((cell) => !isQuic(cell));

function requestFinding(evidence: ProbeEvidence, stall: Stall): Finding {
  const { cell } = stall;
  const twin = nagleOffTwin(evidence, cell) ?? (cell.pieces > 1 ? oneWriteTwin(evidence, cell) : null);
  return findingOf("client", stall, twin, proofWords(stall), heldTimelines(cell.run, stallThresholdNs(evidence)));
}

function answerFinding(evidence: ProbeEvidence, stall: AnswerStall): Finding {
  const { cell, twin } = stall;
  const proof =
    twin === null
      ? "the server is the sender here: the answer's first piece came, the rest came after a pause as long as a delayed ACK; --quickack default,on would prove it"
      : `the server is the sender here: the answer's first piece came, the rest only after our kernel's delayed ACK; with TCP_QUICKACK on ${stillPausing(evidence, twin)} of ${twin.latencyNs.length} answers pause`;
  return findingOf("server", stall, twin, proof, pausedTimelines(cell.run, stallThresholdNs(evidence)));
}

/** @param sender the end that held back; @param twin the cell that differs in the cause and does not stall, if it was run */
function findingOf(
  sender: "client" | "server",
  { cell, confidence, delaysNs }: Pick<Stall, "cell" | "confidence" | "delaysNs">,
  twin: ProbeCell | null,
  proof: string,
  timelines: Finding["evidence"],
): Finding {
  const costNs = costOf(delaysNs);
  const [count, of] = [delaysNs.length, cell.latencyNs.length];
  return {
    code: "nagle-delayed-ack",
    severity: severityOf(confidence),
    title: prose.title(sender, { count, of, p50Ns: costNs.p50 }),
    subject: { run: cell.run.id },
    count,
    of,
    costNs,
    confidence,
    evidence: [{ says: proof }, ...timelines, ...(twin === null ? [] : [{ says: comparison(cell, twin) }])],
    fix: [...prose.fix[sender]],
    whatIf: whatIf(twin),
  };
}

function proofWords({ delaysNs, proved, confidence }: Stall): string {
  if (proved === delaysNs.length) {
    return `the kernel's timestamps show ${proved} times that a piece left only when the piece before it was acknowledged`;
  }
  if (proved > 0) {
    return `the kernel's timestamps show it ${proved} times; ${delaysNs.length - proved} more are told by their latency, their timestamps are missing`;
  }
  if (confidence === "likely")
    return "told by the experiment: late with Nagle on, not late with Nagle off, all else equal";
  return "told by latency alone: no kernel timestamps, and no cell with the same pieces and Nagle off (--nagle on,off)";
}

/** A guess is no reason to fail a gate. */
const severityOf = (confidence: Finding["confidence"]): Finding["severity"] =>
  confidence === "possible" ? "warning" : "error";

const comparison = (cell: ProbeCell, twin: ProbeCell): string =>
  `p50 ${formatDuration(cell.run.latency.p50)} here, ${formatDuration(twin.run.latency.p50)} in ${twin.name}`;
