/** Histogram bars of many distributions on one shared logarithmic scale, and its axis. */
import { distribution } from "../report/histogram.js";
import type { HistogramData } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { displayWidth } from "./text.js";
import type { Marks } from "./theme.js";

/** An HdrHistogram of three digits may put a value up to 0.1 % beside where it was measured: edges stand a little wider. */
const SLACK = 1.005;
/** A narrower range would blow noise up to the full width. */
const MIN_RATIO = 1.25;

/**
 * @returns `bins + 1` ascending edges in nanoseconds, equally far apart by their logarithm, around all values of all
 * histograms; null when none of them holds a value
 */
export function logEdges(histograms: readonly HistogramData[], bins: number): number[] | null {
  const filled = histograms.filter((data) => data.count > 0);
  if (filled.length === 0) return null;
  let low = Math.max(1, Math.min(...filled.map((data) => data.min))) / SLACK;
  let high = Math.max(1, ...filled.map((data) => data.max)) * SLACK;
  const widen = Math.sqrt(Math.max(1, MIN_RATIO / (high / low)));
  low /= widen;
  high *= widen;
  const edges = Array.from({ length: bins + 1 }, (_, at) => low * (high / low) ** (at / bins));
  if (filled.some((data) => data.min < 1)) edges[0] = 0;
  return edges;
}

/**
 * One character for each bin. Heights go by the square root of the count: among 1000 requests a mode of 10 is still seen
 * to be one, and a bin that holds anything is never blank.
 */
export function bars(data: HistogramData, edgesNs: readonly number[], marks: Marks): string {
  const counts = distribution(data, edgesNs);
  const most = Math.max(1, ...counts);
  const top = marks.bars.length - 1;
  return counts.map((count) => (count === 0 ? " " : marks.bars[Math.round(top * Math.sqrt(count / most))])).join("");
}

/** Two lines below the bars: a rule with ticks at round durations, and what the ticks stand for. */
export function axis(edgesNs: readonly number[], marks: Marks): [rule: string, labels: string] {
  const bins = edgesNs.length - 1;
  const ticks = choose(edgesNs);
  const rule = Array.from({ length: bins }, () => marks.line);
  let labels = "";
  for (const { at, start, text } of ticks) {
    rule[at] = marks.tick;
    labels = labels.padEnd(start) + text;
  }
  return [rule.join(""), labels];
}

interface Tick {
  /** The bin that the value falls into. */
  readonly at: number;
  /** Where the label begins: below the tick, or as far before it as the right edge asks for. */
  readonly start: number;
  readonly text: string;
}

/** Powers of ten where at least two of them have room, else also their doubles and halves, else whatever fits. */
function choose(edgesNs: readonly number[]): Tick[] {
  const decades = roomFor(edgesNs, [1]);
  if (decades.length >= 2) return decades;
  const finer = roomFor(edgesNs, [1, 2, 5]);
  if (finer.length >= 2) return finer;
  return roomFor(edgesNs, [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]);
}

function roomFor(edgesNs: readonly number[], steps: readonly number[]): Tick[] {
  const bins = edgesNs.length - 1;
  const high = edgesNs[bins] ?? 1;
  const ticks: Tick[] = [];
  let free = 0;
  for (let decade = 10 ** Math.floor(Math.log10(Math.max(1, edgesNs[0] ?? 1))); decade < high; decade *= 10) {
    for (const step of steps) {
      const at = edgesNs.findLastIndex((edge) => edge <= decade * step);
      const text = formatDuration(decade * step)
        .replace(/\.0+ /, " ")
        .replace(/(\.\d*?)0+ /, "$1 ");
      const start = Math.min(at, bins - displayWidth(text));
      if (start < free || at >= bins) continue;
      ticks.push({ at, start, text });
      free = start + displayWidth(text) + 1;
    }
  }
  return ticks;
}
