/** Levels of the factors that only QUIC has, from the command line to what the engine is told. Pure. */
import { usageError } from "../errors.js";
import { type Ns, ns, parseDuration } from "../units/duration.js";
import type { AckDelay } from "./probe.js";

export interface AckDelayLevel extends AckDelay {
  /** As typed. */
  readonly label: string;
}

/** What a request of HTTP travels in: a factor of `--compare-with`. */
export const HTTP_LEVELS = ["h3", "h2", "h1"] as const;
export type HttpLevel = (typeof HTTP_LEVELS)[number];

/** max_ack_delay is in whole milliseconds, and below 2^14 of them (RFC 9000 section 18.2). */
const MOST_MS = 2 ** 14 - 1;

/**
 * Reads `0,25ms,25ms/50ms`: what we announce and what we do, or both in one; each level once, in the order given.
 * @throws NetlatError (exit 2)
 */
export function parseAckDelays(text: string, flag: string): AckDelayLevel[] {
  const levels = text.split(",").map((word) => ackDelay(word.trim(), flag));
  return [...new Map(levels.map((level) => [level.label, level])).values()];
}

function ackDelay(label: string, flag: string): AckDelayLevel {
  const [advertised = "", real = advertised, ...rest] = label.split("/");
  if (rest.length > 0) {
    throw usageError(`${flag} ${label}: write one delay, or two as ADVERTISED/REAL, such as 25ms/50ms`);
  }
  const level = { label, advertisedNs: delay(advertised, flag), realNs: delay(real, flag) };
  if (level.advertisedNs % 1e6 !== 0) {
    throw usageError(
      `${flag} ${label}: max_ack_delay is announced in whole milliseconds; write one such as 25ms, or 0/${real} to announce less than you do`,
    );
  }
  if (Math.max(level.advertisedNs, level.realNs) <= MOST_MS * 1e6) return level;
  throw usageError(`${flag} ${label}: max_ack_delay is at most ${MOST_MS}ms; write a delay up to that, such as 100ms`);
}

/** `0` needs no unit. */
const delay = (text: string, flag: string): Ns => (text.trim() === "0" ? ns(0) : parseDuration(text, flag));
