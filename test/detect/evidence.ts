/** Finished probes written by hand: a cell from a few columns, an evidence from a few cells. */
import type { ProbeCell, ProbeEvidence } from "../../src/detect/probe-evidence.js";
import { histogramOf } from "../../src/report/histogram.js";
import type { Run, Timeline } from "../../src/report/model.js";

const US = 1e3;
export const MS = 1e6;
const UNSEEN = Number.NaN;

export interface CellSketch {
  readonly nagle?: boolean;
  readonly split?: string | number;
  readonly pieces?: number;
  readonly quickack?: "default" | "on" | "off";
  readonly cork?: boolean;
  /** Between two pieces. */
  readonly gap?: number;
  readonly requests?: number;
  /** Per request, by its number from 0; milliseconds. */
  readonly firstByte?: (request: number) => number;
  /** From the start until the request was whole: a connect, gaps between pieces. */
  readonly whole?: (request: number) => number;
  /** From first to last answer byte. */
  readonly pause?: (request: number) => number;
  readonly held?: (request: number) => number;
  readonly ackDelay?: (request: number) => number;
  readonly lag?: (request: number) => number;
  readonly wait?: (request: number) => number;
  /** Waiting for a stream, and for window. */
  readonly queue?: (request: number) => number;
  readonly window?: (request: number) => number;
  readonly run?: Partial<Run>;
}

/** A calm cell (Nagle off, one write, 0.1 ms, timestamps seen) but for what the sketch says. */
export function cell(sketch: CellSketch = {}): ProbeCell {
  const { nagle = false, split = "none", quickack = "default", cork = false, requests = 200 } = sketch;
  const pieces = sketch.pieces ?? (split === "none" ? 1 : 3);
  const column = (at: ((request: number) => number) | undefined, otherwise: number) =>
    Float64Array.from({ length: requests }, (_, request) => (at?.(request) ?? otherwise) * MS);
  const firstByteNs = column(sketch.firstByte, 0.1);
  const wholeNs = column(sketch.whole, 0);
  const pauseNs = column(sketch.pause, 0);
  const latencyNs = firstByteNs.map((first, request) => first + (pauseNs[request] as number));
  const lagNs = column(sketch.lag, 0.01);
  const factors = { nagle: nagle ? "on" : "off", split, quickack, cork: cork ? "on" : "off" };
  const latency = histogramOf(latencyNs);
  const run: Run = {
    id: `nagle=${factors.nagle},split=${split},quickack=${quickack}${cork ? ",cork=on" : ""}`,
    factors,
    endpoint: "memcached://127.0.0.1:11211/key",
    requests,
    errors: {},
    answers: { value: requests },
    connections: 1,
    durationNs: 1e9,
    ratePerSecond: 1e9 / Math.max(1, latency.mean),
    targetRatePerSecond: null,
    latency,
    corrected: null,
    sendLag: null,
    phases: { connect: histogramOf([80 * US]) },
    warmup: null,
    kernel: {
      minRttNs: 30 * US,
      handshakeRttNs: 40 * US,
      retransmits: 0,
      dataSegmentsOut: null,
      dataSegmentsIn: requests,
      mss: 65483,
    },
    wire: {
      pieces,
      writes: pieces * requests,
      segments: (nagle ? Math.min(2, pieces) : pieces) * requests,
      split: "as-asked",
      says: "as asked",
    },
    used: true,
    slowest: [],
    ...sketch.run,
  };
  return {
    run,
    name: run.id,
    nagle,
    pieces,
    wholes: requests,
    quickack,
    cork,
    gapNs: (sketch.gap ?? 0) * MS,
    latencyNs,
    firstByteNs,
    thinkNs: firstByteNs.map((first, request) => first - (wholeNs[request] as number)),
    heldNs: column(sketch.held, 0),
    ackDelayNs: column(sketch.ackDelay ?? ackAwaited(sketch), UNSEEN),
    lagNs,
    waitNs: sketch.wait === undefined ? lagNs : column(sketch.wait, 0),
    queueNs: column(sketch.queue, UNSEEN),
    windowNs: column(sketch.window, UNSEEN),
  };
}

/** The ACK for which data was held came when the data left; the data was written after the gap. */
const ackAwaited = ({ held, gap = 0 }: CellSketch) =>
  held === undefined
    ? undefined
    : (request: number) => {
        const heldMs = held(request);
        return heldMs > 0 ? heldMs + gap : UNSEEN;
      };

/** Calm and worst are chosen from the cells as the contract of ProbeEvidence says. */
export function evidence(cells: readonly ProbeCell[], overrides: Partial<ProbeEvidence> = {}): ProbeEvidence {
  const usable = cells.filter(({ run, latencyNs }) => run.used && latencyNs.length > 0);
  const byP50 = [...usable].sort((left, right) => left.run.latency.p50 - right.run.latency.p50);
  const gentle = usable.find(({ nagle, pieces, cork }) => !nagle && pieces === 1 && !cork);
  return {
    cells,
    calm: gentle ?? byP50[0] ?? null,
    worst: byP50.at(-1) ?? null,
    minRttNs: 30 * US,
    handshakeRttNs: 40 * US,
    connect: histogramOf([80 * US]),
    openLoop: false,
    connections: 1,
    reuse: true,
    timestamps: true,
    slowServerNs: 10 * MS,
    ...overrides,
  };
}

const unseen = () => UNSEEN;
/** No kernel timestamps, as with the portable engine. */
export const BLIND = { held: unseen, ackDelay: unseen } as const;

/** All but the first request wait 43.8 ms for a delayed ACK. */
export const stalling: CellSketch = {
  nagle: true,
  split: "fields",
  firstByte: (request) => (request === 0 ? 0.1 : 43.9),
  held: (request) => (request === 0 ? 0 : 43.8),
};

/** The four cells of a default probe on a server with the stall. */
export function defaultCells(sketch: CellSketch = {}): ProbeCell[] {
  return [
    cell({ ...sketch }),
    cell({ nagle: true, ...sketch }),
    cell({ split: "fields", ...sketch }),
    cell({ ...stalling, ...sketch }),
  ];
}

/** A request whose second and third piece waited together for the ACK of the first. */
export const heldTimeline: Timeline = {
  request: 17,
  connection: 0,
  latencyNs: 44 * MS,
  heldNs: 43.9 * MS,
  events: [
    { atNs: 0, event: "write", piece: 1, source: "user" },
    { atNs: 10 * US, event: "write", piece: 2, source: "user" },
    { atNs: 20 * US, event: "write", piece: 3, source: "user" },
    { atNs: 30 * US, event: "sent", piece: 1, source: "kernel" },
    { atNs: 43.92 * MS, event: "acked", piece: 1, source: "kernel" },
    { atNs: 43.93 * MS, event: "sent", piece: 3, source: "kernel" },
    { atNs: 44 * MS, event: "first-byte", source: "user" },
    { atNs: 44 * MS, event: "answer", source: "user" },
  ],
};
