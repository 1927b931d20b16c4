/** What an endpoint has to send: whole frames in one buffer, with their boundaries, so that the owner can cut writes there. */
import { ByteSink } from "../hpack/byte-sink.js";
import { FLAG, FRAME, FRAME_HEADER_BYTES } from "./names.js";

/** One frame, or the client's preface (`type` -1), inside `Output.bytes`. */
export interface OutFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** The frame, its header included, is `bytes[start, end)`. */
  readonly start: number;
  readonly end: number;
}

/** Everything that was to be sent, in order. The buffer belongs to whoever took it. */
export interface Output {
  readonly bytes: Uint8Array;
  readonly frames: readonly OutFrame[];
}

export const PREFACE_TYPE = -1;

export class Outbox {
  readonly #sink = new ByteSink(4096);
  #frames: OutFrame[] = [];
  /** Frames handed out or waiting, by type. */
  readonly sent = new Float64Array(256);
  /** Acknowledgements that wait: a peer that makes us write them without reading them must not fill our memory. */
  replies = 0;

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#sink.length;
  }

  preface(bytes: Uint8Array): void {
    const start = this.#sink.length;
    this.#sink.append(bytes);
    this.#frames.push({ type: PREFACE_TYPE, flags: 0, streamId: 0, start, end: this.#sink.length });
  }

  /** Whole frames are written here, between `begin` and `end`. */
  get sink(): ByteSink {
    return this.#sink;
  }

  begin(): number {
    return this.#sink.length;
  }

  /** @param start what `begin` returned. HEADERS may have brought CONTINUATIONs along: the boundaries stand in the bytes. */
  end(start: number): void {
    for (let at = start; at < this.#sink.length; ) at = this.#record(at);
  }

  /** Hands everything over, or undefined where there is nothing. */
  take(): Output | undefined {
    if (this.#frames.length === 0) return undefined;
    const output = { bytes: this.#sink.copy(), frames: this.#frames };
    this.#sink.clear();
    this.#frames = [];
    this.replies = 0;
    return output;
  }

  #record(start: number): number {
    const bytes = this.#sink.bytes;
    const length = (bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!;
    const type = bytes[start + 3]!;
    const id =
      ((bytes[start + 5]! << 24) | (bytes[start + 6]! << 16) | (bytes[start + 7]! << 8) | bytes[start + 8]!) >>> 0;
    const end = start + FRAME_HEADER_BYTES + length;
    this.#frames.push({ type, flags: bytes[start + 4]!, streamId: id, start, end });
    this.sent[type]!++;
    return end;
  }
}

/**
 * Where to cut an output so that each write carries what the experiment says.
 * `frames`: every frame alone. `headers-data`: header blocks apart from the DATA that follows on the same stream.
 * @returns ascending offsets inside the output (0 < offset < length)
 */
export function cutsOf(output: Output, how: "frames" | "headers-data"): number[] {
  const cuts: number[] = [];
  for (let i = 1; i < output.frames.length; i++) {
    const frame = output.frames[i]!;
    const before = output.frames[i - 1]!;
    if (how === "frames" || (frame.type === FRAME.DATA && endsHeaders(before) && before.streamId === frame.streamId)) {
      cuts.push(frame.start);
    }
  }
  return cuts;
}

function endsHeaders({ type, flags }: OutFrame): boolean {
  return (type === FRAME.HEADERS || type === FRAME.CONTINUATION) && (flags & FLAG.END_HEADERS) !== 0;
}
