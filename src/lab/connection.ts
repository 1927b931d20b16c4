/** One connection of a lab server: requests in, one answer after the other out, with the faults that were asked for. */
import type { Socket } from "node:net";
import { after } from "./delay.js";
import type { Dialect, Reply } from "./dialect.js";
import { fillerPieces } from "./filler.js";
import { type Floor, thinkTime } from "./floor.js";
import { RequestBuffer } from "./request-buffer.js";

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
    const thinkNs = thinkTime(this.#floor, reply.thinkNs);
    if (thinkNs > 0) this.#cancelThinking = after(thinkNs, () => this.#answer(reply));
    else this.#answer(reply);
  }

  #answer(reply: Reply): void {
    const { options } = this.#floor;
    const last = ++this.#answers === options.closeAfter || reply.closes;
    const bytes = options.garbage ? GARBAGE : reply.build(last);
    const fillBytes = options.garbage ? 0 : (reply.fillBytes ?? 0);
    if (options.cutAnswer) {
      const half = (bytes.length + fillBytes) >> 1;
      const behind = Math.max(0, half - bytes.length);
      this.#socket.write(bytes.subarray(0, half));
      this.#fill(fillerPieces(behind), () => this.#finish());
      return;
    }
    const done = () => (last ? this.#finish() : this.#serveNext());
    this.#write(bytes, options.splitResponse, 0, () => this.#fill(fillerPieces(fillBytes), done));
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

  /** Writes piece after piece, as fast as the client reads. */
  #fill(pieces: Iterator<Buffer>, done: () => void): void {
    const { value, done: none } = pieces.next();
    if (none) {
      done();
      return;
    }
    this.#socket.write(value, (error) => {
      if (!error && !this.#over) this.#fill(pieces, done);
    });
  }

  /** Closes our side behind the last answer, and reads on until the client closes: closing at once could reset the answer. */
  #finish(): void {
    this.#over = true;
    this.#socket.end();
    this.#socket.resume();
  }
}
