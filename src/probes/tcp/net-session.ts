/**
 * A session over node:net and node:tls. The path of one request (begin, one write per piece, one or more reads, ended) is hot:
 * it makes no closure, no promise and no object of its own. `npm run bench -- probe` watches it.
 */
import type { AnswerReader, Complete, Protocol } from "../../protocols/protocol.js";
import type { Timeline } from "../../report/model.js";
import type { Ns } from "../../units/duration.js";
import { nowNs } from "../clock.js";
import type { KernelFacts } from "../probe.js";
import { type Failure, STATUS_MISS, STATUS_VALUE, statusOf } from "../samples.js";
import { blankExchange, type Session, type SessionHost } from "../session.js";
import { earlyAnswer } from "./failure-words.js";
import { type ConnectionOwner, type ConnectionPlan, NetConnection } from "./net-connection.js";
import { NetCounters } from "./net-counters.js";
import type { Trouble } from "./net-failure.js";
import { PieceWriter, type WritePlan } from "./net-writer.js";

/** What all sessions of a lane share. */
export interface NetPlan extends ConnectionPlan, WritePlan {
  readonly protocol: Protocol;
  /** What the first request of a measured block asks in place of the others; undefined: the same. */
  readonly slowFirst?: WritePlan | undefined;
}

const READ_BUFFER_BYTES = 65536;
const NEVER = Number.POSITIVE_INFINITY;

/** opening: ahead of the first request. connecting: because a request waits for it. */
type Doing = "nothing" | "opening" | "connecting" | "exchanging";

export class NetSession implements Session, ConnectionOwner {
  readonly exchange = blankExchange();
  deadlineNs = NEVER;
  readonly #plan: NetPlan;
  readonly #host: SessionHost;
  readonly connection: number;
  readonly #counters: NetCounters;
  readonly #usual: PieceWriter;
  readonly #slow: PieceWriter | undefined;
  /** Of the request that runs: one of the two. */
  #writer: PieceWriter;
  /** The next request is the slow one. */
  #slowNext = false;
  readonly #buffer = new Uint8Array(READ_BUFFER_BYTES);
  #doing: Doing = "nothing";
  #retried = false;
  #connection: NetConnection | null = null;
  /** Of the answers on `#connection`. */
  #reader: AnswerReader;

  constructor(plan: NetPlan, host: SessionHost, connection: number) {
    this.#plan = plan;
    this.#host = host;
    this.connection = connection;
    this.#counters = new NetCounters(plan.options);
    this.#usual = new PieceWriter(plan);
    this.#writer = this.#usual;
    this.#slow = plan.slowFirst === undefined || connection > 0 ? undefined : new PieceWriter(plan.slowFirst);
    this.#reader = plan.protocol.answers();
  }

  open(): boolean {
    if (!this.#plan.spec.reuse || this.#connection !== null) return false;
    this.#doing = "opening";
    this.#connect();
    return true;
  }

  begin(): void {
    const x = this.exchange;
    x.firstByteNs = Number.NaN;
    x.ordinal = 0;
    x.wholeNs = Number.NaN;
    x.writes = 0;
    x.wholes = 0;
    this.#writer = this.#slowNext && this.#slow !== undefined ? this.#slow : this.#usual;
    this.#slowNext = false;
    this.#writer.reset();
    this.#retried = false;
    const connection = this.#connection;
    if (connection === null) {
      this.#doing = "connecting";
      x.startNs = this.#connect();
      return;
    }
    this.#send(connection);
  }

  expire(): void {
    const connected = !Number.isNaN(this.#connection?.connectedNs ?? Number.NaN);
    const missing = connected ? "TCP connected, but the TLS handshake did not end" : "no connection";
    const says = this.#doing === "exchanging" ? "no whole answer" : missing;
    this.#fail("timeout", `${says} within ${this.#plan.spec.timeoutNs / 1e6} ms`);
  }

  events(): Timeline["events"] {
    const { startNs, firstByteNs, endNs } = this.exchange;
    const at = (clockNs: number): number => Math.round(clockNs - startNs);
    const events = this.#writer.events(startNs);
    events.push({ atNs: at(firstByteNs), event: "first-byte", source: "user" });
    events.push({ atNs: at(endNs), event: "answer", source: "user" });
    return events;
  }

  mark(): void {
    this.#counters.mark(this.#connection);
    this.#slowNext = this.#slow !== undefined;
  }

  facts(): KernelFacts | null {
    if (this.#connection !== null) this.#counters.take(this.#connection);
    return this.#counters.facts();
  }

  close(): void {
    this.#drop();
    this.#doing = "nothing";
    this.deadlineNs = NEVER;
  }

  onConnect(connection: NetConnection): void {
    this.#counters.connected(connection);
  }

  onOpen(connection: NetConnection): void {
    const { startedNs, connectedNs, secureNs } = connection;
    this.#counters.opened(connection);
    this.#host.opened({
      connectNs: Math.round(connectedNs - startedNs) as Ns,
      tlsNs: this.#plan.tls === undefined ? null : (Math.round(secureNs - connectedNs) as Ns),
      resumed: connection.resumed,
    });
    if (this.#doing === "connecting") {
      this.#send(connection);
      return;
    }
    this.#doing = "nothing";
    this.deadlineNs = NEVER;
    this.#host.ready(this.connection);
  }

  onBytes(connection: NetConnection, chunk: Uint8Array, length: number): void {
    const now = nowNs();
    this.#writer.received(connection);
    if (this.#doing !== "exchanging") {
      connection.stray = true;
      return;
    }
    const x = this.exchange;
    if (Number.isNaN(x.firstByteNs)) x.firstByteNs = now;
    const answer = this.#reader.push(chunk, 0, length);
    if (answer.state === "incomplete") return;
    if (answer.state === "malformed") {
      this.#fail("malformed", answer.reason);
      return;
    }
    if (answer.end < length) connection.stray = true;
    this.#complete(answer, now, answer.closes === true);
  }

  onTaken(): void {
    this.#writer.taken();
  }

  onEnd(): void {
    if (this.#doing !== "exchanging") {
      this.#fail("closed", "the peer closed the connection before a request was sent");
      return;
    }
    const now = nowNs();
    const answer = this.#reader.close();
    if (answer.state === "malformed") this.#fail("malformed", answer.reason);
    else if (answer.state === "complete") this.#complete(answer, now, true);
    else if (!this.#retryOnNewConnection()) this.#fail("closed", `the peer closed the connection ${this.#sofar()}`);
  }

  onError(connection: NetConnection, trouble: Trouble): void {
    if (this.#doing === "opening" || this.#doing === "connecting") {
      this.#refuse(connection, trouble.failure, trouble.says);
      return;
    }
    if (this.#doing === "exchanging" && trouble.closingRace && this.#retryOnNewConnection()) return;
    const where = this.#doing === "exchanging" && trouble.failure === "reset" ? `, ${this.#sofar()}` : "";
    this.#fail(trouble.failure, trouble.says + where);
  }

  #connect(): number {
    const connection = new NetConnection(this.#plan, this.#buffer, this);
    this.#reader = this.#plan.protocol.answers();
    this.#connection = connection;
    this.deadlineNs = connection.startedNs + this.#plan.spec.timeoutNs;
    return connection.startedNs;
  }

  /**
   * A kept connection that dies before the first byte of an answer was most likely closed while idle: a client asks again on
   * a new one (RFC 9112 section 9.3.1). The request's time goes on: that is what the close costs.
   */
  #retryOnNewConnection(): boolean {
    const { ordinal, firstByteNs } = this.exchange;
    if (this.#retried || ordinal === 0 || !Number.isNaN(firstByteNs)) return false;
    this.#retried = true;
    this.#countWrites();
    const { deadlineNs } = this;
    this.#drop();
    this.#doing = "connecting";
    this.#connect();
    this.deadlineNs = deadlineNs;
    return true;
  }

  #send(connection: NetConnection): void {
    const { timeoutNs } = this.#plan.spec;
    const x = this.exchange;
    const openedForThis = this.#doing === "connecting";
    this.#doing = "exchanging";
    x.ordinal = connection.requests++;
    if (!openedForThis) {
      x.startNs = nowNs();
      this.deadlineNs = x.startNs + timeoutNs;
    }
    if (connection.stray) this.#refuse(connection, "malformed", "bytes came before a request");
    else this.#writer.begin(connection);
  }

  /**
   * Fails what runs, but in a later turn of the event loop: a lane that begins the next request at once would else never let
   * go of this one (a connect that fails inside the system call raises its error before any I/O is looked at).
   */
  #refuse(connection: NetConnection, failure: Failure, says: string): void {
    const endNs = nowNs();
    connection.silence();
    setImmediate(() => {
      if (this.#connection === connection) this.#finish(endNs, statusOf(failure), says, true);
    });
  }

  #complete(answer: Complete, now: number, closes: boolean): void {
    const early = !this.#writer.done;
    if (early) {
      this.#fail(...earlyAnswer(answer));
    } else if (answer.kind === "error") {
      this.#finish(now, statusOf("error-answer"), answer.detail ?? "the server refused", closes);
    } else {
      this.#finish(now, answer.kind === "value" ? STATUS_VALUE : STATUS_MISS, "", closes);
    }
  }

  #fail(failure: Failure, says: string): void {
    this.#finish(nowNs(), statusOf(failure), says, true);
  }

  #finish(endNs: number, status: number, says: string, drop: boolean): void {
    const doing = this.#doing;
    this.#doing = "nothing";
    this.deadlineNs = NEVER;
    const x = this.exchange;
    if (doing === "exchanging") {
      this.#countWrites();
      x.wholeNs = this.#writer.wholeNs;
    }
    if (drop || !this.#plan.spec.reuse) this.#drop();
    if (doing === "nothing") return;
    if (doing === "opening") {
      this.#host.ready(this.connection);
      return;
    }
    x.endNs = endNs;
    x.status = status;
    x.says = says;
    this.#host.ended(this.connection);
  }

  #countWrites(): void {
    this.exchange.writes += this.#writer.writes;
    if (this.#writer.done) this.exchange.wholes++;
  }

  #drop(): void {
    this.#writer.stop();
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    this.#counters.dropping(connection);
    connection.drop();
  }

  #sofar(): string {
    return Number.isNaN(this.exchange.firstByteNs) ? "before it answered" : "in the middle of the answer";
  }
}
