/**
 * A session over node:net and node:tls. The path of one request (begin, one write per piece, one or more reads, ended) is hot:
 * it makes no closure, no promise and no object of its own. `npm run bench -- probe` watches it.
 */
import type { Complete, Protocol } from "../../protocols/protocol.js";
import type { Timeline, TimelineEvent } from "../../report/model.js";
import type { SocketOptions } from "../../sockets/socket-options.js";
import type { Ns } from "../../units/duration.js";
import { Alarm, nowNs } from "../clock.js";
import type { KernelFacts } from "../probe.js";
import { type Failure, STATUS_MISS, STATUS_VALUE, statusOf } from "../samples.js";
import { blankExchange, type Session, type SessionHost, type Trouble } from "../session.js";
import { type ConnectionOwner, type ConnectionPlan, NetConnection } from "./net-connection.js";
import { NetCounters } from "./net-counters.js";
import { isClosingRace } from "./net-failure.js";

/** What all sessions of a lane share. */
export interface NetPlan extends ConnectionPlan {
  readonly protocol: Protocol;
  /** The request, cut; one write each. */
  readonly pieces: readonly Uint8Array[];
  /** Write system calls that a piece takes (TLS: records). */
  readonly writesOf: readonly number[];
  /** null: this platform has none; then behaviour asks for none of them. */
  readonly options: SocketOptions | null;
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
  readonly #index: number;
  readonly #counters: NetCounters;
  readonly #buffer = new Uint8Array(READ_BUFFER_BYTES);
  readonly #writeNs: Float64Array;
  readonly #gap = new Alarm(() => this.#advance());
  /** The kernel's fallback to delayed ACKs is undone after each write and read: TCP_QUICKACK is not sticky (tcp(7)). */
  readonly #quickack: boolean | undefined;
  /** Something is left to do once the last bytes are with the kernel, so writes get a callback. */
  readonly #followWrites: boolean;
  #doing: Doing = "nothing";
  #connection: NetConnection | null = null;
  /** Pieces written. */
  #written = 0;
  /** Node has not handed the last write to the kernel yet: a further write now would be merged with it. */
  #blocked = false;

  constructor(plan: NetPlan, host: SessionHost, index: number) {
    const { quickack, cork } = plan.spec.behaviour;
    this.#plan = plan;
    this.#host = host;
    this.#index = index;
    this.#counters = new NetCounters(plan.options);
    this.#writeNs = new Float64Array(plan.pieces.length);
    this.#quickack = quickack === "default" ? undefined : quickack === "on";
    this.#followWrites = plan.pieces.length > 1 || cork || this.#quickack !== undefined;
  }

  open(): boolean {
    if (!this.#plan.spec.reuse || this.#connection !== null) return false;
    this.#doing = "opening";
    this.#connect();
    return true;
  }

  begin(): void {
    const x = this.exchange;
    x.readyNs = 0;
    x.firstByteNs = Number.NaN;
    x.ordinal = 0;
    x.writes = 0;
    this.#written = 0;
    const connection = this.#connection;
    if (connection === null) {
      this.#doing = "connecting";
      x.startNs = this.#connect();
      return;
    }
    this.#doing = "exchanging";
    if (connection.stray) this.#refuseStray(connection);
    else this.#send(connection);
  }

  expire(): void {
    const doing = this.#doing === "exchanging" ? "no whole answer" : "no connection";
    this.#fail("timeout", `${doing} within ${this.#plan.spec.timeoutNs / 1e6} ms`);
  }

  events(): Timeline["events"] {
    const { startNs, firstByteNs, endNs } = this.exchange;
    const at = (clockNs: number): number => Math.round(clockNs - startNs);
    const events: TimelineEvent[] = this.#plan.pieces.map((piece, index) => ({
      atNs: at(this.#writeNs[index] as number),
      event: "write",
      piece: index + 1,
      bytes: piece.length,
      source: "user",
    }));
    events.push({ atNs: at(firstByteNs), event: "first-byte", source: "user" });
    events.push({ atNs: at(endNs), event: "answer", source: "user" });
    return events;
  }

  mark(): void {
    this.#counters.mark(this.#connection);
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
    if (this.#plan.spec.reuse) this.deadlineNs = connection.connectedNs + this.#plan.spec.timeoutNs;
  }

  onOpen(connection: NetConnection): void {
    const openNs = nowNs();
    this.#counters.opened(connection);
    const connectNs = Math.round(connection.connectedNs - connection.startedNs) as Ns;
    const tlsNs =
      this.#plan.tls === undefined ? null : (Math.round(connection.secureNs - connection.connectedNs) as Ns);
    this.#host.opened({ connectNs, tlsNs });
    if (this.#doing === "connecting") {
      this.#doing = "exchanging";
      if (this.#plan.spec.reuse) this.exchange.readyNs = openNs;
      this.#send(connection);
      return;
    }
    this.#doing = "nothing";
    this.deadlineNs = NEVER;
    this.#host.ready(this.#index);
  }

  onBytes(connection: NetConnection, chunk: Uint8Array, length: number): void {
    const now = nowNs();
    if (this.#quickack !== undefined) this.#plan.options?.setQuickAck(connection.fd, this.#quickack);
    if (this.#doing !== "exchanging") {
      connection.stray = true;
      return;
    }
    const x = this.exchange;
    if (Number.isNaN(x.firstByteNs)) x.firstByteNs = now;
    const state = connection.reader.push(chunk, 0, length);
    if (state.state === "incomplete") return;
    if (state.state === "malformed") return this.#fail("malformed", state.reason);
    if (state.end < length) connection.stray = true;
    this.#complete(state, now);
  }

  onTaken(connection: NetConnection): void {
    if (this.#blocked && connection.stream.writableLength === 0) this.#advance();
  }

  onEnd(connection: NetConnection): void {
    if (this.#doing !== "exchanging")
      return this.#fail("closed", "the peer closed the connection before a request was sent");
    const now = nowNs();
    const state = connection.reader.close();
    if (state.state === "malformed") return this.#fail("malformed", state.reason);
    if (state.state === "complete") return this.#complete(state, now, true);
    this.#fail("closed", `the peer closed the connection ${this.#sofar()}`);
  }

  onError(_connection: NetConnection, trouble: Trouble, error: Error): void {
    const { firstByteNs, ordinal } = this.exchange;
    if (isClosingRace(error) && ordinal > 0 && Number.isNaN(firstByteNs)) {
      return this.#fail("closed", "the peer closed the connection before the request reached it");
    }
    const where = this.#doing === "exchanging" && trouble.failure === "reset" ? `, ${this.#sofar()}` : "";
    this.#fail(trouble.failure, trouble.says + where);
  }

  #connect(): number {
    const connection = new NetConnection(this.#plan, this.#plan.protocol.answers(), this.#buffer, this);
    this.#connection = connection;
    this.deadlineNs = connection.startedNs + this.#plan.spec.timeoutNs;
    return connection.startedNs;
  }

  #send(connection: NetConnection): void {
    const { spec, options } = this.#plan;
    if (spec.behaviour.cork) options?.setCork(connection.fd, true);
    const x = this.exchange;
    x.ordinal = connection.requests++;
    if (spec.reuse) {
      x.startNs = nowNs();
      this.deadlineNs = x.startNs + spec.timeoutNs;
    }
    this.#advance();
  }

  /** Writes the next piece, and all behind it that can follow at once, each in a system call of its own. */
  #advance(): void {
    const { pieces, writesOf, spec } = this.#plan;
    const { stream, taken } = this.#connection as NetConnection;
    for (;;) {
      // Node queues a write behind one that the kernel did not take whole, and sends the queue in one writev: wait instead.
      this.#blocked = this.#followWrites && stream.writableLength !== 0;
      if (this.#blocked) return;
      const at = this.#written;
      if (at === pieces.length) return this.#allWritten();
      this.#written = at + 1;
      this.#writeNs[at] = nowNs();
      this.exchange.writes += writesOf[at] as number;
      if (!this.#followWrites) {
        stream.write(pieces[at] as Uint8Array);
        return;
      }
      stream.write(pieces[at] as Uint8Array, taken);
      if (spec.behaviour.gapNs > 0 && at + 1 < pieces.length) {
        return this.#gap.set((this.#writeNs[at] as number) + spec.behaviour.gapNs);
      }
    }
  }

  #allWritten(): void {
    const { options, spec } = this.#plan;
    const { fd } = this.#connection as NetConnection;
    if (spec.behaviour.cork) options?.setCork(fd, false);
    if (this.#quickack !== undefined) options?.setQuickAck(fd, this.#quickack);
  }

  #complete(answer: Complete, now: number, ended = false): void {
    if (answer.kind === "error") {
      const dropped = this.#written < this.#plan.pieces.length || answer.closes || ended;
      return this.#finish(now, statusOf("error-answer"), answer.detail ?? "an error answer", dropped);
    }
    if (this.#written < this.#plan.pieces.length) {
      return this.#fail("malformed", "an answer came before the request was written whole");
    }
    this.#finish(now, answer.kind === "value" ? STATUS_VALUE : STATUS_MISS, "", ended || answer.closes);
  }

  /** Bytes lay on the connection before this request: whatever comes next is not its answer. */
  #refuseStray(connection: NetConnection): void {
    const x = this.exchange;
    x.startNs = nowNs();
    x.ordinal = connection.requests;
    setImmediate(() => {
      if (this.#connection === connection) this.#fail("malformed", "bytes came before a request");
    });
  }

  #fail(failure: Failure, says: string): void {
    this.#finish(nowNs(), statusOf(failure), says, true);
  }

  #finish(endNs: number, status: number, says: string, drop: boolean | undefined): void {
    const doing = this.#doing;
    this.#doing = "nothing";
    this.deadlineNs = NEVER;
    if (drop === true || !this.#plan.spec.reuse) this.#drop();
    if (doing === "nothing") return;
    if (doing === "opening") return this.#host.ready(this.#index);
    const x = this.exchange;
    x.endNs = endNs;
    x.status = status;
    x.says = says;
    this.#host.ended(this.#index);
  }

  #drop(): void {
    this.#gap.cancel();
    this.#blocked = false;
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    this.#counters.take(connection);
    connection.drop();
  }

  #sofar(): string {
    return Number.isNaN(this.exchange.firstByteNs) ? "before it answered" : "in the middle of the answer";
  }
}
