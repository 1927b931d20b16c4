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

test("nor one: a few segments more or less among thousands, with the one-write cell and without", () => {
  const wire = (segments: number) => ({ pieces: 3, writes: 600, segments, split: "as-asked", says: "" }) as const;
  const split = cell({ split: "fields", run: { wire: wire(200 * 2007.5) } });
  expect(splitWrite.judge(evidence([cell({ run: { wire: wire(200 * 2002) } }), split]))).toEqual([]);
  expect(splitWrite.judge(evidence([split]))).toEqual([]);
});

test("the title says how many segments one write needs, by measurement", () => {
  const wire = (segments: number) => ({ pieces: 3, writes: 600, segments, split: "as-asked", says: "" }) as const;
  const split = cell({ split: "fields", run: { wire: wire(200 * 6) } });
  const [finding] = splitWrite.judge(evidence([cell({ run: { wire: wire(200 * 4) } }), split]));
  expect(finding?.title).toBe(
    "each request is written in 3 pieces and travels in 6.00 segments where one write needs 4.00",
  );
});

test("without the one-write cell its cost is unknown, and it says so", () => {
  const [finding] = splitWrite.judge(evidence([cell({ split: "fields" })]));
  expect(finding).toMatchObject({ confidence: "likely", costNs: { total: 0 }, whatIf: null });
  expect(finding?.evidence[1]?.says).toContain("not measured");
});

test("the pauses we were told to make between the pieces are no cost of theirs", () => {
  const split = cell({ split: "fields", gap: 20, firstByte: () => 40.15 });
  const [finding] = splitWrite.judge(evidence([cell({ gap: 20 }), split]));
  expect(finding?.costNs.p50).toBeLessThan(0.3 * MS);
  expect(finding?.evidence[1]?.says).toContain("40.0 ms of it our own pauses (--gap)");
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
