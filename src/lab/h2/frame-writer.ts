/** Writes what an endpoint has to send, in as many system calls as the experiment says, and no faster than the client reads. */
import type { Socket } from "node:net";
import { FRAME } from "../../protocols/h2/names.js";
import { cutsOf, type Output } from "../../protocols/h2/outbox.js";

export interface Splitting {
  /** Every frame is a write of its own. */
  readonly frames: boolean;
  /** Sizes of the first pieces of an answer, from its HEADERS frame on; the rest is the last one. */
  readonly sizes: readonly number[];
}

export class FrameWriter {
  readonly #socket: Socket;
  readonly #splitting: Splitting;
  readonly #onFree: () => void;
  /** Nothing can be written now; `onFree` says when. */
  busy = false;

  constructor(socket: Socket, splitting: Splitting, onFree: () => void) {
    this.#socket = socket;
    this.#splitting = splitting;
    this.#onFree = onFree;
  }

  write(output: Output): void {
    const cuts = cutsFor(output, this.#splitting);
    if (cuts.length > 0) {
      this.busy = true;
      this.#writePieces(output.bytes, [...cuts, output.bytes.length], 0);
    } else if (!this.#socket.write(output.bytes)) {
      this.busy = true;
      this.#socket.once("drain", () => this.#free());
    }
  }

  /** Node joins writes that wait for one another, so the next one starts only when the one before is done. */
  #writePieces(bytes: Uint8Array, ends: readonly number[], index: number): void {
    const start = index === 0 ? 0 : (ends[index - 1] as number);
    this.#socket.write(bytes.subarray(start, ends[index]), (error) => {
      if (error) return;
      if (index + 1 < ends.length) this.#writePieces(bytes, ends, index + 1);
      else this.#free();
    });
  }

  #free(): void {
    this.busy = false;
    this.#onFree();
  }
}

/** Ascending offsets inside the output at which it is cut. */
export function cutsFor(output: Output, { frames, sizes }: Splitting): number[] {
  const cuts = new Set(frames ? cutsOf(output, "frames") : []);
  const answer = sizes.length > 0 ? output.frames.find(({ type }) => type === FRAME.HEADERS) : undefined;
  if (answer !== undefined) {
    let at = answer.start;
    for (const size of sizes) {
      at += size;
      if (at < output.bytes.length) cuts.add(at);
    }
  }
  return [...cuts].sort((a, b) => a - b);
}
