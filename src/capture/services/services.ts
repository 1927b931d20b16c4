/**
 * The services of a capture and what is kept of each live flow. Runs for every exchange: one look-up by flow, then additions.
 * Bounded: so many services, so many flows to show, and one small account per flow that lives.
 */

import { toHistogramData } from "../../report/histogram.js";
import type { FlowSummary, HistogramData, QuicFacts } from "../../report/model.js";
import { LatencyHistogram } from "../../stats/histogram.js";
import { LogCounts } from "../../stats/log-counts.js";
import { type Exchange, type Flow, type FlowObserver, isInQuic, type Side } from "../flows/flow-events.js";
import { QuicTally } from "../quic/quic-tally.js";
import { FlowAccounts } from "./flow-accounts.js";
import { FlowRanking } from "./flow-ranking.js";
import { brokenBy, endpointOf, keyOf, noBreakdown, Service } from "./service.js";

export interface ServicesOptions {
  /** A server that needs this long, or longer, has lost the time. */
  readonly slowServerNs: number;
  readonly flowsShown: number;
  /** All beyond the first so many are one, called `other`. */
  readonly maxServices: number;
}

interface QuicSubject {
  readonly run: string;
  readonly facts: QuicFacts;
  readonly latency: HistogramData;
}

/** Services without any exchange (a port scan has thousands) take at most this part of the places. */
const BARREN_SHARE = 0.2;
/** And those of QUIC, whether asked or not: without a key log nobody knows. */
const QUIC_SHARE = 0.5;

export class Services implements FlowObserver {
  readonly #options: ServicesOptions;
  readonly #byEndpoint = new Map<string, Service>();
  readonly #accounts = new FlowAccounts();
  readonly #ranking: FlowRanking;
  readonly #other = new Service("other", 0);
  /** All QUIC services beyond the bound. */
  #otherQuic: Service | undefined;
  #quicSubjects: readonly QuicSubject[] | undefined;
  #barren = 0;
  #quicServices = 0;
  /** Of TCP. */
  flows = 0;
  quicFlows = 0;
  exchanges = 0;
  /** Flows of TCP that had an exchange. */
  tcpAsked = 0;
  /** Exchanges that a hold, a loss or a closed window has delayed. */
  stalls = 0;
  handshakes = 0;
  /** Flows of HTTP/2 that had an exchange. */
  http2 = 0;
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
    const accounts = this.#accounts;
    if (!accounts.has(flow)) accounts.open(flow, this.#serviceOf(flow));
    // Until its first exchange a flow moves to another service when it turns out who its client is, or when a place is free for it.
    else if (!accounts.asked(flow.slot)) accounts.move(flow.slot, this.#serviceOf(flow));
    return accounts.service(flow.slot);
  }

  /** The service of an event's flow; without a look at the flow where that has had an exchange. */
  at(event: { readonly slot: number; readonly flow: Flow }): Service {
    return this.#accounts.asked(event.slot) ? this.#accounts.service(event.slot) : this.of(event.flow);
  }

  flowStarted(flow: Flow): void {
    if (isInQuic(flow.protocol)) this.quicFlows++;
    else this.flows++;
  }

  quicStarted(flow: Flow): QuicTally | null {
    return this.of(flow).quic;
  }

  handshake(flow: Flow, rttNs: number): void {
    if (!isInQuic(flow.protocol)) this.handshakes++;
    this.of(flow).connect.record(rttNs);
  }

  exchange(exchange: Exchange): void {
    const { slot, breakdownNs } = exchange;
    const accounts = this.#accounts;
    if (exchange.number === 1 || !accounts.asked(slot)) this.#first(exchange.flow);
    this.exchanges++;
    accounts.exchange(exchange);
    const { senderHold, loss, window, server } = breakdownNs;
    const stalledNs = senderHold + loss + window;
    const lostNs = stalledNs + (server >= this.#options.slowServerNs ? server : 0);
    if (lostNs > 0) {
      if (stalledNs > 0) this.stalls++;
      accounts.service(slot).lost(breakdownNs, lostNs);
      accounts.lost(slot, breakdownNs, lostNs);
    }
    if (exchange.holds.length > 0) this.#held(exchange);
    if (exchange.behindNs > 0) accounts.service(slot).behind.record(exchange.behindNs);
  }

  /** The flow's first exchange. */
  #first(flow: Flow): void {
    const service = this.of(flow);
    if (service.quic === null) {
      if (!service.asked && service !== this.#other) this.#barren--;
      this.tcpAsked++;
    }
    service.speaks(flow.protocol);
    if (flow.protocol === "h2") this.http2++;
    this.#accounts.ask(flow.slot);
  }

  #held({ flow, slot, holds }: Exchange): void {
    for (const hold of holds) this.#accounts.held(slot, hold.sender, hold.heldNs);
    for (const side of [0, 1] as const) if (flow.nagleOff[side]) this.nagleOff(flow, side);
  }

  reset(flow: Flow, by: Side, _packet: number, _atNs: number, duringExchange: boolean): void {
    const broken = brokenBy(flow, by, duringExchange);
    if (broken !== null) this.of(flow)[broken]++;
  }

  /** Its holds were pauses of the application: time that the message took to be sent, and no loss. */
  nagleOff(flow: Flow, side: Side): void {
    if (!this.#accounts.has(flow)) return;
    const backNs = this.#accounts.takeBack(flow.slot, side);
    const service = this.#accounts.service(flow.slot);
    service.breakdownNs.senderHold -= backNs;
    service.breakdownNs.transfer += backNs;
    service.lostNs -= backNs;
  }

  flowEnded(flow: Flow): void {
    if (isInQuic(flow.protocol)) this.of(flow).ended(flow);
    else {
      if (flow.handshakeSeen) this.opened++;
      const bothWays = flow.exchanges > 0 || flow.handshakeRttNs !== null || flow.legNs.some((leg) => leg !== null);
      if (bothWays) this.bothWays++;
    }
    this.#rank(this.#ranking, flow);
    const accounts = this.#accounts;
    if (!accounts.has(flow)) return;
    if (accounts.exchanges(flow.slot) > 0) {
      accounts.settle(flow.slot);
      const service = accounts.service(flow.slot);
      service.connections++;
      service.open.add(flow.startNs, flow.endNs);
    }
    accounts.close(flow.slot);
  }

  /**
   * Services that were asked anything, those that lost most time first, then those with most exchanges.
   * @param named ids of others that have something to tell
   */
  list(named: ReadonlySet<string>): readonly Service[] {
    this.settle();
    const told = this.#all().filter(
      ({ id, exchanges, cut, refused, quicEnded }) => exchanges + cut + refused + quicEnded > 0 || named.has(id),
    );
    return told.sort((left, right) => right.lostNs - left.lostNs || right.exchanges - left.exchanges);
  }

  /** Services that were reached by QUIC, as their connections stood when they were settled last, or are asked for first since then. */
  quicSubjects(): readonly QuicSubject[] {
    this.#quicSubjects ??= this.#subjects();
    return this.#quicSubjects;
  }

  #subjects(): QuicSubject[] {
    return this.#all().flatMap((service) => {
      const { quic, id, latency, quicEnded } = service;
      if (quic === null || quicEnded === 0) return [];
      return [{ run: id, facts: quic.facts(), latency: toHistogramData(latency.toHistogram()) }];
    });
  }

  #all(): Service[] {
    const others = this.#otherQuic === undefined ? [this.#other] : [this.#other, this.#otherQuic];
    return [...this.#byEndpoint.values(), ...others];
  }

  /** Tells the services all that the accounts of live flows know: their figures are whole only then. */
  settle(): void {
    this.#quicSubjects = undefined;
    for (const slot of this.#accounts.live()) this.#accounts.settle(slot);
  }

  /** Of all exchanges of all services. */
  latency(): LogCounts {
    const none = new LogCounts();
    return this.list(new Set()).reduce((all, service) => all.replacing(none, service.latency), none);
  }

  /** Connections of a service that carried an exchange: those that ended and those still open. */
  connectionsOf(service: Service): number {
    let alive = 0;
    for (const slot of this.#accounts.live()) {
      if (this.#accounts.exchanges(slot) > 0 && this.#accounts.service(slot) === service) alive++;
    }
    return service.connections + alive;
  }

  /** The flows that lost most time, of those that ended and those that live. */
  shownFlows(): FlowSummary[] {
    const ranking = this.#ranking.copy();
    for (const slot of this.#accounts.live()) {
      const flow = this.#accounts.flow(slot);
      if (flow !== null) this.#rank(ranking, flow);
    }
    return ranking.summaries();
  }

  #rank(ranking: FlowRanking, flow: Flow): void {
    const accounts = this.#accounts;
    const { slot } = flow;
    const known = accounts.has(flow);
    const [lostNs, exchanges] = known ? [accounts.lostNs(slot), accounts.exchanges(slot)] : [0, 0];
    ranking.offer({ id: flow.id, lostNs, exchanges }, () => {
      const facts = factsOf(flow);
      const breakdownNs = known ? accounts.breakdownNs(slot) : noBreakdown();
      const latency = known ? accounts.latency(slot) : () => new LatencyHistogram();
      return () => ({
        ...facts,
        exchanges: { count: exchanges, latency: toHistogramData(latency()), breakdownNs },
      });
    });
  }

  #serviceOf(flow: Flow): Service {
    const key = keyOf(flow);
    const known = this.#byEndpoint.get(key);
    if (known !== undefined) return known;
    const inQuic = isInQuic(flow.protocol);
    if (this.#isFull(inQuic, flow.exchanges === 0)) return inQuic ? this.#quicBeyond() : this.#other;
    const service = new Service(endpointOf(flow), this.#byEndpoint.size + 1, inQuic ? new QuicTally() : null);
    this.#byEndpoint.set(key, service);
    if (inQuic) this.#quicServices++;
    else this.#barren++;
    return service;
  }

  #isFull(inQuic: boolean, barren: boolean): boolean {
    const { maxServices } = this.#options;
    if (this.#byEndpoint.size >= maxServices) return true;
    if (inQuic) return this.#quicServices >= QUIC_SHARE * maxServices;
    return barren && this.#barren >= BARREN_SHARE * maxServices;
  }

  #quicBeyond(): Service {
    this.#otherQuic ??= new Service("other", this.#options.maxServices + 1, new QuicTally());
    return this.#otherQuic;
  }
}

function factsOf(flow: Flow): Omit<FlowSummary, "exchanges"> {
  const { id, a, b, client, protocol, vantage, packets, bytes, handshakeRttNs } = flow;
  const ends = { a: { ...a }, b: { ...b }, client: client === null ? null : client === 0 ? "a" : "b" } as const;
  return { id, ...ends, protocol: isInQuic(protocol) ? "quic" : protocol, vantage, packets, bytes, handshakeRttNs };
}
