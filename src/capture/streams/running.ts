/** The exchanges of one connection that run, and who of them waited for what was held back, lost or closed. */
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Moment } from "./moments.js";
import { type Arrival, StreamExchange, type Trouble } from "./stream-exchange.js";

/** No server of HTTP/2 allows nearly as many at once. */
const MOST_RUNNING = 4096;
/** Troubles whose bytes have not come yet. */
const MOST_PENDING = 64;

export class Running {
  readonly #running = new Map<number, StreamExchange>();
  readonly #tell: (exchange: StreamExchange) => void;
  /** Delays of segments whose bytes have not become readable yet: they are those of whatever comes next. */
  readonly #pending: Record<Sender, Trouble[]> = { client: [], server: [] };
  #claimed = false;
  /** When the last answer ended; before any: long ago. */
  #endedNs = Number.NEGATIVE_INFINITY;
  now: Arrival = { packet: 0, atNs: 0, small: false };
  readonly #most: number;

  /**
   * @param tell of an exchange that has ended and was answered
   * @param most that run at once: of more, those that have run longest are forgotten
   */
  constructor(tell: (exchange: StreamExchange) => void, most = MOST_RUNNING) {
    this.#tell = tell;
    this.#most = most;
  }

  get unanswered(): number {
    let count = 0;
    for (const { answered } of this.#running.values()) if (!answered) count++;
    return count;
  }

  /** How many with a larger id run. */
  above(id: number): number {
    let count = 0;
    for (const running of this.#running.keys()) if (running > id) count++;
    return count;
  }

  get(id: number): StreamExchange | undefined {
    return this.#running.get(id);
  }

  begin(id: number, began: Moment): StreamExchange {
    const exchange = new StreamExchange(began);
    if (this.#running.size > 0) {
      exchange.alone = false;
      // Of several, none is alone any more.
      if (this.#running.size === 1) for (const other of this.#running.values()) other.alone = false;
      if (this.#running.size >= this.#most) this.#running.delete(this.#running.keys().next().value as number);
    }
    this.#running.set(id, exchange);
    return exchange;
  }

  /** Bytes of its request have come. */
  asked(exchange: StreamExchange, bytes: number): void {
    exchange.asked(bytes, this.now);
    this.claimed("client", exchange);
  }

  /** Bytes of its answer have come. @param began when the first of them did */
  answers(exchange: StreamExchange, bytes: number, began: Moment): void {
    exchange.answers(bytes, began, this.now);
    this.claimed("server", exchange);
  }

  /** It is over; whoever was not answered is no exchange. */
  end(id: number): void {
    const exchange = this.#running.get(id);
    if (exchange === undefined) return;
    this.#running.delete(id);
    if (exchange.answered) this.#tell(exchange);
  }

  /** The same where answers come in the order of the requests. */
  endInOrder(id: number): void {
    const exchange = this.#running.get(id);
    if (exchange === undefined) return;
    const { requestLastNs, answerFirstNs, answerLastNs } = exchange;
    exchange.behindNs = Math.max(0, Math.min(this.#endedNs, answerFirstNs) - requestLastNs);
    this.#endedNs = answerLastNs;
    this.end(id);
  }

  /** It is known by another id from now on. */
  rename(id: number, now: number): void {
    const exchange = this.#running.get(id);
    if (exchange === undefined || id === now) return;
    this.#running.delete(id);
    this.#running.set(now, exchange);
  }

  /** Nothing can be said of those that run any more. */
  forgetAll(): void {
    this.#running.clear();
  }

  /** The connection is over: whatever has its answer, or part of it, is told. */
  finish(): void {
    for (const id of [...this.#running.keys()]) this.end(id);
  }

  /** The next bytes of this end were delayed; those that follow a loss, too, though they were sent before it was made good. */
  delayed(sender: Sender, trouble: Trouble): void {
    const pending = this.#pending[sender];
    if (pending.length < MOST_PENDING) pending.push(trouble);
    if (trouble.kind !== "resend") return;
    const lostNs = trouble.event.atNs - trouble.event.waitedNs;
    for (const exchange of this.#running.values()) {
      const waits = sender === "client" ? !exchange.answered : exchange.answered;
      const sentNs = sender === "client" ? exchange.requestLastNs : exchange.answerLastNs;
      if (waits && sentNs >= lostNs) exchange.delayedBy(trouble);
    }
  }

  /** All that the packet of this end has brought was dealt with. */
  settle(sender: Sender): void {
    if (this.#claimed) this.#pending[sender] = [];
    this.#claimed = false;
  }

  /** The packet has brought bytes of this exchange: what delayed it, has delayed them. */
  claimed(sender: Sender, exchange: StreamExchange): void {
    for (const trouble of this.#pending[sender]) {
      exchange.delayedBy(trouble);
      this.#claimed = true;
    }
  }
}
