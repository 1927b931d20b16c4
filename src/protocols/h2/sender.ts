/** Sends DATA as far as the peer's windows let it (RFC 9113 section 6.9), frame by frame in turn, and says what it waited for. */
import type { Emit } from "./events.js";
import { connectionFault, type H2Fault, streamFault } from "./fault.js";
import { writeData } from "./frame-writer.js";
import { DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from "./names.js";
import type { Outbox } from "./outbox.js";
import type { H2Stream } from "./stream.js";

export class DataSender {
  readonly #outbox: Outbox;
  readonly #emit: Emit;
  readonly #onEndSent: (stream: H2Stream, nowNs: number) => void;
  /** Streams with data that waits, in turn. */
  #waiting: H2Stream[] = [];
  /** What the peer lets us send on the whole connection, in bytes. */
  window = DEFAULT_WINDOW_BYTES;
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  maxFrameBytes = 16384;
  /** DATA waits while this much is in the output: what lies there can no longer be overtaken by another stream. */
  maxOutputBytes = 256 * 1024;

  constructor(outbox: Outbox, emit: Emit, onEndSent: (stream: H2Stream, nowNs: number) => void) {
    this.#outbox = outbox;
    this.#emit = emit;
    this.#onEndSent = onEndSent;
  }

  /** Bytes of all streams that wait for window. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const { pending } of this.#waiting) for (const { at, end } of pending) bytes += end - at;
    return bytes;
  }

  /** Takes `bytes` without copying them: they must not change until they are in the output. */
  send(stream: H2Stream, bytes: Uint8Array, endStream: boolean, nowNs: number): void {
    if (bytes.length === 0 && !endStream) return;
    stream.pending.push({ bytes, at: 0, end: bytes.length });
    stream.endAfterPending ||= endStream;
    if (!this.#waiting.includes(stream)) this.#waiting.push(stream);
    this.flush(nowNs);
  }

  /** The stream is over: what waits is dropped. */
  forget(stream: H2Stream, nowNs: number): void {
    if (stream.pending.length === 0 && stream.blockedOn === undefined) return;
    stream.pending.length = 0;
    this.#waiting = this.#waiting.filter((other) => other !== stream);
    this.#setBlocked(stream, undefined, nowNs);
  }

  /** WINDOW_UPDATE. @param stream undefined: the connection's window */
  addWindow(stream: H2Stream | undefined, increment: number): H2Fault | undefined {
    const window = stream === undefined ? this.window : stream.sendWindow;
    if (increment === 0 || window + increment > MAX_WINDOW_BYTES) {
      const zero = increment === 0;
      const reason = zero
        ? "WINDOW_UPDATE by 0"
        : `WINDOW_UPDATE by ${increment} takes the window above ${MAX_WINDOW_BYTES}`;
      const code = zero ? "PROTOCOL_ERROR" : "FLOW_CONTROL_ERROR";
      return stream === undefined ? connectionFault(code, reason) : streamFault(code, stream.id, reason);
    }
    if (stream === undefined) this.window += increment;
    else stream.sendWindow += increment;
    return undefined;
  }

  /** Sends what the windows allow, one frame for each stream in turn, until the output is as large as it may be. */
  flush(nowNs: number): void {
    let progress = this.#waiting.length > 0;
    while (progress) {
      progress = false;
      for (const stream of [...this.#waiting]) {
        if (this.#outbox.length < this.maxOutputBytes) progress = this.#sendFrame(stream, nowNs) || progress;
      }
    }
    for (const stream of this.#waiting) {
      const on = stream.sendWindow <= 0 ? "stream" : this.window <= 0 ? "connection" : undefined;
      this.#setBlocked(stream, on, nowNs);
    }
  }

  /** @returns whether a frame went out */
  #sendFrame(stream: H2Stream, nowNs: number): boolean {
    const data = stream.pending[0];
    if (data === undefined) return false;
    const left = data.end - data.at;
    const count = Math.min(left, this.maxFrameBytes, stream.sendWindow, this.window);
    // An empty frame that only ends the stream needs no window.
    if (count <= 0 && left > 0) return false;
    this.#setBlocked(stream, undefined, nowNs);
    const isLast = count === left && stream.pending.length === 1;
    const ends = isLast && stream.endAfterPending && stream.trailers === undefined;
    const start = this.#outbox.begin();
    writeData(this.#outbox.sink, stream.id, data.bytes, data.at, data.at + count, ends);
    this.#outbox.end(start);
    data.at += count;
    stream.sendWindow -= count;
    this.window -= count;
    stream.sentBytes += count;
    if (count === left) stream.pending.shift();
    if (isLast) this.#finish(stream, ends, nowNs);
    return true;
  }

  #finish(stream: H2Stream, ends: boolean, nowNs: number): void {
    this.#waiting = this.#waiting.filter((other) => other !== stream);
    if (ends) this.#onEndSent(stream, nowNs);
    else stream.trailers?.();
  }

  #setBlocked(stream: H2Stream, on: "stream" | "connection" | undefined, nowNs: number): void {
    const before = stream.blockedOn;
    if (before === on) return;
    stream.blockedOn = on;
    if (before !== undefined) {
      const blockedNs = nowNs - stream.blockedNs;
      stream.sendStallNs[before] += blockedNs;
      this.#emit({ type: "released", atNs: nowNs, direction: "send", on: before, stream, blockedNs });
    }
    if (on === undefined) return;
    stream.blockedNs = nowNs;
    this.#emit({ type: "blocked", atNs: nowNs, direction: "send", on, stream });
  }
}
