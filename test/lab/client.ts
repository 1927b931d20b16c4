import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { onTestFinished } from "vitest";
import { LAB_CERTIFICATE } from "../../src/lab/certificate.js";
import type { LabKind } from "../../src/lab/kinds.js";
import type { Lab } from "../../src/lab/lab.js";
import type { LabOptions } from "../../src/lab/options.js";
import { startLab } from "../../src/lab/server.js";

/** A lab server that ends with the test. */
export async function lab(kind: LabKind, options: Partial<LabOptions> = {}): Promise<Lab> {
  const server = await startLab(kind, options);
  onTestFinished(() => server.close());
  return server;
}

/** A client that keeps what came, chunk by chunk. It ends with the test. */
export class Client {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.#wake();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  /** Writes pieces, each in a system call and a segment of its own. */
  async write(pieces: readonly (string | Uint8Array)[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise<void>((done) =>
        this.socket.write(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece, () => done()),
      );
    }
  }

  /** What came, once it is as long as `bytes`, or the server has closed. */
  async until(bytes: number): Promise<string> {
    while (!this.ended && this.text.length < bytes) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    return this.text;
  }

  untilEnd(): Promise<string> {
    return this.until(Number.POSITIVE_INFINITY);
  }

  /** Asks and waits for `bytes` more; milliseconds. */
  async ask(request: string, bytes: number): Promise<number> {
    const had = this.text.length;
    const start = performance.now();
    await this.write([request]);
    await this.until(had + bytes);
    return performance.now() - start;
  }
}

type Place = Pick<Lab, "address" | "port">;

export async function client(server: Place): Promise<Client> {
  const socket = connect({ host: server.address, port: server.port, noDelay: true });
  await once(socket, "connect");
  return new Client(socket);
}

export async function tlsClient(server: Place): Promise<Client> {
  const socket = connectTls({ host: server.address, port: server.port, ca: LAB_CERTIFICATE });
  await once(socket, "secureConnect");
  socket.setNoDelay(true);
  return new Client(socket);
}

/** Time enough for a server to do what it should not do. */
export const aMoment = (): Promise<void> => sleep(60);

export const VALUE_100 = Buffer.alloc(100, "netlat ").toString("latin1");
/** The lab's memcached answer for a key of one letter: 19 + 100 + 2 + 5 bytes. */
export const hit = (key: string): string => `VALUE ${key} 0 100\r\n${VALUE_100}\r\nEND\r\n`;
