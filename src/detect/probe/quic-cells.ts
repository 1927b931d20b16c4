/** Cells whose requests travelled in QUIC: what the detectors of QUIC look at. */
import type { Finding } from "../../report/model.js";
import type { ProbeCell, ProbeDetector, ProbeEvidence } from "../probe-evidence.js";
import { packetsLost, type QuicFindingCode, type QuicJudge, type QuicSubject } from "../quic/subject.js";
import { noUsableCell } from "./cells.js";

export const isQuic = ({ run }: ProbeCell): boolean => run.quic !== undefined;

/** All cells of QUIC, not only the usable ones: where no handshake succeeds that is what there is to say. */
export const quicCells = (evidence: ProbeEvidence): ProbeCell[] => evidence.cells.filter(isQuic);

/** Why nothing of QUIC can be judged, or null. */
function notQuic(evidence: ProbeEvidence): string | null {
  if (quicCells(evidence).length > 0) return null;
  return noUsableCell(evidence) ?? "the requests did not travel in QUIC";
}

/** Cells that are judged by what only TCP has; why none is left, or null. */
export function onlyQuic(evidence: ProbeEvidence, what: string): string | null {
  return evidence.cells.length > 0 && evidence.cells.every(isQuic) ? `QUIC has no ${what}` : null;
}

/** Cells of TCP share the path with those of QUIC. */
export const lossSeenByQuic = (evidence: ProbeEvidence): boolean =>
  quicCells(evidence).some(({ run }) => run.quic !== undefined && packetsLost(run.quic) > 0);

const subjectOf = ({ run }: ProbeCell): QuicSubject[] =>
  run.quic === undefined ? [] : [{ run: run.id, facts: run.quic, latency: run.latency }];

/** @param cannotJudge why no cell of QUIC shows it, or null; all of them were looked at when it is not given */
export function quicDetector<C extends QuicFindingCode>(
  code: C,
  judge: QuicJudge,
  { cannotJudge, refine }: QuicDetectorParts = {},
): ProbeDetector<C> {
  return {
    code,
    cannotJudge: (evidence) => notQuic(evidence) ?? cannotJudge?.(quicCells(evidence).flatMap(subjectOf)) ?? null,
    judge: (evidence) =>
      quicCells(evidence).flatMap((cell) =>
        subjectOf(cell)
          .flatMap(judge)
          .map((finding) => refine?.(finding, cell, evidence) ?? finding),
      ),
  };
}

interface QuicDetectorParts {
  readonly cannotJudge?: (subjects: readonly QuicSubject[]) => string | null;
  /** What the experiment knows beyond the cell. */
  readonly refine?: (finding: Finding, cell: ProbeCell, evidence: ProbeEvidence) => Finding;
}
