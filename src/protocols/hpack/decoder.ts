/**
 * HPACK decoder (RFC 7541), bounded in every direction. One lives as long as its direction of a connection, since blocks share
 * the dynamic table. It never throws, whatever the bytes. Hot: fields that stand in a table are handed out as they stand there.
 */
import { DynamicTable } from "./dynamic-table.js";
import { DEFAULT_TABLE_BYTES, ENTRY_OVERHEAD_BYTES, type HeaderField, UNKNOWN } from "./field.js";
import { huffmanDecode, huffmanRoom } from "./huffman.js";
import { IntegerReader } from "./integer.js";
import { STATIC_ENTRIES, STATIC_TABLE } from "./static-table.js";

export interface HpackDecoderOptions {
  /** What we advertise as SETTINGS_HEADER_TABLE_SIZE, in bytes. Default 4096. */
  readonly maxTableBytes?: number;
  /** Fields beyond this size of list (RFC 9113 section 6.5.2) are decoded and dropped: `truncated`. Default 256 KiB. */
  readonly maxListBytes?: number;
  /** The longest name or value, in bytes, before it is an error. Default 64 KiB. */
  readonly maxStringBytes?: number;
  /**
   * The decoder joins in the middle: entries it never saw are reported as unknown, until it knows that they are gone.
   * Then `maxTableBytes` is only what is kept until the sender announces a size of its own.
   */
  readonly unknownTable?: boolean;
}

/** A header block, decoded. */
export interface HeaderBlock {
  readonly ok: true;
  readonly fields: HeaderField[];
  /** The block as it came, in bytes. */
  readonly wireBytes: number;
  /** All names and values in it without any compression, in bytes. */
  readonly plainBytes: number;
  /** The size of the whole list (RFC 9113 section 6.5.2), in bytes; more than `fields` when truncated. */
  readonly listBytes: number;
  /** The list exceeded `maxListBytes`; `fields` has its beginning. */
  readonly truncated: boolean;
}

/** A block that cannot be decoded. The table is then out of step and the decoder refuses every further block (COMPRESSION_ERROR). */
export interface HpackFault {
  readonly ok: false;
  /** One sentence without a full stop that names the place and the value. */
  readonly reason: string;
}

/** Every table size that fits: what a sender may announce is only known to who saw its peer's SETTINGS. */
const ANY_TABLE_BYTES = 16 * 1024 * 1024;

export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #maxListBytes: number;
  readonly #maxStringBytes: number;
  readonly #integers = new IntegerReader();
  #scratch = Buffer.allocUnsafeSlow(512);
  #allowedTableBytes: number;
  /** Our limit fell below the table's size: the next block must begin by saying so (RFC 7541 section 4.2). */
  #mustShrink = false;
  #unknown: boolean;
  /** The table's size is the sender's own announcement or the default, so evictions are known. */
  #sizeKnown: boolean;
  #fault: HpackFault | undefined;

  constructor(options: HpackDecoderOptions = {}) {
    this.#unknown = options.unknownTable ?? false;
    this.#sizeKnown = !this.#unknown;
    this.#allowedTableBytes = this.#unknown ? ANY_TABLE_BYTES : (options.maxTableBytes ?? DEFAULT_TABLE_BYTES);
    // Until the first size update a sender's table has the default size, whatever larger one was offered.
    const initial = this.#unknown
      ? (options.maxTableBytes ?? 65536)
      : Math.min(this.#allowedTableBytes, DEFAULT_TABLE_BYTES);
    this.#table = new DynamicTable(initial);
    this.#maxListBytes = options.maxListBytes ?? 256 * 1024;
    this.#maxStringBytes = options.maxStringBytes ?? 64 * 1024;
  }

  /** Bytes in the dynamic table. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** The dynamic table as it stands, newest first. */
  get tableEntries(): readonly HeaderField[] {
    return Array.from({ length: this.#table.length }, (_, index) => this.#table.at(index)!);
  }

  /** Some entries of the sender's table were never seen. */
  get tableUnknown(): boolean {
    return this.#unknown;
  }

  /** Our SETTINGS_HEADER_TABLE_SIZE, once the peer has acknowledged it. */
  setMaxTableBytes(bytes: number): void {
    this.#allowedTableBytes = bytes;
    if (!this.#unknown && bytes < this.#table.maxBytes) this.#mustShrink = true;
  }

  /** Decodes the block `bytes[start, end)`: the fragments of one HEADERS and its CONTINUATIONs, joined. */
  decode(bytes: Uint8Array, start = 0, end: number = bytes.length): HeaderBlock | HpackFault {
    if (this.#fault !== undefined) return this.#fault;
    const fields: HeaderField[] = [];
    let plainBytes = 0;
    let listBytes = 0;
    let truncated = false;
    let inFields = false;
    this.#integers.at = start;
    while (this.#integers.at < end) {
      const first = bytes[this.#integers.at]!;
      if (first >= 0x20 && first < 0x40) {
        if (inFields) return this.#fail(start, "a table size update behind a field; it may only begin a block");
        if (!this.#updateSize(bytes, start, end)) return this.#fault!;
        continue;
      }
      if (this.#mustShrink) return this.#fail(start, "the table size was to be lowered first, as our SETTINGS said");
      inFields = true;
      const field = first >= 0x80 ? this.#indexed(bytes, start, end) : this.#literal(first, bytes, start, end);
      if (field === undefined) return this.#fault!;
      const size = field.name.length + field.value.length;
      plainBytes += size;
      listBytes += size + ENTRY_OVERHEAD_BYTES;
      if (listBytes <= this.#maxListBytes) fields.push(field);
      else truncated = true;
    }
    return { ok: true, fields, wireBytes: end - start, plainBytes, listBytes, truncated };
  }

  #updateSize(bytes: Uint8Array, start: number, end: number): boolean {
    const size = this.#integer(bytes, start, end, 5, "a table size");
    if (size < 0) return false;
    if (size > this.#allowedTableBytes) {
      this.#fail(start, `a table of ${size} bytes announced; ${this.#allowedTableBytes} are allowed`);
      return false;
    }
    this.#table.setMaxBytes(size);
    this.#mustShrink &&= size > this.#allowedTableBytes;
    this.#sizeKnown = true;
    // Of an empty table everything is known.
    if (size === 0) this.#unknown = false;
    return true;
  }

  /** Indexed field (section 6.1). */
  #indexed(bytes: Uint8Array, start: number, end: number): HeaderField | undefined {
    const index = this.#integer(bytes, start, end, 7, "an index");
    return index < 0 ? undefined : this.#entry(index, start);
  }

  #entry(index: number, start: number): HeaderField | undefined {
    if (index >= 1 && index <= STATIC_ENTRIES) return STATIC_TABLE[index - 1];
    const field = index === 0 ? undefined : this.#table.at(index - STATIC_ENTRIES - 1);
    if (field !== undefined) return field;
    if (this.#unknown && index > 0) return UNKNOWN_FIELD;
    this.#fail(start, `index ${index}; the tables end at ${STATIC_ENTRIES + this.#table.length}`);
    return undefined;
  }

  /** Literal field with incremental indexing, without, or never (sections 6.2.1 to 6.2.3). */
  #literal(first: number, bytes: Uint8Array, start: number, end: number): HeaderField | undefined {
    const indexing = first >= 0x40;
    const nameIndex = this.#integer(bytes, start, end, indexing ? 6 : 4, "an index");
    if (nameIndex < 0) return undefined;
    let name: string | undefined;
    let nameUnknown = false;
    if (nameIndex === 0) {
      name = this.#string(bytes, start, end, "a name");
    } else {
      const entry = this.#entry(nameIndex, start);
      name = entry?.name;
      nameUnknown = entry?.unknown !== undefined;
    }
    if (name === undefined) return undefined;
    const value = this.#string(bytes, start, end, "a value");
    if (value === undefined) return undefined;
    const field: HeaderField = nameUnknown
      ? { name, value, unknown: "name" }
      : !indexing && first >= 0x10
        ? { name, value, neverIndexed: true }
        : { name, value };
    // What was inserted pushed out everything older, hence all that was never seen.
    if (indexing && this.#table.insert(field) && this.#sizeKnown) this.#unknown = false;
    return field;
  }

  #string(bytes: Uint8Array, start: number, end: number, what: string): string | undefined {
    const huffman = this.#integers.at < end && bytes[this.#integers.at]! >= 0x80;
    const length = this.#integer(bytes, start, end, 7, `the length of ${what}`);
    if (length < 0) return undefined;
    const from = this.#integers.at;
    if (length > end - from) {
      this.#fail(start, `${what} of ${length} bytes in a block that has ${end - from} left`);
      return undefined;
    }
    this.#integers.at = from + length;
    if (!huffman)
      return length > this.#maxStringBytes ? this.#tooLong(start, what, length) : latin1(bytes, from, from + length);
    const room = huffmanRoom(length);
    if (length > this.#maxStringBytes) return this.#tooLong(start, what, length);
    if (room > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(room * 2);
    const count = huffmanDecode(bytes, from, from + length, this.#scratch);
    if (count > this.#maxStringBytes) return this.#tooLong(start, what, count);
    if (count >= 0) return latin1(this.#scratch, 0, count);
    this.#fail(start, `${what} whose Huffman code contains EOS or ends in wrong padding`);
    return undefined;
  }

  #tooLong(start: number, what: string, length: number): undefined {
    this.#fail(start, `${what} of ${length} bytes; ${this.#maxStringBytes} are allowed`);
    return undefined;
  }

  #integer(bytes: Uint8Array, start: number, end: number, prefixBits: number, what: string): number {
    const value = this.#integers.read(bytes, end, prefixBits);
    if (value === -1) this.#fail(start, `the block ends inside ${what}`);
    if (value === -2) this.#fail(start, `${what} above 2^31 - 1`);
    return value;
  }

  #fail(start: number, what: string): HpackFault {
    const fault: HpackFault = { ok: false, reason: `header block, up to byte ${this.#integers.at - start}: ${what}` };
    this.#fault = fault;
    return fault;
  }
}

const UNKNOWN_FIELD: HeaderField = Object.freeze({ name: UNKNOWN, value: UNKNOWN, unknown: "name and value" });

/** Short strings, which most are, cost less put together here than by a call into the runtime. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 12) {
    let text = "";
    for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
    return text;
  }
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}
