/**
 * A relay for UDP on loopback that delays and loses datagrams: a long path for QUIC without root. One round trip over it takes
 * 2 * delayMs and, since timers of Node tick in milliseconds, 0 to 3 ms more.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { random } from "../../src/stats/random.js";

/** All hold for each direction. */
export interface LineOptions {
  /** Half of the round trip. */
  readonly delayMs?: number;
  /** At most this much more, evenly spread; datagrams stay in order. */
  readonly jitterMs?: number;
  /** Probability that a datagram is lost. */
  readonly loss?: number;
  /** Which are lost depends on it and on their order alone. */
  readonly seed?: number;
}

/** One direction as a pure function of the order of datagrams: when each is due, or that it is lost. */
export class Line {
  readonly #options: Required<LineOptions>;
  readonly #random: () => number;
  #lastDueMs = 0;

  constructor({ delayMs = 0, jitterMs = 0, loss = 0, seed = 1 }: LineOptions) {
    this.#options = { delayMs, jitterMs, loss, seed };
    this.#random = random(seed);
  }

  /** @returns when a datagram that comes now is to leave, never before an earlier one; undefined if it is lost */
  dueMs(nowMs: number): number | undefined {
    const { delayMs, jitterMs, loss } = this.#options;
    // Two draws for every datagram, so that the losses do not depend on the jitter.
    const isLost = this.#random() < loss;
    const jitter = this.#random() * jitterMs;
    if (isLost) return undefined;
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + delayMs + jitter);
    return this.#lastDueMs;
  }
}

export interface RelayCounts {
  readonly passed: number;
  readonly lost: number;
}

/** Datagrams under way in one direction. */
class Pipe {
  readonly #line: Line;
  readonly #waiting: { dueMs: number; leave: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  counts: RelayCounts = { passed: 0, lost: 0 };

  constructor(line: Line) {
    this.#line = line;
  }

  take(leave: () => void): void {
    const dueMs = this.#line.dueMs(performance.now());
    if (dueMs === undefined) {
      this.lose();
      return;
    }
    this.#waiting.push({ dueMs, leave });
    this.#timer ??= this.#wake();
  }

  lose(): void {
    this.counts = { ...this.counts, lost: this.counts.lost + 1 };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #wake(): NodeJS.Timeout | undefined {
    const next = this.#waiting[0];
    if (next === undefined) return undefined;
    return setTimeout(() => this.#release(), Math.max(0, Math.ceil(next.dueMs - performance.now())));
  }

  #release(): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].dueMs <= performance.now()) {
      this.#waiting.shift()?.leave();
      this.counts = { ...this.counts, passed: this.counts.passed + 1 };
    }
    this.#timer = this.#wake();
  }
}

/** Sees each datagram as it comes to the relay, ahead of delay and loss. */
export type Tap = (from: "client" | "server", datagram: Buffer) => void;

/** Relays between clients of its own port and one server, with a socket of its own towards the server for each client. */
export class UdpRelay {
  readonly #front: Socket;
  readonly #back = new Map<string, Socket>();
  readonly #serverPort: number;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  readonly #tap: Tap | undefined;
  #silent = false;

  private constructor(front: Socket, serverPort: number, options: LineOptions, tap: Tap | undefined) {
    this.#front = front;
    this.#serverPort = serverPort;
    this.#tap = tap;
    const seed = options.seed ?? 1;
    this.#toServer = new Pipe(new Line({ ...options, seed }));
    this.#toClient = new Pipe(new Line({ ...options, seed: seed + 1 }));
    front.on("message", (datagram, client) => this.#fromClient(datagram, client));
  }

  /** Opens a relay on a free port of 127.0.0.1. @param serverPort of a server on 127.0.0.1 */
  static async open(serverPort: number, options: LineOptions = {}, tap?: Tap): Promise<UdpRelay> {
    const front = createSocket("udp4").bind(0, "127.0.0.1");
    await once(front, "listening");
    return new UdpRelay(front, serverPort, options, tap);
  }

  /** Where clients send to, on 127.0.0.1. */
  get port(): number {
    return this.#front.address().port;
  }

  get counts(): { readonly toServer: RelayCounts; readonly toClient: RelayCounts } {
    return { toServer: this.#toServer.counts, toClient: this.#toClient.counts };
  }

  /** From now on nothing passes: a path that blocks UDP, or a server that went away without a word. */
  goSilent(): void {
    this.#silent = true;
  }

  /** Closes all sockets; what is under way is dropped. */
  async close(): Promise<void> {
    this.#toServer.close();
    this.#toClient.close();
    const sockets = [this.#front, ...this.#back.values()];
    await Promise.all(sockets.map((socket) => new Promise<void>((closed) => socket.close(closed))));
  }

  #fromClient(datagram: Buffer, client: RemoteInfo): void {
    this.#tap?.("client", datagram);
    const back = this.#backFor(client);
    this.#pass(this.#toServer, () => back.send(datagram, this.#serverPort, "127.0.0.1"));
  }

  #backFor(client: RemoteInfo): Socket {
    const key = `${client.address}:${client.port}`;
    const known = this.#back.get(key);
    if (known !== undefined) return known;
    const socket = createSocket("udp4");
    socket.on("message", (datagram) => {
      this.#tap?.("server", datagram);
      this.#pass(this.#toClient, () => this.#front.send(datagram, client.port, client.address));
    });
    this.#back.set(key, socket);
    return socket;
  }

  #pass(pipe: Pipe, leave: () => void): void {
    if (this.#silent) pipe.lose();
    else pipe.take(() => (this.#silent ? undefined : leave()));
  }
}
