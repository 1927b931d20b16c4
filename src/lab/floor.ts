/** What all connections of one lab server share. */
import type { Socket } from "node:net";
import { stopTheWorld } from "./delay.js";
import type { LabOptions } from "./options.js";

export interface Floor {
  readonly options: LabOptions;
  /** The body of a page, or the value of a key. */
  readonly value: Buffer;
  /** Requests of all connections so far. */
  requests: number;
  /** Arms TCP_QUICKACK on a socket; undefined: not asked for. */
  readonly acknowledgeAtOnce: ((socket: Socket) => void) | undefined;
}

/**
 * A whole request has come: counts it, and stops the process when it is the one to stop at.
 * @param own the delay that this request has of its own
 * @returns how long to think before its answer, in nanoseconds
 */
export function thinkTime(floor: Floor, own: number | undefined): number {
  const { options } = floor;
  const number = ++floor.requests;
  if (options.pauseNs > 0 && number === options.pauseAfter + 1) stopTheWorld(options.pauseNs);
  return own ?? (number % options.thinkEvery === 0 ? options.thinkNs : 0);
}
