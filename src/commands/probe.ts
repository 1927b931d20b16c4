import { Command } from "commander";
import { EXIT, NetlatError, usageError } from "../errors.js";
import type { Report } from "../report/model.js";
import { addProbeOptions, type ProbeOptions } from "./probe-options.js";
import type { Ui } from "./ui.js";

const DEFAULT_ENDPOINT = "lab:memcached";
/** Of each endpoint: enough to tell a tenth on a calm machine. */
const AB_REQUESTS = 400;

/** `netlat probe [endpoint]`: open real connections, vary one behaviour at a time, measure, conclude. */
export function probeCommand(ui: Ui): Command {
  const command = new Command("probe")
    .description("measure a live endpoint, vary one behaviour at a time, and name the cause")
    .argument(
      "[endpoint]",
      "memcached://host:port/key, redis://host:port/key, http(s)://…, h2c://… (HTTP/2 in clear text), h3://… (HTTP/3), grpc(s)://host:port/pkg.Service/Method, doq://host/name?type=A (DNS over QUIC), tcp://host:port, tls://host:port, quic://host:port?alpn=NAME, or lab:KIND",
      DEFAULT_ENDPOINT,
    );
  return addProbeOptions(command).action((endpoint: string, options: ProbeOptions, { args }: Command) => {
    const given = (name: string) => command.getOptionValueSource(name) === "cli";
    if (options.ab !== undefined) return probeAb(options.ab, args[0], abDefaults(options), ui);
    refuseComparisonFlags(given);
    if (options.slowFirst !== undefined) return probeSlowFirst(endpoint, options.slowFirst, options, ui);
    return probe(endpoint, options, ui);
  });
}

/** Two endpoints in turns want more requests than one. */
function abDefaults(options: ProbeOptions): ProbeOptions {
  const bounded = options.requests !== undefined || options.duration !== undefined;
  return bounded ? options : { ...options, requests: AB_REQUESTS };
}

async function probeAb(first: string, second: string | undefined, options: ProbeOptions, ui: Ui): Promise<void> {
  if (second === undefined) {
    throw usageError(
      `--ab ${first}: needs a second endpoint to hold against it, such as netlat probe --ab ${first} ${DEFAULT_ENDPOINT}`,
    );
  }
  const { measureAb } = await import("./probe-ab.js");
  const report = await measureAb([first, second], options, ui);
  await ui.emit(report, options);
  refuseIfNoSample(report);
}

async function probeSlowFirst(endpoint: string, path: string, options: ProbeOptions, ui: Ui): Promise<void> {
  const { measureSlowFirst } = await import("./probe-slow-first.js");
  const report = await measureSlowFirst(endpoint, path, options, ui);
  refuseIfUnreachable(report, endpoint);
  await ui.emit(report, options);
  refuseIfNoSample(report);
}

/** @throws NetlatError (exit 2) for a flag that means nothing without --ab */
function refuseComparisonFlags(given: (name: string) => boolean): void {
  const flags = { minEffect: "--min-effect", confidence: "--confidence", quantiles: "--quantiles" };
  const stray = Object.entries(flags).find(([name]) => given(name));
  if (stray !== undefined) {
    throw usageError(`${stray[1]}: is about two endpoints; add --ab ENDPOINT, or use netlat compare on two reports`);
  }
}

async function probe(endpoint: string, options: ProbeOptions, ui: Ui): Promise<void> {
  const { prepare, measure } = await import("./probe-run.js");
  const prepared = await prepare(endpoint, options);
  try {
    const report = await measure(prepared, options, ui);
    refuseIfUnreachable(report, endpoint);
    await ui.emit(report, options);
    refuseIfNoSample(report);
  } finally {
    await prepared.end();
  }
}

/** What to look at, by the kind of failure; those of TLS name their remedy themselves. */
const HINTS: Readonly<Record<string, string>> = {
  refused: "check that the server runs and that the address and port are right",
  reset: "something at that address ends connections at once: check the port, and proxies or firewalls on the way",
  timeout:
    "check the address and port, what listens there, and firewalls on the way, or allow more time with --timeout",
  unreachable: "check the address, and this machine's network and routes",
};

/** Nobody there at all: a sentence, no report. */
function refuseIfUnreachable(report: Report, endpoint: string): void {
  const opened = report.runs.reduce((sum, run) => sum + run.connections, 0);
  const interrupted = report.source.kind === "probe" && report.source.interrupted;
  if (opened > 0 || interrupted || report.runs.length === 0) return;
  const [[kind, why] = ["", "no connection"]] = report.runs.flatMap((run) => Object.entries(run.errorExamples ?? {}));
  const address = report.source.kind === "probe" && report.source.address !== null ? ` (${report.source.address})` : "";
  throw new NetlatError(EXIT.unreachable, `${endpoint}${address}: cannot connect: ${why}`, {
    ...(HINTS[kind] === undefined ? {} : { hint: HINTS[kind] }),
  });
}

/** The report has been written: it counts the failures by kind. */
function refuseIfNoSample(report: Report): void {
  if (report.source.kind !== "probe" || report.source.interrupted) return;
  if (report.runs.some((run) => run.latency.count > 0)) return;
  const kinds = [...new Set(report.runs.flatMap((run) => Object.keys(run.errors)))];
  const [example] = report.runs.flatMap((run) => Object.entries(run.errorExamples ?? {}));
  const says = example === undefined ? "" : ` (${example[0]}: ${example[1]})`;
  throw new NetlatError(
    EXIT.unreachable,
    `${report.source.endpoint}: no usable answer, only ${kinds.join(", ")}${says}`,
  );
}
