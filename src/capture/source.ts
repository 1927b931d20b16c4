/**
 * The one place of the capture layer that does input: a file or standard input as chunks of plain bytes. A file is read ahead into
 * three buffers that are used in turn: while one chunk is analysed the next is on its way, and the one before stays untouched, as
 * CaptureReader.push asks for.
 */
import { close, fstat, open, read, readSync, type Stats } from "node:fs";
import { promisify } from "node:util";
import { EXIT, NetlatError } from "../errors.js";
import { COMPRESSION_MAGIC_BYTES, type Compression, compressionOf, decompressed } from "./compression/decompress.js";
import type { ByteSource } from "./readers/formats.js";

const CHUNK_BYTES = 512 * 1024;
const BUFFERS = 3;
const STDIN = "-";
const STDIN_DESCRIPTOR = 0;

/** A capture's plain bytes, and how far the reading is. */
export interface CaptureSource extends ByteSource {
  /** The path as given, or `standard input`. */
  readonly name: string;
  /** Size of the file as it is stored; null: a pipe. */
  readonly sizeBytes: number | null;
  /** Bytes read so far, as they are stored. Who reads by the descriptor adds them up. */
  bytesRead: number;
  /** Known from the first chunk on. */
  readonly compression: Compression;
  /** The descriptor of a regular file that is not compressed, at its beginning, for who reads it instead of iterating; null: it is none. */
  plainFile(): number | null;
  /** To be called by who has read from it. */
  closeFile(): void;
}

/**
 * Opens a capture; `-` is standard input. `signal` ends the iteration early, as if the file ended there.
 * @throws NetlatError (exit 3) if there is no such file, or it may not be read, or is a directory.
 */
export async function openCapture(path: string, options: { signal?: AbortSignal } = {}): Promise<CaptureSource> {
  const descriptor = path === STDIN ? STDIN_DESCRIPTOR : await promisify(open)(path, "r").catch(unreadable(path));
  const stats = await promisify(fstat)(descriptor).catch(unreadable(path));
  if (stats.isDirectory()) {
    if (path !== STDIN) await promisify(close)(descriptor);
    throw new NetlatError(EXIT.unreadableInput, `${path}: is a directory`, {
      hint: "name a capture file, or - for standard input",
    });
  }
  return new Source(path === STDIN ? "standard input" : path, descriptor, stats, options.signal);
}

function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw new NetlatError(EXIT.unreadableInput, `${path}: ${reason(error)}`, { cause: error });
  };
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "no such file";
  if (error.code === "EACCES" || error.code === "EPERM") return "may not be read (permission denied)";
  return error.message;
}

class Source implements CaptureSource {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly #descriptor: number;
  readonly #signal: AbortSignal | undefined;
  bytesRead = 0;
  compression: Compression = "none";
  failure: string | null = null;

  constructor(name: string, descriptor: number, stats: Stats, signal: AbortSignal | undefined) {
    this.name = name;
    this.sizeBytes = stats.isFile() ? stats.size : null;
    this.#descriptor = descriptor;
    this.#signal = signal;
  }

  get interrupted(): boolean {
    return this.#signal?.aborted ?? false;
  }

  plainFile(): number | null {
    if (this.sizeBytes === null || this.#descriptor === STDIN_DESCRIPTOR) return null;
    const start = new Uint8Array(COMPRESSION_MAGIC_BYTES);
    try {
      const length = readSync(this.#descriptor, start, 0, start.length, 0);
      return compressionOf(start.subarray(0, length)) === "none" ? this.#descriptor : null;
    } catch {
      return null; // the iteration will meet it, and say it
    }
  }

  closeFile(): void {
    close(this.#descriptor, () => {});
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const isPipedIn = this.#descriptor === STDIN_DESCRIPTOR && this.sizeBytes === null;
    const stored = this.#counted(isPipedIn ? stdinChunks(this.#signal) : fileChunks(this.#descriptor, this.#signal));
    try {
      const start = await beginning(stored);
      this.compression = compressionOf(start);
      const all = rejoined(start, stored);
      yield* this.compression === "none" ? all : decompressed(all, this.compression);
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      await stored.return(undefined);
    }
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of chunks) {
      if (this.#signal?.aborted) return;
      this.bytesRead += chunk.length;
      yield chunk;
    }
  }

  #failed(error: Error): void {
    if (this.#signal?.aborted) return;
    this.failure = this.compression === "none" ? error.message : `${this.compression}: ${error.message}`;
  }
}

/** The first chunk, made up of as many as it takes to tell the compression. */
async function beginning(chunks: AsyncIterator<Uint8Array, void>): Promise<Uint8Array> {
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < COMPRESSION_MAGIC_BYTES) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    start = start.length === 0 ? value : Buffer.concat([start, value]);
  }
  return start;
}

async function* rejoined(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start;
  yield* rest;
}

async function* stdinChunks(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const stop = (): void => void process.stdin.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    yield* process.stdin as AsyncIterable<Uint8Array>;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * Reads one chunk ahead. fs.readSync is as fast from the page cache, but leaves no turn to the event loop, and so to signals, and
 * waits for a slow disk. The chunk before the one that was yielded last is left alone until the next is asked for.
 */
async function* fileChunks(descriptor: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const buffers = Array.from({ length: BUFFERS }, () => new Uint8Array(CHUNK_BYTES));
  let turn = 0;
  const readNext = (): Promise<Uint8Array> => {
    const buffer = buffers[turn++ % BUFFERS]!;
    return new Promise((resolve, reject) => {
      read(descriptor, buffer, 0, CHUNK_BYTES, null, (error, bytes) => {
        if (error === null) resolve(buffer.subarray(0, bytes));
        else reject(error);
      });
    });
  };
  let pending = readNext();
  try {
    for (;;) {
      const chunk = await pending;
      if (chunk.length === 0 || signal?.aborted) return;
      pending = readNext();
      // Its failure is met when its turn comes, or not at all.
      pending.catch(() => {});
      yield chunk;
    }
  } finally {
    await pending.catch(() => {});
    if (descriptor !== STDIN_DESCRIPTOR) close(descriptor, () => {});
  }
}
