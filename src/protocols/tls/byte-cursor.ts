const NOTHING = new Uint8Array(0);

/**
 * Reads the vectors of TLS messages (RFC 8446 section 3) from front to back. Whatever lies beyond the end reads as 0 or as nothing
 * and is remembered in `broken`, so that a parser asks once, at its end.
 */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** More was asked for than there is. */
  broken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.bytes(1)[0] ?? 0;
  }

  uint16(): number {
    const [high = 0, low = 0] = this.bytes(2);
    return high * 256 + low;
  }

  /** The next `count` bytes, as a view. */
  bytes(count: number): Uint8Array {
    if (count > this.left) {
      this.broken = true;
      this.#at = this.#bytes.length;
      return NOTHING;
    }
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** A vector behind a length of one byte. */
  vector8(): ByteCursor {
    return new ByteCursor(this.bytes(this.uint8()));
  }

  /** A vector behind a length of two bytes. */
  vector16(): ByteCursor {
    return new ByteCursor(this.bytes(this.uint16()));
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }
}
