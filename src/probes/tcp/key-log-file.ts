/** The secrets of a probe's own TLS connections, for whoever decrypts a capture of them (NSS key log format, RFC 9850). */
import { closeSync, openSync, writeSync } from "node:fs";
import { type NetlatError, usageError } from "../../errors.js";

export class KeyLogFile {
  readonly path: string;
  readonly #fd: number;
  #lines: Buffer[] = [];
  #closed = false;
  #failure: unknown;

  /**
   * Opens the file to append to it. A new one is for its owner's eyes only: who has the secrets can read the connections.
   * @throws NetlatError (exit 2) when it cannot be written
   */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, "a", 0o600);
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  /** Takes a line, and writes it once the handshake is no longer timed by it. */
  add(line: Buffer): void {
    if (this.#lines.length === 0) setImmediate(() => this.#flush());
    this.#lines.push(line);
  }

  /** @throws NetlatError (exit 2) when lines could not be written: a capture would stay unreadable without a word */
  close(): void {
    this.#flush();
    this.#closed = true;
    closeSync(this.#fd);
    if (this.#failure !== undefined) throw cannotWrite(this.path, this.#failure);
  }

  #flush(): void {
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length === 0 || this.#closed) return;
    try {
      writeSync(this.#fd, Buffer.concat(lines));
    } catch (cause) {
      this.#failure ??= cause;
    }
  }
}

function cannotWrite(path: string, cause: unknown): NetlatError {
  const { code } = cause as NodeJS.ErrnoException;
  return usageError(`--keylog-out ${path}: cannot be written (${code}); name a file that you may write to`);
}
