/** Real servers for tests: what each is stands in peers/<name>.ts. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { onlyIf } from "../skip.js";
import { makeCertificate } from "./peers/certificate.js";
import type { Certificate, PeerDefinition, Place, Work } from "./peers/definition.js";
import { installed } from "./peers/installed.js";
import { ownFolder, type RunningProcess, startServer } from "./peers/processes.js";
import { freePorts } from "./peers/ready.js";
import { type OptionsOf, PEERS, type PeerName, type PortsOf } from "./peers/registry.js";

export { installed } from "./peers/installed.js";
export { H2_PEERS } from "./peers/registry.js";

/** A server, as tests see it. */
export interface Server<N extends PeerName> {
  /** The first of its ports: for a web server HTTP/1.1 in clear text where it has it. */
  readonly port: number;
  readonly ports: PortsOf<N>;
  /** 127.0.0.1, or the address of its place. */
  readonly address: string;
  /** `certFile` is what a client trusts (`--cacert`). */
  readonly certificate: Certificate;
  /** Its work folder, for logs and qlogs. */
  readonly folder: string;
  /** Of its last process, which is the server itself where there is a backend too. */
  readonly pid: number;
}

export interface RunningPeer<N extends PeerName> extends Server<N> {
  /** Ends the server, waits until it is gone and removes its work folder. */
  stop(): Promise<void>;
}

export type Peer<N extends PeerName> =
  | { readonly available: true; start(options?: OptionsOf<N>, place?: Place): Promise<RunningPeer<N>> }
  | { readonly available: false; readonly reason: string };

const LOOPBACK: Place = { address: "127.0.0.1", enter: [] };

/** A real server from the distribution's packages, if it is installed. */
export function peer<N extends PeerName>(name: N): Peer<N> {
  const missing = PEERS[name].needs.find((program) => installed(program) === undefined);
  if (missing !== undefined) {
    return { available: false, reason: `${missing} is not installed; scripts/peers.sh installs it` };
  }
  return { available: true, start: (options, place = LOOPBACK) => start(name, options, place) };
}

/**
 * Tests against a real server: started before them, stopped after them. Where it is not installed they are skipped with the
 * reason, or with NETLAT_PEERS=required they fail.
 * @param body gets the running server; its properties can be read inside tests and hooks
 * @param options of this server, see peers/<name>.ts
 */
export function describeWithPeer<N extends PeerName>(
  name: N,
  body: (server: Server<N>) => void,
  options?: OptionsOf<N>,
): void {
  const found = peer(name);
  if (!found.available && process.env.NETLAT_PEERS === "required") {
    test(`${name} is needed (NETLAT_PEERS=required)`, () => {
      throw new Error(found.reason);
    });
    return;
  }
  describe(name, onlyIf(found.available, found.available ? "" : found.reason), () => {
    let server: RunningPeer<N> | undefined;
    beforeAll(async () => {
      if (found.available) server = await found.start(options);
    });
    afterAll(() => server?.stop());
    const now = () => {
      if (server === undefined) throw new Error(`${name} runs only inside tests and hooks`);
      return server;
    };
    body(whenRead(now));
  });
}

/** A server that can be passed around before it runs. */
function whenRead<N extends PeerName>(now: () => Server<N>): Server<N> {
  return {
    get port() {
      return now().port;
    },
    get ports() {
      return now().ports;
    },
    get address() {
      return now().address;
    },
    get certificate() {
      return now().certificate;
    },
    get folder() {
      return now().folder;
    },
    get pid() {
      return now().pid;
    },
  };
}

async function start<N extends PeerName>(name: N, options: OptionsOf<N> | undefined, place: Place) {
  // A port is free when it is looked up and can be taken before the server binds it: then another one is tried.
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), `netlat-${name}-`));
    const own = ownFolder(folder);
    const processes: RunningProcess[] = [];
    const stop = async () => {
      for (const one of processes.reverse()) await one.stop();
      own.remove();
    };
    try {
      const definition = PEERS[name] as PeerDefinition;
      const work = await prepareWork(definition, folder, place);
      for (const command of definition.prepare(work, options ?? {})) {
        const program = installed(command.program) ?? command.program;
        processes.push(await startServer(command, program, place, folder));
      }
      const port = work.ports[definition.ports[0]] as number;
      const { address, certificate } = work;
      const pid = processes.at(-1)?.pid ?? 0;
      return { port, ports: work.ports as PortsOf<N>, address, certificate, folder, pid, stop };
    } catch (error) {
      await stop();
      if (attempt === 3) throw error;
    }
  }
}

async function prepareWork(definition: PeerDefinition, folder: string, place: Place): Promise<Work<string>> {
  const { address } = place;
  const secure = definition.needs.includes("openssl");
  const none = { keyFile: "", certFile: "", bothFile: "" };
  const certificate = secure ? makeCertificate(folder, address) : none;
  return { folder, address, ports: place.ports ?? (await freePorts(definition.ports)), certificate };
}
