/** Integers of HPACK: the low bits of a first byte, then seven bits a byte, lowest first (RFC 7541 section 5.1). */
import type { ByteSink } from "./byte-sink.js";

/** Larger than any index, length or size that a bounded decoder may accept. */
export const MAX_INTEGER = 2 ** 31 - 1;
/** Four bytes behind the first hold 28 bits, the fifth the rest of 31; a longer form is refused, whatever its value. */
const MAX_CONTINUATIONS = 5;

/** Appends `value` behind the bits of `pattern`, which stand above the `prefixBits` low ones. */
export function writeInteger(sink: ByteSink, pattern: number, prefixBits: number, value: number): void {
  const full = (1 << prefixBits) - 1;
  if (value < full) {
    sink.byte(pattern | value);
    return;
  }
  sink.byte(pattern | full);
  let rest = value - full;
  for (; rest >= 128; rest = Math.floor(rest / 128)) sink.byte((rest % 128) | 128);
  sink.byte(rest);
}

/** Reads integers one after another; `at` moves behind each. One object lives as long as its decoder. */
export class IntegerReader {
  at = 0;

  /** @returns the integer whose first byte stands at `this.at`; -1: the bytes end inside it; -2: it is above `MAX_INTEGER` */
  read(bytes: Uint8Array, end: number, prefixBits: number): number {
    if (this.at >= end) return -1;
    const full = (1 << prefixBits) - 1;
    let value = bytes[this.at++]! & full;
    if (value < full) return value;
    let unit = 1;
    for (let count = 0; count < MAX_CONTINUATIONS; count++) {
      if (this.at >= end) return -1;
      const byte = bytes[this.at++]!;
      value += (byte & 127) * unit;
      if (value > MAX_INTEGER) return -2;
      if (byte < 128) return value;
      unit *= 128;
    }
    return -2;
  }
}
