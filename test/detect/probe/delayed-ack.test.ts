import { expect, test } from "vitest";
import { delayedAck } from "../../../src/detect/probe/delayed-ack.js";
import { BLIND, cell, defaultCells, evidence, MS, stalling } from "../evidence.js";

const late = { firstByte: () => 60, ackDelay: (request: number) => (request % 2 === 0 ? 40.3 : Number.NaN) };

test("the ACK came alone and late, nothing was held: counted, and it cost nobody anything", () => {
  const findings = delayedAck.judge(evidence([cell(late), cell({ ...late, nagle: true })]));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ severity: "info", count: 100, of: 200, confidence: "certain" });
  expect(findings[0]?.costNs).toEqual({ total: 0, p50: 0, max: 0 });
  expect(findings[0]?.evidence.map(({ says }) => says)).toEqual([
    "the ACK of a request's last piece came alone after 40.3 ms (p50), 40.3 ms at most",
    "the same in 1 more cell",
  ]);
});

test("not one: something was held for it, the path is that long, or it came in time", () => {
  expect(
    delayedAck.judge(evidence([cell({ ...stalling, firstByte: () => 44, held: () => 43.8, ackDelay: () => 40 })])),
  ).toEqual([]);
  expect(delayedAck.judge(evidence([cell(late)], { minRttNs: 39 * MS }))).toEqual([]);
  expect(delayedAck.judge(evidence([cell({ ackDelay: () => 0.04 })]))).toEqual([]);
});

test("it cannot judge without timestamps", () => {
  expect(delayedAck.cannotJudge(evidence([cell(BLIND)], { timestamps: false }))).toContain("no kernel timestamps");
  expect(delayedAck.cannotJudge(evidence(defaultCells()))).toBeNull();
});
