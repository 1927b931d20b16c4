import { describe, expect, it } from "vitest";
import { ladderCaption, ladderLines } from "../../src/render/ladder.js";
import { displayWidth } from "../../src/render/text.js";
import { themeFor } from "../../src/render/theme.js";
import type { Ladder, Report } from "../../src/report/model.js";
import { lossesCapture, stallCapture } from "./sample-capture.js";

const ladderOf = (report: Report): Ladder => report.findings[0]!.ladder!;
const draw = (report: Report, width = 80, unicode = true): string[] =>
  ladderLines(ladderOf(report), report, width, 4, themeFor({ columns: width, colour: 0, unicode }));

describe("the ladder of an exchange", () => {
  it("shows 10 bytes, the gap, the lone ACK, 90 bytes and the answer", () => {
    expect(draw(stallCapture(), 120)).toEqual([
      "        client 10.77.0.1:47910   server 10.77.0.2:7777",
      "    #45   0.000 ms ├── 10 B PSH ACK ──────►│  small piece: it leaves data unacknowledged",
      "                   ┆  46.9 ms of silence   ┆  99.8 % of this exchange",
      "    #46  46.900 ms │◄─────────────── ACK ──┤  the delayed ACK, alone",
      "    #47  46.915 ms ├── 90 B PSH ACK ──────►│  held back until then: 14.9 us after the ACK",
      "    #48  46.949 ms │◄─────────────── ACK ──┤",
      "    #49  47.006 ms │◄────── 50 B PSH ACK ──┤  the answer",
    ]);
  });

  it("says the same in ASCII", () => {
    const text = draw(stallCapture(), 80, false).join("\n");
    expect(text).toMatch(/^[ -~\n]*$/);
    expect(text).toContain("|-- 10 B PSH ACK ------>|");
    expect(text).toContain(":  46.9 ms of silence   :");
    expect(text).toContain("|<------ 50 B PSH ACK --|");
  });

  it("keeps its rails straight at every width, and within it", () => {
    for (const report of [stallCapture(), lossesCapture()]) {
      for (let width = 40; width <= 130; width++) {
        const lines = draw(report, width);
        for (const line of lines) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
        const rails = lines.filter((line) => /[├│┆].*[┤│┆]/.test(line));
        expect(rails.length).toBeGreaterThanOrEqual(ladderOf(report).steps.length + 1);
        expect(new Set(rails.map((line) => line.search(/[├│┆]/))).size, rails.join("\n")).toBe(1);
        expect(
          new Set(rails.map((line) => Math.max(...["┤", "│", "┆"].map((rail) => line.lastIndexOf(rail))))).size,
        ).toBe(1);
      }
    }
  });

  it("loses no word of what a packet proves, however narrow", () => {
    const says = ladderOf(lossesCapture()).steps.flatMap((step) => step.says ?? []);
    for (const width of [40, 48, 80]) {
      const words = draw(lossesCapture(), width)
        .join(" ")
        .replaceAll(/[│├┤┆]|\s+/g, " ")
        .replaceAll(/ +/g, " ");
      for (const text of says) expect(words).toContain(text.split(" ").at(-1));
    }
    expect(draw(lossesCapture(), 60).join("\n")).toContain("sent again after 211 ms, no duplicate │");
  });

  it("says that packets were left out, and marks no gap where they were", () => {
    const lines = draw(lossesCapture());
    expect(lines[2]).toMatch(/┆ +3 earlier packets +┆ {2}not shown/);
    expect(lines.filter((line) => line.includes("silence"))).toHaveLength(1);
  });

  it("marks only gaps that are a large part of the whole", () => {
    const report = stallCapture();
    const ladder = ladderOf(report);
    ladder.steps = [0, 1, 2, 3, 10].map((ms, at) => ({
      packet: at + 1,
      atNs: ms * 1e6,
      from: "client",
      bytes: 1,
      flags: "ACK",
    }));
    expect(draw(report).filter((line) => line.includes("silence"))).toHaveLength(1);
    expect(draw(report).join("\n")).toContain("7.00 ms of silence");
  });

  it("names no address where the capture does not prove who is the client", () => {
    const report = stallCapture();
    report.flows[0]!.client = null;
    expect(draw(report)[0]).toMatch(/^ +client +server$/);
    report.flows = [];
    expect(draw(report)[0]).toMatch(/^ +client +server$/);
  });

  it("says where in the capture it is", () => {
    expect(ladderCaption(ladderOf(stallCapture()))).toBe(
      "47.0 ms on flow 1, 308 ms after the first packet of the capture (packets 45 to 49)",
    );
  });

  it("draws nothing without packets", () => {
    const report = stallCapture();
    ladderOf(report).steps = [];
    expect(draw(report)).toEqual([]);
    expect(ladderCaption(ladderOf(report))).not.toMatch(/NaN|Infinity/);
  });
});
