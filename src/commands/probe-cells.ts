/** The cells of `netlat probe`: what the flags vary, of an endpoint over TCP, over QUIC, or over both side by side. */
import { usageError } from "../errors.js";
import { cellsOf, type Factors } from "../probes/experiment.js";
import { cutsFor, type SplitLevel, type Switch } from "../probes/levels.js";
import type { PlannedCell } from "../probes/plan.js";
import { parseEndpoint } from "../protocols/endpoint.js";
import type { H3Request, Target } from "../protocols/protocol.js";
import { carrierOf } from "./flag-fit.js";
import { endpointOptions, type ProbeOptions } from "./probe-options.js";
import type { Asked } from "./probe-target.js";
import { DEFAULT_BULK } from "./stream-options.js";
import { type BesideLevel, migrations } from "./transport-options.js";

export interface PreparedCell extends Pick<PlannedCell, "cell" | "cuts" | "carrier"> {
  readonly target: Target;
}

/** What varies over TCP when nothing is said. */
export interface UsualLevels {
  readonly nagle: readonly Switch[];
  readonly split: readonly SplitLevel[];
}

export const USUAL: UsualLevels = { nagle: ["on", "off"], split: ["none", "fields"] };
/** One plain cell: the question is another one. */
export const PLAIN: UsualLevels = { nagle: ["off"], split: ["none"] };

/** What browsers open to one host over HTTP/1.1. */
const BROWSER_CONNECTIONS = 6;

/** @throws NetlatError (exit 2) where a split, or 0-RTT, does not fit the request */
export function cellsFor(asked: Asked, options: ProbeOptions, usual: UsualLevels): PreparedCell[] {
  const { target, bytes, fields, frames } = asked;
  const factors = carrierOf(target) === "quic" ? quicFactors(target, options) : tcpFactors(asked, options, usual);
  const own = cellsOf(factors).map((cell) => ({ cell, target, cuts: cutsFor(cell.split, bytes, fields, frames) }));
  return [...own, ...(options.compareWith ?? []).flatMap((version) => besideCells(version, target, options))];
}

/** Levels of one connection by default are no factor. */
function places({ connections, streams, window }: ProbeOptions): Pick<Factors, "connections" | "streams" | "window"> {
  return {
    ...(connections === undefined || connections.length === 1 ? {} : { connections }),
    ...(streams === undefined ? {} : { streams }),
    ...(window === undefined ? {} : { window }),
  };
}

function tcpFactors({ frames }: Asked, options: ProbeOptions, usual: UsualLevels): Factors {
  const {
    nagle = usual.nagle,
    quickack = ["default"],
    cork = ["off"],
    tlsResume,
    bulk,
    bulkOn = DEFAULT_BULK,
  } = options;
  // A request of one frame has no place at which a careless client would cut it.
  const split = options.split ?? (frames?.length === 0 ? ["none"] : usual.split);
  return {
    nagle,
    split,
    quickack,
    cork,
    ...places(options),
    ...(tlsResume === undefined ? {} : { resume: tlsResume }),
    ...(bulk === undefined ? {} : { bulk: bulkOn }),
  };
}

function quicFactors({ request }: Target, options: ProbeOptions): Factors {
  const { split = ["none"], earlyData, ackDelay, compareWith } = options;
  const migrate = migrations(options);
  if (earlyData?.includes("on") === true && request.protocol === "h3") refuseUnsafe(request);
  return {
    split,
    ...places(options),
    ...(compareWith === undefined ? {} : { http: ["h3"] }),
    ...(earlyData === undefined ? {} : { early: earlyData }),
    ...(ackDelay === undefined ? {} : { ackDelay }),
    ...(migrate === undefined ? {} : { migrate }),
  };
}

/** RFC 9110 section 9.2.1. */
const SAFE = ["GET", "HEAD", "OPTIONS", "TRACE"];

function refuseUnsafe({ method }: H3Request): void {
  if (SAFE.includes(method)) return;
  throw usageError(
    `--early-data on: whoever records 0-RTT can send it again, so only ${SAFE.join(", ")} may travel in it (RFC 8470), not ${method}; leave it out, or ask with another --method`,
  );
}

/** The same request over TCP and TLS: one connection of HTTP/2, or as many of HTTP/1.1 as a browser has. */
function besideCells(version: BesideLevel, target: Target, options: ProbeOptions): PreparedCell[] {
  const beside = overTcp(version, target, options);
  const { connections, streams } = places(options);
  const factors: Factors = {
    http: [version],
    split: ["none"],
    ...(connections === undefined ? {} : { connections }),
    ...(version === "h1" || streams === undefined ? {} : { streams }),
  };
  const six = version === "h1" && options.connections === undefined;
  const carrier = six ? { carrier: { connections: BROWSER_CONNECTIONS, pipeline: 1 } } : {};
  return cellsOf(factors).map((cell) => ({ cell, target: beside, cuts: [], ...carrier }));
}

function overTcp(version: BesideLevel, { host, port, request }: Target, options: ProbeOptions): Target {
  const place = `${host.includes(":") ? `[${host}]` : host}:${options.comparePort ?? port}`;
  return parseEndpoint(`https://${place}${(request as H3Request).path}`, {
    ...endpointOptions(options),
    alpn: undefined,
    httpVersion: version === "h2" ? "2" : "1.1",
  });
}
