/** Finite state entropy, one of zstd's two codes (RFC 8878 section 4.1). */

const MIN_ACCURACY_LOG = 5;

/** For each state: the symbol it stands for, and how to come to the next: `bases[state]` plus `bits[state]` bits. */
export interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** What broken data leads to; the words do not matter to anyone who cannot repair it. */
export function invalid(): never {
  throw new Error("invalid data");
}

/** Number of the highest bit set; -1 for 0. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** A table of one state, which is never left (RLE mode). */
export function fseOfOne(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** Builds the table for probabilities in 2^-log; -1 stands for less than one (section 4.1.1, "From normalized distribution"). */
export function fseTable(probabilities: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(probabilities.length);
  let lastFree = size - 1;
  probabilities.forEach((probability, symbol) => {
    next[symbol] = Math.abs(probability);
    if (probability === -1) symbols[lastFree--] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  probabilities.forEach((probability, symbol) => {
    for (let count = 0; count < probability; count++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at > lastFree);
    }
  });
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  symbols.forEach((symbol, state) => {
    const count = next[symbol]!++;
    bits[state] = log - highestBit(count);
    bases[state] = (count << bits[state]!) - size;
  });
  return { log, symbols, bits, bases };
}

/** Reads a table's description in `bytes[from, to)`; returns it with where it ends. Throws at what cannot be one. */
export function readFseTable(
  bytes: Uint8Array,
  from: number,
  to: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; end: number } {
  const log = (bytes[from]! & 15) + MIN_ACCURACY_LOG;
  if (from >= to || log > maxLog) invalid();
  const probabilities: number[] = [];
  let bit = from * 8 + 4;
  let left = 1 << log;
  while (left > 0) {
    // A value up to left + 1; the lowest take one bit less.
    const bits = highestBit(left + 1);
    const wide = peek(bytes, bit, bits + 1);
    const narrow = wide & ((1 << bits) - 1);
    const spared = (1 << (bits + 1)) - left - 2;
    const isNarrow = narrow < spared;
    bit += isNarrow ? bits : bits + 1;
    const probability = (isNarrow || wide === narrow ? narrow : wide - spared) - 1;
    probabilities.push(probability);
    left -= Math.abs(probability);
    for (let repeat = probability === 0 ? 3 : 0; repeat === 3; bit += 2) {
      repeat = peek(bytes, bit, 2);
      for (let count = 0; count < repeat; count++) probabilities.push(0);
      if (bit > to * 8) invalid();
    }
    if (probabilities.length > maxSymbol + 1 || bit > to * 8) invalid();
  }
  return { table: fseTable(probabilities, log), end: (bit + 7) >> 3 };
}

/** Up to 16 bits from the bit with this number on, the lowest first. Behind the end there are zeros. */
export function peek(bytes: Uint8Array, bit: number, count: number): number {
  const at = bit >> 3;
  const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (word >> (bit & 7)) & ((1 << count) - 1);
}

/** Bit streams are read from their end, which the highest bit set in the last byte marks: where that is. Throws without one. */
export function streamEnd(bytes: Uint8Array, from: number, to: number): number {
  const last = to > from ? bytes[to - 1]! : 0;
  if (last === 0) invalid();
  return to * 8 - 8 + highestBit(last);
}
