/** Round trips by the spin bit, held back until it is clear that the ends take part: one that sends random bits shows none. */
import type { SpinState } from "../../protocols/quic/spin.js";

/** Edges after which the state is believed. */
const ENOUGH = 16;

export class SpinRtts {
  readonly #tell: (rttNs: number) => void;
  #waiting: number[] = [];
  #seen = 0;

  constructor(tell: (rttNs: number) => void) {
    this.#tell = tell;
  }

  /** @param state as of now */
  add(rttNs: number, state: SpinState): void {
    this.#seen++;
    if (this.#seen < ENOUGH) this.#waiting.push(rttNs);
    else if (state === "spins") {
      this.#release();
      this.#tell(rttNs);
    }
  }

  finish(state: SpinState): void {
    if (state === "spins") this.#release();
    this.#waiting = [];
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const rttNs of waiting) this.#tell(rttNs);
  }
}
