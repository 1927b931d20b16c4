/** The literals of a compressed block (RFC 8878 section 3.1.1.3.1). */
import { invalid } from "./zstd-fse.js";
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from "./zstd-huffman.js";

const RAW = 0;
const RLE = 1;
const COMPRESSED = 2;
/** Block_Maximum_Size: of a block, compressed or plain, and of its literals. */
export const MAX_BLOCK_BYTES = 128 * 1024;

/** Reads the literals of one block after the other; a block may go on with its predecessor's Huffman table. */
export class LiteralsReader {
  readonly bytes = new Uint8Array(MAX_BLOCK_BYTES);
  length = 0;
  #table: HuffmanTable | null = null;

  /** Fills `bytes[0, length)` from the section at `from`; returns where that ends. Throws at broken data. */
  read(block: Uint8Array, from: number, to: number): number {
    const kind = block[from]! & 3;
    const format = (block[from]! >> 2) & 3;
    return kind === RAW || kind === RLE
      ? this.#readPlain(kind, format, block, from, to)
      : this.#readCoded(kind, format, block, from, to);
  }

  #readPlain(kind: number, format: number, block: Uint8Array, from: number, to: number): number {
    const headerBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
    this.length = littleEndian(block, from, headerBytes) >> (headerBytes === 1 ? 3 : 4);
    const start = from + headerBytes;
    const end = start + (kind === RLE ? 1 : this.length);
    if (end > to || this.length > MAX_BLOCK_BYTES) invalid();
    if (kind === RLE) this.bytes.fill(block[start]!, 0, this.length);
    else this.bytes.set(block.subarray(start, end));
    return end;
  }

  #readCoded(kind: number, format: number, block: Uint8Array, from: number, to: number): number {
    const headerBytes = Math.max(3, format + 2);
    const sizeBits = [10, 10, 14, 18][format]!;
    // Up to 40 bits: too many for the bit operators.
    const sizes = Math.floor(littleEndian(block, from, headerBytes) / 16);
    this.length = sizes % 2 ** sizeBits;
    const codedBytes = Math.floor(sizes / 2 ** sizeBits);
    const start = from + headerBytes;
    const end = start + codedBytes;
    if (end > to || this.length > MAX_BLOCK_BYTES) invalid();
    let streams = start;
    if (kind === COMPRESSED) {
      const read = readHuffmanTable(block, start, end);
      this.#table = read.table;
      streams = read.end;
    }
    const table = this.#table ?? invalid();
    if (format === 0) decodeHuffman(table, block, streams, end, this.bytes, 0, this.length);
    else this.#readFourStreams(table, block, streams, end);
    return end;
  }

  /** The lengths of three, then all four, each with a quarter of the literals. */
  #readFourStreams(table: HuffmanTable, block: Uint8Array, from: number, to: number): void {
    const quarter = (this.length + 3) >> 2;
    let start = from + 6;
    if (start > to || 3 * quarter > this.length) invalid();
    for (let stream = 0; stream < 4; stream++) {
      const end = stream === 3 ? to : start + littleEndian(block, from + 2 * stream, 2);
      if (end > to) invalid();
      const outEnd = stream === 3 ? this.length : (stream + 1) * quarter;
      decodeHuffman(table, block, start, end, this.bytes, stream * quarter, outEnd);
      start = end;
    }
  }
}

function littleEndian(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let at = count - 1; at >= 0; at--) value = value * 256 + (bytes[from + at] ?? 0);
  return value;
}
