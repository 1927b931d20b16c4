/** What the judges of QUIC are told of: a cell of a probe and a service of a capture look the same to them. */
import type { Finding, FindingCode, HistogramData, QuicFacts } from "../../report/model.js";

export interface QuicSubject {
  /** Id of the run that the facts belong to. */
  readonly run: string;
  readonly facts: QuicFacts;
  /** Of the answered requests; may be empty. */
  readonly latency: HistogramData;
}

export type QuicFindingCode = Extract<FindingCode, `quic-${string}`>;

/** No finding: nothing that this code is about, as far as could be seen. */
export type QuicJudge = (subject: QuicSubject) => readonly Finding[];

/** The parts of a finding that are the same for all that a histogram of costs tells: each of `count` paid about its p50. */
export function costOfEach(each: HistogramData | null, count: number): Finding["costNs"] {
  if (each === null || each.count === 0) return { total: 0, p50: 0, max: 0 };
  return { total: Math.round(each.mean * count), p50: each.p50, max: each.max };
}

/** The part of the handshake that ends with this step, of those connections that had it; null: not measured. */
export function flightTo({ handshake }: QuicFacts, step: "retry" | "version negotiation"): HistogramData | null {
  const time = handshake.flights.find(({ name }) => name.endsWith(` to ${step}`))?.time;
  return time === undefined || time.count === 0 ? null : time;
}

/** Why late and missing acknowledgements cannot be told: they are encrypted, and none could be opened. null: they can. */
export function noAcks(subjects: readonly QuicSubject[]): string | null {
  if (subjects.some(({ facts }) => facts.loss.client !== null || facts.loss.server !== null)) return null;
  const why = subjects.find(({ facts }) => facts.opened.says !== "")?.facts.opened.says;
  return `no acknowledgement could be read${why === undefined ? "" : `: ${why}`}`;
}

type Loss = NonNullable<QuicFacts["loss"]["client"]>;

/** Packets that never arrived: those that were only overtaken left out, those that never came to us among them. */
export const lostForGood = ({ lost, spurious, notSeen = 0 }: Loss): number => Math.max(0, lost - spurious) + notSeen;

/** What the lost are a part of. */
export const sentInAll = ({ sent, notSeen = 0 }: Loss): number => sent + notSeen;

/** Of both ends. */
export const packetsLost = ({ loss }: QuicFacts): number =>
  [loss.client, loss.server].reduce((sum, side) => sum + (side === null ? 0 : lostForGood(side)), 0);
