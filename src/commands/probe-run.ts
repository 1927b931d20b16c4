/** The work behind `netlat probe`: from the words of the command line to a plan, and from the plan to a report. */
import { usageError } from "../errors.js";
import { isLabEndpoint, parseLabEndpoint } from "../lab/endpoint.js";
import { launchLab } from "../lab/launch.js";
import { nowNs } from "../probes/clock.js";
import { conclude } from "../probes/conclude.js";
import { cellName, cellsOf, roundsFor } from "../probes/experiment.js";
import { cutsFor } from "../probes/levels.js";
import { describePacing, type Pacing } from "../probes/pacer.js";
import type { ProbeEngine, TlsSettings } from "../probes/probe.js";
import { type Resolved, resolveHost } from "../probes/resolve.js";
import { type PlannedCell, type ProbePlan, type ProbeProgress, placesOf, runProbe } from "../probes/runner.js";
import { type ChosenEngine, chooseEngine, notSeen } from "../probes/tcp/engines.js";
import type { RequestSpec, Target } from "../protocols/protocol.js";
import { progressLine } from "../render/progress.js";
import { reportBase } from "../report/base.js";
import type { Report } from "../report/model.js";
import type { Capability } from "../sockets/capabilities.js";
import { openFileLimit } from "../sockets/file-limit.js";
import { ms } from "../units/duration.js";
import { DEFAULT_REQUESTS, DEFAULT_SPLIT, type ProbeOptions } from "./probe-options.js";
import { askedOf } from "./probe-target.js";
import { DEFAULT_BULK } from "./stream-options.js";
import type { Ui } from "./ui.js";

/** A request of one frame has no place at which a careless client would cut it. */
const ONE_WRITE = ["none"] as const;
/** With time as the only bound, a round lasts about this long. */
const ROUND_NS = ms(1000);

export interface Prepared {
  readonly endpoint: string;
  readonly target: Target;
  readonly cells: readonly PlannedCell[];
  readonly requestBytes: number;
  readonly engine: ChosenEngine;
  /** The lab's certificate, when the lab is the target. */
  readonly labCa: string | undefined;
  /** Ends the lab, when there is one. */
  end(): Promise<void>;
}

/** Everything that can be refused before a packet is sent. */
export async function prepare(endpoint: string, options: ProbeOptions): Promise<Prepared> {
  checkTogether(options);
  const lab = isLabEndpoint(endpoint) ? parseLabEndpoint(endpoint) : undefined;
  const running = lab === undefined ? undefined : await launchLab(lab.kind, lab.options);
  try {
    const { target, bytes, fields, frames } = await askedOf(running?.url ?? endpoint, options, running?.ca);
    const split = options.split ?? (frames !== undefined && frames.length === 0 ? ONE_WRITE : DEFAULT_SPLIT);
    const { nagle, quickack, cork, connections, streams, window } = options;
    const factors = {
      nagle,
      split,
      quickack,
      cork,
      ...(connections.length === 1 ? {} : { connections }),
      ...(streams === undefined ? {} : { streams }),
      ...(window === undefined ? {} : { window }),
      ...(options.tlsResume === undefined ? {} : { resume: options.tlsResume }),
      ...(options.bulk === undefined ? {} : { bulk: options.bulkOn ?? DEFAULT_BULK }),
    };
    const cells = cellsOf(factors).map((cell) => ({ cell, cuts: cutsFor(cell.split, bytes, fields, frames) }));
    checkFileLimit(options, cells.length);
    return {
      endpoint,
      target,
      cells,
      requestBytes: bytes,
      engine: chooseEngine(options.engine, target, options.pipeline),
      labCa: running?.ca,
      end: async () => running?.close(),
    };
  } catch (error) {
    await running?.close();
    throw error;
  }
}

/** Flags that only mean something together. @throws NetlatError (exit 2) */
function checkTogether(options: ProbeOptions): void {
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw usageError("--cert and --key belong together; give both, or neither");
  }
  if (options.tlsResume !== undefined && options.reuse) {
    throw usageError("--tls-resume: a kept connection makes one handshake; add --reuse off");
  }
  if (options.pipeline > 1 && !options.reuse) {
    throw usageError("--pipeline: needs a connection that is kept; leave --reuse off out");
  }
  const needed = atOnce(options);
  if (options.requests !== undefined && options.requests < needed) {
    const flag = options.pipeline > 1 ? "--pipeline" : "--streams";
    throw usageError(
      `--requests ${options.requests}: ${flag} keeps ${needed} requests under way at once; give --requests ${needed} or more`,
    );
  }
  if (options.rate === undefined && options.arrival === "poisson") {
    throw usageError("--arrival poisson: needs an open loop; give --rate, such as --rate 2000/s");
  }
}

/** Files that are open beside the connections: libraries, event loops, pipes, the report. */
const OTHER_FILES = 64;

/** The cells take turns, and each keeps its connections meanwhile. @throws NetlatError (exit 2) */
function checkFileLimit(options: ProbeOptions, cells: number): void {
  const { reuse } = options;
  const connections = Math.max(...options.connections);
  const limit = openFileLimit();
  const needed = reuse ? connections * cells : connections;
  if (limit === null || needed + OTHER_FILES <= limit) return;
  const inCells = reuse && cells > 1 ? ` in ${cells} cells` : "";
  throw usageError(
    `--connections ${connections}: that takes ${needed} sockets${inCells}, and this process may open ${limit} files`,
    `raise the limit (ulimit -n ${needed + OTHER_FILES}), or take fewer connections or cells`,
  );
}

export async function measure(prepared: Prepared, options: ProbeOptions, ui: Ui): Promise<Report> {
  const startedAt = new Date();
  const { signal } = ui.interrupt;
  const resolved = await resolveHost(prepared.target.host, prepared.target.port, options.timeout);
  const engine = await prepared.engine.start();
  try {
    requireCapabilities(prepared, options, engine);
    const plan = planOf(prepared, options, resolved, engine);
    const run = await runProbe(plan, engine, nowNs, signal, (progress) => showProgress(progress, plan, ui));
    ui.progress.clear();
    return conclude({
      plan,
      run,
      source: sourceOf(prepared, options, plan, engine),
      dnsNs: resolved.dnsNs,
      slowServerNs: options.slowServer,
      base: reportBase(startedAt, ui.environment(), ui.version),
    });
  } finally {
    await engine.close();
  }
}

/** An option that claims something must be able to keep it. @throws NetlatError (exit 2) */
export function requireCapabilities({ target, cells }: Prepared, options: ProbeOptions, engine: ProbeEngine): void {
  const require = (needed: boolean, capability: Capability, flag: string) => {
    const state = engine.capabilities[capability];
    if (needed && state !== "yes")
      throw usageError(`${flag}: not possible with the ${engine.name} engine here: ${state.slice(4)}`);
  };
  require(cells.some(
    ({ cell }) => cell.quickack !== "default",
  ), "quickack", `--quickack ${options.quickack.join(",")}`);
  require(cells.some(({ cell }) => cell.cork === "on"), "cork", `--cork ${options.cork.join(",")}`);
  require(options.maxSegment !== undefined, "maxSegment", `--max-segment ${options.maxSegment}`);
  const tlsFlag = (["ca", "cert", "servername", "insecure", "keylogOut", "tlsResume"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (tlsFlag !== undefined && target.transport !== "tls") {
    throw usageError(
      `--${kebab(tlsFlag)}: the endpoint ${target.endpoint} does not use TLS; it is for tls:// and https://`,
    );
  }
}

export function planOf(
  prepared: Prepared,
  options: ProbeOptions,
  { address, family }: Resolved,
  engine: ProbeEngine,
): ProbePlan {
  const enough = Math.max(DEFAULT_REQUESTS, atOnce(options));
  const unbounded = options.duration === undefined ? enough : Number.POSITIVE_INFINITY;
  const requests = options.requests ?? unbounded;
  const rounds = roundsOf(prepared.cells.length, requests, options);
  const pacing: Pacing =
    options.rate === undefined
      ? { kind: "closed" }
      : { kind: "open", ratePerSecond: options.rate, arrival: options.arrival };
  return {
    target: prepared.target,
    address,
    family,
    cells: prepared.cells,
    rounds,
    roundNs: options.duration === undefined ? Number.POSITIVE_INFINITY : options.duration / rounds.length,
    gapNs: options.gap,
    connections: Math.max(...options.connections),
    pipeline: options.pipeline,
    h2: prepared.target.request.protocol === "h2" ? streamsOf(options) : undefined,
    reuse: options.reuse,
    timeoutNs: options.timeout,
    maxSegment: options.maxSegment,
    warmup: options.warmup,
    pacing,
    tls: prepared.target.transport === "tls" ? tlsSettings(prepared, options) : undefined,
    timestamps: options.timestamps && engine.capabilities.timestamping === "yes",
    seed: options.seed,
    keepSlowest: options.slowest,
  };
}

function streamsOf(options: ProbeOptions): NonNullable<ProbePlan["h2"]> {
  return {
    bulkPath: options.bulk,
    keepaliveNs: options.keepalive,
    keepaliveWithoutStreams: options.keepaliveWithoutStreams,
    keepaliveTimeoutNs: options.keepaliveTimeout,
    overLimit: options.overLimit === true,
  };
}

/** How many requests a closed loop keeps under way at once where several share a connection; a block with fewer would not. */
export function atOnce({ connections, streams, pipeline, rate }: ProbeOptions): number {
  const shared = Math.max(pipeline, ...(streams ?? []));
  return rate === undefined && shared > 1 ? Math.max(...connections) * shared : 1;
}

/** Requests per cell in each round; with time as the only bound ten rounds at most, none much shorter than a second. */
function roundsOf(cells: number, requests: number, options: ProbeOptions): number[] {
  const { duration, rate } = options;
  // One cell takes turns with nobody, and an open loop must not be cut: what queues behind a stop belongs to its latency.
  if (cells === 1 && rate !== undefined) return [requests];
  if (Number.isFinite(requests)) return roundsFor(requests, undefined, atOnce(options));
  const count = Math.max(1, Math.min(10, Math.floor((duration as number) / ROUND_NS)));
  return Array.from({ length: count }, () => Number.POSITIVE_INFINITY);
}

function tlsSettings({ labCa }: Prepared, options: ProbeOptions): TlsSettings {
  return {
    servername: options.servername,
    insecure: options.insecure === true,
    ca: options.ca ?? labCa,
    cert: options.cert,
    key: options.key,
    keyLogFile: options.keylogOut,
  };
}

export function sourceOf(prepared: Prepared, options: ProbeOptions, plan: ProbePlan, engine: ProbeEngine) {
  const connections = [...new Set(plan.cells.map((planned) => placesOf(plan, planned).connections))];
  const withoutStamps = engine.capabilities.timestamping === "yes" && !options.timestamps;
  return {
    kind: "probe" as const,
    endpoint: prepared.endpoint,
    address: `${plan.family === 6 ? `[${plan.address}]` : plan.address}:${plan.target.port}`,
    protocol: protocolName(plan.target.request),
    transport: plan.target.transport,
    engine: engine.name,
    engineReason: prepared.engine.reason,
    capabilities: { ...engine.capabilities },
    notSeen: [
      ...notSeen(engine.capabilities),
      ...(withoutStamps ? ["kernel timestamps were turned off (--timestamps off)"] : []),
    ],
    pacing: describePacing(plan.pacing, connections, plan.pipeline),
    connections: plan.connections,
    requestBytes: prepared.requestBytes,
    rounds: plan.rounds.length,
    seed: plan.seed,
  };
}

const protocolName = (request: RequestSpec): string =>
  request.protocol === "h2" && request.judgedBy === "grpc" ? "grpc" : request.protocol;

/** Names the cell by what varies: the rest of its id is the same for all of them. */
export function showProgress(progress: ProbeProgress, plan: ProbePlan, ui: Ui): void {
  const cells = plan.cells.map(({ cell }) => cell);
  const measured = cells.find(({ id }) => id === progress.cell);
  const name = measured === undefined ? progress.cell : cellName(measured, cells);
  ui.progress.show(progressLine({ ...progress, cell: name }, ui.terminal("stderr")));
}

/** `keylogOut` as the user writes it. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
