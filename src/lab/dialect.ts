/** The language of a lab server: it understands requests however they are cut, and knows the answer to each. */
import type { RequestBuffer } from "./request-buffer.js";

/** What a connection understood so far. It never throws, whatever the bytes. */
export interface Dialect {
  /** Takes the next whole request out of the buffer; undefined: there is none yet. Not called again after `closes`. */
  next(buffer: RequestBuffer): Reply | undefined;
}

export interface Reply {
  /** The answer's bytes, built when it is its turn: a client may pipeline thousands of requests for a large value. */
  build(last: boolean): Buffer;
  /** So many bytes of filler behind that; none where it is not said. */
  readonly fillBytes?: number;
  /** A delay of its own, instead of the server's. */
  readonly thinkNs?: number | undefined;
  /** The server closes behind this answer, as real ones do when they no longer understand or when they are asked to. */
  readonly closes: boolean;
}
