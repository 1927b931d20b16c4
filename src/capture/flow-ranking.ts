/** Which flows of a capture are worth showing: those that lost most time, then those with most exchanges. */
import { toHistogramData } from "../report/histogram.js";
import type { FlowSummary } from "../report/model.js";
import { LatencyHistogram } from "../stats/histogram.js";
import type { Flow, Side } from "./flow-events.js";
import { FlowLatencies } from "./flow-latencies.js";
import { type BreakdownSums, noBreakdown, type Service } from "./service.js";

/** What is kept of a flow while it lives, and of the few that are shown. */
export class FlowAccount {
  readonly flow: Flow;
  service: Service;
  /** The server's side when the service was looked up. */
  server: Side;
  exchanges = 0;
  lostNs = 0;
  readonly breakdownNs: BreakdownSums = noBreakdown();
  latencies: FlowLatencies | null = null;
  /** By side: holds among `breakdownNs.senderHold`, which are taken back if that side turns out to have Nagle's algorithm off. */
  readonly heldNs: [number, number] = [0, 0];

  constructor(flow: Flow, service: Service, server: Side) {
    this.flow = flow;
    this.service = service;
    this.server = server;
  }

  record(latencyNs: number): void {
    this.exchanges++;
    this.latencies ??= new FlowLatencies();
    this.latencies.record(latencyNs);
  }

  summary(): FlowSummary {
    const { flow, breakdownNs } = this;
    return {
      id: flow.id,
      a: { ...flow.a },
      b: { ...flow.b },
      client: flow.client === null ? null : flow.client === 0 ? "a" : "b",
      protocol: flow.protocol,
      vantage: flow.vantage,
      packets: flow.packets,
      bytes: flow.bytes,
      handshakeRttNs: flow.handshakeRttNs,
      exchanges: {
        count: this.exchanges,
        latency: toHistogramData(this.latencies?.toHistogram() ?? new LatencyHistogram()),
        breakdownNs: { ...breakdownNs },
      },
    };
  }
}

export class FlowRanking {
  readonly #most: number;
  readonly #best: FlowAccount[] = [];

  /** @param most how many to keep */
  constructor(most: number) {
    this.#most = most;
  }

  offer(account: FlowAccount): void {
    const best = this.#best;
    const last = best.at(-1);
    if (best.length >= this.#most && (last === undefined || byLoss(account, last) > 0)) return;
    best.push(account);
    for (let at = best.length - 1; at > 0 && byLoss(best[at]!, best[at - 1]!) < 0; at--) {
      [best[at], best[at - 1]] = [best[at - 1]!, best[at]!];
    }
    if (best.length > this.#most) best.pop();
  }

  /** The best of those offered and of `alive`, best first. */
  list(alive: Iterable<FlowAccount>): readonly FlowAccount[] {
    const all = new FlowRanking(this.#most);
    for (const account of this.#best) all.offer(account);
    for (const account of alive) all.offer(account);
    return all.#best;
  }
}

const byLoss = (left: FlowAccount, right: FlowAccount): number =>
  right.lostNs - left.lostNs || right.exchanges - left.exchanges || left.flow.id - right.flow.id;
