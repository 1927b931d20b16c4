/** Where a position of a stream was on the wire: the segment that brought it. */

/** A packet, and its time. */
export interface Moment {
  readonly packet: number;
  readonly atNs: number;
}

/** A frame or a record mostly began in one of the last segments. */
const MOST = 64;

export class Moments {
  readonly #starts: number[] = [];
  readonly #moments: Moment[] = [];

  /** What follows from `position` on came then. Positions grow. */
  add(position: number, moment: Moment): void {
    if (this.#starts.length === MOST) {
      this.#starts.shift();
      this.#moments.shift();
    }
    this.#starts.push(position);
    this.#moments.push(moment);
  }

  /** When the byte at this position came: as far back as is remembered. @param otherwise where nothing is */
  at(position: number, otherwise: Moment): Moment {
    let found = this.#moments.length - 1;
    while (found > 0 && (this.#starts[found] as number) > position) found--;
    return this.#moments[found] ?? otherwise;
  }
}
