/**
 * Reads frames from one stream, in whatever chunks they come (RFC 9114 section 7.1). The content of DATA goes out piece by piece;
 * a payload that is read is put together, bounded; one that nobody reads is counted and passed over.
 */
import { connectionFault, type H3Fault } from "./fault.js";
import { FRAME, H2_ONLY_FRAMES, h3FrameName } from "./names.js";

/** A fault that a method returns stops the reader for good. Bytes are valid only during the call. */
export interface FrameSink {
  /** A frame's type and length are known; whether it may stand here. @param length of the payload in bytes */
  onFrameBegin(type: number, length: number): H3Fault | undefined;
  /** A whole frame of a type of RFC 9114 other than DATA. */
  onFrame(type: number, payload: Uint8Array): H3Fault | undefined;
  /** Content of a DATA frame, never empty. */
  onData(bytes: Uint8Array): H3Fault | undefined;
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(FRAME));
const NOTHING = new Uint8Array(0);

/** A variable-length integer that may come byte by byte. */
class PartialVarint {
  #value = 0;
  #left = -1;

  /** @returns the integer; undefined: it goes on */
  push(byte: number): number | undefined {
    if (this.#left === -1) {
      this.#left = (1 << (byte >> 6)) - 1;
      this.#value = byte & 0x3f;
    } else {
      this.#value = this.#value * 256 + byte;
      this.#left--;
    }
    if (this.#left > 0) return undefined;
    this.#left = -1;
    return this.#value;
  }

  /** Some of its bytes have come. */
  get open(): boolean {
    return this.#left !== -1;
  }
}

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  readonly #varint = new PartialVarint();
  #type: number | undefined;
  /** Of the payload, bytes that have yet to come; undefined: the header is not whole. */
  #left: number | undefined;
  #payload: Uint8Array = NOTHING;
  #have = 0;
  #fault: H3Fault | undefined;

  /** @param maxFrameBytes the longest payload that is put together */
  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
  }

  get fault(): H3Fault | undefined {
    return this.#fault;
  }

  /** No frame is open. */
  get atBoundary(): boolean {
    return this.#type === undefined && !this.#varint.open;
  }

  /** @returns what stopped the reader; it takes nothing from then on */
  push(bytes: Uint8Array): H3Fault | undefined {
    for (let at = 0; at < bytes.length && this.#fault === undefined; ) {
      if (this.#left === undefined) this.#header(bytes[at++]!);
      else {
        const taken = Math.min(this.#left, bytes.length - at);
        this.#take(bytes.subarray(at, at + taken));
        at += taken;
      }
    }
    return this.#fault;
  }

  #header(byte: number): void {
    const value = this.#varint.push(byte);
    if (value === undefined) return;
    if (this.#type === undefined) this.#type = value;
    else this.#begin(this.#type, value);
  }

  #begin(type: number, length: number): void {
    this.#fault = H2_ONLY_FRAMES.includes(type)
      ? connectionFault("H3_FRAME_UNEXPECTED", `a frame of type 0x${type.toString(16)}, which is HTTP/2's`)
      : this.#sink.onFrameBegin(type, length);
    if (this.#fault !== undefined) return;
    if (type !== FRAME.DATA && KNOWN.has(type) && length > this.#maxFrameBytes) {
      const what = `${h3FrameName(type)} frame of ${length} bytes; ${this.#maxFrameBytes} are allowed`;
      this.#fault = connectionFault("H3_EXCESSIVE_LOAD", what);
      return;
    }
    this.#left = length;
    this.#have = 0;
    if (length === 0) this.#end(NOTHING);
  }

  #take(bytes: Uint8Array): void {
    const type = this.#type as number;
    const left = (this.#left as number) - bytes.length;
    this.#left = left;
    if (type === FRAME.DATA) {
      this.#fault = this.#sink.onData(bytes);
      if (left === 0) this.#reset();
    } else if (!KNOWN.has(type)) {
      if (left === 0) this.#reset();
    } else if (left === 0 && this.#have === 0) this.#end(bytes);
    else {
      this.#keep(bytes);
      if (left === 0) this.#end(this.#payload.subarray(0, this.#have));
    }
  }

  /** Grows with what has come, not with what a header claims will come. */
  #keep(bytes: Uint8Array): void {
    const needed = this.#have + bytes.length;
    if (needed > this.#payload.length) {
      const wider = new Uint8Array(Math.max(needed, 2 * this.#payload.length));
      wider.set(this.#payload.subarray(0, this.#have));
      this.#payload = wider;
    }
    this.#payload.set(bytes, this.#have);
    this.#have = needed;
  }

  #end(payload: Uint8Array): void {
    const type = this.#type as number;
    this.#reset();
    if (type !== FRAME.DATA && KNOWN.has(type)) this.#fault = this.#sink.onFrame(type, payload);
  }

  #reset(): void {
    this.#type = undefined;
    this.#left = undefined;
  }
}
