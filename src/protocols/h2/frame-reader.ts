/**
 * Reads frames from a stream of bytes, in whatever chunks they come (RFC 9113 section 4.1). Hot: allocates nothing per frame.
 * A payload that lies in one chunk is handed out where it lies; one that is cut is put together in a buffer that is used
 * again. The content of DATA is never put together: it goes out piece by piece, as it comes.
 */
import { connectionFault, type H2Fault } from "./fault.js";
import { checkFrame, type FrameHead } from "./frame-rules.js";
import { FLAG, FRAME, FRAME_HEADER_BYTES, MIN_MAX_FRAME_BYTES } from "./names.js";

/**
 * Takes the frames. Heads and bytes are valid only during the call; `head` is the same object every time.
 * A fault that a method returns stops the reader for good, as one that the reader finds.
 */
export interface FrameSink {
  /** A whole frame of any type but DATA, unknown types included. */
  onFrame(head: FrameHead, bytes: Uint8Array, start: number, end: number): H2Fault | undefined;
  /** A DATA frame begins; `padding` counts the pad length field too. `head.length` is what flow control counts. */
  onDataBegin(head: FrameHead): H2Fault | undefined;
  /** Content of the DATA frame, without padding, never empty. */
  onDataPiece(head: FrameHead, bytes: Uint8Array, start: number, end: number): H2Fault | undefined;
  /** The DATA frame's last byte, padding included, has come. */
  onDataEnd(head: FrameHead): H2Fault | undefined;
  /** A frame whose header breaks a rule of its stream only (PRIORITY of a wrong size); it is skipped. */
  onStreamFault(fault: H2Fault): H2Fault | undefined;
}

const AT_HEADER = 0;
const IN_PAYLOAD = 1;
const IN_PAD_LENGTH = 2;
const IN_DATA = 3;
const IN_PADDING = 4;
const SKIPPING = 5;

interface MutableHead extends FrameHead {
  type: number;
  flags: number;
  streamId: number;
  length: number;
  offset: number;
}

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #head: MutableHead = { type: 0, flags: 0, streamId: 0, length: 0, offset: 0 };
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerLength = 0;
  #state = AT_HEADER;
  /** Bytes of the payload, of the content, or of the padding that have yet to come. */
  #left = 0;
  #padding = 0;
  #payload: Uint8Array = new Uint8Array(256);
  #payloadLength = 0;
  #fault: H2Fault | undefined;
  /** The receiver's SETTINGS_MAX_FRAME_SIZE. */
  maxFrameBytes: number;
  /** Bytes taken so far. */
  offset = 0;

  constructor(sink: FrameSink, maxFrameBytes: number = MIN_MAX_FRAME_BYTES) {
    this.#sink = sink;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** What stopped the reader, once something did. */
  get fault(): H2Fault | undefined {
    return this.#fault;
  }

  /** No frame is open. */
  get atBoundary(): boolean {
    return this.#state === AT_HEADER && this.#headerLength === 0;
  }

  /** Takes the bytes `chunk[start, end)`. @returns what stopped the reader; it takes nothing from then on */
  push(chunk: Uint8Array, start = 0, end: number = chunk.length): H2Fault | undefined {
    let at = start;
    while (at < end && this.#fault === undefined) {
      const from = at;
      if (this.#state === AT_HEADER) at = this.#takeHeader(chunk, at, end);
      else if (this.#state === IN_PAYLOAD) at = this.#takePayload(chunk, at, end);
      else at = this.#takeData(chunk, at, end);
      this.offset += at - from;
    }
    return this.#fault;
  }

  /** Counts `bytes` of content as come that are lost to us. @returns false: they are not all content of an open DATA frame */
  skipData(bytes: number): boolean {
    if (this.#state !== IN_DATA || bytes > this.#left || this.#fault !== undefined) return false;
    this.#left -= bytes;
    this.offset += bytes;
    if (this.#left === 0) this.#endPart();
    return true;
  }

  #takeHeader(chunk: Uint8Array, start: number, end: number): number {
    const header = this.#header;
    if (this.#headerLength === 0 && end - start >= FRAME_HEADER_BYTES) {
      this.#begin(chunk, start, this.offset);
      return start + FRAME_HEADER_BYTES;
    }
    let at = start;
    while (at < end && this.#headerLength < FRAME_HEADER_BYTES) header[this.#headerLength++] = chunk[at++]!;
    if (this.#headerLength === FRAME_HEADER_BYTES) {
      this.#headerLength = 0;
      this.#begin(header, 0, this.offset + (at - start) - FRAME_HEADER_BYTES);
    }
    return at;
  }

  #begin(bytes: Uint8Array, at: number, offset: number): void {
    const head = this.#head;
    head.length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    head.type = bytes[at + 3]!;
    head.flags = bytes[at + 4]!;
    head.streamId = ((bytes[at + 5]! & 0x7f) << 24) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 8) | bytes[at + 8]!;
    head.offset = offset;
    this.#left = head.length;
    const fault = checkFrame(head, this.maxFrameBytes);
    if (fault !== undefined) {
      this.#fault = fault.scope === "connection" ? fault : this.#sink.onStreamFault(fault);
      this.#state = SKIPPING;
      if (head.length === 0) this.#state = AT_HEADER;
    } else if (head.type === FRAME.DATA) {
      this.#beginData(head);
    } else {
      this.#payloadLength = 0;
      this.#state = IN_PAYLOAD;
      if (head.length === 0) this.#endFrame(bytes, at, at);
    }
  }

  #takePayload(chunk: Uint8Array, start: number, end: number): number {
    const count = Math.min(this.#left, end - start);
    if (count === this.#head.length) {
      this.#endFrame(chunk, start, start + count);
      return start + count;
    }
    this.#keep(chunk, start, start + count);
    this.#left -= count;
    if (this.#left === 0) this.#endFrame(this.#payload, 0, this.#payloadLength);
    return start + count;
  }

  /** Grows with what has come, not with what a header claims will come. */
  #keep(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#payloadLength + (end - start);
    if (needed > this.#payload.length) {
      const wider = new Uint8Array(Math.max(needed, this.#payload.length * 2));
      wider.set(this.#payload.subarray(0, this.#payloadLength));
      this.#payload = wider;
    }
    this.#payload.set(chunk.subarray(start, end), this.#payloadLength);
    this.#payloadLength = needed;
  }

  #endFrame(bytes: Uint8Array, start: number, end: number): void {
    this.#state = AT_HEADER;
    this.#left = 0;
    this.#fault = this.#sink.onFrame(this.#head, bytes, start, end);
  }

  #beginData(head: FrameHead): void {
    this.#padding = 0;
    this.#state = (head.flags & FLAG.PADDED) !== 0 ? IN_PAD_LENGTH : IN_DATA;
    this.#fault = this.#sink.onDataBegin(head);
    if (this.#fault === undefined && head.length === 0) this.#endData();
  }

  #takeData(chunk: Uint8Array, start: number, end: number): number {
    if (this.#state === IN_PAD_LENGTH) return this.#takePadLength(chunk[start]!, start);
    const count = Math.min(this.#left, end - start);
    this.#left -= count;
    if (this.#state === IN_DATA) this.#fault = this.#sink.onDataPiece(this.#head, chunk, start, start + count);
    if (this.#left === 0 && this.#fault === undefined) this.#endPart();
    return start + count;
  }

  #takePadLength(padding: number, at: number): number {
    const { length, streamId } = this.#head;
    if (padding >= length) {
      this.#fault = connectionFault(
        "PROTOCOL_ERROR",
        `DATA frame of ${length} bytes with ${padding} of padding`,
        streamId,
      );
      return at + 1;
    }
    this.#padding = padding;
    this.#left = length - 1 - padding;
    this.#state = IN_DATA;
    if (this.#left === 0) this.#endPart();
    return at + 1;
  }

  #endPart(): void {
    if (this.#state === IN_DATA && this.#padding > 0) {
      this.#left = this.#padding;
      this.#state = IN_PADDING;
    } else if (this.#state === SKIPPING) {
      this.#state = AT_HEADER;
    } else {
      this.#endData();
    }
  }

  #endData(): void {
    this.#state = AT_HEADER;
    this.#fault = this.#sink.onDataEnd(this.#head);
  }
}
