/** Requests as a capture shows them: where each ends, and what the server will say to it. */
import type { Incomplete, Malformed } from "./protocol.js";

/**
 * `answer`: one, in its turn. `nothing`: the client asked for silence, or leaves. `no-order`: from here on what the server says cannot
 * be matched by its order (subscriptions, monitors, replication, answers that are left out when there is nothing to tell).
 */
export type Expects = "answer" | "nothing" | "no-order";

export interface SeenRequest {
  readonly state: "complete";
  /** Index in the chunk behind its last byte. */
  readonly end: number;
  readonly expects: Expects;
}

export interface RequestReader {
  /** A request has begun, and not ended. */
  readonly begun: boolean;
  /**
   * Takes `chunk[start, end)`; after `complete` the caller pushes the rest again. Survives any chunking, never throws; stays malformed.
   */
  push(chunk: Uint8Array, start: number, end: number): Incomplete | SeenRequest | Malformed;
}
