/** Finds where a frame begins in a stream of HTTP/2 that is read from the middle, or behind bytes that are missing. */
import { uint32 } from "./frame-payloads.js";
import { checkFrame, type FrameHead } from "./frame-rules.js";
import { FLAG, FRAME, FRAME_HEADER_BYTES, MIN_MAX_FRAME_BYTES } from "./names.js";

/** Flags that are defined for each type (RFC 9113 section 6). */
const DEFINED_FLAGS = [
  FLAG.END_STREAM | FLAG.PADDED, // DATA
  FLAG.END_STREAM | FLAG.END_HEADERS | FLAG.PADDED | FLAG.PRIORITY, // HEADERS
  0, // PRIORITY
  0, // RST_STREAM
  FLAG.ACK, // SETTINGS
  FLAG.END_HEADERS | FLAG.PADDED, // PUSH_PROMISE
  FLAG.ACK, // PING
  0, // GOAWAY
  0, // WINDOW_UPDATE
  FLAG.END_HEADERS, // CONTINUATION
];

/** Enough for two frames of the usual largest size: what a search has to see at once. */
const KEPT_BYTES = 2 * (MIN_MAX_FRAME_BYTES + FRAME_HEADER_BYTES);

/**
 * A place counts as the beginning of a frame when a plausible header stands there and another one behind its payload, or when
 * the bytes known so far end exactly with its payload: a sender's write, and so a segment, mostly ends with a frame. In random
 * bytes one place in ten million looks like one header.
 */
export class FrameSearch {
  #kept = new Uint8Array(0);
  #maxFrameBytes: number;
  /** Bytes that were passed over. */
  skipped = 0;

  constructor(maxFrameBytes: number = MIN_MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Takes `chunk[start, end)`. @returns the bytes from the frame's beginning on, or undefined: not found yet */
  push(chunk: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const bytes = new Uint8Array(this.#kept.length + (end - start));
    bytes.set(this.#kept);
    bytes.set(chunk.subarray(start, end), this.#kept.length);
    let open = -1;
    for (let at = 0; at < bytes.length; at++) {
      const verdict = this.#judge(bytes, at);
      if (verdict === "frame") {
        this.skipped += at;
        return bytes.subarray(at);
      }
      if (verdict === "open" && open < 0) open = at;
    }
    const keepFrom = Math.max(open < 0 ? bytes.length : open, bytes.length - KEPT_BYTES);
    this.skipped += keepFrom;
    this.#kept = bytes.slice(keepFrom);
    return undefined;
  }

  #judge(bytes: Uint8Array, at: number): "frame" | "open" | "no" {
    const left = bytes.length - at;
    if (left < FRAME_HEADER_BYTES) return "open";
    if (!isPlausible(bytes, at, this.#maxFrameBytes)) return "no";
    const next = at + FRAME_HEADER_BYTES + ((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!);
    if (next === bytes.length) return "frame";
    if (next + FRAME_HEADER_BYTES > bytes.length) return "open";
    return isPlausible(bytes, next, this.#maxFrameBytes) ? "frame" : "no";
  }
}

function isPlausible(bytes: Uint8Array, at: number, maxFrameBytes: number): boolean {
  const type = bytes[at + 3]!;
  const flags = bytes[at + 4]!;
  const id = uint32(bytes, at + 5);
  const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  const defined = DEFINED_FLAGS[type];
  if (defined === undefined || (flags & ~defined) !== 0 || id > 0x7fffffff) return false;
  // Only a client's streams carry messages where there is no push, and nobody sends empty DATA but to end a stream.
  if ((type === FRAME.DATA || type === FRAME.HEADERS) && id % 2 === 0) return false;
  if (type === FRAME.DATA && length === 0 && (flags & FLAG.END_STREAM) === 0) return false;
  const head: FrameHead = { type, flags, streamId: id, length, offset: -1 };
  return checkFrame(head, maxFrameBytes) === undefined;
}
