/** A client of the lab's QUIC servers: streams as they are, and HTTP/3 on top. */
import { onTestFinished } from "vitest";
import { LAB_CERTIFICATE } from "../../../src/lab/certificate.js";
import type { Lab } from "../../../src/lab/lab.js";
import { controlStreamStart, writeData, writeHeaders } from "../../../src/protocols/h3/frame-writer.js";
import { MessageReader } from "../../../src/protocols/h3/message-reader.js";
import { UnidirectionalStreams } from "../../../src/protocols/h3/unidirectional.js";
import type { HeaderField } from "../../../src/protocols/hpack/field.js";
import { encodeFields } from "../../../src/protocols/qpack/encoder.js";
import type { Application, ConnectionEnd } from "../../../src/quic/application.js";
import { loadQuiche, type Quiche } from "../../../src/quic/binding.js";
import { QuicClient } from "../../../src/quic/client.js";
import { clientConfig } from "../../../src/quic/config.js";
import type { QuicConnection } from "../../../src/quic/connection.js";
import { DEFAULT_TRANSPORT, type TransportSettings } from "../../../src/quic/settings.js";
import { ms } from "../../../src/units/duration.js";

const loaded = await loadQuiche();
/** Why there is no QUIC here; undefined: there is. */
export const unavailable = "unavailable" in loaded ? loaded.unavailable : undefined;

export interface VisitOptions {
  readonly alpn?: readonly string[];
  readonly settings?: Partial<TransportSettings>;
  readonly ticket?: Uint8Array;
  /** Written when a stream of 0-RTT can be opened. */
  readonly early?: (visitor: Visitor) => void;
  readonly onDatagram?: (from: "client" | "server", bytes: number) => void;
}

/** What came on a stream. */
export interface Came {
  bytes: Buffer;
  pieces: number;
  ended: boolean;
  reset: number | undefined;
}

/** It ends with the test. */
export class Visitor implements Application {
  readonly came = new Map<number, Came>();
  readonly #options: VisitOptions;
  readonly #into = Buffer.alloc(64 * 1024);
  client: QuicClient | undefined;
  end: ConnectionEnd | undefined;
  isEstablished = false;
  hadEarly = false;
  /** Reads nothing while false. */
  reads = true;
  readonly #waiting = new Set<() => void>();

  constructor(options: VisitOptions) {
    this.#options = options;
  }

  get connection(): QuicConnection {
    return (this.client as QuicClient).connection;
  }

  onEarly(): void {
    this.hadEarly = true;
    setImmediate(() => this.#options.early?.(this));
  }

  onEstablished(): void {
    this.isEstablished = true;
    this.#wake();
  }

  onReadable(connection: QuicConnection, streamId: number): void {
    if (this.reads) this.#read(connection, streamId);
    this.#wake();
  }

  onClosed(_connection: QuicConnection, end: ConnectionEnd): void {
    this.end = end;
    this.#wake();
  }

  stream(streamId: number): Came {
    const came = this.came.get(streamId) ?? { bytes: Buffer.alloc(0), pieces: 0, ended: false, reset: undefined };
    this.came.set(streamId, came);
    return came;
  }

  #read(connection: QuicConnection, streamId: number): void {
    const came = this.stream(streamId);
    for (;;) {
      const got = connection.read(streamId, this.#into);
      if (got === undefined) return;
      if ("reset" in got) {
        came.reset = got.reset;
        return;
      }
      came.bytes = Buffer.concat([came.bytes, this.#into.subarray(0, got.bytes)]);
      came.pieces++;
      came.ended = got.ended;
      if (got.ended) return;
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** @throws Error after six seconds */
  async until(isSo: () => boolean): Promise<void> {
    const start = performance.now();
    const limit = setTimeout(() => this.#wake(), 6000);
    while (!isSo()) {
      if (performance.now() - start > 5990) throw new Error(`it never came: ${isSo}`);
      await new Promise<void>((wake) => this.#waiting.add(wake));
    }
    clearTimeout(limit);
  }

  /** Sends a whole request on a stream and waits for the end of what comes, or of the connection. */
  async ask(streamId: number, bytes: Uint8Array): Promise<Came> {
    this.connection.write(streamId, bytes, true);
    return this.answer(streamId);
  }

  async answer(streamId: number): Promise<Came> {
    const came = this.stream(streamId);
    await this.until(() => came.ended || came.reset !== undefined || this.end !== undefined);
    return came;
  }
}

export async function visit(lab: Lab, options: VisitOptions): Promise<Visitor> {
  const quiche = loaded as Quiche;
  const visitor = new Visitor(options);
  const security = { insecure: false, ca: LAB_CERTIFICATE, identity: undefined };
  visitor.client = await QuicClient.start({
    quiche,
    config: clientConfig(quiche, { ...DEFAULT_TRANSPORT, ...options.settings }, options.alpn ?? ["h3"], security),
    peer: { address: lab.address, port: lab.port, family: lab.address.includes(":") ? 6 : 4 },
    servername: "localhost",
    application: visitor,
    ackHoldNs: ms(0),
    keepaliveNs: undefined,
    ticket: options.ticket,
    keyLogPath: undefined,
    migrates: false,
    onDatagram: (from, { length }) => options.onDatagram?.(from, length),
  });
  onTestFinished(() => {
    visitor.connection.close(true, 0x100);
    visitor.connection.drop();
  });
  await visitor.until(() => visitor.isEstablished || visitor.end !== undefined);
  return visitor;
}

export interface Page {
  readonly status: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function request(path: string, method = "GET", body?: Uint8Array, more: readonly HeaderField[] = []): Buffer {
  const fields: HeaderField[] = [
    { name: ":method", value: method },
    { name: ":scheme", value: "https" },
    { name: ":authority", value: "localhost" },
    { name: ":path", value: path },
    ...more,
  ];
  return Buffer.concat([writeHeaders(encodeFields(fields)), ...(body === undefined ? [] : [writeData(body)])]);
}

export const CONTROL = controlStreamStart({ qpackMaxTableCapacityBytes: 0 });

/** Reads a whole answer. @throws Error for one that is none */
export function page({ bytes, ended, reset }: Came, method = "GET"): Page {
  if (!ended) throw new Error(`no whole answer: ${bytes.length} bytes, reset ${reset}`);
  let fields: readonly HeaderField[] = [];
  const body: Buffer[] = [];
  const reader = new MessageReader("response", {
    onHeaders: (kind, more) => {
      if (kind === "response") fields = more;
    },
    onContent: (content) => body.push(Buffer.from(content)),
  });
  reader.answersHead = method === "HEAD";
  const fault = reader.push(bytes) ?? reader.end();
  if (fault !== undefined) throw new Error(fault.reason);
  const named = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
  return { status: named[":status"], fields: named, body: Buffer.concat(body) };
}

/** What the server said on its control stream: `SETTINGS`, `GOAWAY 4`. */
export function controlWords({ bytes }: Came): string[] {
  const words: string[] = [];
  const streams = new UnidirectionalStreams("server", {
    onSettings: () => words.push("SETTINGS"),
    onGoaway: (id) => words.push(`GOAWAY ${id}`),
    onInstruction: () => {},
  });
  const fault = streams.push(3, bytes);
  return fault === undefined ? words : [...words, fault.reason];
}
