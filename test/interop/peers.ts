import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import { onlyIf } from "../skip.js";
import { PEERS, type PeerName } from "./peer-commands.js";

export interface RunningPeer {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Ends the server, waits until it is gone and removes its work folder. */
  stop(): Promise<void>;
}

export type Peer =
  | { readonly available: true; start(): Promise<RunningPeer> }
  | { readonly available: false; readonly reason: string };

const READY_WITHIN_MS = 10_000;
const STOP_WITHIN_MS = 3_000;
/** Each with its work folder. */
const running = new Map<ChildProcess, string>();
// Last resort when the test process ends in the middle of a test; where it is killed, setpriv below does the same.
process.once("exit", () => {
  for (const [child, folder] of running) {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A real server from the distribution's packages, if it is installed. */
export function peer(name: PeerName): Peer {
  const program = installed(PEERS[name].program);
  if (program === undefined) {
    return { available: false, reason: `${PEERS[name].program} is not installed; scripts/peers.sh installs it` };
  }
  return { available: true, start: () => start(name, program) };
}

/**
 * Tests against a real server: started before them, stopped after them. Where it is not installed they are skipped with the
 * reason, or with NETLAT_PEERS=required they fail.
 * @param body gets the running server; `port` can be read inside tests and hooks
 */
export function describeWithPeer(name: PeerName, body: (server: { readonly port: number }) => void): void {
  const found = peer(name);
  if (!found.available && process.env.NETLAT_PEERS === "required") {
    test(`${name} is needed (NETLAT_PEERS=required)`, () => {
      throw new Error(found.reason);
    });
    return;
  }
  describe(name, onlyIf(found.available, found.available ? "" : found.reason), () => {
    let server: RunningPeer | undefined;
    beforeAll(async () => {
      if (found.available) server = await found.start();
    });
    afterAll(() => server?.stop());
    body({
      get port() {
        if (server === undefined) throw new Error(`${name} runs only inside tests and hooks`);
        return server.port;
      },
    });
  });
}

async function start(name: PeerName, program: string): Promise<RunningPeer> {
  // The port is free when it is looked up and can be taken before the server binds it: then another one is tried.
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), `netlat-${name}-`));
    try {
      return await startOn(await freePort(), name, program, folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      if (attempt === 3) throw error;
    }
  }
}

async function startOn(port: number, name: PeerName, program: string, folder: string): Promise<RunningPeer> {
  const command = [program, ...PEERS[name].prepare(folder, port)];
  const setpriv = installed("setpriv");
  // The kernel then kills the server when the test process dies, however it dies.
  const [file, ...args] = setpriv === undefined ? command : [setpriv, "--pdeathsig", "KILL", ...command];
  const child = spawn(file as string, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  running.set(child, folder);
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
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await gone;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await accepts(port))) {
    if (!running.has(child) || Date.now() > deadline) {
      await stop();
      throw new Error(`${name} did not listen on 127.0.0.1:${port}: ${said.trim().slice(-500) || "it said nothing"}`);
    }
    await sleep(20);
  }
  if (!running.has(child)) throw new Error(`${name} ended; something else listens on 127.0.0.1:${port}`);
  return { port, stop };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** A port of 127.0.0.1 on which nothing listens at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Debian keeps servers in sbin, which is not in everybody's PATH. */
export function installed(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
