/** One request of a stream, from its header fields to its answer, without socket and clock. */
import type { HeaderField } from "../../protocols/hpack/field.js";

/** What goes back on the stream. */
export interface Answer {
  readonly headers: readonly HeaderField[];
  /** Content, whose pieces do not change any more. */
  readonly content: Iterable<Uint8Array>;
  readonly trailers?: readonly HeaderField[];
  /** The stream stays open behind it. */
  readonly staysOpen?: boolean;
}

export interface Call {
  /** An answer that does not wait for the rest of the request. */
  readonly refusal?: Answer;
  /** A delay of its own, instead of the server's, in nanoseconds. */
  readonly thinkNs?: number | undefined;
  /** From the header fields to the deadline, in nanoseconds; then `expired` is the answer. */
  readonly timeoutNs?: number | undefined;
  readonly expired?: Answer;
  /** Content of the request, `bytes[start, end)`, valid only during the call. */
  take?(bytes: Uint8Array, start: number, end: number): void;
  /** The whole request has come, and the server has thought about it. */
  answer(): Answer;
}

/** An answer that is only header fields. */
export const bare = (headers: readonly HeaderField[]): Answer => ({ headers, content: [] });
