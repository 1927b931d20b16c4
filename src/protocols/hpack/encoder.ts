/** HPACK encoder (RFC 7541). One lives as long as its direction of a connection, since blocks share the dynamic table. */
import { ByteSink } from "./byte-sink.js";
import { DynamicTable } from "./dynamic-table.js";
import { DEFAULT_TABLE_BYTES, type HeaderField } from "./field.js";
import { huffmanBytes, huffmanEncode } from "./huffman.js";
import { writeInteger } from "./integer.js";
import { findStatic, STATIC_ENTRIES } from "./static-table.js";

export interface HpackEncoderOptions {
  /** Put fields into the dynamic table. Off: a list has the same bytes every time, so it can be encoded once. Default on. */
  readonly indexing?: boolean;
  /** Huffman code strings that do not become longer by it. Default on. */
  readonly huffman?: boolean;
  /** The largest table that we use, in bytes; the peer's SETTINGS_HEADER_TABLE_SIZE may allow less. Default 4096. */
  readonly maxTableBytes?: number;
}

const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED = 0x10;
const NOT_INDEXED = 0x00;
const HUFFMAN = 0x80;

export class HpackEncoder {
  readonly indexing: boolean;
  readonly #huffman: boolean;
  readonly #ownLimit: number;
  readonly #table: DynamicTable;
  readonly #sink = new ByteSink();
  /** Sizes to announce when the next block begins: the smallest that was in force meanwhile, and the last. */
  #announce: number[] = [];
  /** All blocks so far: names and values without any compression, and the blocks as they went out, in bytes. */
  plainBytes = 0;
  wireBytes = 0;

  constructor(options: HpackEncoderOptions = {}) {
    this.indexing = options.indexing ?? true;
    this.#huffman = options.huffman ?? true;
    this.#ownLimit = options.maxTableBytes ?? DEFAULT_TABLE_BYTES;
    // The peer's table has the default size until both sides have said otherwise.
    this.#table = new DynamicTable(DEFAULT_TABLE_BYTES);
    if (this.#ownLimit < DEFAULT_TABLE_BYTES && this.indexing) this.setMaxTableBytes(DEFAULT_TABLE_BYTES);
  }

  /** Bytes in the dynamic table. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** The dynamic table as it stands, newest first. */
  get tableEntries(): readonly HeaderField[] {
    return Array.from({ length: this.#table.length }, (_, index) => this.#table.at(index)!);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. The next block announces what we make of it (section 4.2). */
  setMaxTableBytes(allowed: number): void {
    const size = Math.min(allowed, this.#ownLimit);
    if (size === this.#table.maxBytes) return;
    // Without indexing the table stays empty, and only a peer that allows less than it had before must be told.
    if (!this.indexing && size > this.#table.maxBytes) return;
    this.#table.setMaxBytes(size);
    const smallest = Math.min(size, ...this.#announce);
    this.#announce = smallest < size ? [smallest, size] : [size];
  }

  /** @returns the block, a buffer of its own */
  encode(fields: readonly HeaderField[]): Uint8Array {
    this.#sink.clear();
    this.encodeTo(fields, this.#sink);
    return this.#sink.copy();
  }

  /** Appends the block. */
  encodeTo(fields: readonly HeaderField[], sink: ByteSink): void {
    const start = sink.length;
    if (this.#announce.length > 0) {
      for (const size of this.#announce) writeInteger(sink, SIZE_UPDATE, 5, size);
      this.#announce = [];
    }
    for (const field of fields) {
      this.plainBytes += field.name.length + field.value.length;
      this.#field(field, sink);
    }
    this.wireBytes += sink.length - start;
  }

  #field(field: HeaderField, sink: ByteSink): void {
    const { name, value } = field;
    const inStatic = findStatic(name, value);
    if (field.neverIndexed === true) {
      this.#literal(NEVER_INDEXED, 4, Math.abs(inStatic), name, value, sink);
      return;
    }
    const found = inStatic > 0 || !this.indexing ? inStatic : this.#find(name, value) || inStatic;
    if (found > 0) {
      writeInteger(sink, INDEXED, 7, found);
    } else if (this.indexing) {
      // A name of the static table is the shorter index.
      this.#literal(INCREMENTAL, 6, -(inStatic || found), name, value, sink);
      this.#table.insert(field);
    } else {
      this.#literal(NOT_INDEXED, 4, -found, name, value, sink);
    }
  }

  /** @returns as `findStatic`. A table of the usual size has some dozen entries, so looking through them is cheap. */
  #find(name: string, value: string): number {
    let nameIndex = 0;
    for (let i = 0; i < this.#table.length; i++) {
      const entry = this.#table.at(i)!;
      if (entry.name !== name) continue;
      if (entry.value === value) return STATIC_ENTRIES + 1 + i;
      if (nameIndex === 0) nameIndex = STATIC_ENTRIES + 1 + i;
    }
    return -nameIndex;
  }

  #literal(pattern: number, prefixBits: number, nameIndex: number, name: string, value: string, sink: ByteSink): void {
    writeInteger(sink, pattern, prefixBits, nameIndex);
    if (nameIndex === 0) this.#string(name, sink);
    this.#string(value, sink);
  }

  #string(text: string, sink: ByteSink): void {
    const coded = this.#huffman ? huffmanBytes(text) : Number.POSITIVE_INFINITY;
    // Where both are as long, Huffman, as in the examples of the RFC.
    if (coded <= text.length && text !== "") {
      writeInteger(sink, HUFFMAN, 7, coded);
      huffmanEncode(text, coded, sink);
    } else {
      writeInteger(sink, 0, 7, text.length);
      sink.octets(text);
    }
  }
}
