import { expect, test } from "vitest";
import { judgeLoss } from "../../../src/detect/quic/loss.js";
import { findingSchema, type QuicFacts } from "../../../src/report/model.js";
import { MS } from "../evidence.js";
import { type Loss, loss, quicFacts, spread } from "../quic-facts.js";
import { subject } from "./subject.js";

const losing = (client: Partial<Loss>, server: Partial<Loss>, more: Partial<QuicFacts> = {}): QuicFacts =>
  quicFacts({ loss: { client: loss(client), server: loss(server) }, ...more });

const lossy = { sent: 500, acknowledged: 490, lost: 10, ratio: 0.02, resentBytes: 12_000 };

test("packets lost on the way, the requests that waited for them, and what that cost each", () => {
  const lossDelay = { hit: spread(8, (at) => 80 + at), spared: spread(192, () => 41) };
  const [finding, ...others] = judgeLoss(subject(losing({ lost: 2, ratio: 0.005 }, lossy, { lossDelay })));
  expect(others).toEqual([]);
  expect(findingSchema.parse(finding)).toEqual(finding);
  expect(finding).toMatchObject({ severity: "warning", count: 8, of: 200, confidence: "certain" });
  expect(finding?.costNs.p50).toBeCloseTo(42 * MS, -6);
  expect(finding?.costNs.total).toBeCloseTo(8 * 42.5 * MS, -7);
  expect(finding?.title).toMatch(/^QUIC packet loss: 10 of 500 packets of the server were lost \(2\.00 %\); 8 of 200/);
  expect(finding?.evidence.map(({ says }) => says.slice(0, 10))).toEqual(["the server", "the client", "requests w"]);
  expect(finding?.whatIf?.p50Ns).toBeCloseTo(41 * MS, -5);
});

test("requests not told apart: the least that a loss can cost, by the round trip, and that it is an estimate", () => {
  const [finding] = judgeLoss(subject(losing({}, lossy)));
  expect(finding).toMatchObject({ count: 10, of: 500, confidence: "likely", whatIf: null });
  expect(finding?.costNs.total).toBeCloseTo(10 * 1.125 * 40.4 * MS, -7);
  const [blind] = judgeLoss(subject(losing({}, lossy, { rtt: null })));
  expect(blind?.costNs.total).toBe(0);
  expect(blind?.evidence.at(-1)?.says).toContain("was not seen");
});

test("what never came to us counts as lost; with too few spared requests there is nothing to compare with", () => {
  const lossDelay = { hit: spread(20, () => 80), spared: spread(2, () => 41) };
  const [finding] = judgeLoss(subject(losing({}, { sent: 380, lost: 0, notSeen: 20 }, { lossDelay })));
  expect(finding).toMatchObject({ count: 20, of: 400, confidence: "likely", severity: "warning" });
  expect(finding?.evidence[0]?.says).toContain("0 were passed over, 20 more never came here");
});

test("below one in a hundred it is an info", () => {
  expect(judgeLoss(subject(losing({}, { sent: 1000, lost: 5, ratio: 0.005 })))).toMatchObject([{ severity: "info" }]);
});

test("not one: packets that were only overtaken, none at all, or acknowledgements that could not be read", () => {
  expect(judgeLoss(subject(losing({}, { lost: 10, spurious: 10, resentBytes: 9000 })))).toEqual([]);
  expect(judgeLoss(subject(quicFacts()))).toEqual([]);
  expect(judgeLoss(subject(quicFacts({ loss: { client: null, server: null } })))).toEqual([]);
});
