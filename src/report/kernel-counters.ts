/** What the kernel counted on several connections, in several blocks or in several reports, as one. */
import type { Run } from "./model.js";

type Counters = NonNullable<Run["kernel"]>;

/** Counters are added up; where one of them could not be seen, the sum is not known (null). RTTs and MSS: the smallest. */
export function together<C extends Counters>(all: readonly (C | null)[]): C | null {
  const seen = all.filter((counters) => counters !== null);
  if (seen.length === 0) return null;
  const sum = (name: keyof Counters): number | null =>
    seen.length < all.length || seen.some((counters) => counters[name] === null)
      ? null
      : seen.reduce((total, counters) => total + (counters[name] as number), 0);
  const least = (name: keyof Counters): number | null => {
    const known = seen.map((counters) => counters[name]).filter((value) => value !== null);
    return known.length === 0 ? null : Math.min(...known);
  };
  const counters: Counters = {
    minRttNs: least("minRttNs"),
    handshakeRttNs: least("handshakeRttNs"),
    retransmits: sum("retransmits"),
    dataSegmentsOut: sum("dataSegmentsOut"),
    dataSegmentsIn: sum("dataSegmentsIn"),
    mss: least("mss"),
  };
  return counters as C;
}
