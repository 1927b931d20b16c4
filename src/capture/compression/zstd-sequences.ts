/** The sequences of a compressed block: so many literals, then a match so long and so far back (RFC 8878 section 3.1.1.3.2). */
import { type FseTable, fseOfOne, fseTable, invalid, readFseTable } from "./zstd-fse.js";

const PREDEFINED = 0;
const RLE = 1;
const REPEAT = 3;

/** What belongs to one of the three codes. */
interface Code {
  readonly predefined: FseTable;
  readonly maxLog: number;
  readonly maxSymbol: number;
}

/** Distributions of section 3.1.1.3.2.2. An offset code above 27 reaches further back than any window that is accepted. */
const LITERALS_LENGTH: Code = {
  predefined: fseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
  maxLog: 9,
  maxSymbol: 35,
};
const OFFSET: Code = {
  predefined: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
  maxLog: 8,
  maxSymbol: 31,
};
const MATCH_LENGTH: Code = {
  predefined: fseTable(
    [
      1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    6,
  ),
  maxLog: 9,
  maxSymbol: 52,
};

/** How many bits follow a literals length code, and what they are added to (table 15). */
export const LITERALS_LENGTH_BITS = Uint8Array.of(
  ...Array<number>(16).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
export const LITERALS_LENGTH_BASE = bases(LITERALS_LENGTH_BITS, 0);
/** The same of match lengths, which are 3 at least (table 16). */
export const MATCH_LENGTH_BITS = Uint8Array.of(
  ...Array<number>(32).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
export const MATCH_LENGTH_BASE = bases(MATCH_LENGTH_BITS, 3);

/** Every code begins where the one before it ends. */
function bases(bits: Uint8Array, least: number): Uint32Array {
  let base = least;
  return Uint32Array.from(bits, (count) => {
    base += 2 ** count;
    return base - 2 ** count;
  });
}

/** The tables of one block after the other; a block may go on with its predecessor's. */
export class SequenceTables {
  literalsLength: FseTable | null = null;
  offset: FseTable | null = null;
  matchLength: FseTable | null = null;
  /** Where the description that was read last ends. */
  end = 0;

  /** Reads the three tables that the mode byte at `from` announces. Throws at broken data. */
  read(bytes: Uint8Array, from: number, to: number): void {
    const modes = from < to ? bytes[from]! : invalid();
    if ((modes & 3) !== 0) invalid();
    this.end = from + 1;
    this.literalsLength = this.#table(LITERALS_LENGTH, modes >> 6, this.literalsLength, bytes, to);
    this.offset = this.#table(OFFSET, (modes >> 4) & 3, this.offset, bytes, to);
    this.matchLength = this.#table(MATCH_LENGTH, (modes >> 2) & 3, this.matchLength, bytes, to);
  }

  #table(code: Code, mode: number, last: FseTable | null, bytes: Uint8Array, to: number): FseTable {
    if (mode === PREDEFINED) return code.predefined;
    if (mode === REPEAT) return last ?? invalid();
    if (mode === RLE) {
      const symbol = this.end < to ? bytes[this.end++]! : invalid();
      return symbol <= code.maxSymbol ? fseOfOne(symbol) : invalid();
    }
    const { table, end } = readFseTable(bytes, this.end, to, code.maxLog, code.maxSymbol);
    this.end = end;
    return table;
  }
}
