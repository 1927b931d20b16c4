/**
 * The services of a capture and what is kept of each live flow. Runs for every exchange: one look-up by flow, then additions.
 * Bounded: so many services, so many flows to show, and one small account per flow that lives.
 */

import { toHistogramData } from "../../report/histogram.js";
import type { FlowSummary } from "../../report/model.js";
import { LatencyHistogram } from "../../stats/histogram.js";
import { LogCounts } from "../../stats/log-counts.js";
import type { Exchange, Flow, FlowObserver, Side } from "../flows/flow-events.js";
import { FlowAccounts } from "./flow-accounts.js";
import { FlowRanking } from "./flow-ranking.js";
import { brokenBy, endpointOf, noBreakdown, Service } from "./service.js";

export interface ServicesOptions {
  /** A server that needs this long, or longer, has lost the time. */
  readonly slowServerNs: number;
  readonly flowsShown: number;
  /** All beyond the first so many are one, called `other`. */
  readonly maxServices: number;
}

/** Services without any exchange (a port scan has thousands) take at most this part of the places. */
const BARREN_SHARE = 0.2;

export class Services implements FlowObserver {
  readonly #options: ServicesOptions;
  readonly #byEndpoint = new Map<string, Service>();
  readonly #accounts = new FlowAccounts();
  readonly #ranking: FlowRanking;
  readonly #other = new Service("other");
  #barren = 0;
  flows = 0;
  exchanges = 0;
  /** Exchanges that a hold, a loss or a closed window has delayed. */
  stalls = 0;
  handshakes = 0;
  /** Flows that began with a SYN or SYN-ACK. */
  opened = 0;
  /** Flows of which both directions were seen. */
  bothWays = 0;

  constructor(options: ServicesOptions) {
    this.#options = options;
    this.#ranking = new FlowRanking(options.flowsShown);
  }

  /** The service that a flow belongs to. */
  of(flow: Flow): Service {
    return this.#accounts.service(this.#account(flow));
  }

  flowStarted(): void {
    this.flows++;
  }

  handshake(flow: Flow, rttNs: number): void {
    this.handshakes++;
    this.of(flow).connect.record(rttNs);
  }

  exchange(exchange: Exchange): void {
    const { flow, breakdownNs, holds } = exchange;
    const accounts = this.#accounts;
    const account = this.#account(flow);
    const service = accounts.service(account);
    if (accounts.exchanges(account) === 0) {
      if (service.exchanges === 0 && service !== this.#other) this.#barren--;
      service.speaks(flow.protocol);
    }
    this.exchanges++;
    const { senderHold, loss, window, server } = breakdownNs;
    const stalledNs = senderHold + loss + window;
    if (stalledNs > 0) this.stalls++;
    const lostNs = stalledNs + (server >= this.#options.slowServerNs ? server : 0);
    service.exchange(exchange, breakdownNs, lostNs);
    accounts.exchange(account, exchange.latencyNs, breakdownNs, lostNs);
    if (holds.length === 0) return;
    for (const hold of holds) accounts.held(account, hold.sender, hold.heldNs);
    for (const side of [0, 1] as const) if (flow.nagleOff[side]) this.nagleOff(flow, side);
  }

  reset(flow: Flow, by: Side, _packet: number, _atNs: number, duringExchange: boolean): void {
    const broken = brokenBy(flow, by, duringExchange);
    if (broken !== null) this.of(flow)[broken]++;
  }

  /** Its holds were pauses of the application: time that the message took to be sent, and no loss. */
  nagleOff(flow: Flow, side: Side): void {
    const account = this.#accounts.of(flow);
    if (account < 0) return;
    const backNs = this.#accounts.takeBack(account, side);
    const service = this.#accounts.service(account);
    service.breakdownNs.senderHold -= backNs;
    service.breakdownNs.transfer += backNs;
    service.lostNs -= backNs;
  }

  flowEnded(flow: Flow): void {
    if (flow.handshakeSeen) this.opened++;
    const bothWays = flow.exchanges > 0 || flow.handshakeRttNs !== null || flow.legNs.some((leg) => leg !== null);
    if (bothWays) this.bothWays++;
    const account = this.#accounts.of(flow);
    this.#rank(this.#ranking, flow, account);
    if (account < 0) return;
    if (this.#accounts.exchanges(account) > 0) {
      const service = this.#accounts.service(account);
      service.connections++;
      service.open.add(flow.startNs, flow.endNs);
    }
    this.#accounts.close(account);
  }

  /**
   * Services that were asked anything, those that lost most time first, then those with most exchanges.
   * @param named ids of others that have something to tell
   */
  list(named: ReadonlySet<string>): readonly Service[] {
    const all = [...this.#byEndpoint.values(), this.#other];
    const told = all.filter(
      (service) => service.exchanges + service.cut + service.refused > 0 || named.has(service.id),
    );
    return told.sort((left, right) => right.lostNs - left.lostNs || right.exchanges - left.exchanges);
  }

  /** Of all exchanges of all services. */
  latency(): LogCounts {
    const none = new LogCounts();
    return this.list(new Set()).reduce((all, service) => all.replacing(none, service.latency), none);
  }

  /** Connections of a service that carried an exchange: those that ended and those still open. */
  connectionsOf(service: Service): number {
    let alive = 0;
    for (const account of this.#accounts.live()) {
      if (this.#accounts.service(account) === service && this.#accounts.exchanges(account) > 0) alive++;
    }
    return service.connections + alive;
  }

  /** The flows that lost most time, of those that ended and those that live. */
  shownFlows(): FlowSummary[] {
    const ranking = this.#ranking.copy();
    for (const account of this.#accounts.live()) {
      const flow = this.#accounts.flow(account);
      if (flow !== null) this.#rank(ranking, flow, account);
    }
    return ranking.summaries();
  }

  #rank(ranking: FlowRanking, flow: Flow, account: number): void {
    const accounts = this.#accounts;
    const [lostNs, exchanges] = account < 0 ? [0, 0] : [accounts.lostNs(account), accounts.exchanges(account)];
    ranking.offer({ id: flow.id, lostNs, exchanges }, () => ({
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
        count: exchanges,
        latency: toHistogramData(account < 0 ? new LatencyHistogram() : accounts.latency(account)),
        breakdownNs: account < 0 ? noBreakdown() : accounts.breakdownNs(account),
      },
    }));
  }

  /** Until its first exchange a flow moves to another service when it turns out who its client is, or when a place is free for it. */
  #account(flow: Flow): number {
    const account = this.#accounts.of(flow);
    if (account < 0) return this.#accounts.open(flow, this.#serviceOf(flow));
    if (this.#accounts.exchanges(account) === 0) this.#accounts.move(account, this.#serviceOf(flow));
    return account;
  }

  #serviceOf(flow: Flow): Service {
    const endpoint = endpointOf(flow);
    const known = this.#byEndpoint.get(endpoint);
    if (known !== undefined) return known;
    const { maxServices } = this.#options;
    const barren = flow.exchanges === 0;
    if (this.#byEndpoint.size >= maxServices) return this.#other;
    if (barren && this.#barren >= BARREN_SHARE * maxServices) return this.#other;
    const service = new Service(endpoint);
    this.#byEndpoint.set(endpoint, service);
    this.#barren++;
    return service;
  }
}
