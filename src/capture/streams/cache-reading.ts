/** memcached and Redis in clear text: requests one after the other, any number ahead of their answers, which come in the same order. */
import { MemcachedReplies } from "../../protocols/memcached-replies.js";
import { MemcachedRequests } from "../../protocols/memcached-requests.js";
import type { Incomplete, Malformed } from "../../protocols/protocol.js";
import type { RequestReader } from "../../protocols/request-reader.js";
import { RespAnswers } from "../../protocols/resp-reader.js";
import { RespRequests } from "../../protocols/resp-requests.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Moment } from "./moments.js";
import type { Reading } from "./reading.js";
import type { Running } from "./running.js";

/** Requests that are ahead of their answers, at most: each is an object, and clients that load data send a great many. */
export const MOST_AHEAD = 1 << 16;
/** The first byte of what Redis says without being asked (RESP3). */
const PUSH = 0x3e;

interface AnswerEnds {
  push(chunk: Uint8Array, start: number, end: number): Incomplete | { state: "complete"; end: number } | Malformed;
}

export class CacheReading implements Reading {
  readonly protocol: "memcached" | "redis";
  readonly #running: Running;
  readonly #requests: RequestReader;
  readonly #answers: AnswerEnds;
  /** Requests are numbered as they come. The oldest that has no answer yet; and the last that was begun, 0: none. */
  #oldest = 1;
  #newest = 0;
  #inAnswer = false;
  #inPush = false;
  trouble: string | undefined;

  constructor(protocol: "memcached" | "redis", running: Running) {
    this.protocol = protocol;
    this.#running = running;
    const isRedis = protocol === "redis";
    this.#requests = isRedis ? new RespRequests() : new MemcachedRequests();
    this.#answers = isRedis ? new RespAnswers("told") : new MemcachedReplies();
  }

  seed(): number {
    return ++this.#newest;
  }

  push(from: Sender, bytes: Uint8Array, start: number, end: number, began: Moment): void {
    if (this.trouble !== undefined) return;
    if (from === "client") this.#ask(bytes, start, end, began);
    else this.#answer(bytes, start, end, began);
  }

  gap(): void {
    this.trouble ??= `bytes of ${this.protocol} are missing in the capture`;
  }

  finish(): void {
    this.#running.finish();
  }

  #ask(bytes: Uint8Array, start: number, end: number, began: Moment): void {
    let at = start;
    while (at < end) {
      const wasBegun = this.#requests.begun;
      const state = this.#requests.push(bytes, at, end);
      if (state.state === "malformed") {
        this.trouble = this.#damaged("request");
        return;
      }
      if (!wasBegun && (this.#requests.begun || state.state === "complete")) {
        this.#running.begin(++this.#newest, began);
        if (this.#newest - this.#oldest >= MOST_AHEAD) {
          this.trouble = `more than ${MOST_AHEAD} requests of ${this.protocol} are ahead of their answers`;
          return;
        }
      }
      const next = state.state === "complete" ? state.end : end;
      const exchange = this.#running.get(this.#newest);
      if (exchange !== undefined) this.#running.asked(exchange, next - at);
      at = next;
      if (state.state !== "complete" || state.expects === "answer") continue;
      // Without an answer it is no exchange.
      this.#running.end(this.#newest--);
      if (state.expects === "no-order") {
        this.trouble = `what the server of ${this.protocol} says is not only answers: subscriptions, monitors, replication or quiet commands`;
        return;
      }
    }
  }

  #answer(bytes: Uint8Array, start: number, end: number, began: Moment): void {
    let at = start;
    while (at < end) {
      if (!this.#inAnswer) {
        this.#inAnswer = true;
        this.#inPush = this.protocol === "redis" && bytes[at] === PUSH;
      }
      const state = this.#answers.push(bytes, at, end);
      if (state.state === "malformed") {
        this.trouble = this.#damaged("answer");
        return;
      }
      const next = state.state === "complete" ? state.end : end;
      if (!this.#inPush) {
        if (this.#oldest > this.#newest) {
          this.trouble = `the server of ${this.protocol} says what nobody has asked for: requests before it are not in the capture`;
          return;
        }
        const exchange = this.#running.get(this.#oldest);
        if (exchange !== undefined) this.#running.answers(exchange, next - at, began);
      }
      at = next;
      if (state.state !== "complete") return;
      this.#inAnswer = false;
      if (!this.#inPush) this.#running.endInOrder(this.#oldest++);
    }
  }

  #damaged(what: string): string {
    return `a ${what} of ${this.protocol} is damaged, or of a kind that is not read`;
  }
}
