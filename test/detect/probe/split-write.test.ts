import { expect, test } from "vitest";
import { splitWrite } from "../../../src/detect/probe/split-write.js";
import { cell, defaultCells, evidence, MS } from "../evidence.js";

test("three writes, three segments, no stall: what they cost over one write", () => {
  const split = cell({ split: "fields", firstByte: () => 0.15 });
  const findings = splitWrite.judge(evidence([cell({ firstByte: () => 0.1 }), split]));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ severity: "info", count: 200, of: 200, confidence: "certain" });
  expect(findings[0]?.costNs.p50).toBeGreaterThan(0.045 * MS);
  expect(findings[0]?.costNs.p50).toBeLessThan(0.055 * MS);
  expect(findings[0]?.evidence[0]?.says).toBe("per request: 3.00 writes, 3.00 segments");
});

test("faster than one write by chance costs nothing", () => {
  const split = cell({ split: "fields", firstByte: () => 0.08 });
  expect(splitWrite.judge(evidence([cell(), split]))[0]?.costNs).toEqual({ total: 0, p50: 0, max: 0 });
});

test("silent where the same writes stall, and where the cork joins them", () => {
  const found = splitWrite.judge(evidence(defaultCells()));
  expect(found.map((finding) => finding.subject)).toEqual([{ run: "nagle=off,split=fields,quickack=default" }]);
  expect(splitWrite.judge(evidence([cell(), cell({ split: "fields", cork: true })]))).toEqual([]);
});

test("not one: a request of many segments anyway, to which the cut adds none", () => {
  const wire = { pieces: 2, writes: 400, segments: 2000, split: "as-asked", says: "" } as const;
  const cells = [cell({ run: { wire } }), cell({ split: 2, pieces: 2, run: { wire } })];
  expect(splitWrite.judge(evidence(cells))).toEqual([]);
});

test("segments not seen: likely, and it says so", () => {
  const wire = { pieces: 3, writes: 600, segments: null, split: "not-seen", says: "" } as const;
  const [finding] = splitWrite.judge(evidence([cell(), cell({ split: "fields", run: { wire } })]));
  expect(finding?.confidence).toBe("likely");
  expect(finding?.evidence[0]?.says).toContain("segments were not seen");
});

test("it cannot judge when no cell writes in pieces", () => {
  expect(splitWrite.cannotJudge(evidence([cell()]))).toBe("no cell writes its requests in several pieces");
  expect(splitWrite.cannotJudge(evidence([]))).toBe("no cell was run");
  expect(splitWrite.cannotJudge(evidence(defaultCells()))).toBeNull();
});
