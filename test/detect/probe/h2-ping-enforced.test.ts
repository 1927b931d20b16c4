import { expect, test } from "vitest";
import { h2Goaway, h2PingEnforced } from "../../../src/detect/probe/h2-goaway.js";
import { cell, evidence, MS } from "../evidence.js";
import { goaway, h2Facts } from "../h2-facts.js";

const calmDown = goaway({ errorCode: "ENHANCE_YOUR_CALM", debug: "too_many_pings", pings: 4 });
const ended = (goaways: ReturnType<typeof goaway>[], connections = 2) =>
  evidence([cell({ run: { connections, h2: h2Facts({ goaways }) } })]);

test("a server that wants fewer pings: its words, after how many of ours", () => {
  const [finding] = h2PingEnforced.judge(ended([calmDown]));
  expect(finding).toMatchObject({ severity: "error", count: 1, of: 2, confidence: "certain" });
  expect(finding?.title).toBe('pings refused: 1 of 2 connections were ended with ENHANCE_YOUR_CALM "too_many_pings"');
  expect(finding?.evidence[0]?.says).toContain(
    '"too_many_pings" 80.0 ms after the connection was open, last stream 11, 0 of ours above it, after 4 pings of ours',
  );
  expect(finding?.costNs.total).toBeCloseTo(0.08 * MS, -3);
  expect(h2Goaway.judge(ended([calmDown]))).toEqual([]);
});

test("found where nothing was answered: each connection ended before its first answer", () => {
  const seen = evidence([cell({ requests: 0, run: { connections: 1, h2: h2Facts({ goaways: [calmDown] }) } })]);
  expect(h2PingEnforced.judge(seen)).toHaveLength(1);
});

test("not one: the same code without a ping of ours, or pings and a graceful end", () => {
  expect(h2PingEnforced.judge(ended([{ ...calmDown, pings: 0 }]))).toEqual([]);
  expect(h2PingEnforced.judge(ended([goaway({ pings: 12 })]))).toEqual([]);
  expect(h2PingEnforced.judge(ended([]))).toEqual([]);
});

test("it cannot judge requests that were no streams", () => {
  expect(h2PingEnforced.cannotJudge(evidence([cell()]))).toBe("the requests were not HTTP/2 streams");
});
