/**
 * The two shapes that text protocols are made of: a line, and a counted block of data behind which stands CR LF.
 * Both take any chunking and allocate nothing per answer: a line's bytes are copied into one reused buffer, a block is counted.
 */

import { printableBytes } from "./printable.js";
import type { Malformed } from "./protocol.js";

/** The chunk ended first; all of it is taken. */
export const OPEN = -1;
/** The bytes break the shape. */
export const BROKEN = -2;

const CR = 0x0d;
const LF = 0x0a;

export class LineCollector {
  readonly #limit: number;
  #whole = false;
  /** The line's bytes, valid up to `length`, without the line end. */
  bytes = new Uint8Array(256);
  length = 0;
  /** The line that is whole ended in CR LF, not in a bare LF. */
  crlf = false;

  /** @param limit longest line, in bytes, that is waited for */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns the index behind the line's LF, `OPEN`, or `BROKEN` when the line exceeds the limit */
  take(chunk: Uint8Array, start: number, end: number): number {
    if (this.#whole) {
      this.#whole = false;
      this.length = 0;
    }
    let bytes = this.bytes;
    let length = this.length;
    for (let at = start; at < end; at++) {
      const byte = chunk[at]!;
      if (byte === LF) {
        this.crlf = length > 0 && bytes[length - 1] === CR;
        this.length = this.crlf ? length - 1 : length;
        this.#whole = true;
        return at + 1;
      }
      if (length === this.#limit) {
        this.length = length;
        return BROKEN;
      }
      if (length === bytes.length) bytes = this.#grow();
      bytes[length++] = byte;
    }
    this.length = length;
    return OPEN;
  }

  /** The line, whole or not yet, begins with these ASCII characters from `at` on. */
  startsWith(text: string, at = 0): boolean {
    return this.length - at >= text.length && this.agreesWith(text, at);
  }

  /** As far as both go, the line from `at` on and the ASCII text are the same. */
  agreesWith(text: string, at = 0): boolean {
    const shared = Math.min(text.length, this.length - at);
    for (let i = 0; i < shared; i++) if (this.bytes[at + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  equals(text: string): boolean {
    return this.length === text.length && this.agreesWith(text);
  }

  /** @returns the decimal digits of `[from, to)` as a number; -1: not such, or above `limit` */
  decimal(from: number, to: number, limit: number): number {
    if (from >= to) return -1;
    let value = 0;
    for (let at = from; at < to; at++) {
      const digit = this.bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
      if (value > limit) return -1;
    }
    return value;
  }

  /** The line from `from` on, for people. */
  shown(from = 0, limit?: number): string {
    return printableBytes(this.bytes, from, this.length, limit);
  }

  #grow(): Uint8Array<ArrayBuffer> {
    const wider = new Uint8Array(this.bytes.length * 4);
    wider.set(this.bytes);
    this.bytes = wider;
    return wider;
  }
}

export class CountedBlock {
  #data = 0;
  #lineEnd = 0;

  /** Expect `bytes` bytes of anything, then CR LF. */
  begin(bytes: number): void {
    this.#data = bytes;
    this.#lineEnd = 0;
  }

  /** @returns the index behind the CR LF, `OPEN`, or `BROKEN` when something else stands there */
  take(chunk: Uint8Array, start: number, end: number): number {
    const skipped = Math.min(this.#data, end - start);
    this.#data -= skipped;
    for (let at = start + skipped; at < end; at++) {
      if (chunk[at] !== (this.#lineEnd === 0 ? CR : LF)) return BROKEN;
      if (++this.#lineEnd === 2) return at + 1;
    }
    return OPEN;
  }
}

export function malformed(expected: string, got: string): Malformed {
  return { state: "malformed", reason: `expected ${expected}, got ${got === "" ? "an empty line" : `"${got}"`}` };
}
