/** Levels that are numbers: streams, windows. Pure. */
import { usageError } from "../errors.js";
import { parseSize } from "../units/size.js";

/** SETTINGS_INITIAL_WINDOW_SIZE at most (RFC 9113 section 6.5.2). */
const MOST_WINDOW = 2 ** 31 - 1;
const MOST_STREAMS = 10_000;

/** Reads `1,10,100`: each level once, in the order given. @throws NetlatError (exit 2) */
export function parseStreams(text: string, flag: string): number[] {
  const levels = text.split(",").map((word) => (/^\d{1,6}$/.test(word.trim()) ? Number(word) : Number.NaN));
  if (!levels.every((level) => level >= 1 && level <= MOST_STREAMS)) {
    throw usageError(
      `${flag} ${text}: not numbers of streams; use whole numbers from 1 to ${MOST_STREAMS}, such as 1,10,100`,
    );
  }
  return [...new Set(levels)];
}

/** Reads `64KiB,1MiB` to bytes. @throws NetlatError (exit 2) */
export function parseWindows(text: string, flag: string): number[] {
  const levels = text.split(",").map((word) => parseSize(word.trim(), flag));
  if (!levels.every((level) => level >= 1 && level <= MOST_WINDOW)) {
    throw usageError(`${flag} ${text}: a window has from 1 byte to 2 GiB - 1; write sizes such as 64KiB,1MiB`);
  }
  return [...new Set(levels)];
}
