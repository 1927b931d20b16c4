/** Histograms of many runs on one scale, and bars divided like the time of exchanges. */
import { distribution } from "../../report/histogram.js";
import type { HistogramData } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { PART_NAMES, PARTS, type Share, shareText } from "../breakdown.js";
import { el, type Html } from "./markup.js";
import { at, durationTicks, logScale } from "./scale.js";

export const BINS = 60;
const WIDTH = 300;
const HEIGHT = 34;

/** Heights go by the square root of the count, so that a mode of 10 among 1000 is still seen. */
export function histogram(data: HistogramData, edgesNs: readonly number[]): Html {
  const counts = distribution(data, edgesNs);
  const most = Math.max(1, ...counts);
  const step = WIDTH / counts.length;
  const bars = counts.flatMap((count, index) => {
    if (count === 0) return [];
    const height = Math.max(1.5, HEIGHT * Math.sqrt(count / most));
    const says = `${count} from ${formatDuration(edgesNs[index] ?? 0)} to ${formatDuration(edgesNs[index + 1] ?? 0)}`;
    const place = { x: at(index * step), y: at(HEIGHT - height), width: at(step - 1), height: at(height) };
    return [el("rect", { class: "bar", ...place }, el("title", {}, says))];
  });
  const floor = el("line", { class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT });
  return el("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img" }, [floor, ...bars]);
}

/** What the histograms below it stand on. */
export function axis(edgesNs: readonly number[]): Html {
  const [low, high] = [Math.max(1, edgesNs[0] ?? 1), edgesNs.at(-1) ?? 2];
  const x = logScale(low, high, 0, WIDTH);
  const ticks = durationTicks(low, high, 5).flatMap(({ atNs, label }) => {
    const place = x(atNs);
    const anchor = place < 20 ? "start" : place > WIDTH - 24 ? "end" : "middle";
    return [
      el("line", { class: "grid", x1: at(place), x2: at(place), y1: 14, y2: 18 }),
      el("text", { x: at(place), y: 11, "text-anchor": anchor }, label),
    ];
  });
  return el("svg", { viewBox: `0 0 ${WIDTH} 18`, width: WIDTH, height: 18, "aria-hidden": "true" }, ticks);
}

/** A bar that fills a share (0 to 1) of the width. */
export function plainBar(share: number, says: string): Html {
  const place = { x: 0, y: 0, width: at(Math.max(1, share * WIDTH)), height: 16 };
  const bar = el("rect", { class: "bar", ...place }, el("title", {}, says));
  return el("svg", { viewBox: `0 0 ${WIDTH} 16`, width: WIDTH, height: 16, role: "img" }, [bar]);
}

/** In the order of an exchange's life, so that bars can be compared. */
export function dividedBar(told: readonly Share[]): Html {
  let left = 0;
  const parts = PARTS.flatMap((part) => {
    const share = told.find((each) => each.part === part);
    if (share === undefined) return [];
    const x = left;
    left += share.share * WIDTH;
    const place = { x: at(x), y: 0, width: at(Math.max(1, share.share * WIDTH - 1)), height: 16 };
    return [el("rect", { ...place, fill: `var(--${part})` }, el("title", {}, shareText(share)))];
  });
  return el("svg", { viewBox: `0 0 ${WIDTH} 16`, width: WIDTH, height: 16, role: "img" }, parts);
}

export const partsLegend = (told: readonly Share[]): Html =>
  el(
    "p",
    {},
    PARTS.filter((part) => told.some((share) => share.part === part)).map((part) =>
      el("span", { class: "key" }, [
        el("svg", { class: "key-line", width: 12, height: 12, "aria-hidden": "true" }, [
          el("rect", { width: 12, height: 12, fill: `var(--${part})` }),
        ]),
        PART_NAMES[part],
      ]),
    ),
  );
