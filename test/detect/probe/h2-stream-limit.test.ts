import { expect, test } from "vitest";
import { h2StreamLimit } from "../../../src/detect/probe/h2-stream-limit.js";
import { histogramOf } from "../../../src/report/histogram.js";
import { type CellSketch, cell, evidence, MS } from "../evidence.js";
import { h2Facts } from "../h2-facts.js";

const law = (arrivalPerSecond: number, residenceNs: number) => {
  const expected = (arrivalPerSecond * residenceNs) / 1e9;
  return { arrivalPerSecond, residenceNs, expected, measured: expected };
};

/** 100 requests at once on ten streams of 20 ms: ten go at once, the next ten wait 20 ms, and so on. */
const waiting: CellSketch = {
  requests: 100,
  firstByte: (request) => 20 + 20 * Math.floor(request / 10),
  queue: (request) => 20 * Math.floor(request / 10),
  run: {
    h2: h2Facts({
      streams: 100,
      mostOpen: 10,
      littlesLaw: { queue: law(500, 90 * MS), wire: law(500, 20 * MS) },
    }),
  },
};

test("more requests at once than streams: who waited, how long, and Little's law", () => {
  const [finding, ...more] = h2StreamLimit.judge(evidence([cell(waiting)]));
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ severity: "error", count: 90, of: 100, confidence: "certain" });
  expect(finding?.costNs).toMatchObject({ p50: 100 * MS, max: 180 * MS });
  expect(finding?.title).toContain("one of 10 streams");
  expect(finding?.evidence[0]?.says).toContain("SETTINGS_MAX_CONCURRENT_STREAMS is 10");
  expect(finding?.evidence[1]?.says).toBe(
    "waiting for a stream: 500/s x 90.0 ms = 45.0 (L = lambda x W), measured 45.0",
  );
  expect(finding?.whatIf?.p50Ns).toBeCloseTo(20 * MS, -4);
});

test("the first ten of a burst wait for our own turn only: they are not counted", () => {
  const queue = (request: number) => (request < 10 ? 0.7 : 20 * Math.floor(request / 10));
  const h2 = h2Facts({ streams: 100, mostOpen: 10, server: histogramOf([20 * MS]) });
  expect(h2StreamLimit.judge(evidence([cell({ ...waiting, queue, run: { h2 } })]))[0]?.count).toBe(90);
});

test("not one: as many as the server allows, or no limit, though they wait", () => {
  for (const facts of [{ streams: 10 }, { streams: 100, streamLimit: null }, { streams: 100, streamLimit: 128 }]) {
    expect(h2StreamLimit.judge(evidence([cell({ ...waiting, run: { h2: h2Facts(facts) } })]))).toEqual([]);
  }
});

test("not one: above the limit, but a block never had so many; nobody waited", () => {
  expect(h2StreamLimit.judge(evidence([cell({ ...waiting, queue: () => 0.01 })]))).toEqual([]);
});

test("it cannot judge requests that were no streams, nor without a usable cell", () => {
  expect(h2StreamLimit.cannotJudge(evidence([cell()]))).toBe("the requests were not HTTP/2 streams");
  expect(h2StreamLimit.cannotJudge(evidence([]))).toBe("no cell was run");
  expect(h2StreamLimit.cannotJudge(evidence([cell(waiting)]))).toBeNull();
});
