/** ngtcp2's client as a function: HTTP/3 requests on one connection, and what it saw. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed } from "./installed.js";

export interface GtlsclientOptions {
  /** A folder for the session and the transport parameters: a later run with the same folder resumes, with 0-RTT. */
  readonly session?: string;
  /** Resume, but send nothing early. */
  readonly noEarlyData?: boolean;
  /** Requests in all, going round the paths. */
  readonly requests?: number;
  /** A file to send with every request, by POST. */
  readonly body?: string;
  readonly ackThreshold?: number;
  /** A folder for its qlog. */
  readonly qlog?: string;
  /** The words that make a command run in a network namespace. */
  readonly enter?: readonly string[];
  /** 127.0.0.1 by default. */
  readonly address?: string;
  /** More arguments, such as `--change-local-addr=50ms`. */
  readonly args?: readonly string[];
}

export interface GtlsclientRun {
  /** Of the answers, in the order in which their heads came. */
  readonly statuses: readonly number[];
  /** By the last part of their paths, `/` as index.html; with the same path asked for twice at once, undefined. */
  readonly bodies: Readonly<Record<string, Buffer>>;
  readonly alpn: string | undefined;
  /** `none`: it sent no early data. */
  readonly earlyData: "none" | "accepted" | "rejected";
  /** The server's, as numbers where they are numbers. */
  readonly transportParameters: Readonly<Record<string, number | string>>;
  /** ACK Delay fields of the ACK frames it got in 1-RTT packets, scaled by ack_delay_exponent, in milliseconds as it prints them. */
  readonly ackDelaysMs: readonly number[];
  /** All it wrote. */
  readonly output: string;
}

/**
 * Runs gtlsclient until all answers are there. @throws Error with the end of its output when it fails or after 20 seconds
 * @param paths such as `/small`
 */
export async function gtlsclient(
  port: number,
  paths: readonly string[],
  options: GtlsclientOptions = {},
): Promise<GtlsclientRun> {
  const program = installed("gtlsclient");
  if (program === undefined) throw new Error("gtlsclient is not installed; scripts/peers.sh installs it");
  const address = options.address ?? "127.0.0.1";
  const resuming = options.session !== undefined && existsSync(join(options.session, "session"));
  const folder = mkdtempSync(join(tmpdir(), "netlat-gtlsclient-"));
  try {
    const output = await run([
      ...(options.enter ?? []),
      program,
      ...["--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump", `--download=${folder}`, ...flags(options)],
      ...["--sni=localhost", address, String(port), ...paths.map((path) => `https://localhost:${port}${path}`)],
    ]);
    const bodies = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
    return { ...read(output), bodies, earlyData: earlyData(output, resuming && !options.noEarlyData) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function flags(options: GtlsclientOptions): string[] {
  const { session, requests, body, ackThreshold, qlog } = options;
  return [
    ...(session === undefined ? [] : [`--session-file=${session}/session`, `--tp-file=${session}/parameters`]),
    ...(options.noEarlyData ? ["--disable-early-data"] : []),
    ...(requests === undefined ? [] : [`--nstreams=${requests}`]),
    ...(body === undefined ? [] : ["--http-method=POST", `--data=${body}`]),
    ...(ackThreshold === undefined ? [] : [`--ack-thresh=${ackThreshold}`]),
    ...(qlog === undefined ? [] : [`--qlog-dir=${qlog}`]),
    ...(options.args ?? []),
  ];
}

function run([file, ...args]: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file as string, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`gtlsclient ended with ${code ?? signal}: ${output.slice(-500)}`));
    });
  });
}

function read(output: string): Omit<GtlsclientRun, "earlyData" | "bodies"> {
  const all = (pattern: RegExp) => [...output.matchAll(pattern)].map((match) => match[1] as string);
  const parameters = [...output.matchAll(/remote transport_parameters (\S+?)=(\S+)/g)].map(([, name, value]) => [
    name as string,
    /^\d+$/.test(value as string) ? Number(value) : (value as string),
  ]);
  return {
    statuses: all(/http: stream 0x\w+ \[:status: (\d+)\]/g).map(Number),
    alpn: /Negotiated ALPN is (\S+)/.exec(output)?.[1],
    transportParameters: Object.fromEntries(parameters),
    ackDelaysMs: all(/frm rx \d+ 1RTT ACK\(0x0[23]\) largest_ack=\d+ ack_delay=(\d+)/g).map(Number),
    output,
  };
}

function earlyData(output: string, tried: boolean): GtlsclientRun["earlyData"] {
  if (!tried || !/frm tx \d+ 0RTT STREAM/.test(output)) return "none";
  return /[Ee]arly data was rejected/.test(output) ? "rejected" : "accepted";
}
