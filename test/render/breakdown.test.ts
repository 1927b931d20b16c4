import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PARTS, shares, shareText, stackedBar } from "../../src/render/breakdown.js";
import { percent } from "../../src/render/counting.js";
import { themeFor } from "../../src/render/theme.js";
import type { Breakdown } from "../../src/report/model.js";

const theme = themeFor({ columns: 80, colour: 0, unicode: true });
const ascii = themeFor({ columns: 80, colour: 0, unicode: false });
const none: Breakdown = { network: 0, senderHold: 0, loss: 0, window: 0, server: 0, transfer: 0 };

describe("where the time went", () => {
  it("tells the parts from the largest on, and not those that took no time", () => {
    expect(shares({ ...none, network: 10, senderHold: 985, server: 5 }).map(shareText)).toEqual([
      "sender hold 99 %",
      "network 1 %",
      "server 0.5 %",
    ]);
    expect(shares(none)).toEqual([]);
    expect(stackedBar([], 20, theme)).toBe("");
  });

  it("divides the bar like the time, always in the same order", () => {
    expect(stackedBar(shares({ ...none, network: 50, loss: 25, server: 25 }), 8, theme)).toBe("╳╳▓▓░░░░");
    expect(stackedBar(shares({ ...none, network: 50, loss: 25, server: 25 }), 8, ascii)).toBe("xxoo....");
  });

  it("has a sign for every part, none like another", () => {
    for (const { marks } of [theme, ascii])
      expect(new Set(PARTS.map((part) => marks.parts[part])).size).toBe(PARTS.length);
  });

  it("is as wide as asked for, and shows every part of 1 %", () => {
    const time = fc.nat({ max: 1e9 });
    const parts = fc.record({
      network: time,
      senderHold: time,
      loss: time,
      window: time,
      server: time,
      transfer: time,
    });
    fc.assert(
      fc.property(parts, fc.integer({ min: 16, max: 40 }), (breakdownNs, width) => {
        const told = shares(breakdownNs);
        const bar = stackedBar(told, width, theme);
        expect(bar).toHaveLength(told.length === 0 ? 0 : width);
        for (const { part, share } of told) if (share >= 0.01) expect(bar).toContain(theme.marks.parts[part]);
      }),
    );
  });

  it("calls nothing 0 or 100 % that is not", () => {
    expect([0, 0.0004, 0.001, 0.0123, 0.0996, 0.5, 0.98, 0.997, 0.9995, 1].map(percent)).toEqual([
      "0 %",
      "<0.1 %",
      "0.1 %",
      "1.2 %",
      "10 %",
      "50 %",
      "98 %",
      "99.7 %",
      ">99.9 %",
      "100 %",
    ]);
  });
});
