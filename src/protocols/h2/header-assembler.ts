/**
 * Puts a header block together from HEADERS (or PUSH_PROMISE) and its CONTINUATIONs (RFC 9113 section 4.3), bounded in bytes
 * and in frames: a flood of CONTINUATIONs costs the sender more than us (CVE-2024-27316 and its kin).
 */
import { connectionFault, type H2Fault } from "./fault.js";
import type { HeadersPayload } from "./frame-payloads.js";
import type { FrameHead } from "./frame-rules.js";
import { FLAG, FRAME, frameName } from "./names.js";

export interface HeaderLimits {
  /** The largest header block as it comes, in bytes. */
  readonly maxBlockBytes: number;
  /** The most CONTINUATION frames behind one HEADERS. */
  readonly maxContinuations: number;
}

export const DEFAULT_HEADER_LIMITS: HeaderLimits = Object.freeze({ maxBlockBytes: 256 * 1024, maxContinuations: 64 });

/** After each call either `fault` is returned, or the block is whole (`whole`), or CONTINUATION must follow (`open`). */
export class HeaderAssembler {
  readonly #limits: HeaderLimits;
  #kept: Uint8Array = new Uint8Array(0);
  #keptLength = 0;
  /** The stream whose block is open; 0: none is. */
  #openId = 0;
  /** The block is `bytes[start, end)`; valid until the frame's call ends. */
  bytes: Uint8Array = this.#kept;
  start = 0;
  end = 0;
  whole = false;
  /** Of the frame that began the block. */
  type = 0;
  streamId = 0;
  promisedId = 0;
  endStream = false;
  /** CONTINUATION frames so far. */
  continuations = 0;

  constructor(limits: HeaderLimits = DEFAULT_HEADER_LIMITS) {
    this.#limits = limits;
  }

  /** A block is open: only CONTINUATION on its stream may come. */
  get open(): boolean {
    return this.#openId !== 0;
  }

  /** To be asked before any frame: nothing may come between the frames of a block (section 6.10). */
  interrupted(head: FrameHead): H2Fault | undefined {
    const isContinuation = head.type === FRAME.CONTINUATION;
    if (this.#openId === 0) {
      if (!isContinuation) return undefined;
      return connectionFault("PROTOCOL_ERROR", "CONTINUATION frame without a header block before it", head.streamId);
    }
    if (isContinuation && head.streamId === this.#openId) return undefined;
    const got = `${frameName(head.type)} frame on stream ${head.streamId}`;
    return connectionFault("PROTOCOL_ERROR", `${got} inside the header block of stream ${this.#openId}`, head.streamId);
  }

  begin(head: FrameHead, payload: HeadersPayload, bytes: Uint8Array): H2Fault | undefined {
    this.type = head.type;
    this.streamId = head.streamId;
    this.promisedId = payload.promisedId;
    this.endStream = head.type === FRAME.HEADERS && (head.flags & FLAG.END_STREAM) !== 0;
    this.continuations = 0;
    this.#keptLength = 0;
    if ((head.flags & FLAG.END_HEADERS) !== 0) {
      this.#end(bytes, payload.start, payload.end);
      return this.#tooLong(payload.end - payload.start);
    }
    this.whole = false;
    this.#openId = head.streamId;
    return this.#keep(bytes, payload.start, payload.end);
  }

  continue(head: FrameHead, bytes: Uint8Array, start: number, end: number): H2Fault | undefined {
    if (++this.continuations > this.#limits.maxContinuations) {
      const reason = `header block in more than ${this.#limits.maxContinuations} CONTINUATION frames`;
      return connectionFault("ENHANCE_YOUR_CALM", reason, head.streamId);
    }
    const fault = this.#keep(bytes, start, end);
    if (fault === undefined && (head.flags & FLAG.END_HEADERS) !== 0) this.#end(this.#kept, 0, this.#keptLength);
    return fault;
  }

  /** Forgets an open block: bytes are missing, and a reader that goes on does so behind it. */
  reset(): void {
    this.#openId = 0;
    this.whole = false;
  }

  #end(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.whole = true;
    this.#openId = 0;
  }

  #keep(bytes: Uint8Array, start: number, end: number): H2Fault | undefined {
    const needed = this.#keptLength + (end - start);
    const fault = this.#tooLong(needed);
    if (fault !== undefined) return fault;
    if (needed > this.#kept.length) {
      const wider = new Uint8Array(Math.max(needed, this.#kept.length * 2));
      wider.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = wider;
    }
    this.#kept.set(bytes.subarray(start, end), this.#keptLength);
    this.#keptLength = needed;
    return undefined;
  }

  #tooLong(bytes: number): H2Fault | undefined {
    if (bytes <= this.#limits.maxBlockBytes) return undefined;
    const reason = `header block of ${bytes} bytes or more; ${this.#limits.maxBlockBytes} are allowed`;
    return connectionFault("ENHANCE_YOUR_CALM", reason, this.streamId);
  }
}
