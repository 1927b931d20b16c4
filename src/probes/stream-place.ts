/** One of the requests that a connection may carry at once, each on a stream of its own: a session whose connection others share. */
import type { Timeline } from "../report/model.js";
import { nowNs } from "./clock.js";
import type { KernelFacts } from "./probe.js";
import { blankExchange, type Session } from "./session.js";

/** What a place asks of those who have the connection. */
export interface PlaceOwner<P> {
  open(place: P): boolean;
  send(place: P): void;
  expire(place: P): void;
  mark(place: P): void;
  facts(place: P): KernelFacts | null | undefined;
  close(): void;
}

export abstract class StreamPlace implements Session {
  readonly exchange = blankExchange();
  readonly connection: number;
  /** Of the session in its lane. */
  readonly index: number;
  deadlineNs = Number.POSITIVE_INFINITY;
  /** It was asked on a connection that could not serve it, and once more on another. */
  askedAgain = false;
  protected abstract readonly owner: PlaceOwner<this>;

  constructor(connection: number, index: number) {
    this.connection = connection;
    this.index = index;
  }

  open(): boolean {
    return this.owner.open(this);
  }

  begin(): void {
    const x = this.exchange;
    x.startNs = nowNs();
    x.ordinal = 0;
    x.writes = 0;
    x.wholes = 0;
    this.askedAgain = false;
    this.onBegin();
    this.owner.send(this);
  }

  /** A new request begins: what the place remembers beside the exchange starts anew. */
  protected abstract onBegin(): void;

  /** Nothing of the request has happened yet, on this connection. */
  blank(): void {
    const x = this.exchange;
    x.wireNs = Number.NaN;
    x.wholeNs = Number.NaN;
    x.firstByteNs = Number.NaN;
  }

  expire(): void {
    this.owner.expire(this);
  }

  events(): Timeline["events"] {
    const { startNs, wireNs, wholeNs, firstByteNs, endNs } = this.exchange;
    const event = (name: "write" | "first-byte" | "answer", clockNs: number, says?: string) => ({
      atNs: Math.round(clockNs - startNs),
      event: name,
      source: "user" as const,
      ...(says === undefined ? {} : { says }),
    });
    const parts =
      wholeNs > wireNs
        ? [event("write", wireNs, "the first piece"), event("write", wholeNs, "the last piece")]
        : [event("write", wireNs, this.writeSays())];
    return [...parts, event("first-byte", firstByteNs), event("answer", endNs)];
  }

  /** What is to be said of a request that was written at once. */
  protected writeSays(): string | undefined {
    return undefined;
  }

  mark(): void {
    this.owner.mark(this);
  }

  facts(): KernelFacts | null | undefined {
    return this.owner.facts(this);
  }

  close(): void {
    this.deadlineNs = Number.POSITIVE_INFINITY;
    this.owner.close();
  }
}
