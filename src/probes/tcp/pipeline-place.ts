/** One place in a pipeline: a session whose connection others share. */
import type { Timeline } from "../../report/model.js";
import type { KernelFacts } from "../probe.js";
import { blankExchange, type Session } from "../session.js";
import type { PieceWriter } from "./net-writer.js";

/** What a place asks of the connection that it shares. */
interface Shared {
  open(place: PipelinePlace): boolean;
  send(place: PipelinePlace): void;
  expire(place: PipelinePlace): void;
  mark(place: PipelinePlace): void;
  facts(place: PipelinePlace): KernelFacts | null | undefined;
  close(): void;
}

export class PipelinePlace implements Session {
  readonly exchange = blankExchange();
  readonly connection: number;
  /** Of the session in its lane. */
  readonly index: number;
  deadlineNs = Number.POSITIVE_INFINITY;
  /** The next request is the first of a measured block; the one that runs is. */
  slowNext = false;
  isSlow = false;
  /** The request has been written to its end. */
  whole = false;
  readonly #shared: Shared;
  #askedAgain = false;
  #writes: Timeline["events"] = [];

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
    x.wireNs = Number.NaN;
    x.turnNs = Number.NaN;
    x.wholeNs = Number.NaN;
    x.firstByteNs = Number.NaN;
    x.ordinal = 0;
    x.writes = 0;
    x.wholes = 0;
    this.whole = false;
    this.#askedAgain = false;
    this.isSlow = this.slowNext;
    this.slowNext = false;
    this.#shared.send(this);
  }

  expire(): void {
    this.#shared.expire(this);
  }

  /** Its request has just been written to the end. */
  wrote(writer: PieceWriter): void {
    this.whole = true;
    this.exchange.wholeNs = writer.wholeNs;
    this.exchange.writes += writer.writes;
    this.exchange.wholes++;
    this.#writes = writer.events(this.exchange.startNs);
  }

  /** @returns false: it was asked again before, or its answer had begun */
  askAgain(): boolean {
    if (this.#askedAgain || !Number.isNaN(this.exchange.firstByteNs)) return false;
    this.#askedAgain = true;
    this.whole = false;
    return true;
  }

  /** Nothing runs on it. */
  rest(): void {
    this.deadlineNs = Number.POSITIVE_INFINITY;
  }

  events(): Timeline["events"] {
    const { startNs, firstByteNs, endNs } = this.exchange;
    return [
      ...this.#writes,
      { atNs: Math.round(firstByteNs - startNs), event: "first-byte", source: "user" },
      { atNs: Math.round(endNs - startNs), event: "answer", source: "user" },
    ];
  }

  mark(): void {
    this.#shared.mark(this);
  }

  facts(): KernelFacts | null | undefined {
    return this.#shared.facts(this);
  }

  close(): void {
    this.rest();
    this.#shared.close();
  }
}
