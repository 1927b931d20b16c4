/** The smallest difference that matters to who asked: a duration, or a share of what it was before. */
import { usageError } from "../errors.js";
import { parseDuration } from "../units/duration.js";

export interface MinimumEffect {
  /** As it was written. */
  readonly text: string;
  /** Nanoseconds, where the quantile was `baseNs`. */
  ns(baseNs: number): number;
}

/**
 * Reads `0.1ms` or `5%`.
 * @param name what the value is called in the error message, such as `--min-effect`
 * @throws NetlatError (exit 2)
 */
export function parseMinimumEffect(text: string, name: string): MinimumEffect {
  const trimmed = text.trim();
  const share = /^(\d+(?:\.\d+)?|\.\d+)\s*%$/.exec(trimmed);
  if (share !== null) {
    const part = Number(share[1]) / 100;
    if (part < 10) return { text: trimmed, ns: (baseNs) => baseNs * part };
  } else if (/^[\d.]+\s*[a-zµ]+$/.test(trimmed)) {
    const duration = parseDuration(trimmed, name);
    return { text: trimmed, ns: () => duration };
  }
  throw usageError(
    `${name} ${text}: not an effect; write a duration such as 0.1ms, or a share of the base such as 5%, below 1000%`,
  );
}
