/**
 * Packet numbers that an end must have used and that never came by: lost on the way to where we look, unless the other end acknowledges
 * them after all, or the sender left them out on purpose, as some do now and then (RFC 9000 section 21.4). Bounded.
 */

/** A larger jump is no loss: a capture that was interrupted. */
const MOST_AT_ONCE = 1_024;
const MOST_KEPT = 4_096;

export class MissingNumbers {
  /** Passed over by higher ones, and not judged yet. */
  readonly #open = new Set<number>();
  readonly #gone = new Set<number>();
  /** Those that acknowledgements have passed over as well. */
  count = 0;

  /** @param largest so far, or -1 @param packetNumber that has come */
  came(packetNumber: number, largest: number): void {
    if (packetNumber <= largest) {
      this.#open.delete(packetNumber);
      this.#found(packetNumber);
    } else if (packetNumber - largest <= MOST_AT_ONCE) {
      for (let number = largest + 1; number < packetNumber && this.#open.size < MOST_KEPT; number++)
        this.#open.add(number);
    }
  }

  /**
   * @param isAcknowledged of the acknowledgement that has come
   * @param below numbers below it are passed over for good
   */
  acknowledged(isAcknowledged: (packetNumber: number) => boolean, below: number): void {
    for (const number of this.#open) {
      if (isAcknowledged(number)) this.#open.delete(number);
      else if (number < below) {
        this.#open.delete(number);
        if (this.#gone.size < MOST_KEPT) this.#gone.add(number);
        this.count++;
      }
    }
    for (const number of this.#gone) if (isAcknowledged(number)) this.#found(number);
  }

  #found(packetNumber: number): void {
    if (this.#gone.delete(packetNumber)) this.count--;
  }
}
