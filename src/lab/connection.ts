/** One connection of a lab server: requests in, one answer after the other out, with the faults that were asked for. */
import type { Socket } from "node:net";
import { after, stopTheWorld } from "./delay.js";
import type { Dialect, Reply } from "./dialect.js";
import type { LabOptions } from "./options.js";
import { RequestBuffer } from "./request-buffer.js";

/** What all connections of one server share. */
export interface Floor {
  readonly options: LabOptions;
  /** Requests of all connections so far. */
  requests: number;
  /** Arms TCP_QUICKACK on a socket; undefined: not asked for. */
  readonly acknowledgeAtOnce: ((socket: Socket) => void) | undefined;
}

/** While an answer is on its way, the client may send this much ahead before it is held back. */
const MAX_AHEAD = 256 * 1024;

/** No protocol's answer, and it has line ends so that no reader can hope for one. */
const GARBAGE = Buffer.from("\u0000\u0001 this is not the protocol you look for \u00ff\r\n\r\n", "latin1");

export function serveConnection(socket: Socket, dialect: Dialect, floor: Floor): void {
  const connection = new Connection(socket, dialect, floor);
  floor.acknowledgeAtOnce?.(socket);
  socket.on("data", (chunk: Buffer) => connection.received(chunk));
  socket.on("end", () => connection.ended());
  socket.on("error", () => socket.destroy()); // a reset is the client's business, and data in its report
  socket.on("close", () => connection.closed());
}

class Connection {
  readonly #socket: Socket;
  readonly #dialect: Dialect;
  readonly #floor: Floor;
  readonly #buffer = new RequestBuffer();
  /** An answer is being thought about or written. */
  #busy = false;
  /** Our side is closed: what still comes is thrown away. */
  #over = false;
  #peerEnded = false;
  #answers = 0;
  #cancelThinking: () => void = () => {};

  constructor(socket: Socket, dialect: Dialect, floor: Floor) {
    this.#socket = socket;
    this.#dialect = dialect;
    this.#floor = floor;
  }

  received(chunk: Buffer): void {
    this.#floor.acknowledgeAtOnce?.(this.#socket);
    if (this.#over || this.#floor.options.silent) return;
    this.#buffer.append(chunk);
    if (!this.#busy) this.#serveNext();
    else if (this.#buffer.length > MAX_AHEAD) this.#socket.pause();
  }

  /** The client sends no more; it still gets the answers it waits for. */
  ended(): void {
    this.#peerEnded = true;
    if (!this.#busy && !this.#over) this.#finish();
  }

  closed(): void {
    this.#over = true;
    this.#cancelThinking();
  }

  #serveNext(): void {
    const reply = this.#dialect.next(this.#buffer);
    this.#busy = reply !== undefined;
    if (reply === undefined) {
      if (this.#peerEnded) this.#finish();
      else if (this.#socket.isPaused()) this.#socket.resume();
      return;
    }
    const { options } = this.#floor;
    const number = ++this.#floor.requests;
    if (options.pauseNs > 0 && number === options.pauseAfter + 1) stopTheWorld(options.pauseNs);
    const thinks = options.thinkNs > 0 && number % options.thinkEvery === 0;
    if (thinks) this.#cancelThinking = after(options.thinkNs, () => this.#answer(reply));
    else this.#answer(reply);
  }

  #answer(reply: Reply): void {
    const { options } = this.#floor;
    const last = ++this.#answers === options.closeAfter || reply.closes;
    const bytes = options.garbage ? GARBAGE : reply.build(last);
    if (options.cutAnswer) {
      this.#socket.write(bytes.subarray(0, bytes.length >> 1));
      this.#finish();
      return;
    }
    this.#write(bytes, options.splitResponse, 0, () => (last ? this.#finish() : this.#serveNext()));
  }

  /**
   * Writes the answer's pieces from the `index`th on. Each is a system call of its own: Node joins writes that wait for one
   * another, so the next one starts only when the one before is done.
   */
  #write(bytes: Buffer, sizes: readonly number[], index: number, done: () => void): void {
    const size = Math.min(sizes[index] ?? bytes.length, bytes.length);
    this.#socket.write(bytes.subarray(0, size), (error) => {
      if (error || this.#over) return;
      if (size === bytes.length) done();
      else this.#write(bytes.subarray(size), sizes, index + 1, done);
    });
  }

  /** Closes our side behind the last answer, and reads on until the client closes: closing at once could reset the answer. */
  #finish(): void {
    this.#over = true;
    this.#socket.end();
    this.#socket.resume();
  }
}
