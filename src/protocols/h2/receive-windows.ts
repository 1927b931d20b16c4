/** The windows that we give the peer (RFC 9113 section 6.9): watched, given back as the policy says, and never exceeded. */
import type { Emit } from "./events.js";
import { connectionFault, type H2Fault, streamFault } from "./fault.js";
import { writeWindowUpdate } from "./frame-writer.js";
import { DEFAULT_WINDOW_BYTES } from "./names.js";
import type { Outbox } from "./outbox.js";
import type { H2Stream } from "./stream.js";

/**
 * When a window is given back: once this fraction of it has been received (0: with every DATA frame, 0.5: half, 1: only when
 * it is used up), or `manual`: only by `giveWindow`.
 */
export type WindowPolicy = number | "manual";

export class ReceiveWindows {
  readonly #outbox: Outbox;
  readonly #emit: Emit;
  readonly #policy: WindowPolicy;
  /** What the peer may still send on the connection, and what the window is when all is given back, in bytes. */
  window = DEFAULT_WINDOW_BYTES;
  #full = DEFAULT_WINDOW_BYTES;
  #unreturned = 0;
  #exhaustedNs = -1;
  /** Our SETTINGS_INITIAL_WINDOW_SIZE, once acknowledged. */
  #initial = DEFAULT_WINDOW_BYTES;
  /** How long the peer had used up a window before its next DATA came, for all streams together. */
  readonly stallNs = { stream: 0, connection: 0 };

  constructor(outbox: Outbox, emit: Emit, policy: WindowPolicy) {
    this.#outbox = outbox;
    this.#emit = emit;
    this.#policy = policy;
  }

  get initial(): number {
    return this.#initial;
  }

  /** The connection's window can only grow, and only by WINDOW_UPDATE (section 6.9.2). */
  growConnection(toBytes: number, nowNs: number): void {
    if (toBytes <= this.#full) return;
    const increment = toBytes - this.#full;
    this.#full = toBytes;
    this.give(undefined, increment, nowNs);
  }

  /** Our SETTINGS were acknowledged: every open stream's window moves by the difference. */
  setInitial(bytes: number, streams: Iterable<H2Stream>, nowNs: number): void {
    const moved = bytes - this.#initial;
    this.#initial = bytes;
    for (const stream of streams) {
      stream.receiveWindow += moved;
      // What was received may now be enough to be given back, and no DATA may ever come to remind us.
      if (moved < 0) this.giveBack(stream, nowNs);
    }
  }

  /** A DATA frame came. @param stream undefined: of a stream that is closed, which only the connection's window counts */
  take(stream: H2Stream | undefined, streamId: number, bytes: number, nowNs: number): H2Fault | undefined {
    if (bytes === 0) return undefined;
    this.#release(stream, nowNs);
    if (bytes > this.window) {
      return connectionFault(
        "FLOW_CONTROL_ERROR",
        `DATA frame of ${bytes} bytes; the connection's window has ${this.window}`,
        streamId,
      );
    }
    this.window -= bytes;
    this.#unreturned += bytes;
    if (this.window === 0) this.#exhausted(undefined, nowNs);
    if (stream === undefined) return undefined;
    if (bytes > stream.receiveWindow) {
      return streamFault(
        "FLOW_CONTROL_ERROR",
        streamId,
        `DATA frame of ${bytes} bytes; the stream's window has ${stream.receiveWindow}`,
      );
    }
    stream.receiveWindow -= bytes;
    stream.unreturnedBytes += bytes;
    if (stream.receiveWindow === 0) this.#exhausted(stream, nowNs);
    return undefined;
  }

  /** Gives back as the policy says. @param stream undefined: only the connection's, as nothing more comes on the stream */
  giveBack(stream: H2Stream | undefined, nowNs: number): void {
    if (this.#policy === "manual") return;
    if (this.#unreturned > 0 && this.#unreturned >= this.#full * this.#policy)
      this.give(undefined, this.#unreturned, nowNs);
    if (stream === undefined || !stream.canReceive || stream.unreturnedBytes === 0) return;
    if (stream.unreturnedBytes >= this.#initial * this.#policy) this.give(stream, stream.unreturnedBytes, nowNs);
  }

  /** Writes a WINDOW_UPDATE of `increment` bytes (1 to 2^31 - 1). */
  give(stream: H2Stream | undefined, increment: number, nowNs: number): void {
    const start = this.#outbox.begin();
    writeWindowUpdate(this.#outbox.sink, stream?.id ?? 0, increment);
    this.#outbox.end(start);
    if (stream === undefined) {
      this.window += increment;
      this.#unreturned = Math.max(0, this.#unreturned - increment);
    } else {
      stream.receiveWindow += increment;
      stream.unreturnedBytes = Math.max(0, stream.unreturnedBytes - increment);
    }
    this.#emit({ type: "window-update", atNs: nowNs, by: "us", stream, increment });
  }

  #exhausted(stream: H2Stream | undefined, nowNs: number): void {
    if (stream === undefined) this.#exhaustedNs = nowNs;
    else stream.exhaustedNs = nowNs;
    const on = stream === undefined ? "connection" : "stream";
    this.#emit({ type: "blocked", atNs: nowNs, direction: "receive", on, stream });
  }

  /** DATA comes again: whatever was used up has been given back meanwhile. */
  #release(stream: H2Stream | undefined, nowNs: number): void {
    if (this.#exhaustedNs >= 0) {
      this.#released("connection", undefined, nowNs - this.#exhaustedNs, nowNs);
      this.#exhaustedNs = -1;
    }
    if (stream === undefined || stream.exhaustedNs < 0) return;
    this.#released("stream", stream, nowNs - stream.exhaustedNs, nowNs);
    stream.exhaustedNs = -1;
  }

  #released(on: "stream" | "connection", stream: H2Stream | undefined, blockedNs: number, nowNs: number): void {
    this.stallNs[on] += blockedNs;
    this.#emit({ type: "released", atNs: nowNs, direction: "receive", on, stream, blockedNs });
  }
}
