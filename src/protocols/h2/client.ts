/** The client's end of an HTTP/2 connection. How to use it stands in connection.ts. */
import { H2Connection } from "./connection.js";
import { connectionFault, type H2Fault } from "./fault.js";
import type { Priority } from "./frame-writer.js";
import { FRAME, MAX_STREAM_ID, PREFACE } from "./names.js";
import type { ConnectionOptions, Headers } from "./options.js";
import { H2Stream } from "./stream.js";

export interface ClientOptions extends ConnectionOptions {
  /** How many streams at once before the server's SETTINGS have come. The RFC sets no limit (section 6.5.2); default 100. */
  readonly initialMaxStreams?: number;
}

export interface RequestOptions {
  readonly headers: Headers;
  /** Ends the request. Without it the HEADERS do, unless `open`. */
  readonly body?: Uint8Array;
  /** The owner goes on with `sendData` or `sendTrailers`. */
  readonly open?: boolean;
  /** Open the stream at once, whatever MAX_CONCURRENT_STREAMS says. */
  readonly overLimit?: boolean;
  readonly padding?: number;
  readonly priority?: Priority;
  /** Becomes `stream.tag`. */
  readonly tag?: unknown;
}

const PREFACE_BYTES = Buffer.from(PREFACE, "latin1");

export class H2Client extends H2Connection {
  readonly #initialMaxStreams: number;
  /** Requests that wait for a stream, oldest first. */
  readonly #queue: { readonly stream: H2Stream; readonly request: RequestOptions }[] = [];
  #nextId = 1;
  /** While queued requests are opened, what an event asks for joins the queue. */
  #opening = false;

  /** The preface, SETTINGS and WINDOW_UPDATE are in the output at once. */
  constructor(options: ClientOptions, nowNs: number) {
    super(options);
    this.#initialMaxStreams = options.initialMaxStreams ?? 100;
    this.outbox.preface(PREFACE_BYTES);
    this.begin({ enablePush: false, ...options.settings }, nowNs);
  }

  /** New requests are taken: no GOAWAY, no fault, ids left. */
  get accepts(): boolean {
    return this.fault === undefined && !this.goawayReceived && this.#nextId <= MAX_STREAM_ID;
  }

  /** How many streams may be open at once. */
  get streamLimit(): number {
    return this.exchange.peerFirstNs < 0 ? this.#initialMaxStreams : this.peerSettings.maxConcurrentStreams;
  }

  /** Requests that wait for a stream. */
  get queued(): number {
    return this.#queue.length;
  }

  /**
   * Asks. Where MAX_CONCURRENT_STREAMS is reached the request waits in order (state `queued`) until the event `opened`.
   * @returns undefined when the connection takes no new requests (`accepts`)
   */
  request(request: RequestOptions, nowNs: number): H2Stream | undefined {
    if (!this.accepts) return undefined;
    this.nowNs = nowNs;
    const stream = new H2Stream();
    stream.askedNs = nowNs;
    stream.tag = request.tag;
    if (request.overLimit === true) {
      this.#open(stream, request);
    } else {
      this.#queue.push({ stream, request });
      this.streamClosed();
    }
    return stream;
  }

  override streamClosed(): void {
    if (this.#opening) return;
    this.#opening = true;
    while (this.#queue.length > 0 && this.accepts && this.streams.size < this.streamLimit) {
      const { stream, request } = this.#queue.shift()!;
      if (stream.state === "queued") this.#open(stream, request);
    }
    this.#opening = false;
  }

  #open(stream: H2Stream, request: RequestOptions): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    stream.state = "open";
    stream.openedNs = this.nowNs;
    stream.weHadAcked = this.exchange.weAckedNs >= 0;
    stream.peerHadAcked = this.exchange.peerAckedNs >= 0;
    stream.sendWindow = this.peerSettings.initialWindowBytes;
    stream.receiveWindow = this.windows.initial;
    this.streams.set(stream.id, stream);
    const { body, open, padding, priority } = request;
    const endStream = body === undefined && open !== true;
    this.sendHeaders(stream, request.headers, { endStream, ...given({ padding, priority }) }, this.nowNs);
    this.emit({ type: "opened", atNs: this.nowNs, stream });
    if (body !== undefined) this.sendData(stream, body, open !== true, this.nowNs);
  }

  override isIdle(id: number): boolean {
    return id % 2 === 0 || id >= this.#nextId;
  }

  override unknownStream(id: number): H2Fault | undefined {
    return this.closedStream(id, FRAME.HEADERS);
  }

  override pushed(promisedId: number): H2Fault | undefined {
    if (!this.exchange.local.enablePush) {
      return connectionFault("PROTOCOL_ERROR", "PUSH_PROMISE frame although our SETTINGS forbid push");
    }
    this.writeReset(promisedId, "CANCEL");
    this.outbox.replies++;
    return undefined;
  }

  override unprocessedAfter(lastStreamId: number): H2Stream[] {
    const sent = [...this.streams.values()].filter(({ id }) => id > lastStreamId);
    return [...sent, ...this.#queue.splice(0).map(({ stream }) => stream)];
  }

  /** We open all streams: there is no push. */
  override get lastPeerStreamId(): number {
    return 0;
  }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the properties that are undefined. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
