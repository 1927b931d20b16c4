/**
 * HTTP/3 as the events of a QUIC conversation show it: one exchange for each request stream, and what the ends say of themselves.
 * Bounded, and it never throws.
 */
import { fieldValue, type HeaderField } from "../hpack/field.js";
import { printable } from "../printable.js";
import type { QuicEvent } from "../quic/events.js";
import type { Sender } from "../tls/plaintext.js";
import type { H3Fault } from "./fault.js";
import { MessageReader } from "./message-reader.js";
import { h3ErrorName } from "./names.js";
import type { H3SettingEntry, H3Settings } from "./settings.js";
import { UnidirectionalStreams } from "./unidirectional.js";

/** A request and its answer. Times are those of the datagrams that completed the bytes in question, in order. */
export interface H3Exchange {
  readonly streamId: number;
  /** Printable; undefined: not there, or in the dynamic table of QPACK, which is not followed. */
  readonly method: string | undefined;
  readonly authority: string | undefined;
  readonly path: string | undefined;
  /** Of the final response; undefined as `method`. */
  readonly status: number | undefined;
  /** The request began in 0-RTT. */
  readonly early: boolean;
  readonly requestNs: number;
  /** The request's last byte; undefined: not seen. */
  readonly requestEndNs: number | undefined;
  /** The first byte of the response stream, and the end of its head, interim responses left out. */
  readonly firstByteNs: number | undefined;
  readonly headersNs: number | undefined;
  readonly responseEndNs: number | undefined;
  /** On the stream, frames included. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of the response. */
  readonly contentBytes: number;
  /** `open`: the conversation ended first. `gap`: bytes are missing. `malformed`: see `fault`. */
  readonly outcome: "complete" | "reset" | "malformed" | "gap" | "open";
  /** Such as `H3_REQUEST_REJECTED`, with who reset or stopped the stream. */
  readonly reset: { readonly by: Sender; readonly error: string } | undefined;
  readonly fault: H3Fault | undefined;
}

export type H3Observed =
  | { readonly type: "exchange"; readonly exchange: H3Exchange }
  | {
      readonly type: "settings";
      readonly atNs: number;
      readonly from: Sender;
      readonly settings: H3Settings;
      readonly entries: readonly H3SettingEntry[];
    }
  | { readonly type: "goaway"; readonly atNs: number; readonly from: Sender; readonly id: number }
  /** What an end does with a dynamic table of QPACK: by name, as RFC 9204 section 4.3 and 4.4 have them. */
  | { readonly type: "qpack"; readonly atNs: number; readonly from: Sender; readonly instruction: string }
  | { readonly type: "fault"; readonly atNs: number; readonly from: Sender; readonly fault: H3Fault };

type MutableExchange = { -readonly [K in keyof H3Exchange]: H3Exchange[K] };

interface Request {
  readonly exchange: MutableExchange;
  readonly readers: Readonly<Record<Sender, MessageReader>>;
  readonly ended: Record<Sender, boolean>;
  /** Bytes are missing on the way of this sender: what follows is not read. */
  readonly gap: Record<Sender, boolean>;
  /** It was emitted; it stays only so that what still comes on its stream begins nothing new. */
  told: boolean;
  atNs: number;
}

/** Request streams open at once; beyond it the oldest is told as `open`. */
const MOST_OPEN = 4_096;
const LOOKING_ON = { unknownTable: true } as const;
const FROM_SERVER = 1;
const UNIDIRECTIONAL = 2;

export class H3Observer {
  readonly #emit: (observed: H3Observed) => void;
  readonly #requests = new Map<number, Request>();
  readonly #unidirectional: Readonly<Record<Sender, UnidirectionalStreams>>;
  #atNs = 0;

  constructor(emit: (observed: H3Observed) => void) {
    this.#emit = emit;
    this.#unidirectional = { client: this.#streamsOf("client"), server: this.#streamsOf("server") };
  }

  /** Takes an event of a conversation whose ALPN is h3; those that do not concern HTTP/3 are passed over. */
  take(event: QuicEvent): void {
    if (!("streamId" in event) || event.type === "resent" || event.type === "stream-hole") return;
    this.#atNs = event.atNs;
    const { from, streamId } = event;
    if (streamId % 4 >= UNIDIRECTIONAL) this.#unidirectionalEvent(event);
    else if (streamId % 4 === FROM_SERVER) {
      const reason = `the bidirectional stream ${streamId} of the server`;
      const fault: H3Fault = { code: "H3_STREAM_CREATION_ERROR", scope: "connection", reason };
      if (event.type === "stream-data") this.#emit({ type: "fault", atNs: event.atNs, from, fault });
    } else this.#requestEvent(event);
  }

  /** The conversation is over: exchanges that did not end are told. */
  finish(): void {
    for (const request of this.#requests.values()) this.#tell(request, "open");
  }

  #streamsOf(from: Sender): UnidirectionalStreams {
    return new UnidirectionalStreams(from, {
      onSettings: (settings, entries) => this.#emit({ type: "settings", atNs: this.#atNs, from, settings, entries }),
      onGoaway: (id) => this.#emit({ type: "goaway", atNs: this.#atNs, from, id }),
      onInstruction: (_, { name }) => this.#emit({ type: "qpack", atNs: this.#atNs, from, instruction: name }),
    });
  }

  #unidirectionalEvent(event: StreamEvent): void {
    const { from, streamId, atNs } = event;
    const streams = this.#unidirectional[from];
    let fault: H3Fault | undefined;
    if (event.type === "stream-data") fault = streams.push(streamId, event.bytes);
    else if (event.type === "stream-end" || event.type === "stream-reset") fault = streams.end(streamId);
    if (fault !== undefined) this.#emit({ type: "fault", atNs, from, fault });
  }

  #requestEvent(event: StreamEvent): void {
    const { from, streamId, atNs } = event;
    const request = this.#requests.get(streamId) ?? this.#begin(event);
    if (request === undefined) return;
    request.atNs = atNs;
    switch (event.type) {
      case "stream-data":
        this.#data(request, event);
        break;
      case "stream-end":
        this.#end(request, from, atNs);
        break;
      case "stream-gap":
        request.gap[from] = true;
        break;
      case "stream-reset":
      case "stop-sending":
        request.exchange.reset ??= { by: from, error: h3ErrorName(event.errorCode) };
        // A server that has answered may ask the client to stop the rest of the request (section 4.1).
        if (event.type === "stream-reset" || from === "client") this.#tell(request, "reset");
        if (event.type === "stream-reset") this.#ended(request, from);
    }
  }

  /** @returns undefined: the stream was told before, or this cannot begin one */
  #begin(event: StreamEvent): Request | undefined {
    const { from, streamId, atNs } = event;
    if (from !== "client" || (event.type !== "stream-data" && event.type !== "stream-end")) return undefined;
    const exchange = emptyExchange(streamId, atNs, event.type === "stream-data" && event.early);
    const request: Request = {
      exchange,
      readers: {
        client: new MessageReader(
          "request",
          {
            onHeaders: (kind, fields) => {
              if (kind === "request") this.#requested(request, fields);
            },
            onContent: () => {},
          },
          LOOKING_ON,
        ),
        server: new MessageReader(
          "response",
          {
            onHeaders: (kind, fields) => {
              if (kind !== "response") return;
              const status = fieldValue(fields, ":status");
              exchange.status = status === undefined ? undefined : Number(status);
              exchange.headersNs = request.atNs;
            },
            onContent: (bytes) => {
              exchange.contentBytes += bytes.length;
            },
          },
          LOOKING_ON,
        ),
      },
      ended: { client: false, server: false },
      gap: { client: false, server: false },
      told: false,
      atNs,
    };
    this.#requests.set(streamId, request);
    if (this.#requests.size > MOST_OPEN) this.#evict();
    return request;
  }

  #requested(request: Request, fields: readonly HeaderField[]): void {
    const shown = (name: string) => {
      const value = fieldValue(fields, name);
      return value === undefined ? undefined : printable(value);
    };
    const { exchange, readers } = request;
    exchange.method = shown(":method");
    exchange.authority = shown(":authority") ?? shown("host");
    exchange.path = shown(":path");
    readers.server.answersHead = exchange.method === "HEAD";
  }

  #data(request: Request, { from, bytes }: StreamEvent & { readonly type: "stream-data" }): void {
    const { exchange, readers } = request;
    if (from === "client") exchange.requestBytes += bytes.length;
    else {
      exchange.responseBytes += bytes.length;
      exchange.firstByteNs ??= request.atNs;
    }
    this.#wrong(request, readers[from].push(bytes));
  }

  #end(request: Request, from: Sender, atNs: number): void {
    const { exchange, gap, readers } = request;
    if (from === "client") exchange.requestEndNs = atNs;
    else exchange.responseEndNs = atNs;
    if (!gap[from]) this.#wrong(request, readers[from].end());
    this.#ended(request, from);
  }

  #ended(request: Request, from: Sender): void {
    const { exchange, ended, gap } = request;
    ended[from] = true;
    if (!ended.client || !ended.server) return;
    this.#requests.delete(exchange.streamId);
    const whole = exchange.fault === undefined ? "complete" : "malformed";
    this.#tell(request, gap.client || gap.server ? "gap" : whole);
  }

  /** What is malformed stays in the books until it ends, so that its times are known. */
  #wrong({ exchange }: Request, fault: H3Fault | undefined): void {
    exchange.fault ??= fault;
  }

  #tell(request: Request, outcome: H3Exchange["outcome"]): void {
    if (request.told) return;
    request.told = true;
    request.exchange.outcome = outcome;
    this.#emit({ type: "exchange", exchange: request.exchange });
  }

  #evict(): void {
    for (const [streamId, request] of this.#requests) {
      this.#requests.delete(streamId);
      this.#tell(request, "open");
      return;
    }
  }
}

type StreamEvent = Exclude<
  Extract<QuicEvent, { readonly streamId: number }>,
  { readonly type: "resent" | "stream-hole" }
>;

const emptyExchange = (streamId: number, requestNs: number, early: boolean): MutableExchange => ({
  streamId,
  method: undefined,
  authority: undefined,
  path: undefined,
  status: undefined,
  early,
  requestNs,
  requestEndNs: undefined,
  firstByteNs: undefined,
  headersNs: undefined,
  responseEndNs: undefined,
  requestBytes: 0,
  responseBytes: 0,
  contentBytes: 0,
  outcome: "open",
  reset: undefined,
  fault: undefined,
});
