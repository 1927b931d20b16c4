/** The frame format of zstd (RFC 8878 section 3.1), without decompressing: where frames and blocks begin and end. */
import { MAX_BLOCK_BYTES } from "./zstd-literals.js";

const MAGIC = 0xfd2fb528;
const MAGIC_BYTES = 4;
/** The lowest 4 bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_HEADER_BYTES = 8;
const BLOCK_HEADER_BYTES = 3;
/** What `zstd -d` accepts without being told otherwise: --long=27. The memory that decompressing takes. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;
const BLOCK_TYPES = ["raw", "rle", "compressed"] as const;

/** A block of a frame. */
export interface ZstdBlock {
  /** Everything, with the frame's header before the first block and the checksum behind the last. */
  readonly bytes: Uint8Array;
  readonly type: "raw" | "rle" | "compressed";
  /** The block alone; of an RLE block, the one byte. */
  readonly body: Uint8Array;
  /** Block_Size: the length of the body, or of the run. */
  readonly size: number;
  readonly last: boolean;
  /** What a decompressor of this frame must remember. */
  readonly windowBytes: number;
  /** Of the last block, if the frame has one: the lower half of the XXH64 of all plain bytes. */
  readonly checksum: number | null;
}

/** Cuts zstd-compressed bytes, in pieces of any size, into blocks. Holds a piece and a block at most. */
export class ZstdFrames {
  #bytes = new Uint8Array(0);
  #pos = 0;
  #insideFrame = false;
  #checksumBytes = 0;
  #windowBytes = 0;
  #skip = 0;

  /** Whether the bytes so far could be the whole file. */
  get atFrameEnd(): boolean {
    return !this.#insideFrame && this.#skip === 0 && this.#pos === this.#bytes.length;
  }

  /** The piece is copied. */
  push(piece: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#pos);
    this.#bytes = new Uint8Array(rest.length + piece.length);
    this.#bytes.set(rest);
    this.#bytes.set(piece, rest.length);
    this.#pos = 0;
  }

  /** The next whole block; null: not there yet. Throws at what is no zstd, or asks for more memory than is reasonable. */
  next(): ZstdBlock | null {
    const skipped = Math.min(this.#skip, this.#bytes.length - this.#pos);
    this.#skip -= skipped;
    this.#pos += skipped;
    if (this.#insideFrame) return this.#block(this.#pos);
    if (this.#bytes.length - this.#pos < SKIPPABLE_HEADER_BYTES) return null;
    const view = new DataView(this.#bytes.buffer, this.#pos);
    const magic = view.getUint32(0, true);
    if (magic === MAGIC) return this.#frameHeader(view);
    if ((magic & ~0xf) >>> 0 !== SKIPPABLE_MAGIC) throw new Error("bytes that are no zstd frame");
    this.#pos += SKIPPABLE_HEADER_BYTES;
    this.#skip = view.getUint32(4, true);
    return this.next();
  }

  #frameHeader(view: DataView): ZstdBlock | null {
    const descriptor = view.getUint8(MAGIC_BYTES);
    const singleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
    const windowBytes = singleSegment ? 0 : 1;
    const headerBytes = MAGIC_BYTES + 1 + windowBytes + dictionaryBytes + sizeBytes;
    if (view.byteLength < headerBytes) return null;
    if (dictionaryBytes > 0) throw new Error("it was compressed with a dictionary");
    if ((descriptor & 0x08) !== 0) throw new Error("invalid data");
    const window = singleSegment ? contentSize(view, headerBytes - sizeBytes, sizeBytes) : windowSize(view.getUint8(5));
    if (window > MAX_WINDOW_BYTES) throw new Error(`it needs a window of ${window} bytes; 128 MiB is the limit`);
    this.#windowBytes = window;
    this.#checksumBytes = (descriptor & 0x04) !== 0 ? 4 : 0;
    return this.#block(this.#pos + headerBytes);
  }

  /** The block whose header is at `at`, with all before it from the current position. */
  #block(at: number): ZstdBlock | null {
    if (at + BLOCK_HEADER_BYTES > this.#bytes.length) return null;
    const header = this.#bytes[at]! | (this.#bytes[at + 1]! << 8) | (this.#bytes[at + 2]! << 16);
    const last = (header & 1) === 1;
    const type = BLOCK_TYPES[(header >> 1) & 3];
    const size = header >> 3;
    if (type === undefined || size > MAX_BLOCK_BYTES) throw new Error("invalid data");
    const start = at + BLOCK_HEADER_BYTES;
    const bodyEnd = start + (type === "rle" ? 1 : size);
    const end = bodyEnd + (last ? this.#checksumBytes : 0);
    if (end > this.#bytes.length) return null;
    const bytes = this.#bytes.subarray(this.#pos, end);
    const body = this.#bytes.subarray(start, bodyEnd);
    const checksum = end > bodyEnd ? new DataView(this.#bytes.buffer).getUint32(bodyEnd, true) : null;
    this.#pos = end;
    this.#insideFrame = !last;
    return { bytes, type, body, size, last, windowBytes: this.#windowBytes, checksum };
  }
}

/** Frame_Content_Size, which is the window of a single segment. Two bytes count from 256. */
function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  return bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

/** Window_Descriptor. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
