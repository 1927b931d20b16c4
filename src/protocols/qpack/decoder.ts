/**
 * QPACK decoder (RFC 9204) for peers that were told SETTINGS_QPACK_MAX_TABLE_CAPACITY 0, which is also the default: static table
 * and literals. A block that refers to the dynamic table is an error with a name; who only looks on, at ends that use one, has those
 * fields as unknown. Stateless, bounded, and it never throws.
 */
import { ENTRY_OVERHEAD_BYTES, type HeaderField, UNKNOWN } from "../hpack/field.js";
import { huffmanDecode, huffmanRoom } from "../hpack/huffman.js";
import { IntegerReader } from "../hpack/integer.js";
import { STATIC_TABLE } from "./static-table.js";

export interface QpackDecoderOptions {
  /** Fields beyond this size of list (RFC 9114 section 4.2.2) are decoded and dropped: `truncated`. Default 256 KiB. */
  readonly maxListBytes?: number;
  /** The longest name or value, in bytes, before it is an error. Default 64 KiB. */
  readonly maxStringBytes?: number;
  /** What stands in the dynamic table is handed out as unknown, instead of an error. Default off. */
  readonly unknownTable?: boolean;
}

/** An encoded field section, decoded. */
export interface FieldSection {
  readonly ok: true;
  readonly fields: HeaderField[];
  /** The section as it came, and its names and values without any compression, in bytes. */
  readonly wireBytes: number;
  readonly plainBytes: number;
  /** The size of the whole list (RFC 9114 section 4.2.2), in bytes; more than `fields` when truncated. */
  readonly listBytes: number;
  readonly truncated: boolean;
  /** Some fields are unknown (`unknownTable`). */
  readonly unknown: boolean;
}

/** A section that cannot be decoded: QPACK_DECOMPRESSION_FAILED. */
export interface QpackFault {
  readonly ok: false;
  /** `dynamic-table`: the sender uses a table that it was not allowed, or that a capture has not followed. */
  readonly kind: "malformed" | "dynamic-table";
  /** One sentence without a full stop that names the place and the value. */
  readonly reason: string;
}

const INDEXED = 0x80;
const INDEXED_STATIC = 0x40;
const NAMED = 0x40;
const NAMED_NEVER = 0x20;
const NAMED_STATIC = 0x10;
const LITERAL = 0x20;
const LITERAL_NEVER = 0x10;
const POST_BASE_INDEXED = 0x10;
const POST_BASE_NEVER = 0x08;
const LAST_STATIC = STATIC_TABLE.length - 1;

const UNKNOWN_FIELD: HeaderField = Object.freeze({ name: UNKNOWN, value: UNKNOWN, unknown: "name and value" });

/** Decodes the encoded field section `bytes[start, end)`, the payload of a HEADERS frame. */
export function decodeFields(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  options: QpackDecoderOptions = {},
): FieldSection | QpackFault {
  return new SectionReader(bytes, start, end, options).read();
}

class SectionReader {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #maxListBytes: number;
  readonly #maxStringBytes: number;
  readonly #unknownTable: boolean;
  #unknown = false;
  readonly #integers = new IntegerReader();
  #fault: QpackFault | undefined;

  constructor(bytes: Uint8Array, start: number, end: number, options: QpackDecoderOptions) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#integers.at = start;
    this.#maxListBytes = options.maxListBytes ?? 256 * 1024;
    this.#maxStringBytes = options.maxStringBytes ?? 64 * 1024;
    this.#unknownTable = options.unknownTable ?? false;
  }

  read(): FieldSection | QpackFault {
    const requiredInserts = this.#integer(8, "the Required Insert Count");
    if (requiredInserts !== undefined && requiredInserts > 0 && !this.#unknownTable) {
      return this.#fail("dynamic-table", `it needs entries of the dynamic table, of which there is none`);
    }
    this.#integer(7, "the Delta Base");
    const fields: HeaderField[] = [];
    let plainBytes = 0;
    let listBytes = 0;
    while (this.#fault === undefined && this.#integers.at < this.#end) {
      const field = this.#field();
      if (field === undefined) break;
      const size = field.name.length + field.value.length;
      plainBytes += size;
      listBytes += size + ENTRY_OVERHEAD_BYTES;
      if (listBytes <= this.#maxListBytes) fields.push(field);
    }
    if (this.#fault !== undefined) return this.#fault;
    const truncated = listBytes > this.#maxListBytes;
    return {
      ok: true,
      fields,
      wireBytes: this.#end - this.#start,
      plainBytes,
      listBytes,
      truncated,
      unknown: this.#unknown,
    };
  }

  /** Section 4.5.2 to 4.5.6; undefined with `#fault` set. */
  #field(): HeaderField | undefined {
    const first = this.#bytes[this.#integers.at]!;
    if (first >= INDEXED) return this.#reference(6, (first & INDEXED_STATIC) !== 0);
    if (first >= NAMED) {
      return this.#literal(this.#reference(4, (first & NAMED_STATIC) !== 0), (first & NAMED_NEVER) !== 0);
    }
    if (first >= LITERAL) {
      const name = this.#string(3, "a name");
      return this.#literal(name === undefined ? undefined : { name, value: "" }, (first & LITERAL_NEVER) !== 0);
    }
    if (first >= POST_BASE_INDEXED) return this.#reference(4, false);
    return this.#literal(this.#reference(3, false), (first & POST_BASE_NEVER) !== 0);
  }

  #reference(prefixBits: number, isStatic: boolean): HeaderField | undefined {
    const index = this.#integer(prefixBits, "an index");
    if (index === undefined) return undefined;
    if (isStatic) return STATIC_TABLE[index] ?? this.#none(`index ${index}; the static table ends at ${LAST_STATIC}`);
    if (!this.#unknownTable) {
      this.#fail("dynamic-table", `index ${index} of the dynamic table, of which there is none`);
      return undefined;
    }
    this.#unknown = true;
    return UNKNOWN_FIELD;
  }

  /** @param named a field with the name */
  #literal(named: HeaderField | undefined, never: boolean): HeaderField | undefined {
    if (named === undefined) return undefined;
    const value = this.#string(7, "a value");
    if (value === undefined) return undefined;
    const { name } = named;
    if (named === UNKNOWN_FIELD) return { name, value, unknown: "name" };
    return never ? { name, value, neverIndexed: true } : { name, value };
  }

  #string(prefixBits: number, what: string): string | undefined {
    const { at } = this.#integers;
    const isHuffman = at < this.#end && (this.#bytes[at]! & (1 << prefixBits)) !== 0;
    const length = this.#integer(prefixBits, `the length of ${what}`);
    if (length === undefined) return undefined;
    const from = this.#integers.at;
    if (length > this.#end - from) {
      return this.#none(`${what} of ${length} bytes in a block that has ${this.#end - from} left`);
    }
    if (length > this.#maxStringBytes) return this.#tooLong(what, length);
    this.#integers.at = from + length;
    if (!isHuffman) return Buffer.prototype.latin1Slice.call(this.#bytes, from, from + length);
    const room = Buffer.allocUnsafe(huffmanRoom(length));
    const count = huffmanDecode(this.#bytes, from, from + length, room);
    if (count < 0) return this.#none(`${what} whose Huffman code contains EOS or ends in wrong padding`);
    if (count > this.#maxStringBytes) return this.#tooLong(what, count);
    return Buffer.prototype.latin1Slice.call(room, 0, count);
  }

  #tooLong(what: string, length: number): undefined {
    return this.#none(`${what} of ${length} bytes; ${this.#maxStringBytes} are allowed`);
  }

  /** @returns undefined: there is none, and `#fault` says why */
  #integer(prefixBits: number, what: string): number | undefined {
    if (this.#fault !== undefined) return undefined;
    const value = this.#integers.read(this.#bytes, this.#end, prefixBits);
    if (value === -1) return this.#none(`the block ends inside ${what}`);
    return value === -2 ? this.#none(`${what} above 2^31 - 1`) : value;
  }

  #none(what: string): undefined {
    this.#fail("malformed", what);
    return undefined;
  }

  #fail(kind: QpackFault["kind"], what: string): QpackFault {
    const reason = `field section, up to byte ${this.#integers.at - this.#start}: ${what}`;
    this.#fault ??= { ok: false, kind, reason };
    return this.#fault;
  }
}
