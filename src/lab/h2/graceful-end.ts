import { MAX_STREAM_ID } from "../../protocols/h2/names.js";
import type { H2Server } from "../../protocols/h2/server.js";
import { nowNs } from "../delay.js";

/** How long a client may take to acknowledge the first GOAWAY, as in grpc-go. */
const CONFIRM_MS = 5000;

/**
 * The graceful end of RFC 9113 section 6.8, as grpc-go does it: a GOAWAY that refuses nothing yet, and once the client has
 * acknowledged a PING behind it, one with the last stream that will be answered.
 */
export class GracefulEnd {
  readonly #server: H2Server;
  readonly #onConfirmed: () => void;
  #token: number | undefined;
  #reason = "";
  #timer: NodeJS.Timeout | undefined;

  /** @param onConfirmed the second GOAWAY is in the output, and no stream comes any more */
  constructor(server: H2Server, onConfirmed: () => void) {
    this.#server = server;
    this.#onConfirmed = onConfirmed;
  }

  begin(reason: string): void {
    this.#reason = reason;
    this.#server.goaway("NO_ERROR", reason, nowNs(), MAX_STREAM_ID);
    this.#token = this.#server.ping(nowNs());
    this.#timer = setTimeout(() => this.#confirm(), CONFIRM_MS);
  }

  /** A PING was acknowledged. */
  pong(token: number): void {
    if (token === this.#token) this.#confirm();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #confirm(): void {
    this.stop();
    this.#token = undefined;
    this.#server.goaway("NO_ERROR", this.#reason, nowNs());
    this.#onConfirmed();
  }
}
