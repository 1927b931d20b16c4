/** How a theory on a probe is told: its verdict, and how much of the latency in question it is about. */
import type { Finding, Theory } from "../../report/model.js";
import { digits, formatDuration } from "../../units/duration.js";
import type { LatencyInQuestion } from "../latency-in-question.js";
import type { ProbeEvidence } from "../probe-evidence.js";

export type Outcome = Pick<Theory, "verdict" | "because">;

export type Test = (evidence: ProbeEvidence, question: LatencyInQuestion, findings: readonly Finding[]) => Outcome;

export const untested = (because: string): Outcome => ({ verdict: "untested", because });
export const decided = (confirmed: boolean, because: string): Outcome => ({
  verdict: confirmed ? "confirmed" : "refuted",
  because,
});

/** `12 us, 0.03 % of p50 43.9 ms in nagle=on,split=fields`. */
export function portion(partNs: number, question: LatencyInQuestion): string {
  const percent = (100 * partNs) / Math.max(1, question.latencyNs);
  const calm = question.slow ? "" : ", which is not slow";
  return `${formatDuration(partNs)}, ${digits(percent)} % of ${question.words}${calm}`;
}

export const explains = (partNs: number, question: LatencyInQuestion, share: number): boolean =>
  question.slow && partNs >= share * question.latencyNs;

export const nothingSlow = (question: LatencyInQuestion): Outcome => ({
  verdict: "refuted",
  because: `nothing is slow: ${question.words}`,
});
