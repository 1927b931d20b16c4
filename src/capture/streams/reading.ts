/** What is spoken inside a connection, read from both ends. */
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Moment } from "./moments.js";

export interface Reading {
  readonly protocol: "http1" | "h2";
  /** Why it could not be read on; undefined: all is well. */
  readonly trouble: string | undefined;
  /** Takes `bytes[start, end)`, the next of this end. @param began when the first of them came */
  push(from: Sender, bytes: Uint8Array, start: number, end: number, began: Moment): void;
  /** Bytes of this end are missing. */
  gap(from: Sender, bytes: number): void;
  /** The connection is over. */
  finish(): void;
}
