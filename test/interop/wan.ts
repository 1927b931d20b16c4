/** Two namespaces with a long, lossy path between them: wan/wan.py as a function. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Namespace, namespaces, openNamespace } from "./netns.js";
import { installed } from "./peers/installed.js";
import { type RunningProcess, startProcess } from "./peers/processes.js";

/** All hold for each direction. */
export interface WanOptions {
  /** Half of the round trip. */
  readonly delayMs?: number;
  /** At most this much more, evenly spread; packets stay in order. */
  readonly jitterMs?: number;
  /** Probability that a packet is lost. */
  readonly loss?: number;
  readonly rateMbit?: number;
  /** Longest wait before a bottleneck of `rateMbit`, 100 ms by default; beyond it packets drop. */
  readonly queueMs?: number;
  readonly mtu?: number;
  readonly seed?: number;
}

export interface Wan {
  /** 10.9.0.1; where clients run. */
  readonly a: Namespace;
  /** 10.9.0.2; where a peer runs: `peer("nginx").start({}, wan.b)`. */
  readonly b: Namespace;
  /** Ends the path at once, as a cut cable does. @returns what it carried */
  cut(): Promise<WanCounts>;
}

export interface WanCounts {
  readonly aToB: LineCounts;
  readonly bToA: LineCounts;
}

interface LineCounts {
  readonly carried: number;
  readonly lost: number;
  /** Dropped before the bottleneck. */
  readonly overflowed: number;
}

const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("wan/wan.py", import.meta.url));

/** For `onlyIf(wanPossible().possible, wanPossible().reason)`. */
export function wanPossible(): { readonly possible: boolean; readonly reason: string } {
  const base = namespaces();
  if (!base.possible) return base;
  const missing = [PYTHON, "/dev/net/tun"].find((path) => installed(path) === undefined);
  return missing === undefined ? base : { possible: false, reason: `${missing} is missing` };
}

/** Runs a test's body beside a path, and removes path and namespaces afterwards. @throws Error when the path does not come up */
export async function withWan<T>(options: WanOptions, body: (wan: Wan) => Promise<T>): Promise<T> {
  const a = await openNamespace("10.9.0.1");
  const b = await openNamespace("10.9.0.2");
  let path: RunningProcess | undefined;
  try {
    const ends = [a, b].map(({ pid }) => `/proc/${pid}/ns/net`);
    path = startProcess([PYTHON, SCRIPT, ...ends, ...flags(options)]);
    await isReady(path);
    return await body({ a, b, cut: () => cut(path as RunningProcess) });
  } finally {
    await path?.stop();
    await Promise.all([a.close(), b.close()]);
  }
}

function flags(options: WanOptions): string[] {
  const { delayMs, jitterMs, loss, rateMbit, queueMs, mtu, seed } = options;
  const named = {
    "--delay-ms": delayMs,
    "--jitter-ms": jitterMs,
    "--loss": loss,
    "--rate-mbit": rateMbit,
    "--queue-ms": queueMs,
    "--mtu": mtu,
    "--seed": seed,
  };
  return Object.entries(named).flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}

async function isReady(path: RunningProcess): Promise<void> {
  for (const deadline = Date.now() + 10_000; !path.said().includes("ready"); await sleep(10)) {
    if (path.isRunning() && Date.now() < deadline) continue;
    throw new Error(`wan.py did not come up: ${path.said().trim().slice(-500) || "it said nothing"}`);
  }
}

async function cut(path: RunningProcess): Promise<WanCounts> {
  await path.stop();
  return JSON.parse(path.said().split("\n")[1] as string);
}
