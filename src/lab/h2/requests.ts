/** The requests of one connection that have no answer yet: each is read, thought about, and answered or given up at its deadline. */

import type { H2Stream } from "../../protocols/h2/stream.js";
import { fieldValue, type HeaderField, headerListBytes } from "../../protocols/hpack/field.js";
import { after } from "../delay.js";
import { type Floor, thinkTime } from "../floor.js";
import type { H2Kind } from "../kinds.js";
import { type Answer, bare, type Call } from "./call.js";
import { grpcCall } from "./grpc.js";
import { webCall } from "./web.js";

interface Waiting {
  readonly call: Call;
  cancelThinking: () => void;
  cancelDeadline: () => void;
}

const NOTHING = () => {};

export class Requests {
  readonly #kind: H2Kind;
  readonly #floor: Floor;
  readonly #onAnswer: (stream: H2Stream, answer: Answer) => void;
  readonly #waiting = new Map<H2Stream, Waiting>();

  /** @param onAnswer is called when it is time for the answer, for some at once */
  constructor(kind: H2Kind, floor: Floor, onAnswer: (stream: H2Stream, answer: Answer) => void) {
    this.#kind = kind;
    this.#floor = floor;
    this.#onAnswer = onAnswer;
  }

  /** The header fields of a request have come. @param ends nothing follows, and `complete` is next */
  opened(stream: H2Stream, fields: readonly HeaderField[], ends: boolean): void {
    if (this.#floor.options.silent) return;
    const call = this.#callOf(fields);
    const waiting: Waiting = { call, cancelThinking: NOTHING, cancelDeadline: NOTHING };
    this.#waiting.set(stream, waiting);
    const { refusal, timeoutNs, expired } = call;
    if (refusal !== undefined && !ends) this.#answer(stream, refusal);
    else if (timeoutNs !== undefined && expired !== undefined) {
      waiting.cancelDeadline = after(timeoutNs, () => this.#answer(stream, expired));
    }
  }

  take(stream: H2Stream, bytes: Uint8Array, start: number, end: number): void {
    this.#waiting.get(stream)?.call.take?.(bytes, start, end);
  }

  /** The whole request has come. */
  complete(stream: H2Stream): void {
    const waiting = this.#waiting.get(stream);
    if (waiting === undefined) return;
    const { call } = waiting;
    if (call.refusal !== undefined) {
      this.#answer(stream, call.refusal);
      return;
    }
    const thinkNs = thinkTime(this.#floor, call.thinkNs);
    if (thinkNs > 0) waiting.cancelThinking = after(thinkNs, () => this.#answer(stream, call.answer()));
    else this.#answer(stream, call.answer());
  }

  /** The stream is gone: nobody waits for its answer. */
  dropped(stream: H2Stream): void {
    const waiting = this.#waiting.get(stream);
    if (waiting === undefined) return;
    this.#waiting.delete(stream);
    waiting.cancelThinking();
    waiting.cancelDeadline();
  }

  stop(): void {
    for (const stream of [...this.#waiting.keys()]) this.dropped(stream);
  }

  #answer(stream: H2Stream, answer: Answer): void {
    if (!this.#waiting.has(stream)) return;
    this.dropped(stream);
    this.#onAnswer(stream, answer);
  }

  #callOf(fields: readonly HeaderField[]): Call {
    const { options } = this.#floor;
    if (options.headerListBytes !== null && headerListBytes(fields) > options.headerListBytes) {
      return { refusal: TOO_LARGE, answer: () => TOO_LARGE };
    }
    if (this.#kind === "grpc") return grpcCall(fields, options);
    if (fieldValue(fields, ":method") === "CONNECT") return { refusal: NO_PROXY, answer: () => NO_PROXY };
    return webCall(fields, this.#floor);
  }
}

const statusOnly = (value: string): Answer =>
  bare([
    { name: ":status", value },
    { name: "server", value: "netlat-lab" },
  ]);
/** Request Header Fields Too Large (RFC 6585 section 5). */
const TOO_LARGE = statusOnly("431");
const NO_PROXY = statusOnly("405");
