/** The server's end of an HTTP/2 connection. How to use it stands in connection.ts. */
import { H2Connection } from "./connection.js";
import { connectionFault, type H2Fault, streamFault } from "./fault.js";
import { FRAME, PREFACE } from "./names.js";
import type { ConnectionOptions } from "./options.js";
import { H2Stream } from "./stream.js";

export interface ServerOptions extends ConnectionOptions {
  /**
   * What happens to a stream above our MAX_CONCURRENT_STREAMS: RST_STREAM REFUSED_STREAM (as nginx, h2o and haproxy do),
   * RST_STREAM PROTOCOL_ERROR (caddy), GOAWAY PROTOCOL_ERROR (nghttpd, apache), or it is served. Default `refuse`.
   */
  readonly overLimit?: "refuse" | "stream-error" | "connection-error" | "serve";
}

export class H2Server extends H2Connection {
  readonly #overLimit: NonNullable<ServerOptions["overLimit"]>;
  #prefaceSeen = 0;
  #lastId = 0;
  /** Streams above it came behind our GOAWAY and are passed over. */
  #goawayLastId = Number.POSITIVE_INFINITY;
  /** Streams that were above the limit. */
  overLimitStreams = 0;

  /** SETTINGS and WINDOW_UPDATE are in the output at once. */
  constructor(options: ServerOptions, nowNs: number) {
    super(options);
    this.#overLimit = options.overLimit ?? "refuse";
    this.begin(options.settings ?? {}, nowNs);
  }

  override receive(chunk: Uint8Array, start: number, end: number, nowNs: number): void {
    let at = start;
    for (; this.#prefaceSeen < PREFACE.length && at < end && this.fault === undefined; at++) {
      this.nowNs = nowNs;
      if (chunk[at] === PREFACE.charCodeAt(this.#prefaceSeen)) this.#prefaceSeen++;
      else this.fail(connectionFault("PROTOCOL_ERROR", "something else than the client's preface"));
    }
    super.receive(chunk, at, end, nowNs);
  }

  override goaway(...[code, debug, nowNs, lastStreamId]: Parameters<H2Connection["goaway"]>): void {
    this.#goawayLastId = lastStreamId ?? this.#lastId;
    super.goaway(code, debug, nowNs, lastStreamId);
  }

  override isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.#lastId;
  }

  override unknownStream(id: number): H2Stream | H2Fault | undefined {
    if (id % 2 === 0)
      return connectionFault("PROTOCOL_ERROR", `HEADERS frame on stream ${id}; a client's ids are odd`, id);
    if (id <= this.#lastId) return this.closedStream(id, FRAME.HEADERS);
    this.#lastId = id;
    if (id > this.#goawayLastId) {
      this.ignore(id);
      return undefined;
    }
    return this.#aboveLimit(id) ?? this.#accept(id);
  }

  /** The limit holds from the moment it was sent, as with the servers that people run, not only from its acknowledgement. */
  #aboveLimit(id: number): H2Fault | undefined {
    const limit = this.exchange.localSent.maxConcurrentStreams;
    if (this.streams.size < limit) return undefined;
    this.overLimitStreams++;
    const reason = `stream ${id} above the ${limit} that are allowed at once`;
    if (this.#overLimit === "refuse") return streamFault("REFUSED_STREAM", id, reason);
    if (this.#overLimit === "stream-error") return streamFault("PROTOCOL_ERROR", id, reason);
    return this.#overLimit === "serve" ? undefined : connectionFault("PROTOCOL_ERROR", reason, id);
  }

  #accept(id: number): H2Stream {
    const stream = new H2Stream();
    stream.id = id;
    stream.state = "open";
    stream.isRequestOfPeer = true;
    stream.askedNs = this.nowNs;
    stream.openedNs = this.nowNs;
    stream.weHadAcked = this.exchange.weAckedNs >= 0;
    stream.peerHadAcked = this.exchange.peerAckedNs >= 0;
    stream.sendWindow = this.peerSettings.initialWindowBytes;
    stream.receiveWindow = this.windows.initial;
    this.streams.set(id, stream);
    return stream;
  }

  override pushed(): H2Fault {
    return connectionFault("PROTOCOL_ERROR", "PUSH_PROMISE frame from a client");
  }

  override streamClosed(): void {}

  override unprocessedAfter(): H2Stream[] {
    return [];
  }

  override get lastPeerStreamId(): number {
    return this.#lastId;
  }
}
