/** Cells over QUIC, written by hand: one over a path of 40 ms, and what else is said of it. */
import type { ProbeCell, ProbeEvidence } from "../../src/detect/probe-evidence.js";
import type { QuicFacts, Run } from "../../src/report/model.js";
import { type CellSketch, cell, evidence, MS } from "./evidence.js";
import { quicFacts } from "./quic-facts.js";

export function quicCell(
  quic: Partial<QuicFacts> = {},
  factors: Run["factors"] = {},
  { run, ...sketch }: CellSketch = {},
): ProbeCell {
  const id = Object.entries(factors).map(([name, level]) => `${name}=${level}`);
  const facts = quicFacts(quic);
  const phases = facts.handshake.total === null ? {} : { handshake: facts.handshake.total };
  const own = { id: id.join(",") || "h3", factors, quic: facts, kernel: null, phases, ...run };
  const blind = { held: () => Number.NaN, ackDelay: () => Number.NaN };
  return cell({ firstByte: () => 41, ...blind, ...sketch, run: own });
}

/** Kernels tell nothing of QUIC; the round trip is that of its datagrams. */
export const overQuic = (cells: readonly ProbeCell[], changes: Partial<ProbeEvidence> = {}): ProbeEvidence =>
  evidence(cells, {
    minRttNs: 40.2 * MS,
    handshakeRttNs: null,
    connect: null,
    timestamps: false,
    slowServerNs: 5 * MS,
    ...changes,
  });
