/** Which request is due when, over one part of a block. Pure: the loop asks, and says when it took one. */
import { openLoop } from "./pacer.js";
import type { Load } from "./probe.js";

export interface Schedule {
  readonly closed: boolean;
  /** When the next request is due, nanoseconds; -Infinity: as soon as a connection is free; Infinity: none is left. */
  readonly dueNs: number;
  /** The request that was due has been started. */
  take(): void;
}

/** A closed loop: `requests` in all, none started after `endNs`. @param now the clock, for the end */
export function closedSchedule(requests: number, endNs: number, now: () => number): Schedule {
  let left = requests;
  return {
    closed: true,
    get dueNs() {
      return left > 0 && (endNs === Number.POSITIVE_INFINITY || now() < endNs)
        ? Number.NEGATIVE_INFINITY
        : Number.POSITIVE_INFINITY;
    },
    take() {
      left--;
    },
  };
}

/** An open loop from `startNs` on: requests are due at their times whether or not the target keeps up. */
export function openSchedule(
  load: Load,
  ratePerSecond: number,
  arrival: "constant" | "poisson",
  startNs: number,
): Schedule {
  const pacer = openLoop(ratePerSecond, arrival, load.seed);
  let left = load.requests;
  const next = (): number => {
    if (left <= 0) return Number.POSITIVE_INFINITY;
    const offsetNs = pacer.next();
    return offsetNs < load.durationNs ? startNs + offsetNs : Number.POSITIVE_INFINITY;
  };
  let dueNs = next();
  return {
    closed: false,
    get dueNs() {
      return dueNs;
    },
    take() {
      left--;
      dueNs = next();
    },
  };
}
