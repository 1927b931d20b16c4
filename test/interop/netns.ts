/**
 * Network namespaces of a test's own: a loopback that can be narrow, without touching the machine's. A namespace lives as long as
 * a process that holds it, so that nothing is left behind however the test ends.
 */
import { execFile } from "node:child_process";
import { readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "./peers/definition.js";
import { installed } from "./peers/installed.js";
import { startProcess } from "./peers/processes.js";

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A place for peers (`peer(name).start(options, namespace)`) and for commands. */
export interface Namespace extends Place {
  /** Of the process that holds it: /proc/<pid>/ns/net is the namespace, /proc/<pid>/net its tables. */
  readonly pid: number;
  /** Runs a program in it to its end; a program that fails is a result. @throws Error after `timeoutMs`, 60 s by default */
  run(command: readonly string[], timeoutMs?: number): Promise<Finished>;
}

export interface Shape {
  /** Of lo; 1500 by default, so that segments are those of an Ethernet. */
  readonly mtu?: number;
  /** A token bucket on lo, which both directions share (tc-tbf(8)). */
  readonly rate?: { readonly mbit: number; readonly burstBytes?: number; readonly queueMs?: number };
}

/** For `onlyIf(namespaces().possible, namespaces().reason)`. */
export function namespaces(): { readonly possible: boolean; readonly reason: string } {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return { possible: false, reason: "network namespaces need Linux and root" };
  }
  const missing = ["unshare", "nsenter", "ip", "tc"].find((program) => installed(program) === undefined);
  if (missing !== undefined)
    return { possible: false, reason: `${missing} is not installed; scripts/peers.sh installs it` };
  return { possible: true, reason: "" };
}

/** Runs a test's body beside a fresh namespace, whose loopback is 127.0.0.1, and removes it afterwards. */
export async function withNamespace<T>(shape: Shape, body: (namespace: Namespace) => Promise<T>): Promise<T> {
  const namespace = await openNamespace("127.0.0.1");
  try {
    await shapeLoopback(namespace, shape);
    return await body(namespace);
  } finally {
    await namespace.close();
  }
}

/** @param address that servers in it bind */
export async function openNamespace(address: string): Promise<Namespace & { close(): Promise<void> }> {
  const holder = startProcess([installed("unshare") as string, "--net", "sleep", "infinity"]);
  const path = `/proc/${holder.pid}/ns/net`;
  for (const deadline = Date.now() + 5000; !isOther(path); await sleep(5)) {
    if (holder.isRunning() && Date.now() < deadline) continue;
    await holder.stop();
    throw new Error(`no network namespace could be made: ${holder.said().trim() || "unshare said nothing"}`);
  }
  const enter = [installed("nsenter") as string, `--net=${path}`, "--"];
  const run = (command: readonly string[], timeoutMs = 60_000) => finish([...enter, ...command], timeoutMs);
  return { address, enter, pid: holder.pid, run, close: () => holder.stop() };
}

function isOther(path: string): boolean {
  try {
    return readlinkSync(path) !== readlinkSync("/proc/self/ns/net");
  } catch {
    return false;
  }
}

async function shapeLoopback(namespace: Namespace, { mtu = 1500, rate }: Shape): Promise<void> {
  const commands = [["ip", "link", "set", "lo", "mtu", String(mtu), "up"]];
  if (rate !== undefined) {
    const { mbit, burstBytes = 32_768, queueMs = 300 } = rate;
    const bucket = ["rate", `${mbit}mbit`, "burst", String(burstBytes), "latency", `${queueMs}ms`];
    commands.push(["tc", "qdisc", "add", "dev", "lo", "root", "tbf", ...bucket]);
  }
  for (const [program, ...args] of commands) {
    const { code, stderr } = await namespace.run([installed(program as string) as string, ...args]);
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr.trim()}`);
  }
}

function finish([file, ...args]: readonly string[], timeout: number): Promise<Finished> {
  return new Promise((resolve, reject) => {
    execFile(file as string, args, { timeout, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === "number") resolve({ code: error.code, stdout, stderr });
      else reject(error.killed ? new Error(`${args.join(" ")} did not end in ${timeout} ms: ${stderr}`) : error);
    });
  });
}
