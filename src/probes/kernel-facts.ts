/** What the kernel counted on several connections, or in several blocks, as one. */
import type { KernelFacts } from "./probe.js";

/** Counters are added up; where one of them could not be seen, the sum is not known (null). RTTs and MSS: the smallest. */
export function together(all: readonly (KernelFacts | null)[]): KernelFacts | null {
  const seen = all.filter((facts) => facts !== null);
  if (seen.length === 0) return null;
  const sum = (pick: (facts: KernelFacts) => number | null): number | null =>
    seen.length < all.length || seen.some((facts) => pick(facts) === null)
      ? null
      : seen.reduce((total, facts) => total + (pick(facts) as number), 0);
  const least = <N extends number>(pick: (facts: KernelFacts) => N | null): N | null => {
    const known = seen.map(pick).filter((value) => value !== null);
    return known.length === 0 ? null : (Math.min(...known) as N);
  };
  return {
    minRttNs: least((facts) => facts.minRttNs),
    handshakeRttNs: least((facts) => facts.handshakeRttNs),
    retransmits: sum((facts) => facts.retransmits),
    dataSegmentsOut: sum((facts) => facts.dataSegmentsOut),
    dataSegmentsIn: sum((facts) => facts.dataSegmentsIn),
    mss: least((facts) => facts.mss),
  };
}
