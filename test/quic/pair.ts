/** Two ends of a QUIC connection on a network of memory: no sockets, no machine between them but this process. */
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { LAB_CERTIFICATE, LAB_PRIVATE_KEY } from "../../src/lab/certificate.js";
import type { Application, ConnectionEnd } from "../../src/quic/application.js";
import { type Host, loadQuiche, type NativeConfig, type Quiche } from "../../src/quic/binding.js";
import { clientConfig, serverConfig } from "../../src/quic/config.js";
import { QuicConnection } from "../../src/quic/connection.js";
import { newConnectionId } from "../../src/quic/connection-ids.js";
import { DEFAULT_TRANSPORT, type TransportSettings } from "../../src/quic/settings.js";

const loaded = await loadQuiche();
/** Why there is no QUIC here; undefined: there is. */
export const unavailable = "unavailable" in loaded ? loaded.unavailable : undefined;
export const quiche = loaded as Quiche;

const IDENTITY = { cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY };

export const clientOf = (settings: Partial<TransportSettings> = {}, alpn = ["test"]): NativeConfig =>
  clientConfig(quiche, { ...DEFAULT_TRANSPORT, ...settings }, alpn, {
    insecure: false,
    ca: LAB_CERTIFICATE,
    identity: undefined,
  });

export const serverOf = (settings: Partial<TransportSettings> = {}, alpn = ["test"], earlyData = true): NativeConfig =>
  serverConfig(quiche, { ...DEFAULT_TRANSPORT, ...settings }, alpn, IDENTITY, { earlyData });

/** An application that keeps what it was told, and answers what the test wants it to. */
export class Recorder implements Application {
  readonly received = new Map<number, Buffer[]>();
  readonly ended: number[] = [];
  readonly resets: [streamId: number, code: number][] = [];
  readonly ends: ConnectionEnd[] = [];
  readonly paths: string[] = [];
  established = 0;
  early = 0;
  /** Does what a test asks for; called after the recorder has read all there was. */
  whenEnded: (connection: QuicConnection, streamId: number) => void = () => {};
  whenEstablished: (connection: QuicConnection) => void = () => {};
  whenFirstFlight: (connection: QuicConnection) => void = () => {};
  whenEarly: (connection: QuicConnection) => void = () => {};
  whenWritable: (connection: QuicConnection, streamId: number) => void = () => {};
  reads = true;

  onFirstFlight(connection: QuicConnection): void {
    this.whenFirstFlight(connection);
  }

  onEarly(connection: QuicConnection): void {
    this.early++;
    this.whenEarly(connection);
  }

  onEstablished(connection: QuicConnection): void {
    this.established++;
    this.whenEstablished(connection);
  }

  onReadable(connection: QuicConnection, streamId: number): void {
    if (this.reads) this.readAll(connection, streamId);
  }

  readAll(connection: QuicConnection, streamId: number): void {
    const into = Buffer.alloc(16 * 1024);
    for (;;) {
      const got = connection.read(streamId, into);
      if (got === undefined) return;
      if ("reset" in got) {
        this.resets.push([streamId, got.reset]);
        return;
      }
      const pieces = this.received.get(streamId) ?? [];
      pieces.push(Buffer.from(into.subarray(0, got.bytes)));
      this.received.set(streamId, pieces);
      if (!got.ended) continue;
      this.ended.push(streamId);
      this.whenEnded(connection, streamId);
      return;
    }
  }

  onWritable(connection: QuicConnection, streamId: number): void {
    this.whenWritable(connection, streamId);
  }

  onClosed(_connection: QuicConnection, end: ConnectionEnd): void {
    this.ends.push(end);
  }

  onPath(_connection: QuicConnection, { state }: { state: string }): void {
    this.paths.push(state);
  }

  text(streamId: number): string {
    return Buffer.concat(this.received.get(streamId) ?? []).toString();
  }
}

export interface Sent {
  readonly from: "client" | "server";
  readonly bytes: number;
  readonly atMs: number;
  readonly lost: boolean;
}

export interface PairOptions {
  readonly clientConfig?: NativeConfig;
  readonly serverConfig?: NativeConfig;
  readonly servername?: string;
  /** Of the server, and of the client. */
  readonly ackHoldNs?: number;
  readonly clientAckHoldNs?: number;
  readonly keepaliveNs?: number;
  /** One way. */
  readonly delayMs?: number;
  readonly loses?: (from: "client" | "server", number: number) => boolean;
  /** What arrives instead. */
  readonly alter?: (from: "client" | "server", datagram: Buffer) => Buffer;
  readonly ticket?: Uint8Array;
  readonly client?: Recorder;
  readonly server?: Recorder;
}

const CLIENT: Host = { host: "127.0.0.1", port: 1000 };
const SERVER: Host = { host: "127.0.0.1", port: 2000 };

/** A client, and the server that comes to be with its first datagram. It ends with the test. */
export class Pair {
  readonly clientApp: Recorder;
  readonly serverApp: Recorder;
  readonly client: QuicConnection;
  server: QuicConnection | undefined;
  readonly sent: Sent[] = [];
  gone = 0;
  readonly #options: PairOptions;
  readonly #serverConfig: NativeConfig;

  constructor(options: PairOptions = {}) {
    this.#options = options;
    this.clientApp = options.client ?? new Recorder();
    this.serverApp = options.server ?? new Recorder();
    this.#serverConfig = options.serverConfig ?? serverOf();
    const native = quiche.Connection.connect(
      options.servername ?? "localhost",
      newConnectionId(),
      CLIENT,
      SERVER,
      options.clientConfig ?? clientOf(),
    );
    if (options.ticket !== undefined) native.setSession(options.ticket);
    this.client = new QuicConnection({
      native,
      application: this.clientApp,
      transmit: (datagram) => this.#carry("client", datagram),
      ackHoldNs: (options.clientAckHoldNs ?? 0) as never,
      keepaliveNs: options.keepaliveNs as never,
      onGone: () => this.gone++,
    });
    onTestFinished(() => {
      this.client.drop();
      this.server?.drop();
    });
    this.client.start(options.ticket !== undefined);
  }

  /** Since the first datagram. */
  get sinceMs(): number {
    return performance.now() - (this.sent[0]?.atMs ?? performance.now());
  }

  #carry(from: "client" | "server", datagram: Uint8Array): void {
    const number = this.sent.filter((one) => one.from === from).length;
    const lost = this.#options.loses?.(from, number) ?? false;
    this.sent.push({ from, bytes: datagram.length, atMs: performance.now(), lost });
    if (lost) return;
    const copy = this.#options.alter?.(from, Buffer.from(datagram)) ?? Buffer.from(datagram);
    const arrive = () => (from === "client" ? this.#atServer(copy) : this.client.receive(copy, SERVER, CLIENT));
    if (this.#options.delayMs === undefined) setImmediate(arrive);
    else setTimeout(arrive, this.#options.delayMs);
  }

  #atServer(datagram: Buffer): void {
    this.server ??= new QuicConnection({
      native: quiche.Connection.accept(newConnectionId(), undefined, SERVER, CLIENT, this.#serverConfig),
      application: this.serverApp,
      transmit: (bytes) => this.#carry("server", bytes),
      ackHoldNs: (this.#options.ackHoldNs ?? 0) as never,
      keepaliveNs: undefined,
      onGone: () => this.gone++,
    });
    this.server.receive(datagram, CLIENT, SERVER);
  }
}

/** Waits until it is so. @throws Error after six seconds, with the words */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const start = performance.now(); !isSo(); await sleep(1)) {
    if (performance.now() - start > 6000) throw new Error(`never came: ${what}`);
  }
}

export async function established(pair: Pair): Promise<void> {
  await until("the handshake", () => pair.clientApp.established === 1 && pair.serverApp.established === 1);
}
