/** nghttp2's load generator as a function. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { installed } from "./installed.js";

export interface H2loadOptions {
  readonly requests: number;
  /** Connections; 1 by default. */
  readonly clients?: number;
  /** Streams at once on each connection; 1 by default. */
  readonly streams?: number;
  /** A file to send with every request, by POST. */
  readonly body?: string;
  /** HTTP/1.1 instead of h2. */
  readonly http1?: boolean;
  readonly windowBits?: number;
  readonly connectionWindowBits?: number;
  readonly enter?: readonly string[];
}

/** Times in nanoseconds. */
export interface H2loadNumbers {
  readonly requestsPerSecond: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Answers by class: 2xx, 3xx, 4xx, 5xx. */
  readonly statuses: readonly [number, number, number, number];
  readonly protocol: string;
  readonly requestNs: Spread;
  readonly connectNs: Spread;
  readonly firstByteNs: Spread;
  /** Bytes of headers that HPACK saved, as a fraction. */
  readonly headerSavings: number;
}

interface Spread {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly sd: number;
}

/**
 * Runs h2load against a URL; it verifies no certificate. @throws Error when it fails, or its output is not understood
 * @param url `https://…`, or `http://…` for h2 with prior knowledge
 */
export async function h2load(url: string, options: H2loadOptions): Promise<H2loadNumbers> {
  const program = installed("h2load");
  if (program === undefined) throw new Error("h2load is not installed; scripts/peers.sh installs it");
  const { requests, clients = 1, streams = 1, body, windowBits, connectionWindowBits } = options;
  const [file, ...args] = [
    ...(options.enter ?? []),
    program,
    ...["-n", String(requests), "-c", String(clients), "-m", String(streams)],
    ...(body === undefined ? [] : ["-d", body]),
    ...(options.http1 ? ["--h1"] : []),
    ...(windowBits === undefined ? [] : ["-w", String(windowBits)]),
    ...(connectionWindowBits === undefined ? [] : ["-W", String(connectionWindowBits)]),
    url,
  ];
  const { stdout } = await promisify(execFile)(file as string, args, { timeout: 60_000 });
  return readNumbers(stdout);
}

/** Reads what h2load 1.52 prints. @throws Error naming the line that is missing */
export function readNumbers(text: string): H2loadNumbers {
  const find = (pattern: RegExp): string[] => {
    const match = pattern.exec(text);
    if (match === null) throw new Error(`h2load: no line like ${pattern} in its output: ${text.slice(-300)}`);
    return match.slice(1);
  };
  const spread = (name: string): Spread => {
    const [min, max, mean, sd] = find(new RegExp(`^${name}:\\s+(\\S+)\\s+(\\S+)\\s+(\\S+)\\s+(\\S+)`, "m")).map(toNs);
    return { min: min as number, max: max as number, mean: mean as number, sd: sd as number };
  };
  const [succeeded, failed] = find(/^requests: .* (\d+) succeeded, (\d+) failed/m).map(Number);
  const statuses = find(/^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/m).map(Number);
  return {
    requestsPerSecond: Number(find(/^finished in .*, (\S+) req\/s/m)[0]),
    succeeded: succeeded as number,
    failed: failed as number,
    statuses: statuses as unknown as H2loadNumbers["statuses"],
    protocol: find(/^Application protocol: (\S+)/m)[0] as string,
    requestNs: spread("time for request"),
    connectNs: spread("time for connect"),
    firstByteNs: spread("time to 1st byte"),
    headerSavings: Number(/headers \(space savings (\S+)%\)/.exec(text)?.[1] ?? 0) / 100,
  };
}

/** `123us`, `1.23ms`, `1.23s`, `2m`. */
function toNs(text: string): number {
  const [, number, unit] = /^([\d.]+)(us|ms|s|m|h)$/.exec(text) ?? [];
  const scale = { us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }[unit ?? ""];
  if (scale === undefined) throw new Error(`h2load: ${text} is not a time`);
  return Math.round(Number(number) * scale);
}
