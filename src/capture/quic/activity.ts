/** How many of something there were, and at once. */
export class Activity {
  /** All that began. */
  opened = 0;
  mostActive = 0;
  #active = 0;
  #sinceNs = 0;
  /** Time during which there was at least one, up to the last moment at which there was none. */
  busyNs = 0;

  begin(atNs: number): void {
    this.opened++;
    if (this.#active === 0) this.#sinceNs = atNs;
    this.#active++;
    this.mostActive = Math.max(this.mostActive, this.#active);
  }

  end(atNs: number): void {
    this.#active--;
    if (this.#active === 0) this.busyNs += Math.max(0, atNs - this.#sinceNs);
  }
}
