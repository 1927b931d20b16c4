/**
 * When the next request is due. A pacer is pure: it turns the number of a request into its intended start, so that a slow
 * target cannot slow the question down (coordinated omission). Shape learnt from vegeta's lib/pacer.go.
 */
import { random } from "../stats/random.js";

export type Arrival = "constant" | "poisson";
export type Pacing =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly ratePerSecond: number; readonly arrival: Arrival };

export interface Pacer {
  /** Intended start of the next request, nanoseconds after the first one could start. Never decreases. */
  next(): number;
}

/** Intended starts of an open loop. `poisson`: exponential gaps (memoryless arrivals) from a seeded generator. */
export function openLoop(ratePerSecond: number, arrival: Arrival, seed: number): Pacer {
  const meanGapNs = 1e9 / ratePerSecond;
  if (arrival === "constant") {
    let sent = 0;
    return { next: () => sent++ * meanGapNs };
  }
  const uniform = random(seed);
  let atNs = 0;
  return {
    next() {
      atNs += -Math.log(1 - uniform()) * meanGapNs;
      return atNs;
    },
  };
}

/**
 * @param connections of each cell, each number once
 * @param pipeline requests that may be on one connection at once, in order
 * @param streams likewise as streams: of each cell, each number once
 */
export function describePacing(
  pacing: Pacing,
  connections: readonly number[],
  pipeline = 1,
  streams: readonly number[] = [1],
): string {
  const besides = streams.some((count) => count > 1) ? ` with ${streams.join(" or ")} streams each` : "";
  const places = pipeline === 1 ? besides : ` with ${pipeline} requests each`;
  const plural = connections.length === 1 && connections[0] === 1 ? "" : "s";
  const on = `${connections.join(" or ")} connection${plural}${places}`;
  return pacing.kind === "closed"
    ? `closed loop, ${on}`
    : `open loop, ${pacing.ratePerSecond}/s ${pacing.arrival}, ${on}`;
}
