/** What the probe's detectors and theories ask of the cells of an experiment. */
import type { Finding } from "../../report/model.js";
import type { ProbeCell, ProbeEvidence } from "../probe-evidence.js";

/** Cells on which a conclusion may rest: the split happened on the wire, and something was answered. */
export function usableCells(evidence: ProbeEvidence): readonly ProbeCell[] {
  return evidence.cells.filter((cell) => cell.run.used && cell.latencyNs.length > 0);
}

/** Nagle off, one write, no cork, delayed ACKs as they come: the behaviour that provokes nothing. */
const provokesNothing = (cell: ProbeCell): boolean =>
  !cell.nagle && cell.pieces === 1 && !cell.cork && cell.quickack === "default";

/** `calm` and `worst` of ProbeEvidence, chosen from the cells on which a conclusion may rest. */
export function extremes(cells: readonly ProbeCell[]): Pick<ProbeEvidence, "calm" | "worst"> {
  const byP50 = cells
    .filter((cell) => cell.run.used && cell.latencyNs.length > 0)
    .sort((left, right) => left.run.latency.p50 - right.run.latency.p50);
  return { calm: byP50.find(provokesNothing) ?? byP50[0] ?? null, worst: byP50.at(-1) ?? null };
}

/** Connections that a cell keeps at once. */
export const connectionsOf = (evidence: ProbeEvidence, cell: ProbeCell): number =>
  cell.connections ?? evidence.connections;

/** What we pause ourselves between the first and the last piece of a request. */
export const ownPausesNs = (cell: ProbeCell): number => cell.gapNs * (cell.pieces - 1);

/** The flags that would try Nagle's algorithm with several writes; of HTTP/2 only a request with a body can be parted. */
export const severalWrites = (cells: readonly ProbeCell[]): string =>
  cells.some(({ run }) => run.h2 !== undefined)
    ? "--nagle on --split headers-data, on a request with a body"
    : "--nagle on --split fields";

/** Why nothing at all can be judged, or null. */
export function noUsableCell(evidence: ProbeEvidence): string | null {
  if (usableCells(evidence).length > 0) return null;
  return evidence.cells.length === 0 ? "no cell was run" : "no cell has a usable answer";
}

/** The usable cell that differs from `cell` only in the factors named, and is as `wanted`. */
function twin(
  evidence: ProbeEvidence,
  cell: ProbeCell,
  varied: readonly string[],
  wanted: (candidate: ProbeCell) => boolean,
): ProbeCell | null {
  return usableCells(evidence).find((other) => other !== cell && wanted(other) && sameBut(cell, other, varied)) ?? null;
}

export const nagleOffTwin = (evidence: ProbeEvidence, cell: ProbeCell): ProbeCell | null =>
  twin(evidence, cell, ["nagle"], (other) => !other.nagle);

export const oneWriteTwin = (evidence: ProbeEvidence, cell: ProbeCell): ProbeCell | null =>
  twin(evidence, cell, ["split", "gap"], (other) => other.pieces === 1);

export const quickackTwin = (evidence: ProbeEvidence, cell: ProbeCell): ProbeCell | null =>
  twin(evidence, cell, ["quickack"], (other) => other.quickack === "on");

/** Equal in all factors but those named. */
export function sameBut(left: ProbeCell, right: ProbeCell, varied: readonly string[]): boolean {
  const names = new Set([...Object.keys(left.run.factors), ...Object.keys(right.run.factors)]);
  for (const name of names) {
    if (!varied.includes(name) && left.run.factors[name] !== right.run.factors[name]) return false;
  }
  return true;
}

/** The path's round trip as well as it is known: the kernel's, else the shortest connect (one round trip), else null. */
export function pathRttNs(evidence: ProbeEvidence): number | null {
  return evidence.minRttNs ?? evidence.handshakeRttNs ?? evidence.connect?.min ?? null;
}

/** Nearest-rank quantile of the numbers in a column, NaN left out; null when there is none. */
export function quantile(values: Float64Array | readonly number[], share: number): number | null {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

export const median = (values: Float64Array | readonly number[]): number | null => quantile(values, 0.5);

/** What a finding cost: whole nanoseconds, the p50 over those that paid. */
export function costOf(values: readonly number[]): Finding["costNs"] {
  let total = 0;
  let max = 0;
  for (const value of values) {
    total += value;
    if (value > max) max = value;
  }
  return { total: Math.round(total), p50: Math.round(median(values) ?? 0), max: Math.round(max) };
}

/** p50 and p99 of a cell as what a request would take after the fix. */
export function whatIf(cell: ProbeCell | null): Finding["whatIf"] {
  return cell === null ? null : { p50Ns: cell.run.latency.p50, p99Ns: cell.run.latency.p99 };
}
