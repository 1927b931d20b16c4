import { formatDuration } from "../../units/duration.js";

/** From a value to a place on the picture, equally far for equal ratios. */
export function logScale(low: number, high: number, from: number, to: number): (value: number) => number {
  const span = Math.log(high / low);
  return (value) => from + ((to - from) * Math.log(Math.max(low, value) / low)) / span;
}

/** Round durations between two, powers of ten where there are enough of them. */
export function durationTicks(lowNs: number, highNs: number, most: number): { atNs: number; label: string }[] {
  const choices = [[1, 2, 5], [1, 3], [1]].map((steps) => within(lowNs, highNs, steps));
  const chosen = choices.find((ticks) => ticks.length <= most) ?? choices.at(-1) ?? [];
  return chosen.map((atNs) => ({ atNs, label: formatDuration(atNs).replace(/\.0+ /, " ") }));
}

function within(lowNs: number, highNs: number, steps: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(lowNs)); decade <= highNs; decade *= 10) {
    ticks.push(...steps.map((step) => decade * step).filter((tick) => tick >= lowNs && tick <= highNs));
  }
  return ticks;
}

/** One decimal is finer than any screen. */
export const at = (value: number): string => String(Number(value.toFixed(1)));
