import { expect, test } from "vitest";
import { judgeAckDelay } from "../../../src/detect/quic/ack-delay.js";
import { findingSchema, type QuicFacts } from "../../../src/report/model.js";
import { MS } from "../evidence.js";
import { type Loss, loss, quicFacts, spread } from "../quic-facts.js";
import { subject } from "./subject.js";

/** What the server claims for each of its ACKs, what it advertised, and what became of the client's packets. */
function served(
  claimedMs: (ack: number) => number,
  advertisedMs: number | null,
  client: Partial<Loss> = {},
): QuicFacts {
  const calm = quicFacts();
  const advertisedNs = advertisedMs === null ? null : advertisedMs * MS;
  const claimed = spread(100, claimedMs);
  return quicFacts({
    ackDelay: { ...calm.ackDelay, server: { advertisedNs, claimed, over: 0 } },
    loss: { ...calm.loss, client: loss(client) },
  });
}

test("50 ms where 25 were advertised, and the other end sent again in vain", () => {
  const facts = served(() => 50, 25, { resentBytes: 4096 });
  const [finding, ...others] = judgeAckDelay(subject(facts));
  expect(others).toEqual([]);
  expect(findingSchema.parse(finding)).toEqual(finding);
  expect(finding).toMatchObject({
    severity: "warning",
    count: 100,
    of: 100,
    confidence: "certain",
    costNs: { total: 0 },
  });
  expect(finding?.title).toMatch(
    /^late QUIC ACKs: the server held back 100 of 100 ACKs, 50\.0 ms \(p99\), .* 25\.0 ms$/,
  );
  expect(finding?.evidence[0]?.says).toContain("p50 50.0 ms, p99 50.0 ms");
  expect(finding?.evidence[1]?.says).toBe("the client sent 4 KiB of streams again although nothing was lost");
});

test("late, but nobody took it for a loss: an info; the default counts where nothing was advertised", () => {
  const [finding] = judgeAckDelay(subject(served((ack) => (ack < 90 ? 1 : 40), null)));
  expect(finding).toMatchObject({ severity: "info", count: 10, of: 100 });
  expect(finding?.evidence[0]?.says).toContain("max_ack_delay 25.0 ms (the default: it was not seen)");
});

test("our own end is judged likewise", () => {
  const calm = quicFacts();
  const client = { advertisedNs: 25 * MS, claimed: spread(50, () => 100), over: 50 };
  const facts = quicFacts({
    ackDelay: { ...calm.ackDelay, client },
    loss: { ...calm.loss, server: loss({ spurious: 4, lost: 4 }) },
  });
  const [finding] = judgeAckDelay(subject(facts));
  expect(finding?.title).toContain("the client held back 50 of 50 ACKs");
  expect(finding?.evidence[1]?.says).toBe("the server took 4 of 400 packets for lost that had arrived");
});

test("long as advertised: only where the other end sent again in vain", () => {
  expect(judgeAckDelay(subject(served(() => 100, 100)))).toEqual([]);
  expect(judgeAckDelay(subject(served(() => 100, 100, { lost: 3, spurious: 3 })))).toMatchObject([
    { severity: "info", title: expect.stringContaining("as it advertised") },
  ]);
});

test("not one: within what was advertised and a tick of the timer, or now and then, or real loss beside it", () => {
  expect(judgeAckDelay(subject(served(() => 25.9, 25)))).toEqual([]);
  expect(judgeAckDelay(subject(served(() => 109, 100)))).toEqual([]);
  expect(judgeAckDelay(subject(served(() => 1.9, 1)))).toEqual([]);
  expect(judgeAckDelay(subject(served((ack) => (ack < 98 ? 1 : 60), 25)))).toEqual([]);
  expect(judgeAckDelay(subject(served(() => 24, 25, { lost: 9, resentBytes: 9000 })))).toEqual([]);
  expect(judgeAckDelay(subject(quicFacts({ ackDelay: { client: null, server: null } })))).toEqual([]);
});
