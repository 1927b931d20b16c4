/** HTTP/1.1 inside a connection: requests one after the other, perhaps several ahead of their answers. */
import { Http1Answers } from "../../protocols/http1-reader.js";
import { Http1Requests } from "../../protocols/http1-requests.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Moment } from "./moments.js";
import type { Reading } from "./reading.js";
import type { Running } from "./running.js";

/** Requests that are ahead of their answers, at most. */
const MOST_AHEAD = 1024;
const STATUS_LINE_BYTES = "HTTP/1.1 101".length;
/** RFC 7540 section 3.2. */
const UPGRADED_STREAM = 1;
const MISSING = "bytes of HTTP/1.1 are missing or damaged";

interface Asked {
  readonly id: number;
  method: string;
  wantsH2c: boolean;
  answers: Http1Answers | undefined;
}

export class Http1Reading implements Reading {
  readonly protocol = "http1";
  readonly #running: Running;
  /** What the server sends behind its 101, that belongs to HTTP/2. */
  readonly #upgraded: (rest: Uint8Array) => void;
  readonly #requests = new Http1Requests();
  /** Requests without an answer, or with part of it, in their order. */
  readonly #asked: Asked[] = [];
  #lastId = 0;
  /** The first bytes of the answer that is being read. */
  #statusLine = "";
  trouble: string | undefined;

  /** @param upgraded the connection goes on in HTTP/2, and the request is its stream 1 (RFC 7540 section 3.2) */
  constructor(running: Running, upgraded: (rest: Uint8Array) => void) {
    this.#running = running;
    this.#upgraded = upgraded;
  }

  seed(method: string): number {
    this.#asked.push({ id: ++this.#lastId, method, wantsH2c: false, answers: undefined });
    return this.#lastId;
  }

  push(from: Sender, bytes: Uint8Array, start: number, end: number, began: Moment): void {
    if (this.trouble !== undefined) return;
    if (from === "client") this.#ask(bytes, start, end, began);
    else this.#answer(bytes, start, end, began);
  }

  gap(): void {
    this.trouble ??= MISSING;
  }

  finish(): void {
    // An answer may be ended by the close.
    this.#running.finish();
  }

  #ask(bytes: Uint8Array, start: number, end: number, began: Moment): void {
    let at = start;
    while (at < end) {
      const wasBegun = this.#requests.begun;
      const state = this.#requests.push(bytes, at, end);
      if (state.state === "malformed" || this.#asked.length >= MOST_AHEAD) {
        this.trouble = MISSING;
        return;
      }
      if (!wasBegun && (this.#requests.begun || state.state === "complete")) {
        this.#running.begin(++this.#lastId, began);
        this.#asked.push({ id: this.#lastId, method: "", wantsH2c: false, answers: undefined });
      }
      const next = state.state === "complete" ? state.end : end;
      const exchange = this.#running.get(this.#lastId);
      if (exchange !== undefined) this.#running.asked(exchange, next - at);
      const last = this.#asked.at(-1);
      if (last?.id === this.#lastId) {
        last.method = this.#requests.method;
        last.wantsH2c = this.#requests.wantsH2c;
      }
      at = next;
    }
  }

  #answer(bytes: Uint8Array, start: number, end: number, began: Moment): void {
    let at = start;
    while (at < end) {
      const asked = this.#asked[0];
      // Said without being asked, such as a 408 before the close.
      if (asked === undefined) return;
      if (this.#statusLine.length < STATUS_LINE_BYTES) {
        const missing = STATUS_LINE_BYTES - this.#statusLine.length;
        this.#statusLine += Buffer.from(bytes.subarray(at, Math.min(end, at + missing))).toString("latin1");
      }
      asked.answers ??= new Http1Answers(asked.method);
      const state = asked.answers.push(bytes, at, end);
      if (state.state === "malformed") {
        this.trouble = MISSING;
        return;
      }
      const next = state.state === "complete" ? state.end : end;
      const switches = state.state === "complete" && this.#statusLine.endsWith(" 101");
      const exchange = this.#running.get(asked.id);
      if (exchange !== undefined && !switches) this.#running.answers(exchange, next - at, began);
      at = next;
      if (state.state !== "complete") return;
      this.#statusLine = "";
      if (switches) {
        if (asked.wantsH2c) {
          this.#running.rename(asked.id, UPGRADED_STREAM);
          this.#upgraded(bytes.subarray(at, end));
        } else this.trouble = "HTTP/1.1 was left for another protocol (101 Switching Protocols)";
        return;
      }
      this.#asked.shift();
      this.#running.endInOrder(asked.id);
    }
  }
}
