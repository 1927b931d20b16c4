/**
 * The places of one connection, and the connection itself: opened when needed, replaced when the server ends it (GOAWAY, close),
 * while what runs on the old one goes on to its end.
 */
import type { H2Event } from "../../protocols/h2/events.js";
import type { ConnectionOptions } from "../../protocols/h2/options.js";
import type { H2Stream } from "../../protocols/h2/stream.js";
import type { Ns } from "../../units/duration.js";
import { nowNs } from "../clock.js";
import type { KernelFacts } from "../probe.js";
import { type Failure, statusOf } from "../samples.js";
import type { SessionHost } from "../session.js";
import { NetCounters } from "../tcp/net-counters.js";
import type { Trouble } from "../tcp/net-failure.js";
import { healthOf, type Judged, judgeAnswer } from "./h2-answer.js";
import type { BulkTransfer } from "./h2-beside.js";
import { H2Link, type LinkOwner } from "./h2-link.js";
import { H2Links } from "./h2-links.js";
import { H2Place } from "./h2-place.js";
import type { H2Plan } from "./h2-plan.js";
import type { H2Tally } from "./h2-tally.js";

/** A request that the server has not touched may be asked again (RFC 9113 section 8.7). */
const UNTOUCHED = "REFUSED_STREAM";

const NO_BODY = { body: new Uint8Array() };

export class H2Channel implements LinkOwner {
  readonly places: readonly H2Place[];
  readonly #plan: H2Plan;
  readonly #host: SessionHost;
  readonly #options: Omit<ConnectionOptions, "emit">;
  readonly #tally: H2Tally;
  readonly #bulk: BulkTransfer | undefined;
  readonly #counters: NetCounters;
  readonly #links: H2Links;
  #opening: H2Place | null = null;
  /** Requests that wait for a connection. */
  #waiting: H2Place[] = [];
  #requests = 0;

  /**
   * @param number which connection of the lane this is, from 0
   * @param bulk runs on this connection, from when it is open
   */
  constructor(
    plan: H2Plan,
    options: Omit<ConnectionOptions, "emit">,
    tally: H2Tally,
    host: SessionHost,
    number: number,
    bulk?: BulkTransfer,
  ) {
    this.#plan = plan;
    this.#options = options;
    this.#tally = tally;
    this.#host = host;
    this.#bulk = bulk;
    this.#counters = new NetCounters(plan.options);
    this.#links = new H2Links(tally, this.#counters);
    const streams = plan.spec.pipeline;
    this.places = Array.from({ length: streams }, (_, place) => new H2Place(this, number, number * streams + place));
  }

  /** The connection that new requests go to; null: none is there. */
  get link(): H2Link | null {
    return this.#links.current;
  }

  open(place: H2Place): boolean {
    if (place !== this.places[0] || this.link !== null || !this.#plan.spec.reuse) return false;
    this.#opening = place;
    place.deadlineNs = nowNs() + this.#plan.spec.timeoutNs;
    this.#connect();
    return true;
  }

  send(place: H2Place): void {
    place.deadlineNs = place.exchange.startNs + this.#plan.spec.timeoutNs;
    this.#tally.queued.enter(place.exchange.startNs);
    this.#ask(place);
  }

  expire(place: H2Place): void {
    if (place === this.#opening) {
      // The server's SETTINGS did not come, or the connection did not.
      if (this.link?.client === undefined) this.#links.drop();
      this.#opened();
      return;
    }
    const { stream } = place;
    const within = `within ${this.#plan.spec.timeoutNs / 1e6} ms`;
    const waits = stream === null || stream.state === "queued";
    const says =
      stream === null ? `no open connection ${within}` : waits ? `no stream ${within}` : `no whole answer ${within}`;
    if (stream !== null) this.#links.of(stream)?.reset(stream, "CANCEL");
    if (place.deadlineNs !== Number.POSITIVE_INFINITY) this.#fail(place, "timeout", says);
  }

  mark(place: H2Place): void {
    if (place !== this.places[0]) return;
    this.#links.mark();
    place.slowNext = place.index === 0;
  }

  facts(place: H2Place): KernelFacts | null | undefined {
    return place === this.places[0] ? this.#links.facts() : undefined;
  }

  close(): void {
    this.#links.close();
    this.#opening = null;
    this.#waiting = [];
    for (const place of this.places) {
      place.blank();
      place.deadlineNs = Number.POSITIVE_INFINITY;
    }
  }

  onConnect(link: H2Link): void {
    this.#counters.connected(link.net);
  }

  onOpen(link: H2Link): void {
    const { startedNs, connectedNs, secureNs } = link.net;
    this.#counters.opened(link.net);
    this.#host.opened({
      connectNs: Math.round(connectedNs - startedNs) as Ns,
      tlsNs: this.#plan.tls === undefined ? null : (Math.round(secureNs - connectedNs) as Ns),
      resumed: link.net.resumed,
    });
    this.#bulk?.start(link);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const place of waiting) this.#ask(place);
  }

  onEvent(link: H2Link, event: H2Event): void {
    if (this.#bulk?.take(event) === true) return;
    switch (event.type) {
      case "settings":
        this.#tally.settings(event.entries, event.settings.maxConcurrentStreams);
        return;
      case "settings-acked":
        this.#tally.settingsAcked(event.rttNs);
        this.#opened();
        return;
      case "opened":
        this.#streamOpened(link, event.stream);
        return;
      case "headers":
        this.#headers(event);
        return;
      case "data":
        if (this.#plan.isHealthCheck) placeOf(event.stream)?.keep(event.bytes.subarray(event.start, event.end));
        return;
      case "end":
        this.#ended(event.stream, event.atNs);
        return;
      case "reset":
        if (event.by === "peer") this.#resetByPeer(event.stream, event.codeName, event.atNs);
        return;
      case "pong":
        link.unansweredNs = Number.NaN;
        this.#tally.ping.record(event.rttNs);
        return;
      case "goaway":
        this.#goaway(link, event);
        return;
      default:
        return;
    }
  }

  onBegan(link: H2Link, streamId: number, now: number): void {
    const place = placeOf(link.client?.streams.get(streamId));
    if (place === undefined || !Number.isNaN(place.exchange.wireNs)) return;
    place.exchange.wireNs = now;
    this.#tally.queued.leave(now, now - place.exchange.startNs);
    this.#tally.onWire.enter(now);
  }

  onWhole(link: H2Link, streamId: number, now: number, writes: number): void {
    const place = placeOf(link.client?.streams.get(streamId));
    if (place === undefined) return;
    place.exchange.wholeNs = now;
    place.exchange.writes += writes;
    place.exchange.wholes++;
  }

  onLost(link: H2Link, trouble: Trouble): void {
    const running = this.places.filter((place) => place.stream !== null && this.#links.of(place.stream) === link);
    const current = link === this.link;
    this.#links.forget(link);
    const connected = !Number.isNaN(link.openNs);
    const hit = connected ? running : [...running, ...this.#waiting];
    if (current && !connected) this.#waiting = [];
    if (current) this.#opened();
    for (const place of hit) this.#lost(place, trouble, connected);
  }

  /** What was on a connection that died. Where nothing had come back, and it had been used before, it is asked once more. */
  #lost(place: H2Place, trouble: Trouble, connected: boolean): void {
    const { ordinal, firstByteNs } = place.exchange;
    const idleClose = connected && trouble.closingRace && ordinal > 0 && Number.isNaN(firstByteNs);
    if (idleClose && !place.askedAgain) this.#askAgain(place);
    else this.#fail(place, trouble.failure, trouble.says);
  }

  #ask(place: H2Place): void {
    const { link } = this;
    place.blank();
    if (link === null || link.client === undefined) {
      this.#waiting.push(place);
      if (link === null) this.#connect();
      return;
    }
    const { slowFirst } = this.#plan;
    const other = place.isSlow && slowFirst !== undefined;
    const { body } = other ? NO_BODY : this.#plan.request;
    const stream = link.request({
      headers: other ? slowFirst : this.#plan.headers,
      ...(body.length > 0 ? { body } : {}),
      tag: place,
    });
    if (stream !== undefined) {
      place.stream = stream;
      return;
    }
    // It takes no more requests, though it did not say so before: out of ids.
    this.#retire(link);
    this.#ask(place);
  }

  #askAgain(place: H2Place): void {
    place.askedAgain = true;
    const { wireNs } = place.exchange;
    if (!Number.isNaN(wireNs)) {
      this.#tally.onWire.leave(nowNs(), nowNs() - wireNs);
      this.#tally.queued.enter(nowNs());
    }
    this.#ask(place);
  }

  #connect(): void {
    this.#requests = 0;
    this.#links.use(new H2Link(this.#plan, this.#options, this));
  }

  #streamOpened(link: H2Link, stream: H2Stream): void {
    this.#tally.mostOpen = Math.max(this.#tally.mostOpen, link.client?.streams.size ?? 0);
    const place = placeOf(stream);
    if (place !== undefined) place.exchange.ordinal = this.#requests++;
  }

  #headers({ stream, kind, fields, atNs }: Extract<H2Event, { type: "headers" }>): void {
    const place = placeOf(stream);
    if (place === undefined || kind === "informational") return;
    if (kind === "trailers") place.trailers = fields;
    else place.response = fields;
    if (Number.isNaN(place.exchange.firstByteNs)) place.exchange.firstByteNs = atNs;
  }

  #ended(stream: H2Stream, atNs: number): void {
    const place = placeOf(stream);
    if (place === undefined || place.stream !== stream) return;
    const judged = this.#judge(place);
    const x = place.exchange;
    x.windowNs = stream.sendStallNs.stream + stream.sendStallNs.connection;
    if (this.#tally.measuring) {
      this.#tally.windowWaited(x.windowNs);
      this.#tally.server.record(Math.max(0, x.firstByteNs - x.wholeNs));
      this.#tally.transfer.record(atNs - x.firstByteNs);
      if (judged.grpc !== undefined) this.#tally.grpc[judged.grpc] = (this.#tally.grpc[judged.grpc] ?? 0) + 1;
    }
    // A server may answer before it has read the body: then it asks for the rest not to be sent.
    if (stream.state !== "closed") this.#links.of(stream)?.reset(stream, "NO_ERROR" as const);
    if (!this.#plan.spec.reuse) this.#links.drop();
    this.#end(place, atNs, judged.status, judged.says);
  }

  #judge({ response, trailers, content }: H2Place): Judged {
    const judged = judgeAnswer(this.#plan.request.judgedBy, response, trailers);
    if (!this.#plan.isHealthCheck || judged.grpc !== "OK") return judged;
    const health = healthOf(content) ?? "no answer";
    if (this.#tally.measuring) this.#tally.health[health] = (this.#tally.health[health] ?? 0) + 1;
    return health === "SERVING"
      ? judged
      : { ...judged, status: statusOf("error-answer"), says: `health check: ${health}` };
  }

  #resetByPeer(stream: H2Stream, code: string, atNs: number): void {
    this.#tally.resets[code] = (this.#tally.resets[code] ?? 0) + 1;
    const place = placeOf(stream);
    if (place === undefined || place.stream !== stream) return;
    if (code === UNTOUCHED && !place.askedAgain) this.#askAgain(place);
    else this.#end(place, atNs, statusOf("reset"), `the server reset the stream: ${code}`);
  }

  #goaway(link: H2Link, event: Extract<H2Event, { type: "goaway" }>): void {
    const again = event.unprocessed.map(placeOf).filter((place) => place !== undefined);
    this.#tally.goaways.note(link, event);
    this.#retire(link);
    for (const place of again) {
      if (place.askedAgain) this.#fail(place, "closed", `the server ended the connection: GOAWAY ${event.codeName}`);
      else this.#askAgain(place);
    }
  }

  /** No new requests on it. */
  #retire(link: H2Link): void {
    if (link !== this.link) return;
    this.#links.retire();
    this.#opened();
  }

  #end(place: H2Place, endNs: number, status: number, says: string): void {
    const x = place.exchange;
    if (Number.isNaN(x.wireNs)) this.#tally.queued.leave(endNs, endNs - x.startNs);
    else this.#tally.onWire.leave(endNs, endNs - x.wireNs);
    place.stream = null;
    place.deadlineNs = Number.POSITIVE_INFINITY;
    x.endNs = endNs;
    x.status = status;
    x.says = says;
    this.#links.settle();
    this.#host.ended(place.index);
  }

  #fail(place: H2Place, failure: Failure, says: string): void {
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
}

const placeOf = (stream: H2Stream | undefined): H2Place | undefined =>
  stream?.tag instanceof H2Place ? stream.tag : undefined;
