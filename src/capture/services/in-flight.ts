/**
 * How many intervals (exchanges, connections) were open at once, from intervals that become known in any order, in 8 KiB.
 *
 * It counts at 2,048 equally spaced instants; when time goes on beyond the last one, the spacing doubles. So the figure is exact at
 * those instants and a lower bound in between. The mean needs no instants: the time integral of the number in flight is the sum of
 * the intervals' lengths.
 */
const INSTANTS = 2048;
const FIRST_SPACING_NS = 1000;

export class InFlight {
  count = 0;
  /** Sum of all lengths. */
  totalNs = 0;
  #firstNs = Number.NaN;
  #spacingNs = FIRST_SPACING_NS;
  /** Difference of the number in flight from one instant to the next. */
  #steps = new Int32Array(0);

  add(startNs: number, endNs: number): void {
    if (this.count === 0) {
      this.#firstNs = startNs;
      this.#steps = new Int32Array(INSTANTS);
    }
    this.count++;
    const lastNs = Math.max(startNs, endNs);
    this.totalNs += lastNs - startNs;
    while (lastNs - this.#firstNs >= this.#spacingNs * (INSTANTS - 1)) this.#widen();
    // Open at an instant: begun at or before it, and not yet ended.
    this.#steps[this.#instantFrom(startNs)]! += 1;
    this.#steps[this.#instantFrom(lastNs)]! -= 1;
  }

  /** The most that were open at one instant; at least 1 when there was any. */
  get max(): number {
    let open = 0;
    let most = Math.min(1, this.count);
    for (const step of this.#steps) {
      open += step;
      if (open > most) most = open;
    }
    return most;
  }

  #instantFrom(atNs: number): number {
    return Math.max(0, Math.ceil((atNs - this.#firstNs) / this.#spacingNs));
  }

  /** Keeps every other instant. */
  #widen(): void {
    const steps = this.#steps;
    for (let at = 1; at < INSTANTS / 2; at++) steps[at] = (steps[2 * at - 1] as number) + (steps[2 * at] as number);
    // The last odd instant falls out: whoever steps there is counted at the next even one.
    steps[INSTANTS / 2] = steps[INSTANTS - 1] as number;
    steps.fill(0, INSTANTS / 2 + 1);
    this.#spacingNs *= 2;
  }
}
