/** Levels that are numbers: connections, streams, windows. Pure. */
import { usageError } from "../errors.js";
import { parseSize } from "../units/size.js";

/** SETTINGS_INITIAL_WINDOW_SIZE at most (RFC 9113 section 6.5.2). */
const MOST_WINDOW = 2 ** 31 - 1;
const MOST = 10_000;

/** Reads `1,10,100`: each level once, in the order given. @throws NetlatError (exit 2) */
const parseCounts =
  (what: "streams" | "connections") =>
  (text: string, flag: string): number[] => {
    const levels = text.split(",").map((word) => (/^\d{1,6}$/.test(word.trim()) ? Number(word) : Number.NaN));
    if (!levels.every((level) => level >= 1 && level <= MOST)) {
      throw usageError(
        `${flag} ${text}: not numbers of ${what}; use whole numbers from 1 to ${MOST}, such as 4 or 1,10,100`,
      );
    }
    return [...new Set(levels)];
  };

export const parseStreams = parseCounts("streams");
export const parseConnections = parseCounts("connections");

/** Reads `64KiB,1MiB` to bytes. @throws NetlatError (exit 2) */
export function parseWindows(text: string, flag: string): number[] {
  const levels = text.split(",").map((word) => parseSize(word.trim(), flag));
  if (!levels.every((level) => level >= 1 && level <= MOST_WINDOW)) {
    throw usageError(`${flag} ${text}: a window has from 1 byte to 2 GiB - 1; write sizes such as 64KiB,1MiB`);
  }
  return [...new Set(levels)];
}
