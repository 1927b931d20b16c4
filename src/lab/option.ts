/** One option of a lab server, and the values that options take. */
import { usageError } from "../errors.js";
import { type Ns, parseDuration } from "../units/duration.js";
import { formatSize, parseSize } from "../units/size.js";
import type { LabKind } from "./kinds.js";

export interface LabOption<T> {
  /** As a flag without its dashes, and in the query. */
  readonly name: string;
  /** What stands for the value in the help; undefined: a flag that takes none, and `on` or `off` in the query. */
  readonly value: string | undefined;
  readonly help: string;
  readonly fallback: T;
  /** The servers that it is for; undefined: all. */
  readonly kinds?: readonly LabKind[];
  /** @throws NetlatError (exit 2) that starts with `label` and the text */
  parse(text: string, label: string): T;
}

/** A table of options: one entry for each field of `T`. */
export type OptionsOf<T> = { readonly [K in keyof T]: LabOption<T[K]> };

/** The most that a delay may be: one hour. */
const MAX_DELAY_NS = 3600e9;

export function parseSwitch(text: string, label: string): boolean {
  if (text === "on") return true;
  if (text === "off") return false;
  throw usageError(`${label} ${text}: neither on nor off; use on or off`);
}

export function parseWhole(text: string, label: string, least: number, most = 1e9): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageError(`${label} ${text}: use a whole number from ${least} to ${most}`);
}

export function parseDelay(text: string, label: string): Ns {
  const delay = parseDuration(text, label);
  if (delay > MAX_DELAY_NS) throw usageError(`${label} ${text}: too long; use 1h at most`);
  return delay;
}

/** A time after which something is done: 0 would do it without end. */
export function parsePeriod(text: string, label: string): Ns {
  const period = parseDelay(text, label);
  if (period < 1e6) throw usageError(`${label} ${text}: too short; use 1ms at least`);
  return period;
}

/** @returns bytes, from `least` to `most` */
export function parseBytes(text: string, label: string, least: number, most: number): number {
  const bytes = parseSize(text, label);
  if (bytes > most) throw usageError(`${label} ${text}: too large; use ${formatSize(most)} at most`);
  if (bytes < least) throw usageError(`${label} ${text}: too small; use ${formatSize(least)} at least`);
  return bytes;
}

/** One of a few words. */
export function parseWord<W extends string>(text: string, label: string, words: readonly W[]): W {
  const word = words.find((one) => one === text);
  if (word !== undefined) return word;
  throw usageError(`${label} ${text}: use ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`);
}
