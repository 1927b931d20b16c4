/** What is spoken inside a connection, read from both ends. */
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Moment } from "./moments.js";

export type ReadProtocol = "memcached" | "redis" | "http1" | "h2";
/** In clear text, read where requests are sent ahead of answers. */
export type Pipelined = Exclude<ReadProtocol, "h2">;

export const isPipelined = (name: string): name is Pipelined =>
  name === "memcached" || name === "redis" || name === "http1";

export interface Reading {
  readonly protocol: ReadProtocol;
  /** Why it could not be read on; undefined: all is well. */
  readonly trouble: string | undefined;
  /** A request came whole before the first `push`, and its answer is due. @param method of HTTP/1.1 @returns the exchange's id */
  seed?(method: string): number;
  /** Takes `bytes[start, end)`, the next of this end. @param began when the first of them came */
  push(from: Sender, bytes: Uint8Array, start: number, end: number, began: Moment): void;
  /** Bytes of this end are missing. */
  gap(from: Sender, bytes: number): void;
  /** The connection is over. */
  finish(): void;
}
