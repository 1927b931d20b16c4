/** The work behind `netlat probe`: from the words of the command line to a plan, and from the plan to a report. */
import { usageError } from "../errors.js";
import { isLabEndpoint, parseLabEndpoint } from "../lab/endpoint.js";
import { launchLab } from "../lab/launch.js";
import { nowNs } from "../probes/clock.js";
import { conclude } from "../probes/conclude.js";
import { type ChosenEngine, chooseEngine, notSeen } from "../probes/engines.js";
import { cellName, roundsFor } from "../probes/experiment.js";
import { describePacing, type Pacing } from "../probes/pacer.js";
import { type PlannedCell, type ProbePlan, placesOf } from "../probes/plan.js";
import type { ProbeEngine, TlsSettings } from "../probes/probe.js";
import { type Resolved, resolveHost } from "../probes/resolve.js";
import { type ProbeProgress, runProbe } from "../probes/runner.js";
import type { RequestSpec, Target } from "../protocols/protocol.js";
import { progressLine } from "../render/progress.js";
import { reportBase } from "../report/base.js";
import type { Report } from "../report/model.js";
import type { Capability } from "../sockets/capabilities.js";
import { ms } from "../units/duration.js";
import { written } from "./flag-fit.js";
import { cellsFor, type PreparedCell, USUAL, type UsualLevels } from "./probe-cells.js";
import { DEFAULT_REQUESTS, type ProbeOptions, servernameOf } from "./probe-options.js";
import { askedOf } from "./probe-target.js";
import { atOnce, checkFileLimit, checkTogether, connectionLevels } from "./probe-together.js";
import { quicPlanOf } from "./transport-options.js";
import type { Ui } from "./ui.js";

/** With time as the only bound, a round lasts about this long. */
const ROUND_NS = ms(1000);

export interface Prepared {
  readonly endpoint: string;
  readonly target: Target;
  readonly cells: readonly PreparedCell[];
  readonly requestBytes: number;
  readonly engine: ChosenEngine;
  /** The lab's certificate, when the lab is the target. */
  readonly labCa: string | undefined;
  /** Ends the lab, when there is one. */
  end(): Promise<void>;
}

/** Everything that can be refused before a packet is sent. @param usual levels of what the flags leave open */
export async function prepare(endpoint: string, options: ProbeOptions, usual: UsualLevels = USUAL): Promise<Prepared> {
  checkTogether(options);
  const lab = isLabEndpoint(endpoint) ? parseLabEndpoint(endpoint) : undefined;
  const running = lab === undefined ? undefined : await launchLab(lab.kind, lab.options);
  try {
    const asked = await askedOf(running?.url ?? endpoint, options, running?.ca);
    const cells = cellsFor(asked, options, usual);
    checkFileLimit(options, cells.length, asked.target.transport === "quic");
    const engine = chooseEngine(options.engine, asked.target, options.pipeline);
    if (engine.carries === "quic") await requireQuiche(endpoint);
    return {
      endpoint,
      target: asked.target,
      cells,
      requestBytes: asked.bytes,
      engine,
      labCa: running?.ca,
      end: async () => running?.close(),
    };
  } catch (error) {
    await running?.close();
    throw error;
  }
}

/** @throws NetlatError (exit 2) where quiche is not there */
async function requireQuiche(endpoint: string): Promise<void> {
  const { loadQuiche } = await import("../quic/binding.js");
  const quiche = await loadQuiche();
  if ("unavailable" in quiche) throw usageError(`${endpoint}: QUIC is not possible here: ${quiche.unavailable}`);
}

export async function measure(prepared: Prepared, options: ProbeOptions, ui: Ui): Promise<Report> {
  const startedAt = new Date();
  const { signal } = ui.interrupt;
  const resolved = await resolveHost(prepared.target, options.timeout);
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
    ({ cell: { quickack = "default" } }) => quickack !== "default",
  ), "quickack", `--quickack ${options.quickack?.join(",")}`);
  require(cells.some(({ cell }) => cell.cork === "on"), "cork", `--cork ${options.cork?.join(",")}`);
  require(options.maxSegment !== undefined, "maxSegment", `--max-segment ${options.maxSegment}`);
  const tlsFlag = (["ca", "cert", "servername", "sni", "insecure", "keylogOut", "tlsResume"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (tlsFlag !== undefined && target.transport === "tcp") {
    throw usageError(
      `${written(tlsFlag)}: the endpoint ${target.endpoint} does not use TLS; it is for tls://, https:// and QUIC`,
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
  const { target } = prepared;
  const tls = target.transport === "tcp" ? undefined : tlsSettings(prepared, options);
  const cells = prepared.cells.map(({ target: own, ...planned }): PlannedCell => {
    return own === target ? planned : { ...planned, peer: { target: own, address, family, tls } };
  });
  return {
    target,
    address,
    family,
    cells,
    rounds,
    roundNs: options.duration === undefined ? Number.POSITIVE_INFINITY : options.duration / rounds.length,
    gapNs: options.gap,
    connections: Math.max(...connectionLevels(options)),
    pipeline: options.pipeline,
    h2: target.request.protocol === "h2" ? streamsOf(options) : undefined,
    quic: target.transport === "quic" ? quicPlanOf(options) : undefined,
    reuse: options.reuse,
    timeoutNs: options.timeout,
    maxSegment: options.maxSegment,
    warmup: options.warmup,
    pacing,
    tls,
    timestamps: options.timestamps !== false && engine.capabilities.timestamping === "yes",
    seed: options.seed,
    keepSlowest: options.slowest,
  };
}

/** As gRPC has it. */
const KEEPALIVE_TIMEOUT_NS = ms(20_000);

function streamsOf(options: ProbeOptions): NonNullable<ProbePlan["h2"]> {
  return {
    bulkPath: options.bulk,
    keepaliveNs: options.keepalive,
    keepaliveWithoutStreams: options.keepaliveWithoutStreams ?? true,
    keepaliveTimeoutNs: options.keepaliveTimeout ?? KEEPALIVE_TIMEOUT_NS,
    overLimit: options.overLimit === true,
  };
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
    servername: servernameOf(options),
    insecure: options.insecure === true,
    ca: options.ca ?? labCa,
    cert: options.cert,
    key: options.key,
    keyLogFile: options.keylogOut,
  };
}

export function sourceOf(prepared: Prepared, options: ProbeOptions, plan: ProbePlan, engine: ProbeEngine) {
  const connections = [...new Set(plan.cells.map((planned) => placesOf(plan, planned).connections))];
  const streams = [...new Set(plan.cells.map(({ cell }) => cell.streams ?? 1))].sort((a, b) => a - b);
  const withoutStamps = engine.capabilities.timestamping === "yes" && options.timestamps === false;
  return {
    kind: "probe" as const,
    endpoint: prepared.endpoint,
    address: `${plan.family === 6 ? `[${plan.address}]` : plan.address}:${plan.target.port}`,
    protocol: protocolName(plan.target.request),
    transport: plan.target.transport,
    engine: engine.name,
    engineReason: prepared.engine.reason,
    capabilities: { ...engine.capabilities },
    notSeen: [...notSeen(engine), ...(withoutStamps ? ["kernel timestamps were turned off (--timestamps off)"] : [])],
    pacing: describePacing(plan.pacing, connections, plan.pipeline, streams),
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
