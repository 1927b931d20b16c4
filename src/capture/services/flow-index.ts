/**
 * From the id of a live flow to a small number of ours. Ids are given in ascending order and flows end, so a page of neighbouring ids
 * is dropped when the last of its flows has ended: no hashing, one look-up per exchange (`npm run bench -- pcap`), memory only
 * for the ids that live.
 */
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;

interface Page {
  /** Number + 1; 0: none. */
  readonly numbers: Int32Array;
  used: number;
}

export class FlowIndex {
  readonly #pages = new Map<number, Page>();
  #last: Page | undefined;
  #lastAt = -1;

  /** -1: the flow has none. */
  get(id: number): number {
    const page = this.#page(id >>> PAGE_BITS);
    return page === undefined ? -1 : (page.numbers[id & (PAGE - 1)] as number) - 1;
  }

  /** @param number from 0; the flow must have none yet */
  set(id: number, number: number): void {
    const at = id >>> PAGE_BITS;
    let page = this.#page(at);
    if (page === undefined) {
      page = { numbers: new Int32Array(PAGE), used: 0 };
      this.#pages.set(at, page);
    }
    page.numbers[id & (PAGE - 1)] = number + 1;
    page.used++;
  }

  /** The flow must have a number. */
  delete(id: number): void {
    const at = id >>> PAGE_BITS;
    const page = this.#page(at);
    if (page === undefined) return;
    page.numbers[id & (PAGE - 1)] = 0;
    page.used--;
    if (page.used > 0) return;
    this.#pages.delete(at);
    this.#last = undefined;
    this.#lastAt = -1;
  }

  #page(at: number): Page | undefined {
    if (at === this.#lastAt) return this.#last;
    const page = this.#pages.get(at);
    if (page !== undefined) {
      this.#last = page;
      this.#lastAt = at;
    }
    return page;
  }
}
