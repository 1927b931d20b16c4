/** What batches of simulated requests show: figures over all of them, and how sure they are. Times in nanoseconds. */
import { meanInterval } from "../stats/student-t.js";

/** What was seen of so many requests one after the other. */
export interface Batch {
  /** Both ascending. */
  readonly waitsNs: Float64Array;
  readonly responsesNs: Float64Array;
  readonly busyNs: number;
  /** Connections x time. */
  readonly offeredNs: number;
}

interface Interval {
  readonly low: number;
  readonly high: number;
}

/** 95 % confidence intervals. */
export type Intervals = Readonly<
  Record<"waitProbability" | "waitMeanNs" | "waitP50Ns" | "waitP99Ns" | "responseP99Ns", Interval>
>;

interface Figures {
  readonly utilisation: number;
  readonly waitProbability: number;
  readonly waitMeanNs: number;
  readonly waitP50Ns: number;
  readonly waitP99Ns: number;
  readonly responseP99Ns: number;
  readonly waitMaxNs: number;
}

export function joined(batches: readonly Batch[]): Batch {
  const join = (pick: (batch: Batch) => Float64Array): Float64Array => {
    const size = batches.reduce((sum, batch) => sum + pick(batch).length, 0);
    const whole = new Float64Array(size);
    let at = 0;
    for (const batch of batches) {
      whole.set(pick(batch), at);
      at += pick(batch).length;
    }
    return whole.sort();
  };
  return {
    waitsNs: join(({ waitsNs }) => waitsNs),
    responsesNs: join(({ responsesNs }) => responsesNs),
    busyNs: batches.reduce((sum, { busyNs }) => sum + busyNs, 0),
    offeredNs: batches.reduce((sum, { offeredNs }) => sum + offeredNs, 0),
  };
}

export function figuresOf({ waitsNs, responsesNs, busyNs, offeredNs }: Batch): Figures {
  return {
    // A window of time may see more work begun than it has room for.
    utilisation: offeredNs > 0 ? Math.min(1, busyNs / offeredNs) : 0,
    waitProbability: 1 - shareUpTo(waitsNs, 0),
    waitMeanNs: meanOf(waitsNs),
    waitP50Ns: rank(waitsNs, 0.5),
    waitP99Ns: rank(waitsNs, 0.99),
    responseP99Ns: rank(responsesNs, 0.99),
    waitMaxNs: waitsNs.at(-1) as number,
  };
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How many of the values, as a share, are at most this one. */
const shareUpTo = (sorted: Float64Array, value: number): number => firstAbove(sorted, value) / sorted.length;

function firstAbove(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Nearest rank. */
const rank = (sorted: Float64Array, p: number): number =>
  sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] as number;

export function intervalsOf(all: Batch, batches: readonly Batch[]): Intervals {
  const mean = (figure: (batch: Batch) => number, most: number): Interval => {
    const { low, high } = meanInterval(batches.map(figure));
    return { low: Math.max(0, low ?? 0), high: Math.min(most, high ?? most) };
  };
  const quantile = (values: (batch: Batch) => Float64Array, p: number): Interval =>
    quantileInterval(values(all), batches.map(values), p);
  return {
    waitProbability: mean(({ waitsNs }) => 1 - shareUpTo(waitsNs, 0), 1),
    waitMeanNs: mean(({ waitsNs }) => meanOf(waitsNs), Number.MAX_VALUE),
    waitP50Ns: quantile(({ waitsNs }) => waitsNs, 0.5),
    waitP99Ns: quantile(({ waitsNs }) => waitsNs, 0.99),
    responseP99Ns: quantile(({ responsesNs }) => responsesNs, 0.99),
  };
}

/**
 * How sure the share below the quantile is, read back as values (R. S. Woodruff, "Confidence Intervals for Medians and Other Position
 * Measures", JASA 47(260), 1952, 635-646). The batches' own quantiles would not do: of a bursty queue they are nothing like normal.
 */
function quantileInterval(all: Float64Array, batches: readonly Float64Array[], p: number): Interval {
  const value = rank(all, p);
  const { mean, high } = meanInterval(batches.map((batch) => shareUpTo(batch, value)));
  const half = (high ?? 1) - mean;
  return { low: rank(all, Math.max(0, p - half)), high: rank(all, Math.min(1, p + half)) };
}
