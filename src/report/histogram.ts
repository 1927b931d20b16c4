/** Between the histogram that is recorded into and the plain data that a report holds. */
import { EXIT, NetlatError } from "../errors.js";
import { LatencyHistogram } from "../stats/histogram.js";
import type { HistogramData } from "./model.js";

/** The report's form of a histogram: nanoseconds, the whole distribution in `hdr`. An empty one has count 0 and zeros. */
export function toHistogramData(h: LatencyHistogram): HistogramData {
  return {
    unit: "ns",
    count: h.count,
    min: h.min,
    max: h.max,
    mean: Math.round(h.mean),
    p50: h.quantile(0.5),
    p90: h.quantile(0.9),
    p99: h.quantile(0.99),
    p999: h.quantile(0.999),
    hdr: h.encode(),
  };
}

/** A histogram of durations in nanoseconds. Values that are no duration (NaN: not seen) are left out. */
export function histogramOf(valuesNs: Iterable<number>): HistogramData {
  const histogram = new LatencyHistogram();
  for (const valueNs of valuesNs) histogram.record(valueNs);
  return toHistogramData(histogram);
}

/**
 * How many values lie in each bin between ascending edges (nanoseconds); values outside count in the first and last bin.
 * @throws NetlatError (exit 3) when `hdr` is damaged or contradicts the numbers beside it
 */
export function distribution(data: HistogramData, edgesNs: readonly number[]): number[] {
  return fromHistogramData(data).counts(edgesNs);
}

/**
 * Back from a report: to merge, to ask for other quantiles, to count in bins.
 * @throws NetlatError (exit 3) when `hdr` is damaged or contradicts the numbers beside it
 */
export function fromHistogramData(data: HistogramData): LatencyHistogram {
  const histogram = LatencyHistogram.decode(data.hdr, data);
  if (histogram.count !== data.count) {
    throw new NetlatError(EXIT.unreadableInput, `a histogram of ${data.count} values holds ${histogram.count}`);
  }
  return histogram;
}
