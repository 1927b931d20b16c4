/** Streams of any application as exchanges: on a bidirectional stream of the client, its bytes ask and the server's answer. Bounded. */
import type { QuicEvent } from "../../protocols/quic/events.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { QuicExchange } from "./quic-exchange.js";

export type StreamEvent = Exclude<
  Extract<QuicEvent, { readonly streamId: number }>,
  { readonly type: "resent" | "stream-hole" }
>;

export interface StreamWatcher {
  /** A stream's first byte. */
  onOpen(streamId: number, atNs: number): void;
  /** Both sides have ended, or one of them for both. Told once for each that was opened, also where the connection ends first. */
  onClosed(streamId: number, atNs: number): void;
  onExchange(exchange: QuicExchange): void;
  /** Such as `H3_REQUEST_CANCELLED`, or the number. */
  errorName(errorCode: number): string;
}

interface Stream {
  readonly exchange: { -readonly [K in keyof QuicExchange]: QuicExchange[K] };
  readonly ended: Record<Sender, boolean>;
  gap: boolean;
  told: boolean;
}

/** Open at once; beyond it the oldest is told as `open`. */
const MOST_OPEN = 4_096;

/** Who opened the stream, and whether the other end may send on it (RFC 9000 section 2.1). */
const openerOf = (streamId: number): Sender => (streamId % 2 === 0 ? "client" : "server");
export const isBidirectional = (streamId: number): boolean => streamId % 4 < 2;

export class StreamBook {
  readonly #watcher: StreamWatcher;
  readonly #streams = new Map<number, Stream>();
  #lastNs = 0;

  constructor(watcher: StreamWatcher) {
    this.#watcher = watcher;
  }

  take(event: StreamEvent): void {
    const { from, streamId, atNs } = event;
    this.#lastNs = atNs;
    const stream = this.#streams.get(streamId) ?? this.#open(event);
    if (stream === undefined) return;
    switch (event.type) {
      case "stream-data":
        this.#data(stream, event);
        break;
      case "stream-end":
        if (from === openerOf(streamId)) stream.exchange.requestEndNs = atNs;
        else stream.exchange.responseEndNs = atNs;
        this.#ended(stream, from, atNs);
        break;
      case "stream-gap":
        stream.gap = true;
        break;
      case "stream-reset":
      case "stop-sending":
        this.#reset(stream, event);
    }
  }

  /** The connection is over. */
  finish(): void {
    for (const stream of this.#streams.values()) this.#drop(stream, "open", this.#lastNs);
  }

  /** @returns undefined: what still comes on a stream that was told, or was never seen to open */
  #open(event: StreamEvent): Stream | undefined {
    const { from, streamId, atNs } = event;
    const begins = event.type === "stream-data" || event.type === "stream-end";
    if (!begins || from !== openerOf(streamId)) return undefined;
    const exchange = begun(streamId, atNs, event.type === "stream-data" && event.early);
    const ended = { client: false, server: false };
    if (!isBidirectional(streamId)) ended[from === "client" ? "server" : "client"] = true;
    const stream: Stream = { exchange, ended, gap: false, told: false };
    this.#streams.set(streamId, stream);
    this.#watcher.onOpen(streamId, atNs);
    if (this.#streams.size > MOST_OPEN) this.#evict();
    return stream;
  }

  #data({ exchange }: Stream, { from, streamId, bytes, atNs }: StreamEvent & { readonly type: "stream-data" }): void {
    if (from === openerOf(streamId)) exchange.requestBytes += bytes.length;
    else {
      exchange.responseBytes += bytes.length;
      exchange.contentBytes += bytes.length;
      exchange.firstByteNs ??= atNs;
    }
  }

  #reset(stream: Stream, event: StreamEvent & { readonly type: "stream-reset" | "stop-sending" }): void {
    const { from, streamId, atNs } = event;
    stream.exchange.reset ??= { by: from, error: this.#watcher.errorName(event.errorCode) };
    // A server that has answered may ask the client to stop the rest of the request.
    if (event.type === "stream-reset" || from === openerOf(streamId)) this.#tell(stream, "reset");
    if (event.type === "stream-reset") this.#ended(stream, from, atNs);
  }

  #ended(stream: Stream, from: Sender, atNs: number): void {
    stream.ended[from] = true;
    if (stream.ended.client && stream.ended.server) this.#drop(stream, stream.gap ? "gap" : "complete", atNs);
  }

  #drop(stream: Stream, outcome: QuicExchange["outcome"], atNs: number): void {
    const { streamId } = stream.exchange;
    if (!this.#streams.delete(streamId)) return;
    this.#tell(stream, outcome);
    this.#watcher.onClosed(streamId, atNs);
  }

  /** Only what the client asks is an exchange. */
  #tell(stream: Stream, outcome: QuicExchange["outcome"]): void {
    const { exchange } = stream;
    if (stream.told || exchange.streamId % 4 !== 0) return;
    stream.told = true;
    exchange.outcome = outcome;
    this.#watcher.onExchange(exchange);
  }

  #evict(): void {
    for (const stream of this.#streams.values()) {
      this.#drop(stream, "open", this.#lastNs);
      return;
    }
  }
}

const begun = (streamId: number, requestNs: number, early: boolean): Stream["exchange"] => ({
  streamId,
  requestNs,
  requestEndNs: undefined,
  firstByteNs: undefined,
  responseEndNs: undefined,
  requestBytes: 0,
  responseBytes: 0,
  contentBytes: 0,
  early,
  method: undefined,
  path: undefined,
  status: undefined,
  outcome: "open",
  reset: undefined,
  hit: false,
});
