import { expect, test } from "vitest";
import { judgeRetry, judgeVersionNegotiation } from "../../../src/detect/quic/extra-trip.js";
import { findingSchema, type QuicFacts } from "../../../src/report/model.js";
import { MS } from "../evidence.js";
import { quicFacts, times } from "../quic-facts.js";
import { subject } from "./subject.js";

const detour = (step: string, ms: number, changes: Partial<QuicFacts["handshake"]>): QuicFacts => {
  const calm = quicFacts().handshake;
  const flights = [{ name: `client hello to ${step}`, time: times(ms, ms, ms + 2) }, ...calm.flights];
  return quicFacts({ handshake: { ...calm, flights, ...changes } });
};

test("Retry: how many of the connections, and the round trip it was measured to cost", () => {
  const [finding] = judgeRetry(subject(detour("retry", 40, { retries: 3 })));
  expect(findingSchema.parse(finding)).toEqual(finding);
  expect(finding).toMatchObject({ code: "quic-retry", severity: "warning", count: 3, of: 4, confidence: "certain" });
  expect(finding?.costNs.p50).toBeCloseTo(40 * MS, -5);
  expect(finding?.costNs.total).toBeCloseTo(122 * MS, -6);
  expect(finding?.title).toMatch(/^Retry: 3 of 4 connections were sent back .* 40\.0 ms \(p50\)/);
  expect(finding?.evidence[0]?.says).toContain("first Initial to retry: 40.0 ms (p50); the whole handshake took 42");
});

test("Version Negotiation is told by its own packets, not by a Retry", () => {
  const facts = detour("version negotiation", 40, { versionNegotiations: 4 });
  expect(judgeRetry(subject(facts))).toEqual([]);
  expect(judgeVersionNegotiation(subject(facts))).toMatchObject([
    { code: "quic-version-negotiation", count: 4, of: 4, severity: "warning" },
  ]);
});

test("on a loopback it is an info; where no time was measured the cost is 0, and that is said", () => {
  expect(judgeRetry(subject(detour("retry", 0.2, { retries: 4 })))).toMatchObject([{ severity: "info" }]);
  const unseen = quicFacts({ handshake: { ...quicFacts().handshake, total: null, flights: [], retries: 1 } });
  const [finding] = judgeRetry(subject(unseen));
  expect(finding).toMatchObject({ severity: "warning", costNs: { total: 0, p50: 0, max: 0 } });
  expect(finding?.evidence[0]?.says).toBe("how long it took was not seen");
  expect(finding?.title).not.toContain("p50");
});

test("not one: no Retry at all, and a HelloRetryRequest, which is TLS's own", () => {
  expect(judgeRetry(subject(quicFacts()))).toEqual([]);
  expect(judgeRetry(subject(detour("hello retry", 40, { helloRetries: 4 })))).toEqual([]);
  expect(judgeVersionNegotiation(subject(quicFacts()))).toEqual([]);
});
