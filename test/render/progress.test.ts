import { describe, expect, it } from "vitest";
import { cellName, cellsOf } from "../../src/probes/experiment.js";
import { type CaptureProgress, captureProgressLine, progressLine } from "../../src/render/progress.js";
import { displayWidth } from "../../src/render/text.js";

/** As `cellName` of the experiment gives it: the default experiment varies these two. */
const state = { cell: "nagle=on split=fields", fraction: 0.426, p50Ns: 43.9e6, p99Ns: 44.1e6, etaSeconds: 11.2 };
const line = (columns: number, change: Partial<typeof state> | { p50Ns: null } = {}): string =>
  progressLine({ ...state, ...change }, { columns, colour: 0, unicode: true });

describe("progress", () => {
  it("has a bar, the share done, the cell, live percentiles and the time left", () => {
    expect(line(100)).toBe(
      "━━━━━━━━━━──────────────   42 %  nagle=on split=fields  p50 43.9 ms  p99 44.1 ms  12 s left",
    );
  });

  it("drops the bar, then the end of the name, then the percentiles, then the time left", () => {
    expect(line(67)).toBe(" 42 %  nagle=on split=fields  p50 43.9 ms  p99 44.1 ms  12 s left");
    expect(line(60)).toBe(" 42 %  nagle=on split…  p50 43.9 ms  p99 44.1 ms  12 s left");
    expect(line(50)).toBe("━━━─────   42 %  nagle=on split=fields  12 s left");
    expect(line(29)).toBe(" 42 %  nagle=on split=fields");
    expect(line(13)).toBe(" 42 %  nagl…");
  });

  it("has the percentiles at 80 columns, whatever the experiment is", () => {
    const factors = {
      nagle: ["on", "off"],
      split: ["none", "each", 16, [4, 10]],
      quickack: ["default", "on"],
    } as const;
    for (const cork of [["off"], ["on", "off"]] as const) {
      const cells = cellsOf({ ...factors, cork });
      for (const cell of [
        ...cells,
        ...cellsOf({ nagle: ["on"], split: ["fields"], quickack: ["default"], cork: ["off"] }),
      ]) {
        const text = line(80, { cell: cellName(cell, cells), p50Ns: 143.9e6, p99Ns: 144.1e6, etaSeconds: 185 });
        expect(text).toMatch(/^.*\d % {2}nagle=(on|off) split=.* {2}p50 144 ms {2}p99 144 ms {2}3:05 min left$/);
        expect(displayWidth(text)).toBeLessThan(80);
      }
    }
  });

  it("is never wider than the terminal nor more than one line, whatever the cell is called", () => {
    for (const cell of ["", "漢字".repeat(30), "a\r\n\u001b[2Jb"]) {
      for (let columns = 0; columns <= 130; columns++) {
        for (const colour of [0, 3] as const) {
          const text = progressLine(
            { ...state, cell, etaSeconds: 185, fraction: 7 },
            { columns, colour, unicode: true },
          );
          expect(displayWidth(text)).toBeLessThanOrEqual(Math.max(0, columns - 1));
          expect(text).not.toMatch(/[\r\n]|\[2J(?<!x1b\[2J)/);
        }
      }
    }
  });

  it("leaves out what is not known yet", () => {
    const text = progressLine(
      { ...state, p50Ns: null, p99Ns: null, etaSeconds: null, fraction: Number.NaN },
      { columns: 80, colour: 0, unicode: false },
    );
    expect(text).toBe("........................    0 %  nagle=on split=fields");
  });
});

describe("progress of a capture", () => {
  const read: CaptureProgress = {
    packets: 1_234_567,
    bytes: 400 * 1024 ** 2,
    totalBytes: 1000 * 1024 ** 2,
    flows: 10_000,
    exchanges: 61_728,
    stalls: 59,
    elapsedSeconds: 2,
  };
  const shown = (columns: number, change: Partial<CaptureProgress> = {}, colour: 0 | 3 = 0): string =>
    captureProgressLine({ ...read, ...change }, { columns, colour, unicode: true });

  it("has a bar, how far it is, what was seen and found, and the time left", () => {
    expect(shown(111)).toBe(
      "━━━━━━━━━─────────────   40 %  1,234,567 packets  400 MiB  10,000 flows  61,728 exchanges  59 stalls  3 s left",
    );
  });

  it("tells of a pipe, whose end nobody knows, how long it has been read", () => {
    expect(shown(100, { totalBytes: null })).toBe(
      "1,234,567 packets  400 MiB  10,000 flows  61,728 exchanges  59 stalls  2 s",
    );
  });

  it("drops what is least needed, the stalls last", () => {
    expect(shown(81)).toBe(" 40 %  1,234,567 packets  10,000 flows  61,728 exchanges  59 stalls  3 s left");
    expect(shown(51)).toBe("━━━━━────────   40 %  1,234,567 packets  59 stalls");
    expect(shown(20)).toBe(" 40 %  59 stalls");
    expect(shown(10)).toBe(" 40 % 59…");
  });

  it("is never wider than the terminal, nor shows nonsense before the first byte and after the last", () => {
    for (const bytes of [0, 1, 999, 1000, 5000]) {
      for (const totalBytes of [null, 0, 1000]) {
        for (let columns = 0; columns <= 130; columns++) {
          const text = shown(columns, { bytes, totalBytes }, 3);
          expect(displayWidth(text)).toBeLessThanOrEqual(Math.max(0, columns - 1));
          expect(text).not.toMatch(/NaN|Infinity|[\r\n]/);
        }
      }
    }
  });
});
