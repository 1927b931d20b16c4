import { expect, test } from "vitest";
import { judgeEarlyData } from "../../../src/detect/quic/early-data.js";
import { findingSchema, type QuicFacts } from "../../../src/report/model.js";
import { MS } from "../evidence.js";
import { quicFacts, times } from "../quic-facts.js";
import { subject } from "./subject.js";

const early = (changes: Partial<QuicFacts["earlyData"]>): QuicFacts =>
  quicFacts({ earlyData: { ...quicFacts().earlyData, ...changes } });

test("0-RTT that was refused: how many, and how much later the request went again", () => {
  const facts = early({ offered: 4, accepted: 1, rejected: 3, resumed: 1, rejectionCost: times(41, 42, 43) });
  const [finding] = judgeEarlyData(subject(facts));
  expect(findingSchema.parse(finding)).toEqual(finding);
  expect(finding).toMatchObject({ code: "quic-0rtt-rejected", severity: "warning", count: 3, of: 4 });
  expect(finding?.costNs.p50).toBeCloseTo(42 * MS, -5);
  expect(finding?.costNs.total).toBeCloseTo(126 * MS, -6);
  expect(finding?.title).toMatch(/^0-RTT rejected: 3 of 4 connections .* again 42\.0 ms \(p50\) later$/);
  expect(finding?.fix[0]).toMatch(/^share the ticket keys/);
  expect(finding?.evidence[0]?.says).toBe("4 connections sent 0-RTT packets with a ticket; 1 was accepted");
});

test("what went again may not have been seen: still one, without a cost", () => {
  const [finding] = judgeEarlyData(subject(early({ offered: 1, rejected: 1 })));
  expect(finding).toMatchObject({ count: 1, of: 1, costNs: { total: 0 } });
  expect(finding?.evidence[1]?.says).toBe("what went again was not seen");
  expect(finding?.fix[0]).toMatch(/^turn early data on at the server/);
});

test("not one: accepted, not offered, or offered with an outcome that nobody could read", () => {
  expect(judgeEarlyData(subject(early({ offered: 4, accepted: 4, resumed: 4 })))).toEqual([]);
  expect(judgeEarlyData(subject(early({ resumed: 4 })))).toEqual([]);
  expect(judgeEarlyData(subject(early({ offered: 4 })))).toEqual([]);
});
