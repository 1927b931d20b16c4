import { expect, test } from "vitest";
import { PROBE_FINDING_CODES } from "../../src/detect/finding-codes.js";
import { judge } from "../../src/detect/judge.js";
import { timelyEvidence } from "../../src/detect/probe/generator-lag.js";
import { PROBE_DETECTORS } from "../../src/detect/probe/registry.js";
import { findingSchema } from "../../src/report/model.js";
import { cell, defaultCells, evidence, stalling } from "./evidence.js";

test("the default probe of a stalling server: one error, every detector accounted for, findings as the schema says", () => {
  const { findings, detectors } = judge(evidence(defaultCells()));
  expect(findings.map((finding) => [finding.code, finding.severity])).toEqual([
    ["nagle-delayed-ack", "error"],
    ["split-write", "info"],
  ]);
  for (const finding of findings) expect(findingSchema.parse(finding)).toEqual(finding);
  expect(detectors.map((outcome) => outcome.code)).toEqual([...PROBE_FINDING_CODES]);
  expect(detectors.at(-1)).toMatchObject({ code: "generator-lag", status: "not-applicable" });
  expect(detectors[0]).toEqual({
    code: "nagle-delayed-ack",
    status: "ran",
    reason: "looked at 800 answered requests in 4 of 4 cells",
  });
});

test("when we were late ourselves, that is all that is said", () => {
  const late = cell({ ...stalling, lag: () => 8 });
  const { findings, detectors } = judge(evidence([late], { openLoop: true }));
  expect(findings.map((finding) => finding.code)).toEqual(["generator-lag"]);
  for (const outcome of detectors.slice(0, -1)) {
    expect(outcome).toMatchObject({ status: "not-applicable", reason: "we were late ourselves (generator-lag)" });
  }
});

test("late in one cell: only that cell is void, and a stall proved in another stands", () => {
  const late = cell({ split: "fields", firstByte: () => 20, lag: () => 8 });
  const { findings, detectors } = judge(evidence([cell(), late, cell(stalling)], { openLoop: true }));
  expect(findings.map(({ code, subject }) => [code, subject])).toEqual([
    ["nagle-delayed-ack", { run: "nagle=on,split=fields,quickack=default" }],
    ["generator-lag", { run: "nagle=off,split=fields,quickack=default" }],
  ]);
  expect(detectors[0]?.reason).toBe(
    "looked at 400 answered requests in 2 of 3 cells; in 1 we were late ourselves (generator-lag)",
  );
});

test("a cell in which we were late is neither calm, worst nor a twin", () => {
  const lateCalm = cell({ firstByte: () => 15, lag: () => 8 });
  const seen = evidence([lateCalm, cell({ nagle: true })], { openLoop: true });
  expect(seen.calm).toBe(lateCalm);
  expect(timelyEvidence(seen)).toMatchObject({ calm: { nagle: true }, worst: { nagle: true } });
  expect(judge(seen).findings.map((finding) => finding.code)).toEqual(["generator-lag"]);
});

test("a detector that throws is an outcome; the others still run", () => {
  const broken = {
    ...PROBE_DETECTORS,
    "split-write": {
      ...PROBE_DETECTORS["split-write"],
      judge() {
        throw new Error("a bug");
      },
    },
  };
  const { findings, detectors } = judge(evidence(defaultCells()), broken);
  expect(detectors[1]).toEqual({ code: "split-write", status: "failed", reason: "a bug" });
  expect(findings.map((finding) => finding.code)).toEqual(["nagle-delayed-ack"]);
});

test("nothing was answered: nobody ran, and each says why", () => {
  const { findings, detectors } = judge(evidence([cell({ requests: 0 })]));
  expect(findings).toEqual([]);
  expect(new Set(detectors.map((outcome) => outcome.status))).toEqual(new Set(["not-applicable"]));
});
