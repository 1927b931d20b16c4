/**
 * An HdrHistogram log read back: what `--hlog` and Java's HistogramLogWriter write (HistogramLogReader.java). A line is
 * `[Tag=<tag>,]<start seconds>,<length seconds>,<max>,<histogram>`; `#` begins a comment, a quote the head of the columns.
 */
import { EXIT, NetlatError } from "../errors.js";
import { LatencyHistogram } from "./histogram.js";

export interface LoggedHistogram {
  /** null: an untagged log. */
  readonly tag: string | null;
  /** Of all intervals of the tag together, seconds. */
  readonly lengthSeconds: number;
  readonly histogram: LatencyHistogram;
}

const INTERVAL = /^(?:Tag=([^,\s]+),)?([\d.eE+-]+),([\d.eE+-]+),([\d.eE+-]+),([A-Za-z0-9+/=]+)$/;

/** Whether the text begins as such a log does. */
export const isHistogramLog = (text: string): boolean =>
  text
    .split(/\r?\n/, 20)
    .some(
      (line) =>
        line.startsWith("#[Histogram log format") || line.startsWith('"StartTimestamp"') || INTERVAL.test(line.trim()),
    );

/**
 * One histogram per tag, the intervals of a tag added up. Values are taken for nanoseconds, as both writers have them by default.
 * @param name what the text is called in the error message
 * @throws NetlatError (exit 3) that names the line that is no interval, or that there is none
 */
export function readHistogramLog(text: string, name: string): LoggedHistogram[] {
  const byTag = new Map<string | null, { lengthSeconds: number; histogram: LatencyHistogram }>();
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith('"')) continue;
    const match = INTERVAL.exec(line);
    const lengthSeconds = Number(match?.[3]);
    if (match === null || !(lengthSeconds >= 0))
      throw unreadable(`${name}: line ${at + 1} is not an interval of an HdrHistogram log`);
    const tag = match[1] ?? null;
    const merged = byTag.get(tag) ?? { lengthSeconds: 0, histogram: new LatencyHistogram() };
    merged.lengthSeconds += lengthSeconds;
    merged.histogram.merge(decoded(match[5] as string, `${name}: line ${at + 1}`));
    byTag.set(tag, merged);
  }
  if (byTag.size === 0) throw unreadable(`${name}: an HdrHistogram log without any interval`);
  return [...byTag].map(([tag, merged]) => ({ tag, ...merged }));
}

function decoded(base64: string, where: string): LatencyHistogram {
  try {
    return LatencyHistogram.decode(base64);
  } catch (cause) {
    throw cause instanceof NetlatError ? unreadable(`${where}: ${cause.message}`, cause) : cause;
  }
}

const unreadable = (message: string, cause?: unknown): NetlatError =>
  new NetlatError(EXIT.unreadableInput, message, {
    hint: "a log has lines of tag, start, length, maximum and a histogram, as netlat --hlog and Java's HdrHistogram write them",
    ...(cause === undefined ? {} : { cause }),
  });
