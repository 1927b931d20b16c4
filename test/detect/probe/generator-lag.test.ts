import { expect, test } from "vitest";
import { generatorLag } from "../../../src/detect/probe/generator-lag.js";
import { cell, evidence, MS, stalling } from "../evidence.js";

const open = { openLoop: true };

test("two of a hundred requests left 5 ms late: counted", () => {
  const late = cell({ lag: (request) => (request % 50 === 0 ? 5 : 0.01), run: { targetRatePerSecond: 20_000 } });
  const [finding] = generatorLag.judge(evidence([late], open));
  expect(finding).toMatchObject({
    severity: "warning",
    count: 4,
    of: 200,
    costNs: { p50: 5 * MS },
    confidence: "certain",
  });
  expect(finding?.evidence[0]?.says).toContain("asked for 20000/s");
});

test("not one: below 1 ms, one request in 200, or a tenth of a slow target's latency", () => {
  expect(generatorLag.judge(evidence([cell({ lag: () => 0.9 })], open))).toEqual([]);
  expect(generatorLag.judge(evidence([cell({ lag: (request) => (request === 0 ? 5 : 0) })], open))).toEqual([]);
  expect(generatorLag.judge(evidence([cell({ lag: () => 3, firstByte: () => 40 })], open))).toEqual([]);
});

test("each cell by its own latency: 3 ms are too late for 0.1 ms, not for 44 ms", () => {
  const findings = generatorLag.judge(evidence([cell({ lag: () => 3 }), cell({ ...stalling, lag: () => 3 })], open));
  expect(findings.map(({ subject }) => subject)).toEqual([{ run: "nagle=off,split=none,quickack=default" }]);
});

test("waiting for a free connection is not our lateness", () => {
  expect(generatorLag.judge(evidence([cell({ wait: () => 500 })], open))).toEqual([]);
});

test("it cannot judge in the closed loop", () => {
  expect(generatorLag.cannotJudge(evidence([cell()]))).toContain("closed loop");
  expect(generatorLag.cannotJudge(evidence([], open))).toBe("no cell was run");
});
