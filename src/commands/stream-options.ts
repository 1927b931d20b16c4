/** The flags of `netlat probe` about requests that are streams, and about the body and version of a request. */
import { readFileSync } from "node:fs";
import { Option } from "commander";
import { usageError } from "../errors.js";
import { parseStreams, parseWindows } from "../probes/count-levels.js";
import type { Bulk } from "../probes/experiment.js";
import { parseOnOff, type Switch } from "../probes/levels.js";
import type { HttpVersion } from "../protocols/request-options.js";
import type { Ns } from "../units/duration.js";
import { option, type Reader, readPositiveDuration, readSwitch } from "./options.js";

export interface StreamOptions {
  readonly data?: Uint8Array;
  readonly dataHex?: Uint8Array;
  readonly http2?: boolean;
  readonly "http1.1"?: boolean;
  readonly http3?: boolean;
  readonly deadline?: Ns;
  readonly tlsResume?: readonly Switch[];
  readonly streams?: readonly number[];
  readonly window?: readonly number[];
  readonly slowFirst?: string;
  readonly bulk?: string;
  readonly bulkOn?: readonly Bulk[];
  readonly keepalive?: Ns;
  readonly keepaliveTimeout?: Ns;
  readonly keepaliveWithoutStreams?: boolean;
  readonly overLimit?: boolean;
}

export const DEFAULT_BULK: readonly Bulk[] = ["none", "other", "same"];

/** What is asked, and in which version of HTTP. */
export function bodyOptions(): Option[] {
  return [
    option("--data <text>", "http and gRPC: the body, or @FILE; gRPC: the message's bytes", readData),
    option("--data-hex <digits>", "http and gRPC: the body in hexadecimal", readHex),
    new Option("--http1.1", "https: HTTP/1.1 whatever the server would choose"),
    new Option("--http2", "http: HTTP/2, on http:// with prior knowledge"),
    new Option("--http3", "https: HTTP/3 over QUIC, as h3://"),
    option("--deadline <duration>", "gRPC: the deadline of each call (grpc-timeout)", readPositiveDuration),
  ];
}

export const resumeOption = (): Option =>
  option(
    "--tls-resume <levels>",
    "over TCP: offer the last session to the next connection: on, off or both; with --reuse off",
    parseOnOff,
  );

/** Of streams, as HTTP/2 and QUIC have them. */
export function streamOptions(): Option[] {
  return [
    option("--streams <levels>", "requests at once on a connection, such as 1,10,100 (default: 1)", parseStreams),
    option(
      "--window <levels>",
      "the connection's flow control window that we announce, such as 64KiB,16MiB (default: 1MiB; QUIC 16MiB)",
      parseWindows,
    ),
    option(
      "--keepalive <duration>",
      "a PING every so often (gRPC: keepalive time; QUIC: when nothing else was sent)",
      readPositiveDuration,
    ),
    option(
      "--keepalive-timeout <duration>",
      "HTTP/2: close when a PING is not answered for so long (default: 20s)",
      readPositiveDuration,
    ),
    option(
      "--keepalive-without-streams <on|off>",
      "HTTP/2: PINGs also while no stream is open (gRPC: keepalive without calls; default: on)",
      readSwitch,
    ),
    option(
      "--slow-first <path>",
      "http: of each burst the first request asks this path; one pipelined connection, six connections and HTTP/2 side by side",
      readPath,
    ),
    option(
      "--bulk <path>",
      "HTTP/2: fetch this path again and again beside the requests: none, other connection, same",
      readPath,
    ),
    option(
      "--bulk-on <levels>",
      "where the bulk runs: none, other, same, or several (default: none,other,same)",
      readBulk,
    ),
    new Option("--over-limit", "HTTP/2: also open a stream more than the server allows, and tell what it does"),
  ];
}

/** @returns the body that the flags give; undefined: none */
export function bodyOf({ data, dataHex }: StreamOptions): Uint8Array | undefined {
  if (data !== undefined && dataHex !== undefined)
    throw usageError("--data and --data-hex: both are the body; give one of them");
  return data ?? dataHex;
}

/** Flag and what it asks for. */
const VERSIONS = [
  ["http3", "3"],
  ["http2", "2"],
  ["http1.1", "1.1"],
] as const;

export function httpVersionOf(options: StreamOptions): HttpVersion | undefined {
  const [first, second] = VERSIONS.filter(([flag]) => options[flag] === true);
  if (second === undefined) return first?.[1];
  throw usageError(`--${first?.[0]} and --${second[0]}: a request has one version; give one of them`);
}

const MAX_BODY_BYTES = 64 * 1024 ** 2;

const readData: Reader<Uint8Array> = (text, name) => {
  if (!text.startsWith("@")) return new TextEncoder().encode(text);
  const path = text.slice(1);
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= MAX_BODY_BYTES) return bytes;
  } catch (cause) {
    throw usageError(
      `${name} ${text}: cannot be read (${(cause as NodeJS.ErrnoException).code}); name a file that exists`,
    );
  }
  throw usageError(`${name} ${text}: the file is larger than 64 MiB; use a smaller one`);
};

const readHex: Reader<Uint8Array> = (text, name) => {
  const digits = text.replace(/[\s:]/g, "");
  if (/^([0-9a-fA-F]{2})*$/.test(digits)) return Buffer.from(digits, "hex");
  throw usageError(`${name} ${text.slice(0, 60)}: not pairs of hexadecimal digits, such as 0a0b`);
};

const readPath: Reader<string> = (text, name) => {
  if (/^\/[!-~]*$/.test(text)) return text;
  throw usageError(`${name} ${text}: not a path on the same server; write one such as /big`);
};

const readBulk: Reader<readonly Bulk[]> = (text, name) => {
  const levels = text.split(",").map((word) => DEFAULT_BULK.find((level) => level === word.trim()));
  if (levels.every((level) => level !== undefined)) return [...new Set(levels)];
  throw usageError(`${name} ${text}: not a place for the bulk; use none, other, same, or several such as other,same`);
};
