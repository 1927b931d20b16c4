import { nowNs } from "../delay.js";

/** Wakes its owner at the earliest time that it was set to, or a little later; the owner then sets it anew. */
export class Alarm {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #dueNs = Number.POSITIVE_INFINITY;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** A time later than the one it is set to changes nothing: it rings, and is set anew then. */
  set(dueNs: number): void {
    if (dueNs >= this.#dueNs) return;
    clearTimeout(this.#timer);
    this.#dueNs = dueNs;
    const waitMs = Math.max(1, Math.ceil((dueNs - nowNs()) / 1e6));
    this.#timer = setTimeout(() => {
      this.#dueNs = Number.POSITIVE_INFINITY;
      this.#onDue();
    }, waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
