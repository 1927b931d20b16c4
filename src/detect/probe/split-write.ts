import type { Finding } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { MIN_EXTRA_SEGMENTS } from "../thresholds.js";
import { noUsableCell, oneWriteTwin, usableCells, whatIf } from "./cells.js";
import { requestStall } from "./stall.js";

const prose = PROSE["split-write"];

/** Small writes that became segments of their own, where no stall made them worse (Linux tcp_sendmsg, tcp_nagle_test). */
export const splitWrite: ProbeDetector<"split-write"> = {
  code: "split-write",
  cannotJudge(evidence) {
    const nothing = noUsableCell(evidence);
    if (nothing !== null) return nothing;
    return splitCells(evidence).length > 0 ? null : "no cell writes its requests in several pieces";
  },
  judge(evidence) {
    return splitCells(evidence)
      .filter((cell) => requestStall(evidence, cell) === null)
      .flatMap((cell) => finding(evidence, cell));
  },
};

const splitCells = (evidence: ProbeEvidence): ProbeCell[] =>
  usableCells(evidence).filter((cell) => cell.pieces > 1 && !cell.cork);

function finding(evidence: ProbeEvidence, cell: ProbeCell): Finding[] {
  const whole = oneWriteTwin(evidence, cell);
  const segments = perRequest(cell, segmentsOf(cell));
  // Without the one-write cell, one segment is what the pieces would need at the least.
  const needed = whole === null ? 1 : perRequest(whole, segmentsOf(whole));
  if (segments !== null && needed !== null && segments - needed < MIN_EXTRA_SEGMENTS) return [];
  const extraNs = whole === null ? 0 : Math.max(0, Math.round(cell.run.latency.p50 - whole.run.latency.p50));
  const count = cell.latencyNs.length;
  const seen = segments === null ? "segments were not seen" : `${digits(segments)} segments`;
  const compared =
    whole === null
      ? []
      : [
          {
            says: `p50 ${formatDuration(cell.run.latency.p50)} here, ${formatDuration(whole.run.latency.p50)} in ${whole.name}`,
          },
        ];
  return [
    {
      code: "split-write",
      severity: "info",
      title: prose.title(cell.pieces, segments),
      subject: { run: cell.run.id },
      count,
      of: count,
      costNs: { total: extraNs * count, p50: extraNs, max: extraNs },
      confidence: segments === null ? "likely" : "certain",
      evidence: [
        {
          says: `per request: ${digits(perRequest(cell, cell.run.wire?.writes ?? null) ?? cell.pieces)} writes, ${seen}`,
        },
        ...compared,
      ],
      fix: [...prose.fix],
      whatIf: whatIf(whole),
    },
  ];
}

const segmentsOf = (cell: ProbeCell): number | null => cell.run.wire?.segments ?? null;

const perRequest = (cell: ProbeCell, total: number | null): number | null =>
  total === null || cell.run.requests === 0 ? null : total / cell.run.requests;
