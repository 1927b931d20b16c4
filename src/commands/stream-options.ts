/** The flags of `netlat probe` that only HTTP/2 and gRPC have, or that shape their requests. */
import { readFileSync } from "node:fs";
import { Option } from "commander";
import { usageError } from "../errors.js";
import { parseStreams, parseWindows } from "../probes/count-levels.js";
import type { Bulk } from "../probes/experiment.js";
import { parseOnOff, type Switch } from "../probes/levels.js";
import type { Ns } from "../units/duration.js";
import { option, type Reader, readPositiveDuration, readSwitch } from "./options.js";

export interface StreamOptions {
  readonly data?: Uint8Array;
  readonly dataHex?: Uint8Array;
  readonly http2?: boolean;
  readonly "http1.1"?: boolean;
  readonly deadline?: Ns;
  readonly tlsResume?: readonly Switch[];
  readonly streams?: readonly number[];
  readonly window?: readonly number[];
  readonly slowFirst?: string;
  readonly bulk?: string;
  readonly bulkOn?: readonly Bulk[];
  readonly keepalive?: Ns;
  readonly keepaliveTimeout: Ns;
  readonly keepaliveWithoutStreams: boolean;
  readonly overLimit?: boolean;
}

export const DEFAULT_BULK: readonly Bulk[] = ["none", "other", "same"];

export function streamOptions(): Option[] {
  return [
    option("--data <text>", "http and gRPC: the body, or @FILE; gRPC: the message's bytes", readData),
    option("--data-hex <digits>", "http and gRPC: the body in hexadecimal", readHex),
    new Option("--http2", "http: HTTP/2, on http:// with prior knowledge"),
    new Option("--http1.1", "https: HTTP/1.1 whatever the server would choose"),
    option(
      "--tls-resume <levels>",
      "TLS: offer the last session to the next connection: on, off or both; with --reuse off",
      parseOnOff,
    ),
    option(
      "--streams <levels>",
      "HTTP/2: requests at once on a connection, such as 1,10,100 (default: 1)",
      parseStreams,
    ),
    option(
      "--window <levels>",
      "HTTP/2: the flow control window that we announce, such as 64KiB,16MiB (default: 1MiB)",
      parseWindows,
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
    option("--keepalive <duration>", "HTTP/2: a PING every so often (gRPC: keepalive time)", readPositiveDuration),
    option(
      "--keepalive-timeout <duration>",
      "HTTP/2: close when a PING is not answered for so long",
      readPositiveDuration,
      "20s",
    ),
    option(
      "--keepalive-without-streams <on|off>",
      "HTTP/2: PINGs also while no stream is open (gRPC: keepalive without calls)",
      readSwitch,
      "on",
    ),
    option("--deadline <duration>", "gRPC: the deadline of each call (grpc-timeout)", readPositiveDuration),
  ];
}

/** @returns the body that the flags give; undefined: none */
export function bodyOf({ data, dataHex }: StreamOptions): Uint8Array | undefined {
  if (data !== undefined && dataHex !== undefined)
    throw usageError("--data and --data-hex: both are the body; give one of them");
  return data ?? dataHex;
}

export function httpVersionOf(options: StreamOptions): "1.1" | "2" | undefined {
  if (options.http2 === true && options["http1.1"] === true) {
    throw usageError("--http2 and --http1.1: a request has one version; give one of them");
  }
  return options.http2 === true ? "2" : options["http1.1"] === true ? "1.1" : undefined;
}

/** What the flags ask of HTTP/2 alone. @returns the first that was given; undefined: none was */
export function streamFlagOf(options: StreamOptions): string | undefined {
  const flags = {
    streams: "--streams",
    window: "--window",
    bulk: "--bulk",
    bulkOn: "--bulk-on",
    overLimit: "--over-limit",
    keepalive: "--keepalive",
  } as const;
  const given = (Object.keys(flags) as (keyof typeof flags)[]).find((name) => options[name] !== undefined);
  return given === undefined ? undefined : flags[given];
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
