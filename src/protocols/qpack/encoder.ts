/**
 * QPACK encoder (RFC 9204) with the static table and Huffman only: no dynamic table, hence no encoder stream, no state, and no
 * block that ever waits for another stream. A list has the same bytes every time.
 */
import { ByteSink } from "../hpack/byte-sink.js";
import type { HeaderField } from "../hpack/field.js";
import { huffmanBytes, huffmanEncode } from "../hpack/huffman.js";
import { writeInteger } from "../hpack/integer.js";
import { findStatic } from "./static-table.js";

/** Indexed field line, static (section 4.5.2). */
const INDEXED_STATIC = 0xc0;
/** Literal field line with name reference, static (section 4.5.4); and the bit that forbids any table on the way. */
const NAMED_STATIC = 0x50;
const NAMED_NEVER = 0x20;
/** Literal field line with literal name (section 4.5.6). */
const LITERAL = 0x20;
const LITERAL_NEVER = 0x10;
const LITERAL_HUFFMAN = 0x08;
const HUFFMAN = 0x80;

export interface QpackEncoderOptions {
  /** Huffman code strings that do not become longer by it. Default on. */
  readonly huffman?: boolean;
}

/** @returns an encoded field section, a buffer of its own */
export function encodeFields(fields: readonly HeaderField[], { huffman = true }: QpackEncoderOptions = {}): Uint8Array {
  const sink = new ByteSink();
  // Required Insert Count 0, Delta Base 0 (section 4.5.1).
  sink.byte(0);
  sink.byte(0);
  for (const field of fields) encodeField(field, huffman, sink);
  return sink.copy();
}

function encodeField({ name, value, neverIndexed }: HeaderField, huffman: boolean, sink: ByteSink): void {
  const found = findStatic(name, value);
  if (found?.index !== undefined && neverIndexed !== true) {
    writeInteger(sink, INDEXED_STATIC, 6, found.index);
    return;
  }
  if (found !== undefined) writeInteger(sink, NAMED_STATIC | (neverIndexed ? NAMED_NEVER : 0), 4, found.nameIndex);
  else writeString(sink, LITERAL | (neverIndexed ? LITERAL_NEVER : 0), 3, LITERAL_HUFFMAN, name, huffman);
  writeString(sink, 0, 7, HUFFMAN, value, huffman);
}

/** @param pattern bits above the length's prefix @param flag the bit that says Huffman */
function writeString(
  sink: ByteSink,
  pattern: number,
  prefixBits: number,
  flag: number,
  text: string,
  huffman: boolean,
) {
  const coded = huffman ? huffmanBytes(text) : Number.POSITIVE_INFINITY;
  if (coded <= text.length && text !== "") {
    writeInteger(sink, pattern | flag, prefixBits, coded);
    huffmanEncode(text, coded, sink);
  } else {
    writeInteger(sink, pattern, prefixBits, text.length);
    sink.octets(text);
  }
}
