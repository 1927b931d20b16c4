import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { costOf, noUsableCell, usableCells } from "./cells.js";
import { onlyQuic } from "./quic-cells.js";
import { stallThresholdNs } from "./stall.js";

const prose = PROSE["delayed-ack"];

/** An ACK that came alone and late (RFC 1122 4.2.3.2; Linux TCP_DELACK_MIN), while nothing was held for it. */
export const delayedAck: ProbeDetector<"delayed-ack"> = {
  code: "delayed-ack",
  cannotJudge(evidence) {
    const nothing = onlyQuic(evidence, "ACKs in the kernel: see quic-ack-delay") ?? noUsableCell(evidence);
    if (nothing !== null) return nothing;
    return evidence.timestamps ? null : "no kernel timestamps were taken, so the time of an ACK is not known";
  },
  judge(evidence) {
    const cells = usableCells(evidence)
      .map((cell) => ({ cell, delaysNs: lateAcks(evidence, cell) }))
      .filter(({ delaysNs }) => delaysNs.length > 0)
      .sort((left, right) => right.delaysNs.length - left.delaysNs.length);
    const most = cells[0];
    // The server's habit is the same in all cells: say it once.
    return most === undefined ? [] : [finding(most.cell, most.delaysNs, cells.length - 1)];
  },
};

/** How late the ACK was, for requests of which nothing was held back. */
function lateAcks(evidence: ProbeEvidence, cell: ProbeCell): number[] {
  const thresholdNs = stallThresholdNs(evidence);
  const late = cell.ackDelayNs.filter((delay, at) => delay >= thresholdNs && !((cell.heldNs[at] as number) > 0));
  return Array.from(late);
}

function finding(cell: ProbeCell, delaysNs: readonly number[], elsewhere: number): Finding {
  const [count, of] = [delaysNs.length, cell.latencyNs.length];
  const delays = costOf(delaysNs);
  const alsoIn = elsewhere === 0 ? [] : [{ says: `the same in ${elsewhere} more cell${elsewhere === 1 ? "" : "s"}` }];
  return {
    code: "delayed-ack",
    severity: "info",
    title: prose.title({ count, of, p50Ns: delays.p50 }),
    subject: { run: cell.run.id },
    count,
    of,
    // Nobody waited: the delay is in the evidence, the cost is nothing.
    costNs: { total: 0, p50: 0, max: 0 },
    confidence: "certain",
    evidence: [
      {
        says: `the ACK of a request's last piece came alone after ${formatDuration(delays.p50)} (p50), ${formatDuration(delays.max)} at most`,
      },
      ...alsoIn,
    ],
    fix: [...prose.fix],
    whatIf: null,
  };
}
