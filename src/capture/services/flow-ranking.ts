/** Which flows of a capture are worth showing: those that lost most time, then those with most exchanges. */
import type { FlowSummary } from "../../report/model.js";

export interface RankedFlow {
  readonly id: number;
  readonly lostNs: number;
  readonly exchanges: number;
}

interface Shown extends RankedFlow {
  readonly summarise: () => FlowSummary;
}

export class FlowRanking {
  readonly #most: number;
  #best: readonly Shown[] = [];

  /** @param most how many to keep */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param keep called only when the flow is among the best so far: keeps what is known of it now, to be summed up at the end */
  offer(flow: RankedFlow, keep: () => () => FlowSummary): void {
    const last = this.#best.at(-1);
    if (this.#best.length >= this.#most && (last === undefined || byLoss(flow, last) > 0)) return;
    const shown = { ...flow, summarise: keep() };
    this.#best = [...this.#best, shown].sort(byLoss).slice(0, this.#most);
  }

  /** The same, to offer more to. */
  copy(): FlowRanking {
    const result = new FlowRanking(this.#most);
    result.#best = this.#best;
    return result;
  }

  /** The best first. */
  summaries(): FlowSummary[] {
    return this.#best.map(({ summarise }) => summarise());
  }
}

const byLoss = (left: RankedFlow, right: RankedFlow): number =>
  right.lostNs - left.lostNs || right.exchanges - left.exchanges || left.id - right.id;
