import { expect, test } from "vitest";
import { h2FlowControl } from "../../../src/detect/probe/h2-flow-control.js";
import { cell, evidence, MS } from "../evidence.js";
import { h2Facts } from "../h2-facts.js";

const frames = { sent: { DATA: 400 }, received: { WINDOW_UPDATE: 300 } };

test("bodies that waited for window: how many, how long, the window that the server announced", () => {
  const h2 = h2Facts({ frames, serverSettings: { INITIAL_WINDOW_SIZE: 65_536 } });
  const [finding] = h2FlowControl.judge(evidence([cell({ firstByte: () => 12, window: () => 9, run: { h2 } })]));
  expect(finding).toMatchObject({ severity: "error", count: 200, of: 200, confidence: "certain" });
  expect(finding?.costNs.p50).toBe(9 * MS);
  expect(finding?.evidence[0]?.says).toBe(
    "the server announced a window of 64 KiB per stream; 300 WINDOW_UPDATE frames came",
  );
  expect(finding?.whatIf?.p50Ns).toBeCloseTo(3 * MS, -4);
});

test("a wait that is less than half of the latency is a warning; the default window is said where none was sent", () => {
  const sketch = { firstByte: () => 50, window: () => 9, run: { h2: h2Facts({ serverSettings: {} }) } };
  const [finding] = h2FlowControl.judge(evidence([cell(sketch)]));
  expect(finding?.severity).toBe("warning");
  expect(finding?.evidence[0]?.says).toContain("64.0 KiB");
});

test("not one: two of two hundred, or waits as short as our own event loop", () => {
  const run = { h2: h2Facts() };
  expect(h2FlowControl.judge(evidence([cell({ window: (at) => (at < 2 ? 9 : 0), run })]))).toEqual([]);
  expect(h2FlowControl.judge(evidence([cell({ window: () => 0.05, run })]))).toEqual([]);
});

test("it cannot judge requests that were no streams", () => {
  expect(h2FlowControl.cannotJudge(evidence([cell()]))).toBe("the requests were not HTTP/2 streams");
  expect(h2FlowControl.judge(evidence([cell({ window: () => 9 })]))).toEqual([]);
});
