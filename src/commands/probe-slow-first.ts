/**
 * `netlat probe URL --slow-first PATH`: head-of-line blocking made visible. Bursts of requests of which the first is slow, over one
 * pipelined connection, over six connections as a browser has them, and over one HTTP/2 connection, in turns.
 */
import { usageError } from "../errors.js";
import { nowNs } from "../probes/clock.js";
import { conclude } from "../probes/conclude.js";
import { cellsOf } from "../probes/experiment.js";
import type { PlannedCell, ProbePlan } from "../probes/plan.js";
import type { LaneSpec } from "../probes/probe.js";
import { resolveHost } from "../probes/resolve.js";
import { runProbe } from "../probes/runner.js";
import { parseEndpoint } from "../protocols/endpoint.js";
import type { RequestSpec, Target } from "../protocols/protocol.js";
import { reportBase } from "../report/base.js";
import type { Report, Run } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { streamFlagOf } from "./flag-fit.js";
import { endpointOptions, type ProbeOptions } from "./probe-options.js";
import { type Prepared, planOf, prepare, requireCapabilities, showProgress, sourceOf } from "./probe-run.js";
import type { Ui } from "./ui.js";

/** Requests at once: more than six connections can carry, as on a page with many parts. */
const BURST = 20;
const BURSTS = 10;
/** What browsers open to one host over HTTP/1.1. */
const BROWSER_CONNECTIONS = 6;

/** @throws NetlatError (exit 2) where the endpoint is not HTTP, exit 4 where it cannot be reached */
export async function measureSlowFirst(
  endpoint: string,
  slowPath: string,
  options: ProbeOptions,
  ui: Ui,
): Promise<Report> {
  refuseOtherLoads(options);
  const burst = options.pipeline > 1 ? options.pipeline : BURST;
  const one = { ...options, pipeline: 1, nagle: ["off" as const], split: ["none" as const] };
  const prepared = await prepare(endpoint, one);
  try {
    return await measureBursts(prepared, slowPath, burst, one, ui);
  } finally {
    await prepared.end();
  }
}

/** The bursts and what carries them are the experiment. @throws NetlatError (exit 2) for a flag that would make it another one */
function refuseOtherLoads(options: ProbeOptions): void {
  const { connections, rate, duration, reuse } = options;
  const flags = {
    "--connections": connections !== undefined,
    "--rate": rate !== undefined,
    "--duration": duration !== undefined,
    "--reuse off": !reuse,
  };
  const stray = streamFlagOf(options) ?? Object.entries(flags).find(([, given]) => given)?.[0];
  if (stray === undefined) return;
  throw usageError(
    `${stray}: --slow-first has its own connections and bursts; leave it out (--pipeline sets the requests of a burst, --requests how many in all)`,
  );
}

async function measureBursts(
  prepared: Prepared,
  slowPath: string,
  burst: number,
  options: ProbeOptions,
  ui: Ui,
): Promise<Report> {
  const startedAt = new Date();
  const { target } = prepared;
  const resolved = await resolveHost(target, options.timeout);
  // The engine of HTTP/2 carries the others too, so that one loop serves all three.
  const { h2Engine } = await import("../probes/http2/h2-engine.js");
  const engine = h2Engine();
  try {
    requireCapabilities(prepared, options, engine);
    const plan = planOf(prepared, options, resolved, engine);
    const cells = carriers(prepared, slowPath, burst, options).map((carrier) => plannedCell(carrier, plan));
    const rounds = Array.from(
      { length: Math.max(1, Math.round((options.requests ?? BURST * BURSTS) / burst)) },
      () => burst,
    );
    const whole = { ...plan, cells, rounds };
    const run = await runProbe(whole, engine, nowNs, ui.interrupt.signal, (progress) =>
      showProgress(progress, whole, ui),
    );
    ui.progress.clear();
    const report = conclude({
      plan: whole,
      run,
      source: { ...sourceOf(prepared, options, whole, engine), engineReason: "one event loop for all carriers" },
      dnsNs: resolved.dnsNs,
      slowServerNs: options.slowServer,
      base: reportBase(startedAt, ui.environment(), ui.version),
    });
    const reasons = [...words(report.runs, burst, slowPath), ...report.verdict.reasons];
    return { ...report, pool: null, verdict: { ...report.verdict, reasons } };
  } finally {
    await engine.close();
  }
}

interface Carrier {
  readonly name: string;
  readonly target: Target;
  readonly carries: Pick<LaneSpec, "connections" | "pipeline" | "slowFirst">;
}

function carriers(prepared: Prepared, slowPath: string, burst: number, options: ProbeOptions): Carrier[] {
  const asked = prepared.target.request;
  if (
    (asked.protocol !== "http1" && asked.protocol !== "h2") ||
    (asked.protocol === "h2" && asked.judgedBy === "grpc")
  ) {
    throw usageError(`--slow-first ${slowPath}: is for HTTP; ask http://, https:// or h2c://`);
  }
  const given = endpointOptions(options);
  const as = (version: "1.1" | "2"): Target =>
    parseEndpoint(prepared.target.endpoint.replace(/^h2c:/i, "http:"), { ...given, httpVersion: version });
  const [one, two] = [as("1.1"), as("2")];
  const slow = ({ request }: Target): RequestSpec | undefined =>
    request.protocol === "http1" || request.protocol === "h2"
      ? { ...request, method: "GET", path: slowPath, body: new Uint8Array() }
      : undefined;
  const serial = [
    { name: "pipelined", target: one, carries: { connections: 1, pipeline: burst, slowFirst: slow(one) } },
    { name: "six", target: one, carries: { connections: BROWSER_CONNECTIONS, pipeline: 1, slowFirst: slow(one) } },
  ];
  const streams = { name: "http2", target: two, carries: { connections: 1, pipeline: burst, slowFirst: slow(two) } };
  // Over TLS the server said whether it speaks HTTP/2; in clear text only h2c:// or --http2 says so.
  return asked.protocol === "h2" ? [...serial, streams] : serial;
}

function plannedCell({ name, target, carries }: Carrier, plan: ProbePlan): PlannedCell {
  const [cell] = cellsOf({ nagle: ["off"], split: ["none"], quickack: ["default"], cork: ["off"] });
  if (cell === undefined) throw new TypeError("an experiment has at least one cell");
  const { address, family, tls } = plan;
  return {
    cell: { ...cell, id: `carrier=${name},${cell.id}`, factors: { carrier: name, ...cell.factors } },
    cuts: [],
    peer: { target, address, family, tls },
    carrier: carries,
  };
}

const NAMES: Readonly<Record<string, string>> = {
  pipelined: "one pipelined connection",
  six: "six connections",
  http2: "one HTTP/2 connection",
};

/** What the quick requests of a burst waited, carrier by carrier. */
function words(runs: readonly Run[], burst: number, slowPath: string): string[] {
  const told = runs
    .filter(({ latency }) => latency.count > 0)
    .map(({ factors, latency }) => `${formatDuration(latency.p50)} over ${NAMES[String(factors.carrier)]}`);
  if (told.length === 0) return [];
  const silent = runs.filter(({ latency }) => latency.count === 0).map(({ factors }) => NAMES[String(factors.carrier)]);
  const missing =
    silent.length === 0
      ? []
      : [
          `No answer came over ${silent.join(" and ")}, so they cannot be held against the rest; ask a port that speaks both HTTP/1.1 and HTTP/2, as https:// mostly does.`,
        ];
  const untried = runs.some(({ factors }) => factors.carrier === "http2")
    ? []
    : ["HTTP/2 was not tried: in clear text only --http2 says that the server speaks it."];
  return [
    `Behind one slow request (${slowPath}) the other ${burst - 1} of a burst took (p50): ${told.join(", ")}.`,
    ...missing,
    ...untried,
  ];
}
