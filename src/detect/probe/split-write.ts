import type { Finding } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { PROSE } from "../prose.js";
import { MIN_EXTRA_SEGMENTS, MIN_EXTRA_SHARE } from "../thresholds.js";
import { noUsableCell, oneWriteTwin, ownPausesNs, usableCells, whatIf } from "./cells.js";
import { isQuic, onlyQuic } from "./quic-cells.js";
import { requestStall } from "./stall.js";

const prose = PROSE["split-write"];

/** Small writes that became segments of their own, where no stall made them worse (Linux tcp_sendmsg, tcp_nagle_test). */
export const splitWrite: ProbeDetector<"split-write"> = {
  code: "split-write",
  cannotJudge(evidence) {
    const nothing = onlyQuic(evidence, "segments: its datagrams are told with the wire") ?? noUsableCell(evidence);
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
  usableCells(evidence).filter((cell) => cell.pieces > 1 && !cell.cork && !isQuic(cell));

function finding(evidence: ProbeEvidence, cell: ProbeCell): Finding[] {
  const whole = oneWriteTwin(evidence, cell);
  const segments = perRequest(cell, segmentsOf(cell));
  const needed = whole === null ? null : perRequest(whole, segmentsOf(whole));
  if (segments !== null && !addsSegments(segments, needed ?? fewestSegments(cell, segments))) return [];
  const extraNs = whole === null ? 0 : extraCostNs(cell, whole);
  const count = cell.latencyNs.length;
  return [
    {
      code: "split-write",
      severity: "info",
      title: prose.title(cell.pieces, segments, needed),
      subject: { run: cell.run.id },
      count,
      of: count,
      costNs: { total: extraNs * count, p50: extraNs, max: extraNs },
      // Without the cell to compare with, nobody has seen what one write would have needed.
      confidence: segments === null || needed === null ? "likely" : "certain",
      evidence: [{ says: wireWords(cell, segments) }, { says: comparison(cell, whole) }],
      fix: [...prose.fix],
      whatIf: whatIf(whole),
    },
  ];
}

/** Half a segment and more, and a share of the request that is no accident of how a large one was cut up. */
const addsSegments = (segments: number, needed: number): boolean =>
  segments - needed >= Math.max(MIN_EXTRA_SEGMENTS, MIN_EXTRA_SHARE * needed);

/** What one write would need at the least, from the split cell alone: each cut adds one segment at most. */
const fewestSegments = (cell: ProbeCell, segments: number): number => Math.max(1, segments - (cell.pieces - 1));

/** What the pieces took longer than one write; the pauses that we were told to make between them are no cost of theirs. */
function extraCostNs(cell: ProbeCell, whole: ProbeCell): number {
  return Math.max(0, Math.round(cell.run.latency.p50 - ownPausesNs(cell) - whole.run.latency.p50));
}

function wireWords(cell: ProbeCell, segments: number | null): string {
  const writes = perRequest(cell, cell.run.wire?.writes ?? null) ?? cell.pieces;
  return `per request: ${digits(writes)} writes, ${segments === null ? "segments were not seen" : `${digits(segments)} segments`}`;
}

function comparison(cell: ProbeCell, whole: ProbeCell | null): string {
  if (whole === null)
    return "what it costs was not measured: no usable cell with one write and all else equal (--split none)";
  const pausesNs = ownPausesNs(cell);
  const pauses = pausesNs === 0 ? "" : `, ${formatDuration(pausesNs)} of it our own pauses (--gap)`;
  return `p50 ${formatDuration(cell.run.latency.p50)} here${pauses}, ${formatDuration(whole.run.latency.p50)} in ${whole.name}`;
}

const segmentsOf = (cell: ProbeCell): number | null => cell.run.wire?.segments ?? null;

const perRequest = (cell: ProbeCell, total: number | null): number | null =>
  total === null || cell.wholes === 0 ? null : total / cell.wholes;
