/** One of the requests that a connection may carry at once: a session whose connection others share. */

import type { H2Stream } from "../../protocols/h2/stream.js";
import type { HeaderField } from "../../protocols/hpack/field.js";
import type { Timeline } from "../../report/model.js";
import { nowNs } from "../clock.js";
import type { KernelFacts } from "../probe.js";
import { blankExchange, type Session } from "../session.js";

/** What a place asks of those who have the connection. */
interface Shared {
  open(place: H2Place): boolean;
  send(place: H2Place): void;
  expire(place: H2Place): void;
  mark(place: H2Place): void;
  facts(place: H2Place): KernelFacts | null | undefined;
  close(): void;
}

const NOTHING = new Uint8Array();
const MAX_KEPT_BYTES = 4096;

export class H2Place implements Session {
  readonly exchange = blankExchange();
  readonly connection: number;
  /** Of the session in its lane. */
  readonly index: number;
  deadlineNs = Number.POSITIVE_INFINITY;
  /** The request that runs; null: none, or it waits for a connection. */
  stream: H2Stream | null = null;
  response: readonly HeaderField[] = [];
  trailers: readonly HeaderField[] = [];
  /** The beginning of the answer's content, where somebody looks at it. */
  content: Uint8Array = NOTHING;
  /** The next request is the first of a measured block; the one that runs is. */
  slowNext = false;
  isSlow = false;
  /** It was asked on a connection that could not serve it, and once more on another. */
  askedAgain = false;
  readonly #shared: Shared;

  constructor(shared: Shared, connection: number, index: number) {
    this.#shared = shared;
    this.connection = connection;
    this.index = index;
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
    this.isSlow = this.slowNext;
    this.slowNext = false;
    this.#shared.send(this);
  }

  /** Nothing of the request has happened yet, on this connection. */
  blank(): void {
    const x = this.exchange;
    x.wireNs = Number.NaN;
    x.wholeNs = Number.NaN;
    x.firstByteNs = Number.NaN;
    x.windowNs = 0;
    this.stream = null;
    this.response = [];
    this.trailers = [];
    this.content = NOTHING;
  }

  /** Content of the answer has come; the bytes are the reader's. */
  keep(bytes: Uint8Array): void {
    if (this.content.length < MAX_KEPT_BYTES) this.content = Buffer.concat([this.content, bytes]);
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
    const parts =
      wholeNs > wireNs
        ? [event("write", wireNs, "the first byte"), event("write", wholeNs, "the last piece")]
        : [event("write", wireNs)];
    return [...parts, event("first-byte", firstByteNs), event("answer", endNs)];
  }

  mark(): void {
    this.#shared.mark(this);
  }

  facts(): KernelFacts | null | undefined {
    return this.#shared.facts(this);
  }

  close(): void {
    this.deadlineNs = Number.POSITIVE_INFINITY;
    this.#shared.close();
  }
}
