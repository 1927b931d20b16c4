import type { Finding, Run } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { packetsLost } from "../quic/subject.js";
import { MIN_INFERRED_SHARE, MIN_SLOW_COUNT, MIN_SLOW_SHARE, OWN_QUEUE_NS } from "../thresholds.js";
import { connectionsOf, costOf, noUsableCell, pathRttNs, quantile } from "./cells.js";
import { lossSeenByQuic } from "./quic-cells.js";
import { thinkTimelines } from "./timeline-words.js";

const prose = PROSE["slow-server"];

/** Think time: from the whole request to the first answer byte, without the path and without what our own kernel held back. */
export const slowServer: ProbeDetector<"slow-server"> = {
  code: "slow-server",
  cannotJudge(evidence) {
    const { calm } = evidence;
    if (calm === null) return noUsableCell(evidence) ?? "no usable cell";
    if (calm.nagle && calm.pieces > 1 && !calm.cork && calm.heldNs.every(Number.isNaN)) {
      return "every cell may stall in our own kernel (Nagle on, several writes) and no kernel timestamps tell: add --nagle off or --split none";
    }
    if (calm.run.quic === undefined && lossSeenByQuic(evidence)) {
      return "QUIC lost packets on this path, and what the server sends again over TCP is not seen from here: a loss looks just like a slow server";
    }
    return null;
  },
  judge(evidence) {
    const { calm } = evidence;
    if (calm === null) return [];
    const slow = thinkTimesNs(evidence, calm).filter((think) => think >= evidence.slowServerNs);
    const enough = slow.length >= MIN_SLOW_COUNT && slow.length >= MIN_SLOW_SHARE * calm.firstByteNs.length;
    return enough && slow.length > sentAgain(calm.run) ? [finding(evidence, calm, slow)] : [];
  },
};

/**
 * Requests that may have waited for something that was sent again, which looks just like a slow server: over TCP for an RTO (200 ms on
 * Linux), over QUIC for what was lost, or for what the server rejected in 0-RTT.
 */
function sentAgain({ kernel, quic }: Run): number {
  if (quic === undefined) return kernel?.retransmits ?? 0;
  // An answer of one packet that was lost on its way leaves no gap when it comes: its request is not among those hit.
  return quic.earlyData.rejected + Math.max(quic.lossDelay?.hit.count ?? 0, packetsLost(quic));
}

/** Think time of each answered request of a cell, never negative. */
export function thinkTimesNs(evidence: ProbeEvidence, cell: ProbeCell): number[] {
  const rttNs = longestRttNs(evidence, cell) ?? 0;
  // Without the kernel's arrival times an answer may have waited for us to be done with those of all other connections.
  const queueNs = evidence.timestamps ? 0 : (connectionsOf(evidence, cell) - 1) * OWN_QUEUE_NS;
  return Array.from(cell.thinkNs, (thinkNs, at) => {
    const heldNs = cell.heldNs[at] as number;
    return Math.max(0, thinkNs - rttNs - queueNs - (Number.isNaN(heldNs) ? 0 : heldNs));
  });
}

/**
 * The path's round trip; over QUIC, where each ACK measures it with what the server held it back taken out, as long as it is at times:
 * a path that wavers is no slow server.
 */
function longestRttNs(evidence: ProbeEvidence, { run }: ProbeCell): number | null {
  const rtt = run.quic?.rtt ?? null;
  return rtt === null || rtt.count === 0 ? pathRttNs(evidence) : rtt.p99;
}

function finding(evidence: ProbeEvidence, cell: ProbeCell, slow: readonly number[]): Finding {
  const costNs = costOf(slow);
  const [count, of] = [slow.length, cell.firstByteNs.length];
  const rttNs = longestRttNs(evidence, cell);
  const thresholdNs = evidence.slowServerNs;
  const path =
    rttNs === null ? "the path's round trip is not known" : `the path's round trip is ${formatDuration(rttNs)}`;
  return {
    code: "slow-server",
    severity: "warning",
    title: prose.title({ count, of, p50Ns: costNs.p50 }),
    subject: { run: cell.run.id },
    count,
    of,
    costNs,
    // A few in a hundred may as well be hiccups of this machine.
    confidence: count >= MIN_INFERRED_SHARE * of ? "likely" : "possible",
    evidence: [
      { says: `seen in the calmest cell; ${path}; slower than ${formatDuration(thresholdNs)} counts as slow` },
      ...thinkTimelines(cell.run, thresholdNs + (rttNs ?? 0)),
    ],
    fix: [...prose.fix],
    whatIf: withoutSlow(evidence, cell),
  };
}

/** What the requests that were not slow took; null when all were. */
function withoutSlow(evidence: ProbeEvidence, cell: ProbeCell): Finding["whatIf"] {
  const think = thinkTimesNs(evidence, cell);
  const quick = cell.latencyNs.filter((_, at) => (think[at] as number) < evidence.slowServerNs);
  const [p50, p99] = [quantile(quick, 0.5), quantile(quick, 0.99)];
  return p50 === null || p99 === null ? null : { p50Ns: Math.round(p50), p99Ns: Math.round(p99) };
}
