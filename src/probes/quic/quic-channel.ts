/** The places of one connection of a lane, and the connection itself: opened when needed, replaced when it ends. */
import type { PathChange } from "../../quic/application.js";
import { ns } from "../../units/duration.js";
import { nowNs } from "../clock.js";
import type { Judged } from "../http2/h2-answer.js";
import type { KernelFacts } from "../probe.js";
import { type Failure, failureOf, STATUS_MISS, statusOf } from "../samples.js";
import type { SessionHost } from "../session.js";
import type { LaneFacts } from "./lane-facts.js";
import { Migrations } from "./migrations.js";
import type { QuicTrouble } from "./quic-failure.js";
import { type LinkOwner, QuicLink } from "./quic-link.js";
import { QuicPlace } from "./quic-place.js";
import type { QuicPlan } from "./quic-plan.js";
import type { Tickets } from "./tickets.js";

export class QuicChannel implements LinkOwner {
  readonly places: readonly QuicPlace[];
  readonly #plan: QuicPlan;
  readonly #host: SessionHost;
  readonly #facts: LaneFacts;
  readonly #tickets: Tickets;
  readonly #migrations: Migrations;
  /** New requests go there; null: nowhere yet. */
  #link: QuicLink | null = null;
  /** They take no new requests, and end with the last that runs. */
  readonly #retired = new Set<QuicLink>();
  #opening: QuicPlace | null = null;
  /** Requests that wait for a connection or for a stream, in their order. */
  #waiting: QuicPlace[] = [];

  /** @param number which connection of the lane this is, from 0 */
  constructor(plan: QuicPlan, facts: LaneFacts, tickets: Tickets, host: SessionHost, number: number) {
    this.#plan = plan;
    this.#facts = facts;
    this.#tickets = tickets;
    this.#host = host;
    this.#migrations = new Migrations(plan.quic.migrateAfter, facts);
    const streams = plan.spec.pipeline;
    this.places = Array.from({ length: streams }, (_, place) => new QuicPlace(this, number, number * streams + place));
  }

  open(place: QuicPlace): boolean {
    if (place !== this.places[0] || this.#link !== null || !this.#plan.spec.reuse) return false;
    this.#opening = place;
    place.deadlineNs = nowNs() + this.#plan.spec.timeoutNs;
    this.#connect();
    return true;
  }

  send(place: QuicPlace): void {
    place.deadlineNs = place.exchange.startNs + this.#plan.spec.timeoutNs;
    place.blank();
    this.#ask(place);
  }

  expire(place: QuicPlace): void {
    const within = `within ${this.#plan.spec.timeoutNs / 1e6} ms`;
    if (place === this.#opening) {
      if (this.#link?.established === false) this.#giveUp(this.#link, "timeout");
      this.#opened();
      return;
    }
    const says = place.link?.established === true ? `no whole answer ${within}` : this.#silence(within);
    place.link?.cancel(place);
    // Before the host is told: it may begin the next request from within, which deserves a connection of its own.
    this.#leaveBehind(place);
    this.#fail(place, "timeout", says);
    this.#settle();
  }

  /** Its time is over: a connection that is for this request alone, or that it alone waits for, is of no use to others. */
  #leaveBehind(place: QuicPlace): void {
    const link = this.#link;
    if (link === null) return;
    if (!link.established) {
      if (link.running === 0 && this.#waiting.every((other) => other === place)) this.#giveUp(link, "timeout");
    } else if (!this.#plan.spec.reuse) this.#drop(link);
  }

  /** A block is over: what the engine alone knows of the connection is noted. */
  noteWindow(): void {
    if (this.#link !== null) this.#noteWindow(this.#link);
  }

  mark(): void {}

  /** The kernel sees datagrams only. */
  facts(place: QuicPlace): KernelFacts | null | undefined {
    return place === this.places[0] ? null : undefined;
  }

  close(): void {
    for (const link of [this.#link, ...this.#retired]) if (link !== null) this.#drop(link);
    this.#opening = null;
    this.#waiting = [];
    for (const place of this.places) {
      this.#takeBack(place);
      place.deadlineNs = Number.POSITIVE_INFINITY;
    }
  }

  onEstablished(link: QuicLink): void {
    const resumed = link.client?.connection.native.isResumed() === true;
    this.#host.opened({ connectNs: ns(link.handshakeNs), tlsNs: null, resumed });
  }

  onReady(link: QuicLink): void {
    if (link !== this.#link) return;
    this.#opened();
    this.#askWaiting();
  }

  onRejected(_link: QuicLink, places: readonly QuicPlace[]): void {
    for (const place of places) {
      place.refusedNs = place.earlyNs;
      this.#takeBack(place);
      this.#ask(place);
    }
  }

  onTurn(link: QuicLink): void {
    if (this.#waiting.length > 0 && link === this.#link) this.#askWaiting();
  }

  onAnswered(link: QuicLink, place: QuicPlace, judged: Judged, atNs: number): void {
    const { reuse } = this.#plan.spec;
    if (!reuse) this.#drop(link);
    else this.#migrations.answered(link);
    this.#end(place, atNs, judged.status, judged.says);
    this.#settle();
  }

  onRetire(link: QuicLink): void {
    if (link !== this.#link) return;
    this.#link = null;
    this.#retired.add(link);
    this.#askWaiting();
    this.#settle();
  }

  onUntouched(link: QuicLink, place: QuicPlace, says: string): void {
    if (place.askedAgain) this.#fail(place, "reset", says);
    else {
      place.askedAgain = true;
      this.#takeBack(place);
      // On this connection only at the end of the turn: a GOAWAY may be the next thing that is read.
      if (link === this.#link) this.#waiting.push(place);
      else this.#ask(place);
    }
    this.#settle();
  }

  onLost(link: QuicLink, trouble: QuicTrouble, running: readonly QuicPlace[]): void {
    this.#forget(link, running.length);
    if (!link.established) this.#facts.connectionFailed(trouble.failure);
    const waiting = link.established || this.#link !== null ? [] : this.#waiting;
    if (waiting.length > 0) this.#waiting = [];
    this.#opened();
    for (const place of [...running, ...waiting]) this.#lost(place, trouble);
    if (this.#waiting.length > 0) this.#askWaiting();
  }

  onPath(link: QuicLink, change: PathChange): void {
    this.#migrations.path(link, change);
  }

  /** What was on a connection that died. Where nothing had come back, and it had been used before, it is asked once more. */
  #lost(place: QuicPlace, trouble: QuicTrouble): void {
    const { ordinal, firstByteNs } = place.exchange;
    if (trouble.closedIdle && ordinal > 0 && Number.isNaN(firstByteNs) && !place.askedAgain) {
      place.askedAgain = true;
      this.#takeBack(place);
      this.#ask(place);
    } else this.#fail(place, trouble.failure, trouble.says);
  }

  /** Off the connection that it was on: it is asked anew. */
  #takeBack(place: QuicPlace): void {
    if (place.link !== null) this.#facts.streams.end();
    place.blank();
  }

  #ask(place: QuicPlace): void {
    const link = this.#link;
    if (link?.hasRoom === true) {
      this.#put(link, place);
      return;
    }
    this.#waiting.push(place);
    if (link === null) this.#connect();
  }

  #askWaiting(): void {
    while (this.#waiting.length > 0 && this.#link?.hasRoom === true) {
      this.#put(this.#link, this.#waiting.shift() as QuicPlace);
    }
    if (this.#waiting.length > 0 && this.#link === null) this.#connect();
  }

  #put(link: QuicLink, place: QuicPlace): void {
    const { refusedNs } = place;
    place.refusedNs = Number.NaN;
    this.#facts.streams.begin();
    link.ask(place);
    if (!Number.isNaN(refusedNs)) this.#facts.rejected(Math.max(0, place.exchange.wireNs - refusedNs));
  }

  #connect(): void {
    this.#facts.connections.begin();
    const link = new QuicLink(this.#plan, this, this.#facts.log.begin());
    this.#link = link;
    void link.start(this.#plan.quic.earlyData ? this.#tickets.latest : undefined);
  }

  /** A connection that came to nothing. */
  #giveUp(link: QuicLink, kind: Failure): void {
    this.#facts.connectionFailed(kind);
    this.#drop(link);
  }

  #drop(link: QuicLink): void {
    link.close();
    this.#forget(link);
  }

  #forget(link: QuicLink, lostRequests = 0): void {
    if (link === this.#link) this.#link = null;
    this.#retired.delete(link);
    this.#migrations.lost(link, lostRequests);
    const { client } = link;
    if (client !== undefined) {
      this.#tickets.keep(client.ticket);
      this.#noteWindow(link);
    }
    link.log.end();
    this.#facts.connections.end();
  }

  #noteWindow(link: QuicLink): void {
    const window = link.client?.connection.path?.cwnd;
    if (window !== undefined) this.#facts.congestionWindow(window);
  }

  #settle(): void {
    for (const link of this.#retired) if (link.running === 0) this.#drop(link);
  }

  #end(place: QuicPlace, endNs: number, status: number, says: string): void {
    const x = place.exchange;
    if (place.link !== null) this.#facts.streams.end();
    place.link = null;
    place.deadlineNs = Number.POSITIVE_INFINITY;
    x.endNs = endNs;
    x.status = status;
    x.says = says;
    if (status > STATUS_MISS) this.#facts.streamFailed(failureOf(status) as string);
    this.#host.ended(place.index);
  }

  #fail(place: QuicPlace, failure: Failure, says: string): void {
    this.#waiting = this.#waiting.filter((other) => other !== place);
    this.#end(place, nowNs(), statusOf(failure), says);
  }

  #opened(): void {
    const place = this.#opening;
    if (place === null) return;
    this.#opening = null;
    place.deadlineNs = Number.POSITIVE_INFINITY;
    this.#host.ready(place.index);
  }

  /** Why a request has not even been asked. */
  #silence(within: string): string {
    const link = this.#link;
    if (link?.established === true) return `no stream ${within}: the server allows no more at once`;
    if (link === null || link.datagramsIn === 0) {
      return `nothing came back ${within}: UDP to that port may be blocked on the way, or nothing there speaks QUIC`;
    }
    const came = `${link.datagramsIn} ${link.datagramsIn === 1 ? "datagram" : "datagrams"}`;
    if (link.client?.connection.native.stats().recv === 0) {
      return `what came back ${within}, ${came}, is no QUIC of this connection: another service may have that UDP port`;
    }
    return `the QUIC handshake was not complete ${within}, after ${came} from the server`;
  }
}
