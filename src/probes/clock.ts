/** The clock of the probes that run on Node's event loop, and a wake-up on it that is finer than setTimeout. */

/** Nanoseconds on the monotonic clock since the process began: a double, so that a reading allocates nothing. */
export const nowNs = (): number => performance.now() * 1e6;

/** Node's timers fire on whole milliseconds, up to one late: below this remainder the event loop is polled instead. */
const SPIN_NS = 2e6;

/**
 * Calls `ring` once, as soon as the clock has reached a moment. The far part of the wait sleeps in a timer that ends early;
 * the last one to two milliseconds go round the event loop without sleeping, where sockets are still served.
 */
export class Alarm {
  readonly #ring: () => void;
  #dueNs = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Never rings inside this call, not even for a moment that has passed. An alarm that is set already is moved. */
  set(dueNs: number): void {
    this.cancel();
    this.#dueNs = dueNs;
    this.#wait(dueNs - nowNs());
  }

  cancel(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
  }

  #wait(leftNs: number): void {
    if (leftNs > SPIN_NS) this.#timer = setTimeout(this.#check, Math.floor(leftNs / 1e6) - 1);
    else this.#immediate = setImmediate(this.#check);
  }

  readonly #check = (): void => {
    this.#timer = undefined;
    this.#immediate = undefined;
    const leftNs = this.#dueNs - nowNs();
    if (leftNs > 0) this.#wait(leftNs);
    else this.#ring();
  };
}
