import { expect, test } from "vitest";
import { h2HeadOfLine } from "../../../src/detect/probe/h2-head-of-line.js";
import type { ProbeCell } from "../../../src/detect/probe-evidence.js";
import { histogramOf } from "../../../src/report/histogram.js";
import { cell, evidence, MS } from "../evidence.js";
import { h2Facts } from "../h2-facts.js";

function beside(bulk: "none" | "other" | "same", latencyMs: number, window = "1MiB"): ProbeCell {
  const made = cell({ firstByte: () => latencyMs, run: { h2: h2Facts({ ping: histogramOf([latencyMs * MS]) }) } });
  const factors = { ...made.run.factors, window, bulk };
  const id = `window=${window},bulk=${bulk}`;
  return { ...made, name: id, run: { ...made.run, id, factors } };
}

test("slower beside a bulk transfer on the same connection than beside one on another: with the PING as witness", () => {
  const [finding, ...more] = h2HeadOfLine.judge(
    evidence([beside("none", 0.4), beside("other", 15), beside("same", 150)]),
  );
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ subject: { run: "window=1MiB,bulk=same" }, count: 200, of: 200 });
  expect(finding?.title).toContain("10.0 times as long");
  expect(finding?.costNs.p50).toBeCloseTo(135 * MS, -5);
  expect(finding?.evidence[1]?.says).toBe(
    "PING round trip p50 150 ms against 15.0 ms: a PING waits behind the same bytes",
  );
  expect(finding?.whatIf?.p50Ns).toBeCloseTo(15 * MS, -5);
});

test("not one: the path itself is full, so that the requests are as slow on another connection", () => {
  expect(h2HeadOfLine.judge(evidence([beside("none", 0.4), beside("other", 100), beside("same", 150)]))).toEqual([]);
});

test("not one: a factor of ten of next to nothing", () => {
  expect(h2HeadOfLine.judge(evidence([beside("other", 0.05), beside("same", 0.5)]))).toEqual([]);
});

test("cells with another window are not compared", () => {
  const found = h2HeadOfLine.judge(evidence([beside("other", 1, "64KiB"), beside("same", 150, "16MiB")]));
  expect(found).toEqual([]);
});

test("it cannot judge without both kinds of bulk, or without streams", () => {
  expect(h2HeadOfLine.cannotJudge(evidence([beside("none", 1), beside("same", 9)]))).toMatch(/add --bulk PATH$/);
  expect(h2HeadOfLine.cannotJudge(evidence([cell()]))).toBe("the requests were not HTTP/2 streams");
  expect(h2HeadOfLine.cannotJudge(evidence([beside("other", 1), beside("same", 9)]))).toBeNull();
});
