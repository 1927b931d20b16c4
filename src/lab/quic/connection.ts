/** One QUIC connection of a lab server: requests in, each on its stream, answers out as they are ready, with the faults that were asked for. */
import type { Application } from "../../quic/application.js";
import type { QuicConnection } from "../../quic/connection.js";
import { after } from "../delay.js";
import { type Floor, thinkTime } from "../floor.js";
import { isFault, type QuicDialect, type QuicFault, type QuicReply, type RequestStream } from "./dialect.js";
import { Outgoing } from "./outgoing.js";

/** Shared: what is read is looked at before anything else is. */
const READ = Buffer.alloc(64 * 1024);
/** No protocol's answer. */
const GARBAGE = Buffer.from("\u00ff\u00ff this is not the protocol you look for \u00ff\r\n\r\n", "latin1");
/** RFC 9000 section 2.1: the two low bits of a stream ID say who opened it, and of which kind it is. */
const STREAM_KIND = 3;
const CLIENT_BIDIRECTIONAL = 0;
const OWN_STREAM = 3;

export class QuicLabConnection implements Application {
  readonly #dialect: QuicDialect;
  readonly #floor: Floor;
  readonly #onEnd: (connection: QuicLabConnection) => void;
  /** Requests that are not whole yet. */
  readonly #requests = new Map<number, RequestStream>();
  /** How to stop thinking about a request that is. */
  readonly #thinking = new Map<number, () => void>();
  readonly #outgoing = new Map<number, Outgoing>();
  #connection: QuicConnection | undefined;
  #greeted = false;
  #firstUnseen = 0;
  readonly #expected = [0];
  /** Requests from this stream ID on are refused. */
  #firstRefused = Number.POSITIVE_INFINITY;
  #answers = 0;

  constructor(dialect: QuicDialect, floor: Floor, onEnd: (connection: QuicLabConnection) => void) {
    this.#dialect = dialect;
    this.#floor = floor;
    this.#onEnd = onEnd;
  }

  onEarly(connection: QuicConnection): void {
    this.#greet(connection);
  }

  onEstablished(connection: QuicConnection): void {
    this.#greet(connection);
  }

  /** Most clients ask one request after the other. */
  expects(): readonly number[] {
    this.#expected[0] = this.#firstUnseen;
    return this.#expected;
  }

  onReadable(connection: QuicConnection, streamId: number): void {
    this.#greet(connection);
    while (!connection.closed) {
      const got = connection.read(streamId, READ);
      if (got === undefined) return;
      const fault =
        (streamId & STREAM_KIND) === CLIENT_BIDIRECTIONAL
          ? this.#onRequest(connection, streamId, got)
          : this.#onUnidirectional(streamId, got);
      if (fault !== undefined) this.#punish(connection, streamId, fault);
      if (fault !== undefined || "reset" in got || got.ended || got.bytes === 0) return;
    }
  }

  onWritable(_connection: QuicConnection, streamId: number): void {
    const outgoing = this.#outgoing.get(streamId);
    if (outgoing !== undefined && outgoing.pump() !== "more") this.#outgoing.delete(streamId);
  }

  onClosed(): void {
    for (const cancel of this.#thinking.values()) cancel();
    this.#thinking.clear();
    this.#requests.clear();
    this.#outgoing.clear();
    this.#onEnd(this);
  }

  /** Tells the client that the server ends. */
  end(): void {
    const connection = this.#connection;
    if (connection === undefined || connection.closed) return;
    this.#sayFarewell(connection);
    connection.flush();
    connection.close(true, this.#dialect.codes.noError, "the server ends");
  }

  #greet(connection: QuicConnection): void {
    if (this.#greeted) return;
    this.#greeted = true;
    this.#connection = connection;
    const { greeting } = this.#dialect;
    if (greeting !== undefined) this.#send(connection, OWN_STREAM, [greeting].values(), false);
  }

  #onRequest(connection: QuicConnection, streamId: number, got: Got): QuicFault | undefined {
    const { codes } = this.#dialect;
    if (streamId >= this.#firstRefused) return { scope: "stream", code: codes.rejected, reason: "" };
    this.#firstUnseen = Math.max(this.#firstUnseen, streamId + 4);
    if ("reset" in got) return { scope: "stream", code: codes.cancelled, reason: "" };
    let request = this.#requests.get(streamId);
    if (request === undefined) {
      request = this.#dialect.request();
      this.#requests.set(streamId, request);
    }
    const fault = got.bytes > 0 ? request.push(READ.subarray(0, got.bytes)) : undefined;
    if (fault !== undefined || !got.ended) return fault;
    const outcome = request.end();
    if (isFault(outcome)) return outcome;
    this.#requests.delete(streamId);
    if (!this.#floor.options.silent) this.#think(connection, streamId, outcome);
    return undefined;
  }

  #onUnidirectional(streamId: number, got: Got): QuicFault | undefined {
    if ("reset" in got) return this.#dialect.unidirectional(streamId, READ.subarray(0, 0), true);
    return this.#dialect.unidirectional(streamId, READ.subarray(0, got.bytes), got.ended);
  }

  #punish(connection: QuicConnection, streamId: number, { scope, code, reason }: QuicFault): void {
    this.#requests.delete(streamId);
    if (scope === "connection") connection.close(true, code, reason);
    else connection.abandon(streamId, code);
  }

  #think(connection: QuicConnection, streamId: number, reply: QuicReply): void {
    const thinkNs = thinkTime(this.#floor, reply.thinkNs);
    if (thinkNs === 0) {
      this.#answer(connection, streamId, reply);
      return;
    }
    const cancel = after(thinkNs, () => {
      this.#thinking.delete(streamId);
      this.#answer(connection, streamId, reply);
    });
    this.#thinking.set(streamId, cancel);
  }

  #answer(connection: QuicConnection, streamId: number, reply: QuicReply): void {
    const { garbage, cutAnswer, closeAfter, splitResponse } = this.#floor.options;
    if (this.#firstRefused <= streamId) return;
    const pieces = garbage ? [GARBAGE].values() : reply.pieces();
    if (cutAnswer) {
      this.#cut(connection, streamId, pieces);
      return;
    }
    const isLast = ++this.#answers === closeAfter;
    if (isLast) this.#sayFarewell(connection);
    this.#send(connection, streamId, pieces, true, splitResponse);
    if (isLast) connection.whenDelivered(streamId, () => connection.close(true, this.#dialect.codes.noError));
  }

  /** Half of what would have gone first, and the end. */
  #cut(connection: QuicConnection, streamId: number, pieces: Iterator<Uint8Array>): void {
    const { value = GARBAGE } = pieces.next();
    connection.write(streamId, value.subarray(0, value.length >> 1), false);
    connection.flush();
    connection.close(true, this.#dialect.codes.internalError, "cut on purpose");
  }

  #send(
    connection: QuicConnection,
    streamId: number,
    pieces: Iterator<Uint8Array>,
    ends: boolean,
    sizes: readonly number[] = [],
  ): void {
    const outgoing = new Outgoing(connection, streamId, pieces, { ends, sizes });
    if (outgoing.pump() === "more") this.#outgoing.set(streamId, outgoing);
  }

  #sayFarewell(connection: QuicConnection): void {
    this.#firstRefused = this.#firstUnseen;
    const farewell = this.#dialect.farewell?.(this.#firstRefused);
    // Behind a greeting that nobody has taken there is nothing to say.
    if (farewell !== undefined && !this.#outgoing.has(OWN_STREAM)) connection.write(OWN_STREAM, farewell, false);
  }
}

type Got = { readonly bytes: number; readonly ended: boolean } | { readonly reset: number };
