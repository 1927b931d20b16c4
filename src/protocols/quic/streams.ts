/** The application's streams as both ends send them: put in order, bounded, each end told (RFC 9000 sections 2 and 3). */
import type { Sender } from "../tls/plaintext.js";
import { MAX_EXACT } from "./byte-reader.js";
import type { QuicEmit } from "./events.js";
import type { QuicFrame, StreamFrame } from "./frames.js";
import { Reassembly } from "./reassembly.js";

/** One end's side of a stream. */
interface Half {
  readonly data: Reassembly;
  finalSize: number | undefined;
  gapTold: boolean;
}

/** Bytes that may wait for what is missing ahead of them, per side of a stream: half a second at 50 Mbit/s. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
/** Of all streams together. */
const MOST_WAITING_IN_ALL = 16 * 1024 * 1024;
/** Open at once; ends seldom allow more than a hundred. */
const MOST_OPEN = 4_096;

export class Streams {
  readonly #emit: QuicEmit;
  readonly #halves = new Map<string, Half>();
  readonly #done = new DoneStreams();
  #waitingBytes = 0;
  /** STREAM bytes that came, and those of them that had come before. */
  readonly counts = { client: { bytes: 0, resentBytes: 0 }, server: { bytes: 0, resentBytes: 0 } };
  /** Sides of streams that were given up because too many were open. */
  givenUp = 0;

  constructor(emit: QuicEmit) {
    this.#emit = emit;
  }

  onStream(from: Sender, frame: StreamFrame, atNs: number, early: boolean): void {
    const { streamId, offset, data, fin } = frame;
    const end = offset + data.length;
    if (end > MAX_EXACT) return;
    this.counts[from].bytes += data.length;
    const half = this.#half(from, streamId);
    if (half === undefined) {
      this.#resent(from, streamId, data.length, atNs);
      return;
    }
    const before = half.data.heldBytes;
    const { position } = half.data;
    const repeated = half.data.push(offset, data, (bytes) =>
      this.#emit({ type: "stream-data", atNs, from, streamId, bytes, early }),
    );
    this.#waitingBytes += half.data.heldBytes - before;
    const opens = before === 0 || half.data.position > position;
    if (opens && half.data.heldBytes > 0) this.#emit({ type: "stream-hole", atNs, from, streamId });
    if (repeated > 0) this.#resent(from, streamId, repeated, atNs);
    if (fin) half.finalSize ??= end;
    if (half.data.overflowed) this.#gap(from, streamId, half, atNs);
    const { finalSize } = half;
    // Behind a gap the end is the frame that says so.
    if (finalSize !== undefined && (half.data.overflowed || half.data.position >= finalSize)) {
      this.#emit({ type: "stream-end", atNs, from, streamId, bytes: finalSize });
      this.#close(from, streamId, half);
    } else if (this.#waitingBytes > MOST_WAITING_IN_ALL) this.#evict();
  }

  onReset(from: Sender, frame: QuicFrame & { readonly type: "reset_stream" }, atNs: number): void {
    const half = this.#half(from, frame.streamId);
    if (half === undefined) return;
    this.#emit({ type: "stream-reset", atNs, from, streamId: frame.streamId, errorCode: frame.errorCode });
    this.#close(from, frame.streamId, half);
  }

  /** @returns undefined: it had ended before */
  #half(from: Sender, streamId: number): Half | undefined {
    const key = keyOf(from, streamId);
    const known = this.#halves.get(key);
    if (known !== undefined || this.#done.has(from, streamId)) return known;
    const half: Half = {
      data: new Reassembly(MOST_WAITING_BYTES),
      finalSize: undefined,
      gapTold: false,
    };
    this.#halves.set(key, half);
    if (this.#halves.size > MOST_OPEN) this.#evict();
    return half;
  }

  #resent(from: Sender, streamId: number, bytes: number, atNs: number): void {
    if (bytes === 0) return;
    this.counts[from].resentBytes += bytes;
    this.#emit({ type: "resent", atNs, from, streamId, bytes });
  }

  #gap(from: Sender, streamId: number, half: Half, atNs: number): void {
    if (half.gapTold) return;
    half.gapTold = true;
    this.#emit({ type: "stream-gap", atNs, from, streamId });
  }

  #close(from: Sender, streamId: number, half: Half): void {
    this.#waitingBytes -= half.data.heldBytes;
    this.#halves.delete(keyOf(from, streamId));
    this.#done.add(from, streamId);
  }

  #evict(): void {
    for (const [key, half] of this.#halves) {
      this.#waitingBytes -= half.data.heldBytes;
      this.#halves.delete(key);
      this.givenUp++;
      return;
    }
  }
}

const keyOf = (from: Sender, streamId: number): string => `${from}${streamId}`;

/** Which sides of streams have ended, in little space: numbers are given in order, so all below a mark are done. */
class DoneStreams {
  readonly #marks = new Map<string, { below: number; above: Set<number> }>();

  has(from: Sender, streamId: number): boolean {
    const mark = this.#marks.get(kindOf(from, streamId));
    const number = Math.floor(streamId / 4);
    return mark !== undefined && (number < mark.below || mark.above.has(number));
  }

  add(from: Sender, streamId: number): void {
    const kind = kindOf(from, streamId);
    const mark = this.#marks.get(kind) ?? { below: 0, above: new Set<number>() };
    this.#marks.set(kind, mark);
    mark.above.add(Math.floor(streamId / 4));
    // A stream that never ends would keep the mark down for ever: beyond the bound the lowest are passed over.
    if (mark.above.size > MOST_OPEN) mark.below = Math.min(...mark.above);
    while (mark.above.delete(mark.below)) mark.below++;
  }
}

/** The low two bits of a stream's number are its type (RFC 9000 section 2.1). */
const kindOf = (from: Sender, streamId: number): string => `${from}${streamId % 4}`;
