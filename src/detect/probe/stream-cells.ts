/** Cells whose requests were HTTP/2 streams: what the detectors of HTTP/2 look at. */
import type { H2Facts } from "../../report/model.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";
import { noUsableCell, usableCells } from "./cells.js";

export interface StreamCell {
  readonly cell: ProbeCell;
  readonly h2: H2Facts;
}

/** Usable cells of HTTP/2. */
export const streamCells = (evidence: ProbeEvidence): StreamCell[] =>
  usableCells(evidence).flatMap((cell) => (cell.run.h2 === undefined ? [] : [{ cell, h2: cell.run.h2 }]));

/** Why streams cannot be judged, or null. */
export function notStreams(evidence: ProbeEvidence): string | null {
  if (evidence.cells.every(({ run }) => run.h2 === undefined))
    return noUsableCell(evidence) ?? "the requests were not HTTP/2 streams";
  return null;
}
