/**
 * Percentile curves, as HdrHistogram's plotter draws them: to the right the share of slower requests shrinks tenfold from tick to tick, so that the tail has
 * as much room as the middle. Latency is logarithmic too: 100 us and 40 ms both stay readable.
 */
import { fromHistogramData } from "../../report/histogram.js";
import type { HistogramData } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { logEdges } from "../chart.js";
import { el, type Html } from "./markup.js";
import { at, durationTicks, logScale } from "./scale.js";
import { SERIES } from "./style.js";

export interface Curve {
  readonly name: string;
  readonly data: HistogramData;
}

const WIDTH = 960;
const HEIGHT = 340;
const FRAME = { left: 70, right: 20, top: 12, bottom: 44 };
const POINTS = 160;
const DASHES = ["", "7 4", "2 3", "10 3 2 3"];
const PERCENTILES = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999];

/** The curves of the slowest where there are more than can be told apart; none without a value. */
export function curves(all: readonly Curve[]): Html[] {
  const filled = all.filter(({ data }) => data.count > 0);
  const shown = filled.toSorted((a, b) => b.data.p99 - a.data.p99).slice(0, SERIES);
  const edges = logEdges(
    shown.map(({ data }) => data),
    1,
  );
  if (edges === null) return [];
  const [low = 1, high = 2] = [Math.max(1, edges[0] ?? 1), edges[1]];
  const most = Math.max(...shown.map(({ data }) => data.count));
  const depth = Math.max(1, Math.log10(most));
  const x = (tail: number): number => FRAME.left + ((WIDTH - FRAME.left - FRAME.right) * tail) / depth;
  const y = logScale(low, high, HEIGHT - FRAME.bottom, FRAME.top);
  const more = filled.length - shown.length;
  return [
    legend(shown),
    el(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        width: WIDTH,
        height: HEIGHT,
        role: "img",
        "aria-label": "latency by percentile",
      },
      [...grid(x, y, low, high, depth), ...shown.map((curve, index) => line(curve, index, x, y))],
    ),
    ...(more > 0 ? [el("p", { class: "muted" }, `${more} faster ones are not drawn.`)] : []),
  ];
}

function line({ name, data }: Curve, index: number, x: (tail: number) => number, y: (ns: number) => number): Html {
  const histogram = fromHistogramData(data);
  const end = Math.log10(Math.max(2, data.count));
  const points = Array.from({ length: POINTS + 1 }, (_, step) => {
    const tail = (end * step) / POINTS;
    const ns = step === POINTS ? data.max : histogram.quantile(1 - 10 ** -tail);
    return `${at(x(tail))} ${at(y(ns))}`;
  });
  const says = `${name}: p50 ${formatDuration(data.p50)}, p99 ${formatDuration(data.p99)}, max ${formatDuration(data.max)}`;
  return el("path", { ...stroke(index), d: `M${points.join("L")}` }, el("title", {}, says));
}

const stroke = (index: number): Record<string, string> => ({
  fill: "none",
  stroke: `var(--s${index})`,
  "stroke-width": "2",
  "stroke-linejoin": "round",
  "stroke-dasharray": DASHES[index % DASHES.length] ?? "",
});

function grid(
  x: (tail: number) => number,
  y: (ns: number) => number,
  low: number,
  high: number,
  depth: number,
): Html[] {
  const bottom = HEIGHT - FRAME.bottom;
  const across = durationTicks(low, high, 8).flatMap(({ atNs, label }) => [
    el("line", { class: "grid", x1: FRAME.left, x2: WIDTH - FRAME.right, y1: at(y(atNs)), y2: at(y(atNs)) }),
    el("text", { x: FRAME.left - 8, y: at(y(atNs) + 4), "text-anchor": "end" }, label),
  ]);
  const down = PERCENTILES.filter((share) => -Math.log10(1 - share) <= depth + 1e-9).flatMap((share) => {
    const place = at(x(-Math.log10(1 - share)));
    return [
      el("line", { class: "grid", x1: place, x2: place, y1: FRAME.top, y2: bottom }),
      el("text", { x: place, y: bottom + 18, "text-anchor": "middle" }, `p${String(Number((share * 100).toFixed(4)))}`),
    ];
  });
  const caption = el("text", { x: FRAME.left, y: HEIGHT - 6 }, "share of requests that were at most as slow");
  return [...across, ...down, caption];
}

function legend(shown: readonly Curve[]): Html {
  const keys = shown.map(({ name }, index) => {
    const sample = el("svg", { class: "key-line", width: 32, height: 10, "aria-hidden": "true" }, [
      el("line", { ...stroke(index), x1: 0, x2: 32, y1: 5, y2: 5 }),
    ]);
    return el("span", { class: "key" }, [sample, name]);
  });
  return el("p", {}, keys);
}
