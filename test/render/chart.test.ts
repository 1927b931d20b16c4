import { describe, expect, it } from "vitest";
import { axis, bars, logEdges } from "../../src/render/chart.js";
import { themeFor } from "../../src/render/theme.js";
import { histogramOf } from "../../src/report/histogram.js";

const { marks } = themeFor({ columns: 80, colour: 0, unicode: true });
const ascii = themeFor({ columns: 80, colour: 0, unicode: false }).marks;

describe("bars on a shared log scale", () => {
  it("has no scale when nothing was measured", () => {
    expect(logEdges([histogramOf([])], 20)).toBeNull();
  });

  it("covers every value of every histogram with ascending edges at equal ratios", () => {
    const edges = logEdges([histogramOf([80e3, 90e3]), histogramOf([44e6])], 20) ?? [];
    expect(edges).toHaveLength(21);
    expect(edges[0]).toBeLessThanOrEqual(80e3);
    expect(edges[20]).toBeGreaterThan(44e6);
    const ratios = edges.slice(1).map((edge, at) => edge / edges[at]!);
    for (const ratio of ratios) expect(ratio).toBeCloseTo(ratios[0]!, 9);
  });

  it("never draws a bin that holds a value as blank, and one that holds none always", () => {
    const data = histogramOf([...Array(100_000).fill(100e3), 44e6]);
    const drawn = bars(data, logEdges([data], 20) ?? [], marks);
    expect(drawn).toMatch(/^█ {18}▁$/);
    expect(bars(data, logEdges([data], 20) ?? [], ascii)).toMatch(/^@ {18}\.$/);
  });

  it("stands a single value, and zero, somewhere on a scale", () => {
    for (const value of [0, 1, 5e6]) {
      const data = histogramOf([value]);
      const drawn = bars(data, logEdges([data], 16) ?? [], marks);
      expect(drawn.replaceAll(" ", "")).toBe("█");
      expect(drawn).toHaveLength(16);
    }
  });

  it("puts ticks where the round durations lie", () => {
    const edges = logEdges([histogramOf([100e3, 44e6])], 20) ?? [];
    const [rule, labels] = axis(edges, marks);
    expect(rule).toHaveLength(20);
    for (const [text, value] of [
      ["100 us", 100e3],
      ["1 ms", 1e6],
      ["10 ms", 10e6],
    ] as const) {
      const at = labels.indexOf(text);
      expect(rule[at]).toBe("┴");
      expect(edges[at]).toBeLessThanOrEqual(value);
      expect(edges[at + 1]).toBeGreaterThan(value);
    }
  });

  it("names two durations at least on the narrowest of scales, within its width", () => {
    for (const [low, high] of [
      [100e3, 101e3],
      [116e3, 190e3],
      [95e3, 160e3],
      [3e6, 4e6],
      [1, 3600e9],
      [40, 41],
    ] as const) {
      for (const bins of [16, 20, 40]) {
        const [rule, labels] = axis(logEdges([histogramOf([low, high])], bins) ?? [], marks);
        expect(labels.length, `${low} to ${high} in ${bins}`).toBeLessThanOrEqual(bins);
        expect(
          [...rule].filter((sign) => sign === "┴").length,
          `${low} to ${high} in ${bins}: ${labels}`,
        ).toBeGreaterThanOrEqual(1);
      }
    }
  });
});
