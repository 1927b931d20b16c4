/** The flags of `netlat probe`, each read and checked where commander meets it. */
import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { usageError } from "../errors.js";
import { parseConnections } from "../probes/count-levels.js";
import { ENGINE_CHOICES, type EngineChoice } from "../probes/engines.js";
import { parseOnOff, parseQuickack, parseSplit, type SplitLevel, type Switch } from "../probes/levels.js";
import type { Arrival } from "../probes/pacer.js";
import type { QuickAck } from "../probes/probe.js";
import type { EndpointOptions } from "../protocols/endpoint.js";
import { type Ns, parseDuration } from "../units/duration.js";
import { parseRate } from "../units/rate.js";
import { parseSize } from "../units/size.js";
import { type ComparisonOptions, comparisonOptions } from "./comparison-options.js";
import {
  formatOption,
  hlogOption,
  option,
  outputOption,
  readChoice,
  readCount,
  readPositiveDuration,
  readSwitch,
} from "./options.js";
import {
  bodyOf,
  bodyOptions,
  httpVersionOf,
  resumeOption,
  type StreamOptions,
  streamOptions,
} from "./stream-options.js";
import { besideOptions, type TransportOptions, transportOptions } from "./transport-options.js";
import type { EmitOptions } from "./ui.js";

export interface ProbeOptions extends EmitOptions, ComparisonOptions, StreamOptions, TransportOptions {
  readonly ab?: string;
  readonly nagle?: readonly Switch[];
  readonly split?: readonly SplitLevel[];
  readonly quickack?: readonly QuickAck[];
  readonly cork?: readonly Switch[];
  readonly gap: Ns;
  readonly requests?: number;
  readonly duration?: Ns;
  readonly warmup: number;
  readonly connections?: readonly number[];
  readonly pipeline: number;
  readonly timeout: Ns;
  readonly rate?: number;
  readonly arrival: Arrival;
  readonly reuse: boolean;
  readonly engine: EngineChoice;
  readonly timestamps?: boolean;
  readonly maxSegment?: number;
  readonly seed: number;
  readonly slowServer: Ns;
  readonly slowest: number;
  readonly send?: string;
  readonly sendHex?: string;
  readonly expect?: string;
  readonly payloadSize?: number;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly inline?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly sni?: string;
  readonly insecure?: boolean;
  readonly keylogOut?: string;
}

export const DEFAULT_REQUESTS = 100;

/** The lowest MSS that Linux takes (tcp.h: TCP_MIN_MSS 88 after options) and the highest that fits a segment. */
const LEAST_MSS = 88;
const MOST_MSS = 65_495;

export function addProbeOptions(command: Command): Command {
  const groups: Readonly<Record<string, readonly Option[]>> = {
    "What varies:": factorOptions(),
    "Load:": loadOptions(),
    "Side by side:": [...abOptions(), ...besideOptions()],
    "Request:": [...requestOptions(), ...bodyOptions()],
    "Streams (HTTP/2, gRPC, QUIC):": streamOptions(),
    "QUIC and HTTP/3:": transportOptions(),
    "TLS and QUIC's handshake:": [...tlsOptions(), resumeOption()],
    "Engine and report:": engineOptions(),
  };
  for (const [heading, options] of Object.entries(groups)) {
    for (const one of options) command.addOption(one.helpGroup(heading));
  }
  return command;
}

function factorOptions(): Option[] {
  const split = new Option(
    "--split <levels>",
    "how the request is cut into writes, over QUIC into datagrams: none, fields, each, a number of pieces, offsets such as 4,10; several as none,3,4+10 (default: none,fields; QUIC none)",
  ).argParser((text: string, earlier: readonly SplitLevel[] | undefined) => parseSplit(text, earlier));
  return [
    option("--nagle <levels>", "TCP: Nagle's algorithm: on, off or both (default: on,off)", parseOnOff),
    split,
    option(
      "--quickack <levels>",
      "TCP: our own ACKs: default, on (at once), off (delayed), or several (default: default)",
      parseQuickack,
    ),
    option("--cork <levels>", "TCP_CORK around each request: on, off or both (default: off)", parseOnOff),
    option("--gap <duration>", "pause between two pieces of a request", parseDuration, "0ms"),
  ];
}

function abOptions(): Option[] {
  return [
    new Option(
      "--ab <endpoint>",
      "take turns with this endpoint (A) and hold the other (B) against it; --nagle, --split and --requests are then off, none and 400 unless given",
    ),
    ...comparisonOptions(),
  ];
}

function loadOptions(): Option[] {
  return [
    option("-n, --requests <count>", `requests per cell (default: ${DEFAULT_REQUESTS})`, readCount()),
    option(
      "-d, --duration <duration>",
      "measuring time per cell, instead of or beside --requests",
      readPositiveDuration,
    ),
    option("--warmup <count>", "requests per connection before measuring", readCount(0), "1"),
    option("-c, --connections <levels>", "connections per cell, such as 20 or 1,4 (default: 1)", parseConnections),
    option("--pipeline <count>", "requests on one connection at once, answered in order", readCount(1, 1000), "1"),
    option("--timeout <duration>", "bound on each request, connect and handshake", readPositiveDuration, "5s"),
    option("-r, --rate <rate>", "open loop: requests are due at this rate, whether or not answers come", parseRate),
    option("--arrival <kind>", "open loop: constant or poisson", readChoice(["constant", "poisson"]), "constant"),
    option("--reuse <on|off>", "off: a new connection for every request", readSwitch, "on"),
  ];
}

function requestOptions(): Option[] {
  return [
    new Option("--send <text>", "tcp, tls, quic: the request, with \\r \\n \\t \\0 \\xNN"),
    new Option("--send-hex <digits>", "tcp, tls, quic: the request in hexadecimal"),
    new Option(
      "--expect <what>",
      "tcp, tls, quic: when the answer is whole: bytes:N, line, until:TEXT, regex:RE (quic default: the stream's end)",
    ),
    option("--payload-size <size>", "make the request carry this many bytes, such as 64KiB", parseSize),
    new Option("--method <word>", "http: the method"),
    new Option("--header <line>", "http and gRPC: a header, such as 'Accept: text/html'; may be repeated").argParser(
      (line: string, earlier: readonly string[] = []) => [...earlier, line],
    ),
    new Option("--inline", "redis: inline commands instead of RESP"),
  ];
}

function tlsOptions(): Option[] {
  return [
    option("--ca <file>", "trust this CA (PEM)", readPem),
    option("--cert <file>", "client certificate (PEM)", readPem),
    option("--key <file>", "the client certificate's key (PEM)", readPem),
    new Option("--servername <name>", "the name to ask for (SNI) and to check"),
    new Option("--sni <name>", "the same"),
    new Option("--insecure", "do not check the server's certificate"),
    new Option("--keylog-out <file>", "append the connections' secrets to this file, to decrypt a capture of them"),
  ];
}

function engineOptions(): Option[] {
  return [
    option("--engine <name>", "TCP: auto, net (portable) or kernel (Linux)", readChoice(ENGINE_CHOICES), "auto"),
    option(
      "--timestamps <on|off>",
      "kernel engine: the kernel's own timestamps of each write and ACK (default: on)",
      readSwitch,
    ),
    option("--max-segment <bytes>", "kernel engine: announce this MSS (TCP_MAXSEG)", readCount(LEAST_MSS, MOST_MSS)),
    option(
      "--slow-server <duration>",
      "a server that thinks longer than this is called slow",
      readPositiveDuration,
      "5ms",
    ),
    option(
      "--slowest <count>",
      "how many of the slowest requests per cell keep their timeline",
      readCount(0, 100),
      "3",
    ),
    option("--seed <number>", "order of the blocks and arrival times", readCount(0, 2 ** 31 - 1), "1"),
    formatOption(),
    outputOption(),
    hlogOption(),
  ];
}

function readPem(path: string, name: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.includes("-----BEGIN ")) return text;
  } catch (cause) {
    throw usageError(`${name} ${path}: cannot be read (${(cause as NodeJS.ErrnoException).code}); name a PEM file`);
  }
  throw usageError(`${name} ${path}: is not a PEM file; name one with a line -----BEGIN …-----`);
}

export function endpointOptions(options: ProbeOptions): EndpointOptions {
  return {
    send: options.send,
    sendHex: options.sendHex,
    expect: options.expect,
    payloadBytes: options.payloadSize,
    method: options.method,
    headers: options.header,
    body: bodyOf(options),
    httpVersion: httpVersionOf(options),
    alpn: options.alpn,
    deadlineNs: options.deadline,
    inline: options.inline,
  };
}

/** Which name is asked for and checked; undefined: the endpoint's host. */
export const servernameOf = ({ servername, sni }: ProbeOptions): string | undefined => servername ?? sni;
