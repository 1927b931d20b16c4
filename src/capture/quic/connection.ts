/** A QUIC connection of a capture: as a flow for those who list flows, and its requests as exchanges for those who judge them. */
import type { QuicEvent } from "../../protocols/quic/events.js";
import type { KeyLog } from "../../protocols/tls/key-log.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import { addressText } from "../decode/address.js";
import type { Packet } from "../decode/packet.js";
import type { CaptureProtocol, Flow, FlowEnd, FlowObserver, PacketNote, Vantage } from "../flows/flow-events.js";
import { vantageOf } from "../flows/vantage.js";
import { isDoq } from "./alpn.js";
import { exchangeOf } from "./observed-exchange.js";
import type { QuicExchange } from "./quic-exchange.js";
import type { QuicMeasures } from "./quic-measures.js";
import type { QuicTally } from "./quic-tally.js";
import { QuicWatch } from "./quic-watch.js";
import { RunningRequest } from "./running-request.js";

/** Address words and port. */
export type PathEnd = readonly [word0: number, word1: number, word2: number, word3: number, port: number];

/** Datagrams that are remembered, for the picture of an exchange. */
const NOTES = 16;
/** Requests that run at once and are remembered by their first datagram. */
const MOST_RUNNING = 4_096;

/** Until it is known who wants the connection. */
const NO_WATCH = new QuicWatch();

export class QuicConnection implements Flow {
  readonly id: number;
  readonly slot: number;
  readonly a: FlowEnd;
  readonly b: FlowEnd;
  readonly client = 0;
  readonly handshakeSeen = true;
  readonly mss = [0, 0] as const;
  readonly nagleOff = [false, false] as const;
  readonly startNs: number;
  endNs: number;
  packets = 0;
  bytes = 0;
  exchanges = 0;
  handshakeRttNs: number | null = null;
  watch: QuicWatch = NO_WATCH;
  /** Connection IDs to which the client sent its first Initials, in hexadecimal. */
  readonly firstIds = new Set<string>();
  over = false;
  /** Its first datagram was not captured whole. */
  readonly cut: boolean;
  readonly #observer: FlowObserver;
  #tally: QuicTally | undefined;
  readonly #legs: Record<Sender, number> = { client: Number.POSITIVE_INFINITY, server: Number.POSITIVE_INFINITY };
  readonly #notes: PacketNote[] = [];
  readonly #running = new Map<number, RunningRequest>();
  /** The last bytes of an answer. */
  #served: { readonly streamId: number; readonly atNs: number } | undefined;
  #packet = 0;

  constructor(place: { readonly id: number; readonly slot: number }, first: Packet, observer: FlowObserver) {
    this.id = place.id;
    this.slot = place.slot;
    this.a = end([first.src0, first.src1, first.src2, first.src3, first.srcPort]);
    this.b = end([first.dst0, first.dst1, first.dst2, first.dst3, first.dstPort]);
    this.cut = first.payloadCaptured < first.payloadLength;
    this.startNs = first.atNs;
    this.endNs = first.atNs;
    this.#observer = observer;
  }

  /** To be called before the first datagram. */
  watchWith(tally: QuicTally, keyLog: KeyLog | undefined): void {
    const measures: Partial<QuicMeasures> = {
      onHandshake: (totalNs) => this.#shaken(totalNs),
      onRtt: (end, rttNs) => {
        this.#legs[end] = Math.min(this.#legs[end], rttNs);
      },
    };
    this.#tally = tally;
    this.watch = tally.watch({
      keyLog,
      measures: [measures],
      onEvent: (event) => this.#event(event),
      onExchange: (exchange) => this.#exchange(exchange),
    });
  }

  push(from: Sender, p: Packet, datagram: Uint8Array): void {
    this.#packet = p.number;
    this.packets++;
    this.bytes += p.payloadLength;
    this.endNs = Math.max(this.endNs, p.atNs);
    if (this.#notes.length === NOTES) this.#notes.shift();
    const side = from === "client" ? 0 : 1;
    this.#notes.push({ number: p.number, atNs: p.atNs, from: side, bytes: p.payloadLength, flags: 0 });
    this.watch.push(from, datagram, p.atNs);
    if (this.isClosed) this.#tally?.close(this.watch);
  }

  /** An end has closed it: only what was on its way may still come. */
  get isClosed(): boolean {
    return this.watch.conversation.closed !== undefined;
  }

  /** Nothing more will come. */
  finish(): void {
    this.#tally?.end(this.watch);
  }

  get protocol(): CaptureProtocol {
    const { speaksH3, protocol } = this.watch;
    if (speaksH3) return "h3";
    return protocol !== undefined && isDoq(protocol) ? "doq" : "quic";
  }

  /** By the two parts of the handshake: to the server and back, to the client and back. */
  get vantage(): Vantage {
    const { serverInitialNs, serverFinishedNs, clientFinishedNs } = this.watch.conversation.times;
    if (serverInitialNs === undefined || !Number.isFinite(this.#firstTripNs)) return "unknown";
    const clientNs = (clientFinishedNs ?? Number.NaN) - (serverFinishedNs ?? Number.NaN);
    return vantageOf(this.#firstTripNs, clientNs);
  }

  get legNs(): readonly [number | null, number | null] {
    const known = (ns: number) => (Number.isFinite(ns) ? ns : null);
    return [known(this.#legs.client), known(Math.min(this.#legs.server, this.#firstTripNs))];
  }

  /** The last hello until the server's first answer; infinite: not seen. */
  get #firstTripNs(): number {
    const { serverInitialNs, retryNs, versionNegotiationNs, firstInitialNs } = this.watch.conversation.times;
    const beganNs = retryNs ?? versionNegotiationNs ?? firstInitialNs;
    const tripNs = (serverInitialNs ?? Number.NaN) - (beganNs ?? Number.NaN);
    return tripNs >= 0 ? tripNs : Number.POSITIVE_INFINITY;
  }

  /** The datagrams between two packets of the capture, as far as they are remembered. */
  notesBetween(first: number, last: number): readonly PacketNote[] {
    return this.#notes.filter(({ number }) => number >= first && number <= last);
  }

  #shaken(totalNs: number): void {
    this.handshakeRttNs = totalNs;
    this.#observer.handshake?.(this, totalNs);
  }

  #event(event: QuicEvent): void {
    if (!("streamId" in event) || event.streamId % 4 !== 0) return;
    if (event.from === "client") this.#asks(event);
    else this.#answers(event);
  }

  #asks(event: QuicEvent & { readonly streamId: number }): void {
    const running = this.#running.get(event.streamId);
    if (event.type === "resent" && running !== undefined) running.resentNs = event.atNs;
    if (event.type !== "stream-data" || running !== undefined || this.#running.size >= MOST_RUNNING) return;
    this.#running.set(event.streamId, new RunningRequest(this.#packet));
  }

  #answers(event: QuicEvent & { readonly streamId: number }): void {
    const running = this.#running.get(event.streamId);
    if (event.type === "stream-hole") running?.hole(event.atNs);
    if (event.type !== "stream-data") return;
    running?.answered(event.atNs, this.#served?.streamId === event.streamId ? undefined : this.#served?.atNs);
    this.#served = { streamId: event.streamId, atNs: event.atNs };
  }

  #exchange(exchange: QuicExchange): void {
    const running = this.#running.get(exchange.streamId) ?? new RunningRequest(this.#packet);
    this.#running.delete(exchange.streamId);
    const observed = exchangeOf(this, exchange, running, this.#packet, this.legNs[1] ?? 0);
    if (observed !== null) this.#observer.exchange?.(observed);
  }
}

function end([word0, word1, word2, word3, port]: PathEnd): FlowEnd {
  return { address: addressText(word0, word1, word2, word3), port };
}
