/** One of the requests that a connection may carry at once, each on a stream of its own. */
import type { Timeline } from "../../report/model.js";
import { nowNs } from "../clock.js";
import type { KernelFacts } from "../probe.js";
import { blankExchange, type Session } from "../session.js";
import type { StreamAnswer } from "./dialect.js";

/** The connection that a request is on. */
interface Carrier {
  readonly established: boolean;
  cancel(place: QuicPlace): void;
}

/** What a place asks of those who have the connection. */
interface Shared {
  open(place: QuicPlace): boolean;
  send(place: QuicPlace): void;
  expire(place: QuicPlace): void;
  close(): void;
}

export class QuicPlace implements Session {
  readonly exchange = blankExchange();
  readonly connection: number;
  /** Of the session in its lane. */
  readonly index: number;
  readonly #shared: Shared;
  readonly #isFirst: boolean;
  deadlineNs = Number.POSITIVE_INFINITY;
  /** Where the request that runs is; null: none runs, or it waits for a connection or a stream. */
  link: Carrier | null = null;
  streamId = -1;
  answer: StreamAnswer | null = null;
  /** Bytes of the request that were written, and the piece that is being written. */
  sentBytes = 0;
  piece = 0;
  /** When it went out in 0-RTT; NaN: it did not. */
  earlyNs = Number.NaN;
  askedAgain = false;

  constructor(shared: Shared, connection: number, index: number, isFirst: boolean) {
    this.#shared = shared;
    this.connection = connection;
    this.index = index;
    this.#isFirst = isFirst;
  }

  open(): boolean {
    return this.#shared.open(this);
  }

  begin(): void {
    const x = this.exchange;
    x.startNs = nowNs();
    x.ordinal = 0;
    x.writes = 0;
    x.wholes = 0;
    this.askedAgain = false;
    this.earlyNs = Number.NaN;
    this.#shared.send(this);
  }

  /** Nothing of the request has happened yet, on this connection. */
  blank(): void {
    const x = this.exchange;
    x.wireNs = Number.NaN;
    x.wholeNs = Number.NaN;
    x.firstByteNs = Number.NaN;
    this.link = null;
    this.streamId = -1;
    this.answer = null;
    this.sentBytes = 0;
    this.piece = 0;
  }

  expire(): void {
    this.#shared.expire(this);
  }

  events(): Timeline["events"] {
    const { startNs, wireNs, wholeNs, firstByteNs, endNs } = this.exchange;
    const event = (name: "write" | "first-byte" | "answer", clockNs: number, says?: string) => ({
      atNs: Math.round(clockNs - startNs),
      event: name,
      source: "user" as const,
      ...(says === undefined ? {} : { says }),
    });
    const early = Number.isNaN(this.earlyNs) ? undefined : "in 0-RTT";
    const parts =
      wholeNs > wireNs
        ? [event("write", wireNs, "the first piece"), event("write", wholeNs, "the last piece")]
        : [event("write", wireNs, early)];
    return [...parts, event("first-byte", firstByteNs), event("answer", endNs)];
  }

  mark(): void {}

  /** The kernel sees datagrams only. */
  facts(): KernelFacts | null | undefined {
    return this.#isFirst ? null : undefined;
  }

  close(): void {
    this.deadlineNs = Number.POSITIVE_INFINITY;
    this.#shared.close();
  }
}
