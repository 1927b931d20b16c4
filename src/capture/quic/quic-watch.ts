/**
 * One QUIC connection watched, datagram by datagram, in a capture or by the probe that drives it: its exchanges, whatever the
 * application, and its times. What it measures goes to its owner at once; it keeps counts only.
 */
import { type H3Observed, H3Observer } from "../../protocols/h3/observer.js";
import { QuicConversation } from "../../protocols/quic/conversation.js";
import type { AckSeen, QuicEvent } from "../../protocols/quic/events.js";
import type { LossCounts } from "../../protocols/quic/sent-packets.js";
import type { KeyLog } from "../../protocols/tls/key-log.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import { applicationErrorName, isH3 } from "./alpn.js";
import { EarlyData } from "./early-data.js";
import { flightsOf } from "./flights.js";
import { HitStreams } from "./hit-streams.js";
import { fromH3, type QuicExchange } from "./quic-exchange.js";
import type { QuicMeasures } from "./quic-measures.js";
import { SpinRtts } from "./spin-rtts.js";
import { isBidirectional, StreamBook } from "./stream-book.js";

export interface QuicWatchOptions {
  /** Asked when it is needed, so that it may still grow. */
  readonly keyLog?: KeyLog | undefined;
  /** An exchange ended, or the connection did (`outcome` open). Called while the datagram that ended it is pushed. */
  readonly onExchange?: ((exchange: QuicExchange) => void) | undefined;
  /** All that the conversation tells, ahead of what comes of it here. */
  readonly onEvent?: ((event: QuicEvent) => void) | undefined;
  /** Each is told of all. */
  readonly measures?: readonly Partial<QuicMeasures>[] | undefined;
}

const NS_PER_MS = 1e6;
/** A timer that is set for max_ack_delay fires a little later (kGranularity, RFC 9002 section 6.1.2). */
const TICK_NS = 1e6;
/** quic-go leaves out a first packet number after some 256, and each next one after twice as many. */
const LEFT_OUT_EVERY = 128;

export class QuicWatch {
  readonly conversation: QuicConversation;
  readonly #options: QuicWatchOptions;
  readonly #measures: readonly Partial<QuicMeasures>[];
  readonly #h3: H3Observer;
  readonly #book: StreamBook;
  readonly #early = new EarlyData();
  readonly #hits = new HitStreams();
  readonly #spin: SpinRtts;
  readonly #holes: Record<Sender, number> = { client: 0, server: 0 };
  #h3Faulty = false;
  #handshakeTold = false;
  #flightsTold = false;
  /** Something was read that only HTTP/3 says. */
  h3Seen = false;
  /** SETTINGS of the server, by name, as sent. */
  serverSettings: Readonly<Record<string, number>> | undefined;
  /** GOAWAY frames of either end. */
  goaways = 0;
  /** What the ends do with dynamic tables of QPACK. */
  qpackInstructions = 0;

  constructor(options: QuicWatchOptions = {}) {
    this.#options = options;
    this.#measures = options.measures ?? [];
    const { keyLog } = options;
    this.conversation = new QuicConversation({ keyLog, emit: (event) => this.#take(event) });
    this.#h3 = new H3Observer((observed) => this.#observed(observed));
    this.#spin = new SpinRtts((rttNs) => {
      for (const measure of this.#measures) measure.onSpinRtt?.(rttNs);
    });
    this.#book = new StreamBook({
      onOpen: (streamId, atNs) => this.#stream("opened", streamId, atNs),
      onClosed: (streamId, atNs) => this.#stream("closed", streamId, atNs),
      onExchange: (exchange) => {
        if (!this.speaksH3) this.#exchange(exchange);
      },
      errorName: (errorCode) => applicationErrorName(this.protocol, errorCode),
    });
  }

  /**
   * Takes a datagram, in the order of the capture; of a live connection as it was sent or received.
   * @param datagram UDP payload; not kept
   * @param atNs integer nanoseconds since any origin
   */
  push(from: Sender, datagram: Uint8Array, atNs: number): void {
    this.conversation.push(from, datagram, atNs);
    if (!this.#handshakeTold && this.conversation.times.doneNs !== undefined) this.#tellHandshake();
  }

  /** The connection is over: what is open is told. Nothing is told twice. */
  finish(): void {
    this.#h3.finish();
    this.#book.finish();
    this.#tellHandshake();
    this.#tellFlights();
    this.#spin.finish(this.conversation.spin);
  }

  /** The protocol inside: the one that was chosen; without the key log that which was offered, where it was the only one. */
  get protocol(): string | undefined {
    const { alpn, alpnOffered } = this.conversation;
    return alpn ?? (alpnOffered.length === 1 ? alpnOffered[0] : undefined);
  }

  /** Whether exchanges are HTTP/3's. Where it is not known what was chosen: it was offered, and nothing speaks against it. */
  get speaksH3(): boolean {
    const { protocol } = this;
    return protocol === undefined ? !this.#h3Faulty && this.conversation.alpnOffered.some(isH3) : isH3(protocol);
  }

  /** 0-RTT was sent in packets, and this came of it; `offered`: not known (no key log). */
  get earlyData(): "none" | "offered" | "accepted" | "rejected" {
    const sent = this.conversation.packets("client")["0-rtt"];
    return sent === undefined ? "none" : this.conversation.earlyData;
  }

  /**
   * What became of the packets that an end sent; 0-RTT that the server discarded, which nobody acknowledges, left out. `notSeen` only
   * where something bears it out: senders that leave a number out now and then (quic-go) lose nothing. undefined: not readable.
   */
  loss(end: Sender): (LossCounts & { readonly resentBytes: number }) | undefined {
    const oneRtt = this.conversation.packets(end)["1-rtt"]?.opened ?? 0;
    if (oneRtt === 0) return undefined;
    const counts = this.conversation.loss(end);
    const { resentBytes } = this.conversation.streamBytes(end);
    const leftOut = 1 + Math.max(0, Math.log2(oneRtt / LEFT_OUT_EVERY));
    const notSeen = this.#holes[end] > 0 || counts.notSeen > leftOut ? counts.notSeen : 0;
    const discarded = end === "client" ? this.#early.discarded(this.#earlyFate) : 0;
    return {
      ...counts,
      ackEliciting: counts.ackEliciting - discarded,
      lost: Math.max(0, counts.lost - discarded),
      notSeen,
      resentBytes: resentBytes - (end === "client" ? this.#early.resentBytes : 0),
    };
  }

  /** How it was closed, such as `server: H3_NO_ERROR`; undefined: no close was seen, or none could be read. */
  get closedBy(): string | undefined {
    const { closed } = this.conversation;
    if (closed === undefined) return undefined;
    const { application, errorCode, errorName, from } = closed;
    return `${from}: ${application ? applicationErrorName(this.protocol, errorCode) : errorName}`;
  }

  /** Why there never was a connection, in a few words, for one that is over; undefined: there was one, or its begin was not seen. */
  get failure(): string | undefined {
    const { conversation, closedBy } = this;
    const { firstInitialNs, firstServerOneRttNs, firstClientOneRttNs, versionNegotiationNs, serverInitialNs } =
      conversation.times;
    if (firstInitialNs === undefined || conversation.handshakeTime !== undefined) return undefined;
    if (conversation.datagrams("server").datagrams === 0) return "no answer";
    if (serverInitialNs === undefined && versionNegotiationNs !== undefined) return "no version in common";
    if (closedBy !== undefined) return `closed during the handshake, ${closedBy}`;
    const passed = firstServerOneRttNs !== undefined && firstClientOneRttNs !== undefined;
    return passed ? undefined : "handshake not completed";
  }

  #take(event: QuicEvent): void {
    this.#options.onEvent?.(event);
    if ("from" in event && event.from === "client") this.#early.take(event);
    if (event.type === "ack") this.#ack(event);
    else if (event.type === "spin-rtt") this.#spin.add(event.rttNs, this.conversation.spin);
    else if (event.type === "resent") this.#resent(event);
    else if (event.type === "stream-hole") {
      this.#holes[event.from]++;
      this.#hits.hit(event.streamId);
    } else if ("streamId" in event) {
      // Which protocol it is may be known only later: both look on, and only one is believed.
      if (this.conversation.alpnOffered.some(isH3)) this.#h3.take(event);
      this.#book.take(event);
    }
  }

  /** 0-RTT that the server discarded has to go again, and was not lost. */
  #resent(event: QuicEvent & { readonly type: "resent" }): void {
    const early = event.from === "client" ? this.#early.wentAgain(event, this.#earlyFate) : undefined;
    if (early === undefined) this.#hits.hit(event.streamId);
    if (early?.costNs === undefined) return;
    for (const measure of this.#measures) measure.onRejectionCost?.(early.costNs);
  }

  get #earlyFate(): { readonly rejected: boolean; readonly retryNs: number | undefined } {
    return { rejected: this.earlyData === "rejected", retryNs: this.conversation.times.retryNs };
  }

  /** Only of a frame that acknowledges something first: one that repeats counts on from the same arrival. */
  #ack({ from, space, sentDelayNs, measuredNs }: AckSeen): void {
    if (space !== "application" || measuredNs === undefined || this.#measures.length === 0) return;
    const { maxAckDelayMs } = this.conversation.transportParameters(from) ?? {};
    const confirmed = this.conversation.times.doneNs !== undefined;
    const over = confirmed && maxAckDelayMs !== undefined && sentDelayNs > maxAckDelayMs * NS_PER_MS + TICK_NS;
    for (const measure of this.#measures) {
      measure.onAckDelay?.(from, sentDelayNs, over);
      if (measuredNs >= sentDelayNs) measure.onRtt?.(from, measuredNs - sentDelayNs);
    }
  }

  #stream(change: "opened" | "closed", streamId: number, atNs: number): void {
    if (!isBidirectional(streamId) && this.speaksH3) return;
    for (const measure of this.#measures) measure.onStream?.(change, atNs);
  }

  #observed(observed: H3Observed): void {
    if (observed.type === "fault") this.#h3Faulty = true;
    if (!this.speaksH3) return;
    this.h3Seen ||= observed.type === "exchange" || observed.type === "settings";
    if (observed.type === "exchange") this.#exchange(fromH3(observed.exchange));
    else if (observed.type === "goaway") this.goaways++;
    else if (observed.type === "qpack") this.qpackInstructions++;
    else if (observed.type === "settings" && observed.from === "server") {
      const exact = observed.entries.map(({ name, value }) => [name, Math.min(value, Number.MAX_SAFE_INTEGER)]);
      this.serverSettings = Object.fromEntries(exact);
    }
  }

  #exchange(exchange: QuicExchange): void {
    if (this.conversation.handshakeTime?.by === "client-finished") this.#tellHandshake();
    this.#options.onExchange?.({ ...exchange, hit: this.#hits.take(exchange.streamId) });
  }

  #tellHandshake(): void {
    const { handshakeTime } = this.conversation;
    if (this.#handshakeTold || handshakeTime === undefined) return;
    this.#handshakeTold = true;
    const { startNs, endNs } = handshakeTime;
    for (const measure of this.#measures) measure.onHandshake?.(endNs - startNs);
    this.#tellFlights();
  }

  #tellFlights(): void {
    if (this.#flightsTold) return;
    this.#flightsTold = true;
    const { handshakeTime, times } = this.conversation;
    const flights = flightsOf({ ...times, clientFinishedNs: handshakeTime?.endNs });
    for (const measure of this.#measures) measure.onFlights?.(flights);
  }
}

/** In one piece, without spreading: it is done for every request of a probe, and spreading takes ten times as long. */
