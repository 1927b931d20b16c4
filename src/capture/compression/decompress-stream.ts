import type { Transform } from "node:stream";

/** Takes the compression off, piece by piece. Both generators throw where the compressed bytes are broken. */
export interface Unpacker {
  /** The plain bytes that this piece completes. The piece must not be changed before the generator is done. */
  unpack(piece: Uint8Array): AsyncIterable<Uint8Array>;
  /** The rest; the compressed bytes are over. */
  finish(): AsyncIterable<Uint8Array>;
  close(): void;
}

/** Plain chunks that may wait for the consumer before the decompressor is held back. */
const QUEUE_CHUNKS = 8;

/**
 * One of node:zlib's decompressors, driven by hand: the plain bytes of one piece are all given out before it sees the next, so
 * that an error costs only what the piece with the error would have given. (A piped stream drops what it has buffered.)
 */
export class StreamUnpacker implements Unpacker {
  readonly #stream: Transform;
  readonly #queue: Uint8Array[] = [];
  #error: Error | null = null;
  #ended = false;
  #wake: () => void = () => {};

  constructor(stream: Transform) {
    this.#stream = stream;
    stream.on("data", (chunk: Uint8Array) => {
      this.#queue.push(chunk);
      if (this.#queue.length >= QUEUE_CHUNKS) stream.pause();
      this.#wake();
    });
    stream.on("error", (error) => {
      this.#error = error;
      this.#wake();
    });
    stream.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  async *unpack(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    // Behind the end of the compressed data: padding, as gzip too ignores it.
    if (this.#ended) return;
    let written = false;
    this.#stream.write(piece, () => {
      written = true;
      this.#wake();
    });
    yield* this.#until(() => written || this.#ended);
  }

  async *finish(): AsyncGenerator<Uint8Array> {
    if (this.#ended) return;
    this.#stream.end();
    yield* this.#until(() => this.#ended);
  }

  close(): void {
    this.#stream.destroy();
  }

  /** Gives out what is decompressed until `done`, and all that was by then. */
  async *#until(done: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#error !== null) throw this.#error;
      else if (this.#stream.isPaused()) this.#stream.resume();
      else if (done()) return;
      else await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
