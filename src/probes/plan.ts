/** What is to be measured: where requests go, what every cell is told, and how their blocks take turns. Plain data. */
import type { Target } from "../protocols/protocol.js";
import type { Ns } from "../units/duration.js";
import type { Cell } from "./experiment.js";
import type { Pacing } from "./pacer.js";
import type { H2Behaviour, LaneSpec, QuicBehaviour, TlsSettings } from "./probe.js";

/** Where requests go. */
export type Peer = Pick<ProbePlan, "target" | "address" | "family" | "tls">;

export interface PlannedCell {
  readonly cell: Cell;
  /** Offsets at which its requests are cut. */
  readonly cuts: readonly number[];
  /** Where its requests go, when not all cells have the same endpoint (--ab, --compare-with). */
  readonly peer?: Peer;
  /** How its requests are carried, when not all cells carry them alike (--slow-first, --compare-with). */
  readonly carrier?: Pick<LaneSpec, "connections" | "pipeline" | "slowFirst">;
}

export interface ProbePlan {
  readonly target: Target;
  readonly address: string;
  readonly family: 4 | 6;
  readonly cells: readonly PlannedCell[];
  /** Requests per cell in each round. */
  readonly rounds: readonly number[];
  /** Measuring time per cell and round; Infinity: the requests alone bound it. */
  readonly roundNs: number;
  readonly gapNs: Ns;
  /** Of a cell whose levels do not say. */
  readonly connections: number;
  /** Requests that may be on one connection at once. */
  readonly pipeline: number;
  readonly reuse: boolean;
  /** For the cells that ask in HTTP/2; undefined: there are none, or they have the defaults. */
  readonly h2?: (Omit<H2Behaviour, "windowBytes" | "bulk"> & { readonly bulkPath: string | undefined }) | undefined;
  /** For the cells that ask in QUIC; undefined: there are none. */
  readonly quic?: QuicPlan | undefined;
  readonly timeoutNs: Ns;
  readonly maxSegment: number | undefined;
  readonly warmup: number;
  readonly pacing: Pacing;
  readonly tls: TlsSettings | undefined;
  readonly timestamps: boolean;
  readonly seed: number;
  readonly keepSlowest: number;
}

/** What all cells over QUIC have in common; a cell's levels go before it. */
export interface QuicPlan extends Pick<QuicBehaviour, "transport" | "sessionFile"> {
  /** Of a cell that migrates. */
  readonly migrateAfter: number;
}

/** How many connections a cell has, and how many requests may be on each at once. */
export function placesOf(plan: ProbePlan, { cell, carrier }: PlannedCell): Pick<LaneSpec, "connections" | "pipeline"> {
  return {
    connections: carrier?.connections ?? cell.connections ?? plan.connections,
    pipeline: carrier?.pipeline ?? cell.streams ?? plan.pipeline,
  };
}

/** What the engine is told about a cell. */
export function laneSpec(plan: ProbePlan, planned: PlannedCell): LaneSpec {
  const { cell, cuts, peer = plan, carrier } = planned;
  return {
    target: peer.target,
    address: peer.address,
    family: peer.family,
    behaviour: {
      nagle: cell.nagle === "on",
      cuts,
      gapNs: plan.gapNs,
      quickack: cell.quickack ?? "default",
      cork: cell.cork === "on",
    },
    ...placesOf(plan, planned),
    h2: plan.h2 === undefined || peer.target.request.protocol !== "h2" ? undefined : h2Behaviour(plan.h2, cell),
    quic: plan.quic === undefined ? undefined : quicBehaviour(plan.quic, cell, peer.target),
    reuse: plan.reuse,
    timeoutNs: plan.timeoutNs,
    maxSegment: plan.maxSegment,
    tls: peer.tls === undefined ? undefined : { ...peer.tls, resume: cell.resume === "on" },
    timestamps: plan.timestamps,
    slowest: plan.keepSlowest,
    slowFirst: carrier?.slowFirst,
  };
}

function h2Behaviour(plan: NonNullable<ProbePlan["h2"]>, { window, bulk }: Cell): H2Behaviour {
  const beside = bulk === undefined || bulk === "none" || plan.bulkPath === undefined ? undefined : bulk;
  return {
    windowBytes: window,
    bulk: beside === undefined ? undefined : { path: plan.bulkPath as string, on: beside },
    keepaliveNs: plan.keepaliveNs,
    keepaliveWithoutStreams: plan.keepaliveWithoutStreams,
    keepaliveTimeoutNs: plan.keepaliveTimeoutNs,
    overLimit: plan.overLimit,
  };
}

function quicBehaviour(plan: QuicPlan, cell: Cell, { transport, alpn = [] }: Target): QuicBehaviour | undefined {
  if (transport !== "quic") return undefined;
  const { ackDelay, window = plan.transport.windowBytes } = cell;
  const maxAckDelayNs = ackDelay?.advertisedNs ?? plan.transport.maxAckDelayNs;
  return {
    alpn,
    transport: { ...plan.transport, windowBytes: window, maxAckDelayNs },
    earlyData: cell.early === "on",
    ackDelay: ackDelay === undefined ? undefined : { advertisedNs: ackDelay.advertisedNs, realNs: ackDelay.realNs },
    migrateAfter: cell.migrate === "on" ? plan.migrateAfter : undefined,
    sessionFile: plan.sessionFile,
  };
}
