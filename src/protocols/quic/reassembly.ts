/** Puts the pieces of a CRYPTO or application stream in order, whichever way they come, and bounded. */

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a piece costs beyond its bytes: keeps a stream of single bytes as bounded as any other. */
const PIECE_OVERHEAD_BYTES = 64;

export class Reassembly {
  readonly #maxBytes: number;
  /** Out of order, ascending, without overlap, all beyond `position`. */
  #waiting: Piece[] = [];
  #waitingBytes = 0;
  /** Bytes up to here were handed out. */
  position = 0;
  /** Bytes that had come before. */
  repeatedBytes = 0;
  /** More came out of order than is kept: nothing more is handed out. */
  overflowed = false;

  /** @param maxBytes that wait for what is missing ahead of them */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes are missing ahead of some that came. */
  get hasGap(): boolean {
    return this.overflowed || this.#waiting.length > 0;
  }

  /** What it holds, in bytes. */
  get heldBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Takes a piece. @param bytes copied where they have to wait
   * @param emit gets what is now in order, in one or more pieces, valid only during the call
   * @returns how many of the bytes had come before
   */
  push(offset: number, bytes: Uint8Array, emit: (bytes: Uint8Array) => void): number {
    const before = this.repeatedBytes;
    let rest = bytes;
    let at = offset;
    if (at < this.position) {
      const known = Math.min(rest.length, this.position - at);
      this.repeatedBytes += known;
      rest = rest.subarray(known);
      at += known;
    }
    if (rest.length > 0 && !this.overflowed) {
      if (at === this.position && this.#waiting.length === 0) this.#hand(rest, emit);
      else this.#insert(at, rest, emit);
    }
    return this.repeatedBytes - before;
  }

  #hand(bytes: Uint8Array, emit: (bytes: Uint8Array) => void): void {
    this.position += bytes.length;
    emit(bytes);
  }

  #insert(offset: number, bytes: Uint8Array, emit: (bytes: Uint8Array) => void): void {
    const end = offset + bytes.length;
    let index = this.#firstEndingAfter(offset);
    let at = offset;
    while (at < end) {
      const next = this.#waiting[index];
      const until = next === undefined ? end : Math.min(end, next.offset);
      if (until > at) {
        const piece = { offset: at, bytes: Uint8Array.prototype.slice.call(bytes, at - offset, until - offset) };
        this.#waiting.splice(index, 0, piece);
        this.#waitingBytes += piece.bytes.length + PIECE_OVERHEAD_BYTES;
        index++;
      }
      if (next === undefined) break;
      const covered = Math.min(end, next.offset + next.bytes.length) - Math.max(at, next.offset);
      if (covered > 0) this.repeatedBytes += covered;
      at = Math.max(until, next.offset + next.bytes.length);
      index++;
    }
    this.#release(emit);
    if (this.#waitingBytes <= this.#maxBytes) return;
    this.overflowed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { offset: start, bytes } = this.#waiting[middle]!;
      if (start + bytes.length > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #release(emit: (bytes: Uint8Array) => void): void {
    let count = 0;
    for (; this.#waiting[count]?.offset === this.position; count++) {
      const { bytes } = this.#waiting[count]!;
      this.#waitingBytes -= bytes.length + PIECE_OVERHEAD_BYTES;
      this.#hand(bytes, emit);
    }
    if (count > 0) this.#waiting.splice(0, count);
  }
}
