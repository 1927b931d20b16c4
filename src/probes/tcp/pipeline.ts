/**
 * One connection with several requests on it at once, answered in the order in which they were asked: pipelining, as HTTP/1.1
 * (RFC 9112 section 9.3.2), memcached and Redis have it. Each place in the pipeline is a session of its own.
 */
import type { AnswerReader, Complete } from "../../protocols/protocol.js";
import type { Ns } from "../../units/duration.js";
import { nowNs } from "../clock.js";
import type { KernelFacts } from "../probe.js";
import { type Failure, STATUS_MISS, STATUS_VALUE, statusOf } from "../samples.js";
import type { SessionHost } from "../session.js";
import { earlyAnswer } from "./failure-words.js";
import { type ConnectionOwner, NetConnection } from "./net-connection.js";
import { NetCounters } from "./net-counters.js";
import type { Trouble } from "./net-failure.js";
import type { NetPlan } from "./net-session.js";
import { PieceWriter } from "./net-writer.js";
import { PipelinePlace } from "./pipeline-place.js";

const READ_BUFFER_BYTES = 65536;

export class Pipeline implements ConnectionOwner {
  readonly places: readonly PipelinePlace[];
  readonly #plan: NetPlan;
  readonly #host: SessionHost;
  readonly #counters: NetCounters;
  readonly #usual: PieceWriter;
  readonly #slow: PieceWriter | undefined;
  /** Of the request that is being written: one of the two. */
  #writer: PieceWriter;
  readonly #buffer = new Uint8Array(READ_BUFFER_BYTES);
  #connection: NetConnection | null = null;
  /** Of the answers on `#connection`. */
  #reader: AnswerReader;
  #isOpen = false;
  /** It is being opened ahead of the first request; this place tells the lane. */
  #opening: PipelinePlace | null = null;
  /** Asked for and not yet written, in order. */
  #waiting: PipelinePlace[] = [];
  /** Written, or being written, and not yet answered, in order: the first is answered next. */
  #asked: PipelinePlace[] = [];
  #isWriting = false;

  /**
   * @param depth requests that may be on the connection at once
   * @param number which connection of the lane this is, from 0
   */
  constructor(plan: NetPlan, host: SessionHost, number: number, depth: number) {
    this.#plan = plan;
    this.#host = host;
    this.#counters = new NetCounters(plan.options);
    this.#reader = plan.protocol.answers();
    this.#usual = new PieceWriter(plan, () => this.#written());
    this.#writer = this.#usual;
    this.#slow = plan.slowFirst === undefined ? undefined : new PieceWriter(plan.slowFirst, () => this.#written());
    this.places = Array.from({ length: depth }, (_, place) => new PipelinePlace(this, number, number * depth + place));
  }

  /** Connects ahead of the first request. @returns false: there is nothing to do for this place */
  open(place: PipelinePlace): boolean {
    if (place !== this.places[0] || this.#connection !== null) return false;
    this.#opening = place;
    this.#connect();
    place.deadlineNs = this.#deadline(nowNs());
    return true;
  }

  send(place: PipelinePlace): void {
    place.exchange.startNs = nowNs();
    place.deadlineNs = this.#deadline(place.exchange.startNs);
    this.#waiting.push(place);
    if (this.#connection === null) this.#connect();
    else if (this.#isOpen) this.#writeNext();
  }

  expire(place: PipelinePlace): void {
    const within = `within ${this.#plan.spec.timeoutNs / 1e6} ms`;
    const says = this.#isOpen ? `no whole answer ${within}` : `no open connection ${within}`;
    this.#lose("timeout", says, place);
  }

  mark(place: PipelinePlace): void {
    if (place !== this.places[0]) return;
    this.#counters.mark(this.#connection);
    place.slowNext = true;
  }

  facts(place: PipelinePlace): KernelFacts | null | undefined {
    if (place !== this.places[0]) return undefined;
    if (this.#connection !== null) this.#counters.take(this.#connection);
    return this.#counters.facts();
  }

  close(): void {
    this.#drop();
    this.#opening = null;
    this.#waiting = [];
    this.#asked = [];
  }

  onConnect(connection: NetConnection): void {
    this.#counters.connected(connection);
  }

  onOpen(connection: NetConnection): void {
    const { startedNs, connectedNs, secureNs } = connection;
    this.#isOpen = true;
    this.#counters.opened(connection);
    this.#host.opened({
      connectNs: Math.round(connectedNs - startedNs) as Ns,
      tlsNs: this.#plan.tls === undefined ? null : (Math.round(secureNs - connectedNs) as Ns),
      resumed: connection.resumed,
    });
    this.#opened();
    this.#writeNext();
  }

  onBytes(connection: NetConnection, chunk: Uint8Array, length: number): void {
    const now = nowNs();
    this.#writer.received(connection);
    let at = 0;
    while (at < length && this.#connection === connection) {
      const place = this.#asked[0];
      if (place === undefined) {
        connection.stray = true;
        return;
      }
      const x = place.exchange;
      if (Number.isNaN(x.firstByteNs)) x.firstByteNs = now;
      const answer = this.#reader.push(chunk, at, length);
      if (answer.state === "incomplete") return;
      if (answer.state === "malformed") {
        this.#lose("malformed", answer.reason, place);
        return;
      }
      at = answer.end;
      this.#asked.shift();
      const [next] = this.#asked;
      if (next !== undefined) next.exchange.turnNs = now;
      // Before the lane hears of the answer: what it asks next must not go to a connection that ends.
      if (answer.closes === true)
        this.#lose("closed", "the server closed the connection after an earlier answer", null);
      this.#answered(place, answer, now);
    }
  }

  onTaken(): void {
    this.#writer.taken();
  }

  onEnd(): void {
    const [place] = this.#asked;
    const answer = this.#reader.close();
    const completed = place !== undefined && answer.state === "complete";
    if (completed) this.#asked.shift();
    this.#lose("closed", "the peer closed the connection before it answered", null);
    if (completed) this.#answered(place, answer, nowNs());
  }

  onError(_connection: NetConnection, trouble: Trouble): void {
    // What was raised inside a system call of ours is told in a later turn, as the lane expects.
    const connection = this.#connection;
    connection?.silence();
    setImmediate(() => {
      if (this.#connection === connection) this.#lose(trouble.failure, trouble.says, null, trouble.closingRace);
    });
  }

  #deadline(fromNs: number): number {
    return fromNs + this.#plan.spec.timeoutNs;
  }

  #connect(): void {
    this.#isOpen = false;
    this.#reader = this.#plan.protocol.answers();
    this.#connection = new NetConnection(this.#plan, this.#buffer, this);
  }

  #opened(): void {
    const place = this.#opening;
    if (place === null) return;
    this.#opening = null;
    place.rest();
    this.#host.ready(place.index);
  }

  /** Writes what waits, one request after the other: of the next one nothing is written before the one before it is whole. */
  #writeNext(): void {
    const connection = this.#connection;
    while (connection !== null && connection === this.#connection && !this.#isWriting) {
      const place = this.#waiting.shift();
      if (place === undefined) return;
      if (connection.stray) {
        this.#waiting.unshift(place);
        this.onError(connection, { failure: "malformed", says: "bytes came before a request", closingRace: false });
        return;
      }
      this.#asked.push(place);
      place.exchange.ordinal = connection.requests++;
      place.exchange.wireNs = nowNs();
      this.#isWriting = true;
      this.#writer = place.isSlow && this.#slow !== undefined ? this.#slow : this.#usual;
      this.#writer.begin(connection);
    }
  }

  #written(): void {
    this.#isWriting = false;
    this.#asked.at(-1)?.wrote(this.#writer);
    this.#writeNext();
  }

  #answered(place: PipelinePlace, answer: Complete, now: number): void {
    if (!place.whole) {
      const [failure, says] = earlyAnswer(answer);
      this.#asked.unshift(place);
      this.#lose(failure, says, place);
    } else if (answer.kind === "error") {
      this.#end(place, now, statusOf("error-answer"), answer.detail ?? "the server refused");
    } else {
      this.#end(place, now, answer.kind === "value" ? STATUS_VALUE : STATUS_MISS, "");
    }
  }

  /**
   * The connection is of no more use. `culprit` fails; the others, which wait behind it, are asked once more on a new connection
   * where this one had answered before or was closed in a race: a client that pipelines must be ready to do so (RFC 9112 9.3.2).
   */
  #lose(failure: Failure, says: string, culprit: PipelinePlace | null, closingRace = failure === "closed"): void {
    const answeredBefore = (this.#connection?.requests ?? 0) > this.#asked.length;
    const mayAskAgain = culprit !== null || (closingRace && answeredBefore);
    const hit = [...this.#asked, ...this.#waiting];
    this.#drop();
    this.#asked = [];
    this.#waiting = hit.filter((place) => mayAskAgain && place !== culprit && place.askAgain());
    if (this.#waiting.length > 0) this.#connect();
    this.#opened();
    const endNs = nowNs();
    const again = new Set(this.#waiting);
    for (const place of hit) if (!again.has(place)) this.#end(place, endNs, statusOf(failure), says);
  }

  #end(place: PipelinePlace, endNs: number, status: number, says: string): void {
    place.rest();
    place.exchange.endNs = endNs;
    place.exchange.status = status;
    place.exchange.says = says;
    this.#host.ended(place.index);
  }

  #drop(): void {
    this.#writer.stop();
    this.#isWriting = false;
    this.#isOpen = false;
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    this.#counters.dropping(connection);
    connection.drop();
  }
}
