/**
 * A session exchanges one request at a time for one answer: a connection of its own, or a place on one that several share
 * (pipelining, streams). What `sessions.ts` drives, whatever the protocol: an engine on Node's event loop only writes this. A callback and one reused record per session, because a promise
 * and an object per request cost more than the request's own system calls on loopback.
 */
import type { Timeline } from "../report/model.js";
import type { ConnectionOpened, KernelFacts } from "./probe.js";

/** The exchange that runs or ended last. Times in nanoseconds on `nowNs()`; NaN: did not happen, or not seen. */
export interface Exchange {
  startNs: number;
  /** Where requests share a connection: just before this one's first byte was written. NaN: at `startNs`. */
  wireNs: number;
  /** Where answers come in order: when the last of those before it had been answered. NaN: it waited for none. */
  turnNs: number;
  /** HTTP/2: how long the body waited for window. NaN: no stream. */
  windowNs: number;
  /** Just before the last piece was written. */
  wholeNs: number;
  firstByteNs: number;
  endNs: number;
  heldNs: number;
  ackDelayNs: number;
  /** As in SampleColumns. */
  status: number;
  /** 0 for the first request on its connection. */
  ordinal: number;
  /** Write system calls made (TLS: records), and how often the request was written whole: twice when it was asked again. */
  writes: number;
  wholes: number;
  /** For a failure: what happened, one line. */
  says: string;
}

/** What a session tells its lane. Never from inside a call that the lane makes to the session. */
export interface SessionHost {
  /** The attempt of `open()` is over, well or not. */
  ready(index: number): void;
  /** `exchange` is complete. The lane may call `begin()` again from within. */
  ended(index: number): void;
  opened(connection: ConnectionOpened): void;
}

export interface Session {
  readonly exchange: Exchange;
  /** Which of the lane's connections it uses, from 0. */
  readonly connection: number;
  /** When what runs now must have ended; Infinity: nothing runs. The lane looks now and then, so that no request sets a timer. */
  readonly deadlineNs: number;
  /**
   * Connects ahead of the first request; `ready` tells when that is over. A failure is not kept: the next request tries again,
   * and its sample is the failure. Returns false when there is nothing to open (it is open, or each request opens its own).
   */
  open(): boolean;
  /** Sends one request, on a connection that it opens when there is none (its time then counts); `ended` tells the end. Needs: nothing runs. */
  begin(): void;
  /** What runs now has missed its deadline: it fails, and `ended` or `ready` follows. */
  expire(): void;
  /** What happened when in the exchange that has just ended, from `exchange.startNs` on. */
  events(): Timeline["events"];
  /** The measured part of a block begins: kernel counters are taken from here, and the first request may be another (`slowFirst`). */
  mark(): void;
  /** Counters since `mark()`; null: not seen. undefined: another session of the same connection tells. */
  facts(): KernelFacts | null | undefined;
  /** Drops the connection and what runs on it, without telling the host. `begin` may open it again. */
  close(): void;
}

export const blankExchange = (): Exchange => ({
  startNs: 0,
  wireNs: Number.NaN,
  turnNs: Number.NaN,
  windowNs: Number.NaN,
  wholeNs: Number.NaN,
  firstByteNs: Number.NaN,
  endNs: 0,
  heldNs: Number.NaN,
  ackDelayNs: Number.NaN,
  status: 0,
  ordinal: 0,
  writes: 0,
  wholes: 0,
  says: "",
});
