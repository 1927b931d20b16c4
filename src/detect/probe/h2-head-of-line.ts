import type { Finding } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { HEAD_OF_LINE_FACTOR, MIN_HEAD_OF_LINE_NS } from "../thresholds.js";
import { costOf, sameBut, usableCells, whatIf } from "./cells.js";
import { notStreams, streamCells } from "./stream-cells.js";

const prose = PROSE["h2-head-of-line"];

/** Small requests beside a bulk transfer on their own TCP connection, held against the same beside one on another connection. */
export const h2HeadOfLine: ProbeDetector<"h2-head-of-line"> = {
  code: "h2-head-of-line",
  cannotJudge(evidence) {
    const obstacle = notStreams(evidence);
    if (obstacle !== null) return obstacle;
    const both = streamCells(evidence).some(
      ({ cell }) => cell.run.factors.bulk === "same" && elsewhere(evidence, cell) !== null,
    );
    return both ? null : "no bulk transfer was run on the same and on another connection: add --bulk PATH";
  },
  judge(evidence) {
    return streamCells(evidence).flatMap(({ cell }) => {
      const apart = cell.run.factors.bulk === "same" ? elsewhere(evidence, cell) : null;
      if (apart === null) return [];
      const [same, other] = [cell.run.latency.p50, apart.run.latency.p50];
      const blocked = same >= HEAD_OF_LINE_FACTOR * other && same - other >= MIN_HEAD_OF_LINE_NS;
      return blocked ? [finding(cell, apart)] : [];
    });
  },
};

/** The cell with the bulk transfer on another connection, all else alike. */
const elsewhere = (evidence: ProbeEvidence, cell: ProbeCell): ProbeCell | null =>
  usableCells(evidence).find((other) => other.run.factors.bulk === "other" && sameBut(cell, other, ["bulk"])) ?? null;

function finding(cell: ProbeCell, apart: ProbeCell): Finding {
  const usual = apart.run.latency.p50;
  const late = Array.from(cell.latencyNs, (latencyNs) => latencyNs - usual).filter(
    (lostNs) => lostNs >= MIN_HEAD_OF_LINE_NS,
  );
  const costNs = costOf(late);
  const ping = ({ run }: ProbeCell): string => (run.h2?.ping == null ? "not seen" : formatDuration(run.h2.ping.p50));
  return {
    code: "h2-head-of-line",
    severity: "warning",
    title: prose.title(
      { count: late.length, of: cell.latencyNs.length, p50Ns: costNs.p50 },
      cell.run.latency.p50 / usual,
    ),
    subject: { run: cell.run.id },
    count: late.length,
    of: cell.latencyNs.length,
    costNs,
    confidence: "certain",
    evidence: [
      {
        says: `p50 ${formatDuration(cell.run.latency.p50)} beside the bulk on the same connection, ${formatDuration(usual)} beside it on another one`,
      },
      { says: `PING round trip p50 ${ping(cell)} against ${ping(apart)}: a PING waits behind the same bytes` },
    ],
    fix: [...prose.fix],
    whatIf: whatIf(apart),
  };
}
