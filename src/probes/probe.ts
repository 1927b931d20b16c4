/**
 * The one interface every probe engine implements. An engine opens a lane: the connections of one cell of the experiment,
 * all with the same behaviour. A lane runs blocks of requests, so that cells can be interleaved, and gives the samples back
 * as columns: the loop that sends and receives stays next to the socket and costs no promise and no message per request.
 */

import type { RequestSpec, Target } from "../protocols/protocol.js";
import type { TransportSettings } from "../quic/settings.js";
import type { H2Facts, QuicFacts, Timeline } from "../report/model.js";
import type { Capabilities } from "../sockets/capabilities.js";
import type { Ns } from "../units/duration.js";
import type { Pacing } from "./pacer.js";
import type { SampleColumns } from "./samples.js";

export type QuickAck = "default" | "on" | "off";

/** How a client treats its socket: what the experiment varies. */
export interface Behaviour {
  readonly nagle: boolean;
  /** Ascending offsets at which the request is cut; empty: one write. */
  readonly cuts: readonly number[];
  /** Pause between two pieces of a request. */
  readonly gapNs: Ns;
  readonly quickack: QuickAck;
  readonly cork: boolean;
}

/** What only a client of HTTP/2 does. */
export interface H2Behaviour {
  /** SETTINGS_INITIAL_WINDOW_SIZE, and the connection's window; undefined: 1 MiB. */
  readonly windowBytes: number | undefined;
  /** A transfer that runs beside the requests, again and again: this path, on the same connection or on another. */
  readonly bulk: { readonly path: string; readonly on: "same" | "other" } | undefined;
  /** PINGs in this distance; gRPC calls it the keepalive time. */
  readonly keepaliveNs: Ns | undefined;
  /** Also while no stream is open (PermitWithoutStream on the server's side). */
  readonly keepaliveWithoutStreams: boolean;
  /** Close the connection when a PING is not answered for so long. */
  readonly keepaliveTimeoutNs: Ns;
  /** Once, on a connection of its own: open a stream more than the server allows, and tell what it does. */
  readonly overLimit: boolean;
}

/** How acknowledgements are held back: what we say we do at most, and what we do. */
export interface AckDelay {
  readonly advertisedNs: Ns;
  readonly realNs: Ns;
}

/** What only a client of QUIC does. */
export interface QuicBehaviour {
  /** Protocols that we offer; the first is that of the request. */
  readonly alpn: readonly string[];
  readonly transport: TransportSettings;
  /** Send the first request of a connection in 0-RTT, where there is a ticket. */
  readonly earlyData: boolean;
  /** undefined: acknowledge at once. */
  readonly ackDelay: AckDelay | undefined;
  /** A connection moves to a new local port after so many of its requests; undefined: it stays. */
  readonly migrateAfter: number | undefined;
  /** Tickets are read from this file and written to it; undefined: they live as long as the lane. */
  readonly sessionFile: string | undefined;
}

export interface TlsSettings {
  readonly servername: string | undefined;
  readonly insecure: boolean;
  /** PEM texts. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Offer the last connection's session to the next (TLS session resumption). */
  readonly resume?: boolean | undefined;
  /** Append the connections' secrets to this file. */
  readonly keyLogFile?: string | undefined;
}

/** Plain data: it travels to a worker thread. */
export interface LaneSpec {
  readonly target: Target;
  /** Resolved address and its family. */
  readonly address: string;
  readonly family: 4 | 6;
  readonly behaviour: Behaviour;
  readonly connections: number;
  /** Requests that may be on one connection at once; above 1 they are pipelined. */
  readonly pipeline: number;
  /** false: a new connection for every request; latency then starts at the connect. */
  readonly reuse: boolean;
  /** Bound on each request, on connecting and on the TLS handshake. */
  readonly timeoutNs: Ns;
  readonly maxSegment: number | undefined;
  /** Asked in place of the request by the first of each measured block: what do the others wait for it? */
  readonly slowFirst?: RequestSpec | undefined;
  /** undefined: the requests are no HTTP/2 streams. */
  readonly h2?: H2Behaviour | undefined;
  /** undefined: the requests do not travel in QUIC. */
  readonly quic?: QuicBehaviour | undefined;
  readonly tls: TlsSettings | undefined;
  /** Ask the kernel for timestamps where the engine can. */
  readonly timestamps: boolean;
  /** How many of the slowest requests of a block keep their timeline. */
  readonly slowest: number;
}

/** One block of requests over a lane. */
export interface Load {
  /** Requests per connection before measuring starts; their samples are kept apart. */
  readonly warmup: number;
  /** Measured requests at most, over all connections. */
  readonly requests: number;
  /** Start no request later than this after the first measured one; Infinity: only `requests` counts. */
  readonly durationNs: number;
  readonly pacing: Pacing;
  readonly seed: number;
}

export interface ConnectionOpened {
  readonly connectNs: Ns;
  readonly tlsNs: Ns | null;
  /** The TLS handshake resumed an earlier session. */
  readonly resumed?: boolean;
}

/** Counters over the measured part of a block, all connections together; null: this engine cannot see it. */
export interface KernelFacts {
  readonly minRttNs: Ns | null;
  readonly handshakeRttNs: Ns | null;
  readonly retransmits: number | null;
  readonly dataSegmentsOut: number | null;
  readonly dataSegmentsIn: number | null;
  readonly mss: number | null;
}

export interface BlockResult {
  readonly warmup: SampleColumns;
  readonly measured: SampleColumns;
  readonly opened: readonly ConnectionOpened[];
  /** Write system calls (TLS: records) of the measured requests. */
  readonly writes: number;
  /** How often a measured request was written whole; one that was asked again on a new connection counts each time. */
  readonly wholes: number;
  readonly kernel: KernelFacts | null;
  readonly slowest: readonly Timeline[];
  /** Time spent measuring. */
  readonly durationNs: Ns;
  /** What the first failure of each kind said. */
  readonly examples: Readonly<Record<string, string>>;
  /** HTTP/2: all measured blocks of the lane so far, this one included. */
  readonly h2?: H2Facts;
  /** QUIC: likewise. */
  readonly quic?: QuicFacts;
}

export interface Lane {
  /**
   * Runs one block to its end, or to the abort; then gives what was measured. Failures of single requests are samples.
   * A failed connection is opened again for the next request.
   */
  run(load: Load, signal: AbortSignal, onProgress: (done: number) => void): Promise<BlockResult>;
  close(): Promise<void>;
}

export interface ProbeEngine {
  readonly name: "net" | "kernel" | "quiche";
  readonly capabilities: Capabilities;
  /** Prepares the lane; connections are opened by its first block. */
  open(spec: LaneSpec): Promise<Lane>;
  close(): Promise<void>;
}
