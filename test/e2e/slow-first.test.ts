/** One slow request before others, on what carries them: a pipeline, six connections, HTTP/2. */
import { expect, test } from "vitest";
import type { Report } from "../../src/report/model.js";
import { findingsOf, netlat, probe } from "./netlat.js";

const p50Of = (report: Report, carrier: string): number =>
  report.runs.find(({ factors }) => factors.carrier === carrier)?.latency.p50 ?? Number.NaN;

test("behind a page of 100 ms a pipeline waits for it, six connections and HTTP/2 do not", async () => {
  const report = await probe(["lab:h2", "--slow-first", "/slow", "--requests", "60"]);
  expect(report.runs.map(({ errors }) => errors)).toEqual([{}, {}, {}]);
  expect(p50Of(report, "pipelined")).toBeGreaterThan(90e6);
  expect(p50Of(report, "six")).toBeLessThan(50e6);
  expect(p50Of(report, "http2")).toBeLessThan(50e6);
  expect(report.verdict.reasons[0]).toMatch(
    /^Behind one slow request \(\/slow\) the other 19 .* over one pipelined connection, .* over six connections, .* HTTP\/2/,
  );
  expect(report.source).toMatchObject({
    pacing: "closed loop, 1 or 6 connections",
    engineReason: "one event loop for all carriers",
  });
  // Six connections were wanted, and six were opened.
  expect(findingsOf(report, "connection-churn")).toEqual([]);
});

test("a carrier that the server does not speak is named", async () => {
  const report = await probe(["lab:h2c", "--slow-first", "/slow", "--requests", "20"]);
  expect(report.verdict.reasons[1]).toMatch(/^No answer came over one pipelined connection and six connections,/);
});

test("in clear text without a word about HTTP/2 it is not tried, and that is said", async () => {
  const report = await probe(["lab:http", "--slow-first", "/slow", "--requests", "20"]);
  expect(report.runs.map(({ factors }) => factors.carrier).sort()).toEqual(["pipelined", "six"]);
  expect(report.verdict.reasons[1]).toMatch(/^HTTP\/2 was not tried/);
});

test.each([
  ["--streams", ["--streams", "5"]],
  ["--rate", ["--rate", "100/s"]],
  ["--connections", ["--connections", "4"]],
  ["--reuse off", ["--reuse", "off"]],
])("%s would make it another experiment", async (flag, args) => {
  const { code, stderr } = await netlat(["probe", "lab:h2", "--slow-first", "/slow", ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(new RegExp(`^netlat: ${flag}: --slow-first has its own connections and bursts; leave it out`));
});
