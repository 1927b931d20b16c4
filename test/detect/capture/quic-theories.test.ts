import { describe, expect, test } from "vitest";
import type { Service } from "../../../src/capture/services/service.js";
import { captureTheories } from "../../../src/detect/capture/theories.js";
import { judgeAckDelay } from "../../../src/detect/quic/ack-delay.js";
import type { QuicFacts } from "../../../src/report/model.js";
import { LogCounts } from "../../../src/stats/log-counts.js";
import { MS } from "../evidence.js";
import { subject } from "../quic/subject.js";
import { loss, quicFacts, spread, times } from "../quic-facts.js";

const counts = (...ms: number[]): LogCounts => {
  const all = new LogCounts();
  for (const one of ms) all.record(one * MS);
  return all;
};

/** What theories ask of a service: 100 exchanges of 41 ms over QUIC. */
function service(changes: Partial<QuicFacts> = {}, latencyMs: number[] = Array(100).fill(41)): Service {
  const facts = quicFacts(changes);
  const latency = counts(...latencyMs);
  const asked = {
    id: "h3 192.0.2.7:443",
    exchanges: latencyMs.length,
    lostNs: 0,
    latency,
    connect: counts(42),
    breakdownNs: { network: latency.sum, senderHold: 0, loss: 0, window: 0, server: 0, transfer: 0 },
    quic: { facts: () => facts },
  };
  return asked as unknown as Service;
}

const tested = (of: Service, findings: Parameters<typeof captureTheories>[1] = []) =>
  captureTheories([of], findings, 5 * MS, () => 4);
const one = (of: Service, id: string, findings?: Parameters<typeof captureTheories>[1]) =>
  tested(of, findings).find((theory) => theory.id === id);

test("a service of QUIC has theories of QUIC: the path is confirmed, what did not happen refuted", () => {
  const told = tested(service());
  expect(told.map(({ id, verdict }) => [id, verdict])).toEqual([
    ["slow-path", "confirmed"],
    ["slow-connect", "refuted"],
    ["quic-0rtt", "untested"],
    ["quic-retry", "refuted"],
    ["slow-server", "refuted"],
    ["pool-too-small", "refuted"],
    ["packet-loss", "refuted"],
    ["quic-ack-delay", "refuted"],
    ["nagle-delayed-ack", "refuted"],
  ]);
});

test("without any exchange: untested, and still those of QUIC where that is all there is", () => {
  const told = tested(service({}, []));
  expect(new Set(told.map(({ verdict }) => verdict))).toEqual(new Set(["untested"]));
  expect(told.map(({ id }) => id)).toContain("quic-retry");
  expect(captureTheories([], [], 5 * MS, () => 0).map(({ id }) => id)).not.toContain("quic-retry");
});

describe("0-RTT in a capture", () => {
  const early = (changes: object) => service({ earlyData: { ...quicFacts().earlyData, ...changes } });
  test.each([
    [{}, "untested", "no client tried 0-RTT"],
    [{ offered: 3 }, "untested", "what became of it is encrypted"],
    [{ offered: 3, rejected: 2, accepted: 1 }, "untested", "rejected 0-RTT on 2 of 3"],
    [{ offered: 3, accepted: 3 }, "refuted", "used already, on 3 of 4"],
  ])("%o", (changes, verdict, because) => {
    expect(one(early(changes), "quic-0rtt")).toMatchObject({ verdict, because: expect.stringContaining(because) });
  });
});

test("Retry counts where connections carry few requests", () => {
  const { handshake } = quicFacts();
  const retried = {
    handshake: { ...handshake, retries: 4, flights: [{ name: "client hello to retry", time: times(40) }] },
  };
  expect(one(service(retried, Array(4).fill(41)), "quic-retry")).toMatchObject({
    verdict: "confirmed",
    because: expect.stringMatching(/^4 of 4 connections met a Retry: 40\.0 ms \(p50\) each, 40\.0 ms per request/),
  });
  expect(one(service(retried), "quic-retry")).toMatchObject({ verdict: "refuted" });
});

test("loss: by the requests that it hit, else by packets; untested where nothing could be read", () => {
  const lost = { client: loss(), server: loss({ lost: 5, ratio: 0.0125 }) };
  expect(one(service({ loss: lost }), "packet-loss")).toMatchObject({ verdict: "confirmed" });
  const none = { hit: spread(0, () => 0), spared: spread(100, () => 41) };
  expect(one(service({ loss: lost, lossDelay: none }), "packet-loss")).toMatchObject({ verdict: "refuted" });
  expect(one(service({ loss: { client: null, server: null } }), "packet-loss")?.because).toContain("--keylog");
});

test("late ACKs of the server: by its finding, and only where they were taken for a loss", () => {
  const server = { advertisedNs: 25 * MS, claimed: spread(100, () => 60), over: 100 };
  const facts = { ackDelay: { client: null, server }, loss: { client: loss({ resentBytes: 900 }), server: loss() } };
  const findings = judgeAckDelay({ ...subject(quicFacts(facts)), run: "h3 192.0.2.7:443" });
  expect(one(service(facts), "quic-ack-delay", findings)).toMatchObject({ verdict: "confirmed" });
  expect(one(service(facts), "quic-ack-delay")).toMatchObject({ verdict: "refuted" });
  expect(one(service({ ackDelay: { client: null, server: null } }), "quic-ack-delay")).toMatchObject({
    verdict: "untested",
  });
});
