/** Messages of gRPC inside DATA: a byte that says whether it is compressed, four of length, the message (PROTOCOL-HTTP2.md). */

const PREFIX_BYTES = 5;

/** @returns the message behind its prefix, not compressed */
export function frameGrpcMessage(message: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

export interface GrpcMessage {
  readonly compressed: boolean;
  /** A copy, so it stays. */
  readonly bytes: Uint8Array;
}

/** Reads messages from the content of one stream's DATA. Survives any chunking; never throws. */
export class GrpcMessageReader {
  readonly #maxBytes: number;
  #kept: Uint8Array = new Uint8Array(0);
  #length = 0;
  #fault: string | undefined;

  /** @param maxBytes the largest message that is taken; gRPC's own default is 4 MiB */
  constructor(maxBytes = 4 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** The bytes so far end inside a message. */
  get partial(): boolean {
    return this.#length > 0;
  }

  /** @returns the messages that ended in `chunk[start, end)`, or one sentence that says what is wrong; it stays wrong */
  push(chunk: Uint8Array, start = 0, end: number = chunk.length): GrpcMessage[] | { readonly malformed: string } {
    const messages: GrpcMessage[] = [];
    this.#keep(chunk, start, end);
    let at = 0;
    while (this.#fault === undefined && this.#length - at >= PREFIX_BYTES) {
      const kept = this.#kept;
      const flag = kept[at]!;
      const length = kept[at + 1]! * 2 ** 24 + ((kept[at + 2]! << 16) | (kept[at + 3]! << 8) | kept[at + 4]!);
      if (flag > 1) this.#fault = `message with compression flag ${flag}; it is 0 or 1`;
      else if (length > this.#maxBytes) this.#fault = `message of ${length} bytes; ${this.#maxBytes} are allowed`;
      const messageEnd = at + PREFIX_BYTES + length;
      if (this.#fault !== undefined || messageEnd > this.#length) break;
      messages.push({ compressed: flag === 1, bytes: kept.slice(at + PREFIX_BYTES, messageEnd) });
      at = messageEnd;
    }
    if (this.#fault !== undefined) return { malformed: this.#fault };
    this.#kept.copyWithin(0, at, this.#length);
    this.#length -= at;
    return messages;
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    if (this.#fault !== undefined) return;
    const needed = this.#length + (end - start);
    if (needed > this.#kept.length) {
      const wider = new Uint8Array(Math.max(needed, this.#kept.length * 2, 256));
      wider.set(this.#kept.subarray(0, this.#length));
      this.#kept = wider;
    }
    this.#kept.set(chunk.subarray(start, end), this.#length);
    this.#length = needed;
  }
}
