/** A handshake's time in parts: from one step of it to the next that was seen. */
import type { HandshakeTimes } from "../../protocols/quic/state.js";

export interface Flight {
  /** Such as `client hello to first answer`. */
  readonly name: string;
  readonly timeNs: number;
}

/** Version Negotiation and Retry each cost a round trip, and so have flights of their own where they happened. */
const STEPS: readonly (readonly [step: keyof HandshakeTimes, name: string])[] = [
  ["firstInitialNs", "client hello"],
  ["versionNegotiationNs", "version negotiation"],
  ["retryNs", "retry"],
  ["serverInitialNs", "first answer"],
  ["serverFinishedNs", "server flight complete"],
  ["clientFinishedNs", "client finished"],
  ["doneNs", "handshake confirmed"],
];

/** Flights of a handshake as far as it was seen: those up to `client finished` add up to its time. */
export function flightsOf(times: HandshakeTimes): Flight[] {
  const seen = STEPS.flatMap(([step, name]) => {
    const atNs = times[step];
    return atNs === undefined ? [] : [{ name, atNs }];
  });
  return seen.slice(1).map((step, i) => {
    const before = seen[i] as { name: string; atNs: number };
    return { name: `${before.name} to ${step.name}`, timeNs: step.atNs - before.atNs };
  });
}

/** Where a flight stands in a report: by the step it begins with, then by that it ends with. */
export function flightOrder(name: string): number {
  const [from = "", to = ""] = name.split(" to ");
  const place = (step: string) => STEPS.findIndex(([, each]) => each === step);
  return place(from) * STEPS.length + place(to);
}
