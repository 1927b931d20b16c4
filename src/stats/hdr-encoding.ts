/**
 * The envelope of an encoded histogram, checked before hdr-histogram-js reads it: the library trusts its lengths, so a
 * damaged one would make it loop over bytes that are not there or allocate what a header claims.
 * Layout: HdrHistogram's V2 encoding (EncodableHistogram.java, AbstractHistogram.java), big endian.
 */
import { inflateSync } from "node:zlib";
import { EXIT, NetlatError } from "../errors.js";

const COMPRESSED_COOKIE = 0x1c849304;
const COOKIE = 0x1c849303;
/** The word size's nibble of a cookie says nothing in V2. */
const COOKIE_MASK = ~0xf0;
const COMPRESSED_HEADER_BYTES = 8;
const HEADER_BYTES = 40;
/** 34,000 buckets of at most 9 bytes are 300 kB; five digits of precision from elsewhere may take more. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_DIGITS = 5;
/** 64 powers of two of 2^17 buckets each, as five digits of precision need. */
const MAX_BUCKETS = 65 * 2 ** 17;

export function unreadableHistogram(reason: string, cause?: unknown): NetlatError {
  return new NetlatError(EXIT.unreadableInput, `not a readable histogram: ${reason}`, {
    hint: "an encoded histogram is HdrHistogram's V2 compressed format in base64",
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Base64 to the uncompressed V2 encoding, header included, its lengths checked against the bytes that are there.
 * @throws NetlatError (exit 3)
 */
export function uncompressedHdr(base64: string): Uint8Array {
  const text = base64.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) throw unreadableHistogram("it is not base64");
  const envelope = Buffer.from(text, "base64");
  if (envelope.length < COMPRESSED_HEADER_BYTES || (envelope.readInt32BE(0) & COOKIE_MASK) !== COMPRESSED_COOKIE) {
    throw unreadableHistogram("it does not start with the V2 compressed cookie");
  }
  const compressed = envelope.subarray(COMPRESSED_HEADER_BYTES);
  const compressedBytes = envelope.readUInt32BE(4);
  if (compressedBytes > compressed.length) {
    throw unreadableHistogram(`it is cut short: ${compressed.length} of ${compressedBytes} compressed bytes`);
  }
  const plain = inflate(compressed.subarray(0, compressedBytes));
  if (plain.length < HEADER_BYTES || (plain.readInt32BE(0) & COOKIE_MASK) !== COOKIE) {
    throw unreadableHistogram("its content does not start with the V2 cookie");
  }
  const payloadBytes = plain.readUInt32BE(4);
  if (payloadBytes > plain.length - HEADER_BYTES) {
    throw unreadableHistogram(`it is cut short: ${plain.length - HEADER_BYTES} of ${payloadBytes} bytes of counts`);
  }
  const digits = plain.readUInt32BE(12);
  if (digits > MAX_DIGITS) throw unreadableHistogram(`it claims ${digits} significant digits`);
  checkRuns(plain.subarray(HEADER_BYTES, HEADER_BYTES + payloadBytes));
  return plain;
}

/**
 * The counts are ZigZag LEB128 numbers; a negative one is a run of so many empty buckets, over which the library loops one by
 * one: a run longer than any histogram would keep it busy for hours.
 */
function checkRuns(counts: Uint8Array): void {
  let buckets = 0;
  for (let at = 0; at < counts.length; ) {
    let value = 0;
    let byte = 0x80;
    // Eight groups of 7 bits, then a ninth of 8 (ZigZagEncoding.java); a double is exact enough to compare with a bound.
    for (let group = 0; group < 9 && (byte & 0x80) !== 0 && at < counts.length; group++) {
      byte = counts[at++] as number;
      value += (group < 8 ? byte & 0x7f : byte) * 2 ** (7 * group);
    }
    buckets += value % 2 === 1 ? (value + 1) / 2 : 1;
  }
  if (buckets > MAX_BUCKETS) throw unreadableHistogram(`it claims ${buckets} buckets`);
}

function inflate(compressed: Uint8Array): Buffer {
  try {
    return inflateSync(compressed, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw unreadableHistogram("its compressed bytes are damaged", cause);
  }
}
