/**
 * The services of a capture and what is kept of each live flow. Runs for every exchange: one look-up by flow, then additions.
 * Bounded: so many services, so many flows to show, and one small account per flow that lives.
 */
import { LogCounts } from "../stats/log-counts.js";
import type { Exchange, Flow, FlowObserver, Side } from "./flow-events.js";
import { FlowAccount, FlowRanking } from "./flow-ranking.js";
import { addTo, brokenBy, endpointOf, Service, serverSide } from "./service.js";

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
  readonly #accounts = new Map<Flow, FlowAccount>();
  readonly #ranking: FlowRanking;
  readonly #other = new Service("other");
  #barren = 0;
  #last: FlowAccount | null = null;
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
    return this.#account(flow).service;
  }

  flowStarted(): void {
    this.flows++;
  }

  handshake(flow: Flow, rttNs: number): void {
    this.handshakes++;
    this.of(flow).connect.record(rttNs);
  }

  exchange(exchange: Exchange): void {
    const { flow, breakdownNs } = exchange;
    const account = this.#account(flow);
    const { service } = account;
    this.exchanges++;
    if (service.exchanges === 0 && service !== this.#other) this.#barren--;
    service.exchange(exchange);
    account.record(exchange.latencyNs);
    addTo(account.breakdownNs, breakdownNs);
    const slowNs = breakdownNs.server >= this.#options.slowServerNs ? breakdownNs.server : 0;
    const stalledNs = breakdownNs.senderHold + breakdownNs.loss + breakdownNs.window;
    if (stalledNs > 0) this.stalls++;
    const lostNs = stalledNs + slowNs;
    account.lostNs += lostNs;
    service.lostNs += lostNs;
    for (const hold of exchange.holds) {
      account.heldNs[hold.sender] += hold.heldNs;
      if (flow.nagleOff[hold.sender]) this.nagleOff(flow, hold.sender);
    }
  }

  reset(flow: Flow, by: Side, _packet: number, _atNs: number, duringExchange: boolean): void {
    const broken = brokenBy(flow, by, duringExchange);
    if (broken !== null) this.of(flow)[broken]++;
  }

  /** Its holds were pauses of the application: time that the message took to be sent, and no loss. */
  nagleOff(flow: Flow, side: Side): void {
    const account = this.#accounts.get(flow);
    if (account === undefined || account.heldNs[side] === 0) return;
    const { service } = account;
    const backNs = Math.min(account.heldNs[side], account.breakdownNs.senderHold);
    account.heldNs[side] = 0;
    for (const sums of [account.breakdownNs, service.breakdownNs]) {
      sums.senderHold -= backNs;
      sums.transfer += backNs;
    }
    account.lostNs -= backNs;
    service.lostNs -= backNs;
  }

  flowEnded(flow: Flow): void {
    if (flow.handshakeSeen) this.opened++;
    const bothWays = flow.exchanges > 0 || flow.handshakeRttNs !== null || flow.legNs.some((leg) => leg !== null);
    if (bothWays) this.bothWays++;
    const account = this.#accounts.get(flow);
    if (account === undefined) {
      this.#ranking.offer(new FlowAccount(flow, this.#other, serverSide(flow)));
      return;
    }
    if (account.exchanges > 0) {
      account.service.connections++;
      account.service.open.add(flow.startNs, flow.endNs);
    }
    this.#ranking.offer(account);
    this.#accounts.delete(flow);
    if (this.#last === account) this.#last = null;
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
    for (const account of this.#accounts.values()) if (account.service === service && account.exchanges > 0) alive++;
    return service.connections + alive;
  }

  shownFlows(): readonly FlowAccount[] {
    return this.#ranking.list(this.#accounts.values());
  }

  #account(flow: Flow): FlowAccount {
    if (this.#last?.flow === flow) return this.#current(this.#last);
    let account = this.#accounts.get(flow);
    if (account === undefined) {
      account = new FlowAccount(flow, this.#serviceOf(flow), serverSide(flow));
      this.#accounts.set(flow, account);
    }
    this.#last = account;
    return this.#current(account);
  }

  /** A flow moves to another service when it turns out who its client is, or when a place is free for it. */
  #current(account: FlowAccount): FlowAccount {
    const server = serverSide(account.flow);
    if (server !== account.server || (account.service === this.#other && account.exchanges === 0)) {
      account.server = server;
      account.service = this.#serviceOf(account.flow);
    }
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
