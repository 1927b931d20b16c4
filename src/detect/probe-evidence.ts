/** What a finished probe lays before the detectors and the theories: its runs, and per answered request the times behind them. */
import type { Finding, HistogramData, Run } from "../report/model.js";
import type { ProbeFindingCode } from "./finding-codes.js";

export interface ProbeCell {
  readonly run: Run;
  /** For people: its levels of the factors that vary, such as `nagle=on split=fields`. */
  readonly name: string;
  /** Connections that it keeps at once, where not all cells have as many; undefined: as `ProbeEvidence.connections` says. */
  readonly connections?: number;
  readonly nagle: boolean;
  /** Pieces that the request is written in. */
  readonly pieces: number;
  /** How often a measured request was written whole: what writes and segments are divided by, failures and retries included. */
  readonly wholes: number;
  readonly quickack: "default" | "on" | "off";
  readonly cork: boolean;
  /** Pause that we make between two pieces. */
  readonly gapNs: number;
  /** Columns over the answered, measured requests, in the order they ended; nanoseconds. */
  readonly latencyNs: Float64Array;
  /** Start (first write; without a connection: the connect) to first answer byte. */
  readonly firstByteNs: Float64Array;
  /** The request's last piece written, on an open connection, to the first answer byte: the path's round trip and a hold included. */
  readonly thinkNs: Float64Array;
  /** Time lost because Nagle's algorithm held data back, as the kernel's timestamps prove; NaN: not seen. */
  readonly heldNs: Float64Array;
  /**
   * Where `heldNs` is above 0: how long the ACK took that the held data waited for. Else: how long the ACK of the last piece took,
   * where it came alone, before the answer; NaN: not seen, or it rode on the answer.
   */
  readonly ackDelayNs: Float64Array;
  /** Asked for until its first byte was written, where requests share a connection (waiting for a stream); NaN: it had its own. */
  readonly queueNs: Float64Array;
  /** How long the request's body waited for HTTP/2 window; NaN: no streams. */
  readonly windowNs: Float64Array;
  /** Our own lateness: start minus the earliest moment it could have started. */
  readonly lagNs: Float64Array;
  /** Due to started: in the open loop the wait for a free connection, our lateness included. */
  readonly waitNs: Float64Array;
}

export interface ProbeEvidence {
  readonly cells: readonly ProbeCell[];
  /**
   * The calmest usable cell: Nagle off, one write, no cork where there is such a cell, else the usable cell with the lowest
   * p50. null: no usable cell.
   */
  readonly calm: ProbeCell | null;
  /** The usable cell with the highest p50; may be `calm`. */
  readonly worst: ProbeCell | null;
  /** Smallest RTT the kernel saw, else null. */
  readonly minRttNs: number | null;
  readonly handshakeRttNs: number | null;
  /** Connect times of all connections of all cells, or null. */
  readonly connect: HistogramData | null;
  readonly openLoop: boolean;
  readonly connections: number;
  /** A connection is kept for many requests. false: the user asked for a new one per request. */
  readonly reuse: boolean;
  /** Kernel timestamps were taken. */
  readonly timestamps: boolean;
  /** A server slower than this counts as slow. */
  readonly slowServerNs: number;
}

export interface ProbeDetector<C extends ProbeFindingCode> {
  readonly code: C;
  /** What it must have seen to judge; the reason, in words, when it cannot. null: it can. */
  cannotJudge(evidence: ProbeEvidence): string | null;
  judge(evidence: ProbeEvidence): readonly Finding[];
}
