/** Bytes on their way out: one buffer that grows and is used again, so that a frame costs no allocation of its own. */
export class ByteSink {
  /** What was written is `bytes[0, length)`; valid until the next write, which may replace the buffer. */
  bytes: Uint8Array;
  length = 0;

  constructor(capacityBytes = 512) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
  }

  /** Makes room for `count` bytes more. @returns the offset at which they begin */
  reserve(count: number): number {
    const start = this.length;
    const needed = start + count;
    if (needed > this.bytes.length) {
      const wider = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
      wider.set(this.bytes.subarray(0, start));
      this.bytes = wider;
    }
    this.length = needed;
    return start;
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  /** Big endian, as all of HTTP/2. */
  uint16(value: number): void {
    const at = this.reserve(2);
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  uint32(value: number): void {
    const at = this.reserve(4);
    const bytes = this.bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  append(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const at = this.reserve(end - start);
    const target = this.bytes;
    // A loop beats subarray and set for the few dozen bytes that a header block or a small body has.
    if (end - start <= 32) for (let i = start, to = at; i < end; i++, to++) target[to] = bytes[i]!;
    else target.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
  }

  /** A string of octets: one byte for each character, its low eight bits. */
  octets(text: string): void {
    const at = this.reserve(text.length);
    const bytes = this.bytes;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  }

  zeros(count: number): void {
    const at = this.reserve(count);
    this.bytes.fill(0, at, at + count);
  }

  /** A copy of `[from, to)` that nobody overwrites. */
  copy(from = 0, to: number = this.length): Uint8Array {
    const taken = Buffer.allocUnsafe(to - from);
    const bytes = this.bytes;
    if (to - from <= 64) for (let i = from; i < to; i++) taken[i - from] = bytes[i]!;
    else taken.set(bytes.subarray(from, to));
    return taken;
  }

  clear(): void {
    this.length = 0;
  }
}
