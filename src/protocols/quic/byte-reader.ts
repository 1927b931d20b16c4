const NOTHING = new Uint8Array(0);

/**
 * Reads the fields of QUIC and HTTP/3 from front to back, without an allocation for a number. Whatever lies beyond the end reads
 * as 0 or as nothing and is remembered in `broken`, so that a parser asks once, at its end.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  /** More was asked for than there is. */
  broken = false;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.end - this.at;
  }

  uint8(): number {
    return this.#has(1) ? this.bytes[this.at++]! : 0;
  }

  uint32(): number {
    if (!this.#has(4)) return 0;
    const { bytes, at } = this;
    this.at = at + 4;
    return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
  }

  /** A variable-length integer (RFC 9000 section 16); above 2^53 it is rounded, as limits may be and nothing that is counted is. */
  varint(): number {
    if (!this.#has(1)) return 0;
    const first = this.bytes[this.at]!;
    const length = 1 << (first >> 6);
    if (!this.#has(length)) return 0;
    let value = first & 0x3f;
    for (let i = 1; i < length; i++) value = value * 256 + this.bytes[this.at + i]!;
    this.at += length;
    return value;
  }

  /** The same, exactly: for identifiers that are drawn at random from 62 bits. */
  bigVarint(): bigint {
    if (!this.#has(1)) return 0n;
    const length = 1 << (this.bytes[this.at]! >> 6);
    const encoded = this.take(length);
    if (encoded.length < length) return 0n;
    const value = BigInt(`0x${Buffer.from(encoded).toString("hex")}`);
    return BigInt.asUintN(8 * length - 2, value);
  }

  /** The next `count` bytes, as a view. */
  take(count: number): Uint8Array {
    if (!this.#has(count)) return NOTHING;
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  #has(count: number): boolean {
    if (count <= this.end - this.at) return true;
    this.broken = true;
    this.at = this.end;
    return false;
  }
}

/** The largest variable-length integer that stays exact in a number; the format itself goes to 2^62 - 1. */
export const MAX_EXACT = Number.MAX_SAFE_INTEGER;

/** How many bytes the shortest encoding of `value` has. */
export function varintBytes(value: number): 1 | 2 | 4 | 8 {
  return value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x40000000 ? 4 : 8;
}

/** Writes `value`, 0 to 2^53 - 1, as short as it goes. @returns the offset behind it */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  const length = varintBytes(value);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    into[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  into[at]! |= length === 1 ? 0 : length === 2 ? 0x40 : length === 4 ? 0x80 : 0xc0;
  return at + length;
}
