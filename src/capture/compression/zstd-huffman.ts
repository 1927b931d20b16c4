/** Huffman codes as zstd has them for literals (RFC 8878 section 4.2). */
import { highestBit, invalid, peek, readFseTable, streamEnd } from "./zstd-fse.js";

const MAX_BITS = 11;
const MAX_SYMBOLS = 256;
const WEIGHTS_MAX_LOG = 6;
const WEIGHTS_MAX_SYMBOL = MAX_BITS + 1;

/** For every `maxBits` bits: the symbol that they begin with, and how many of them it takes. */
export interface HuffmanTable {
  readonly maxBits: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** Reads the description of a tree at `from`; returns its table with where it ends. Throws at what cannot be one. */
export function readHuffmanTable(bytes: Uint8Array, from: number, to: number): { table: HuffmanTable; end: number } {
  const header = from < to ? bytes[from]! : invalid();
  const start = from + 1;
  // Weights of 4 bits each, or so many bytes of finite state entropy.
  const length = header >= 128 ? (header - 126) >> 1 : header;
  const end = start + length;
  if (end > to) invalid();
  const weights =
    header >= 128
      ? Array.from({ length: header - 127 }, (_, n) => (bytes[start + (n >> 1)]! >> (n % 2 === 0 ? 4 : 0)) & 15)
      : readWeights(bytes, start, end);
  return { table: tableOf(weights), end };
}

/** Two states in turn. The stream ends where one cannot go on: the other then has the last word. */
function readWeights(bytes: Uint8Array, from: number, to: number): number[] {
  const { table, end } = readFseTable(bytes, from, to, WEIGHTS_MAX_LOG, WEIGHTS_MAX_SYMBOL);
  const { symbols, bits, bases, log } = table;
  const start = end * 8;
  let pos = streamEnd(bytes, end, to) - 2 * log;
  if (pos < start) invalid();
  let state = peek(bytes, pos + log, log);
  let other = peek(bytes, pos, log);
  const weights: number[] = [];
  while (weights.length < MAX_SYMBOLS - 1) {
    weights.push(symbols[state]!);
    pos -= bits[state]!;
    if (pos < start) return [...weights, symbols[other]!];
    const next = bases[state]! + peek(bytes, pos, bits[state]!);
    state = other;
    other = next;
  }
  return invalid();
}

/** The last weight is not told: it fills up to a power of two. */
function tableOf(told: readonly number[]): HuffmanTable {
  const sum = told.reduce((so, weight) => so + (weight === 0 ? 0 : 1 << (weight - 1)), 0);
  const maxBits = highestBit(sum) + 1;
  const rest = (1 << maxBits) - sum;
  if (sum === 0 || maxBits > MAX_BITS || (rest & (rest - 1)) !== 0 || told.length >= MAX_SYMBOLS) invalid();
  const weights = [...told, highestBit(rest) + 1];
  const symbols = new Uint8Array(1 << maxBits);
  const bits = new Uint8Array(1 << maxBits);
  let at = 0;
  for (let weight = 1; weight <= maxBits; weight++) {
    weights.forEach((own, symbol) => {
      if (own !== weight) return;
      const end = at + (1 << (weight - 1));
      symbols.fill(symbol, at, end);
      bits.fill(maxBits + 1 - weight, at, end);
      at = end;
    });
  }
  return { maxBits, symbols, bits };
}

/** Decodes the stream in `bytes[from, to)` to exactly `out[outFrom, outTo)`. Throws if it does not come out even. */
export function decodeHuffman(
  table: HuffmanTable,
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  outFrom: number,
  outTo: number,
): void {
  const { maxBits, symbols, bits } = table;
  const mask = (1 << maxBits) - 1;
  const start = from * 8;
  let pos = streamEnd(bytes, from, to) - maxBits;
  let at = outFrom;
  for (; at < outTo && pos >= start; at++) {
    const byte = pos >> 3;
    // Of the two bytes behind, what lies behind the end is masked out.
    const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16);
    const code = (word >> (pos & 7)) & mask;
    out[at] = symbols[code]!;
    pos -= bits[code]!;
  }
  // Fewer than maxBits bits are left: zeros stand for the missing ones.
  for (; at < outTo && pos > start - maxBits; at++) {
    const missing = start - pos;
    const code = (peek(bytes, start, maxBits - missing) << missing) & mask;
    out[at] = symbols[code]!;
    pos -= bits[code]!;
  }
  if (at !== outTo || pos !== start - maxBits) invalid();
}
