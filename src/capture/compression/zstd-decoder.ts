/**
 * Decompresses the blocks of a zstd frame (RFC 8878), for Node versions that cannot. npm's fzstd was tried: one flipped bit
 * can make it loop for ever, a few bytes can cost it minutes, and it passes over the checksum. Here every length is checked
 * before it is used: whatever its bytes, a block costs no more than its 128 KiB.
 */
import { invalid, peek, streamEnd } from "./zstd-fse.js";
import { LiteralsReader, MAX_BLOCK_BYTES } from "./zstd-literals.js";
import {
  LITERALS_LENGTH_BASE,
  LITERALS_LENGTH_BITS,
  MATCH_LENGTH_BASE,
  MATCH_LENGTH_BITS,
  SequenceTables,
} from "./zstd-sequences.js";

/** Room behind the window, so that it need not be moved up for every block. */
const LEAST_ROOM_BYTES = 2 * MAX_BLOCK_BYTES;
const MOST_ROOM_BYTES = 8 * 1024 * 1024;
/** Offset codes above this reach back further than 128 MiB, the largest window. */
const MAX_OFFSET_CODE = 28;
/** Below this, a loop is faster than a call. */
const SHORT_COPY_BYTES = 32;

export class ZstdDecoder {
  /** The window, and behind it what is being made; `[0, #end)` is there. */
  #out = new Uint8Array(LEAST_ROOM_BYTES);
  #end = 0;
  readonly #windowBytes: number;
  readonly #mostBytes: number;
  readonly #literals = new LiteralsReader();
  readonly #tables = new SequenceTables();
  /** Repeated_Offset1 to 3. */
  readonly #offsets = [1, 4, 8];

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    const room = Math.min(MOST_ROOM_BYTES, Math.max(LEAST_ROOM_BYTES, windowBytes));
    this.#mostBytes = windowBytes + room;
  }

  /** The bytes of a raw block, 128 KiB at most. */
  raw(block: Uint8Array): Uint8Array {
    const start = this.#start();
    this.#out.set(block, start);
    this.#end += block.length;
    return this.#out.slice(start, this.#end);
  }

  /** The bytes of an RLE block: `length`, 128 KiB at most, times the same. */
  run(byte: number, length: number): Uint8Array {
    const start = this.#start();
    this.#end += length;
    this.#out.fill(byte, start, this.#end);
    return this.#out.slice(start, this.#end);
  }

  /** The bytes of a compressed block. Throws at broken data. */
  compressed(block: Uint8Array): Uint8Array {
    const start = this.#start();
    const to = block.length;
    let pos = this.#literals.read(block, 0, to);
    let sequences = pos < to ? block[pos++]! : invalid();
    if (sequences > 127) {
      if (sequences < 255) sequences = ((sequences - 128) << 8) + (block[pos++] ?? 0);
      else {
        sequences = (block[pos] ?? 0) + ((block[pos + 1] ?? 0) << 8) + 0x7f00;
        pos += 2;
      }
    }
    let literal = 0;
    if (sequences > 0) {
      this.#tables.read(block, pos, to);
      literal = this.#sequences(block, this.#tables.end, to, sequences, start + MAX_BLOCK_BYTES);
    } else if (pos !== to) invalid();
    const rest = this.#literals.length - literal;
    if (this.#end + rest > start + MAX_BLOCK_BYTES) invalid();
    this.#out.set(this.#literals.bytes.subarray(literal, literal + rest), this.#end);
    this.#end += rest;
    return this.#out.slice(start, this.#end);
  }

  /** Where the next block begins. Room for it is made by growing (a window that is only claimed costs nothing), then by moving up. */
  #start(): number {
    const full = (): boolean => this.#end + MAX_BLOCK_BYTES > this.#out.length;
    if (full() && this.#out.length < this.#mostBytes) {
      const grown = new Uint8Array(Math.min(this.#mostBytes, 4 * this.#out.length));
      grown.set(this.#out.subarray(0, this.#end));
      this.#out = grown;
    }
    if (full()) {
      this.#out.copyWithin(0, this.#end - this.#windowBytes, this.#end);
      this.#end = this.#windowBytes;
    }
    return this.#end;
  }

  /** Executes the sequences in `bytes[from, to)`; returns how many literals they used. */
  #sequences(bytes: Uint8Array, from: number, to: number, count: number, limit: number): number {
    const lengths = this.#tables.literalsLength!;
    const offsets = this.#tables.offset!;
    const matches = this.#tables.matchLength!;
    const start = from * 8;
    let pos = streamEnd(bytes, from, to) - lengths.log;
    let lengthState = peek(bytes, pos, lengths.log);
    pos -= offsets.log;
    let offsetState = peek(bytes, pos, offsets.log);
    pos -= matches.log;
    let matchState = peek(bytes, pos, matches.log);
    let literal = 0;
    for (let left = count; left > 0; left--) {
      const offsetCode = offsets.symbols[offsetState]!;
      const matchCode = matches.symbols[matchState]!;
      const lengthCode = lengths.symbols[lengthState]!;
      if (offsetCode > MAX_OFFSET_CODE) invalid();
      pos -= offsetCode;
      const offsetValue = (1 << offsetCode) + longPeek(bytes, pos, offsetCode);
      pos -= MATCH_LENGTH_BITS[matchCode]!;
      const matchLength = MATCH_LENGTH_BASE[matchCode]! + peek(bytes, pos, MATCH_LENGTH_BITS[matchCode]!);
      pos -= LITERALS_LENGTH_BITS[lengthCode]!;
      const length = LITERALS_LENGTH_BASE[lengthCode]! + peek(bytes, pos, LITERALS_LENGTH_BITS[lengthCode]!);
      if (left > 1) {
        pos -= lengths.bits[lengthState]!;
        lengthState = lengths.bases[lengthState]! + peek(bytes, pos, lengths.bits[lengthState]!);
        pos -= matches.bits[matchState]!;
        matchState = matches.bases[matchState]! + peek(bytes, pos, matches.bits[matchState]!);
        pos -= offsets.bits[offsetState]!;
        offsetState = offsets.bases[offsetState]! + peek(bytes, pos, offsets.bits[offsetState]!);
      }
      if (pos < start) invalid();
      const offset = this.#offset(offsetValue, length === 0);
      const end = this.#end + length;
      if (literal + length > this.#literals.length || end + matchLength > limit) invalid();
      if (offset > end || offset > this.#windowBytes || offset === 0) invalid();
      this.#copyLiterals(literal, length);
      this.#copyMatch(offset, matchLength);
      literal += length;
    }
    if (pos !== start) invalid();
    return literal;
  }

  /** Values 1 to 3 stand for an offset used lately; without literals, for the next one after it (section 3.1.1.5). */
  #offset(value: number, noLiterals: boolean): number {
    const recent = this.#offsets;
    const index = value > 3 ? 3 : value - 1 + (noLiterals ? 1 : 0);
    if (index === 0) return recent[0]!;
    const offset = value > 3 ? value - 3 : index === 3 ? recent[0]! - 1 : recent[index]!;
    if (index > 1) recent[2] = recent[1]!;
    recent[1] = recent[0]!;
    recent[0] = offset;
    return offset;
  }

  #copyLiterals(from: number, length: number): void {
    const out = this.#out;
    const literals = this.#literals.bytes;
    const end = this.#end;
    if (length > SHORT_COPY_BYTES) out.set(literals.subarray(from, from + length), end);
    else for (let at = 0; at < length; at++) out[end + at] = literals[from + at]!;
    this.#end = end + length;
  }

  /** A match may reach into what it makes itself: then it repeats. */
  #copyMatch(offset: number, length: number): void {
    const out = this.#out;
    const end = this.#end;
    const from = end - offset;
    if (length > SHORT_COPY_BYTES && offset >= length) out.copyWithin(end, from, from + length);
    else for (let at = 0; at < length; at++) out[end + at] = out[from + at]!;
    this.#end = end + length;
  }
}

/** As `peek`, up to 28 bits. */
function longPeek(bytes: Uint8Array, bit: number, count: number): number {
  if (count <= 16) return peek(bytes, bit, count);
  return peek(bytes, bit, 16) | (peek(bytes, bit + 16, count - 16) << 16);
}
