/** Starts the processes of a server and ends them, by their process number. */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, Place } from "./definition.js";
import { installed } from "./installed.js";
import { answers, isOpenIn, type Ready } from "./ready.js";

export interface RunningProcess {
  readonly pid: number;
  /** What it wrote to standard output and standard error so far. */
  said(): string;
  isRunning(): boolean;
  /** SIGTERM, after three seconds SIGKILL; resolves when it is gone. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 10_000;
const STOP_WITHIN_MS = 3_000;
const running = new Set<ChildProcess>();
const folders = new Set<string>();
// Last resort when the test process ends in the middle of a test; where it is killed, setpriv below does the same.
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Removes the folder with the test process if nobody does before. */
export function ownFolder(folder: string): { remove(): void } {
  folders.add(folder);
  return {
    remove() {
      rmSync(folder, { recursive: true, force: true });
      folders.delete(folder);
    },
  };
}

/** Starts a program that must not outlive the test process, however that ends. */
export function startProcess(command: readonly string[], cwd?: string): RunningProcess {
  const setpriv = installed("setpriv");
  const [file, ...args] = setpriv === undefined ? command : [setpriv, "--pdeathsig", "KILL", ...command];
  const child = spawn(file as string, args, { stdio: ["ignore", "pipe", "pipe"], ...(cwd && { cwd }) });
  running.add(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      said += text;
    });
  }
  const gone = new Promise<void>((resolve) => {
    const ended = () => {
      running.delete(child);
      resolve();
    };
    child.once("exit", ended);
    child.once("error", (error) => {
      said += error.message;
      ended();
    });
  });
  return {
    pid: child.pid ?? 0,
    said: () => said,
    isRunning: () => running.has(child),
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

/** Starts one process of a server and waits until it answers. @throws Error with what the process said if it does not */
export async function startServer(
  command: Command,
  program: string,
  place: Place,
  cwd: string,
): Promise<RunningProcess> {
  const server = startProcess([...place.enter, program, ...command.args], cwd);
  const deadline = Date.now() + READY_WITHIN_MS;
  for (const ready of command.ready) {
    while (!(await isUp(server, ready, place))) {
      if (!server.isRunning() || Date.now() > deadline) {
        await server.stop();
        const where = ready.transport === "unix" ? ready.path : `${ready.address}:${ready.port}`;
        const said = server.said().trim().slice(-500) || "it said nothing";
        throw new Error(`${command.program} did not listen on ${where} (${ready.transport}): ${said}`);
      }
      await sleep(20);
    }
  }
  if (!server.isRunning()) throw new Error(`${command.program} ended; something else listens on its port`);
  return server;
}

async function isUp(server: RunningProcess, ready: Ready, place: Place): Promise<boolean> {
  if (place.enter.length === 0) return answers(ready);
  try {
    return await isOpenIn(server.pid, ready);
  } catch {
    return false; // its /proc entry is gone: the caller sees that it ended
  }
}
