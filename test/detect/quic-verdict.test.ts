import { describe, expect, test } from "vitest";
import { judge } from "../../src/detect/judge.js";
import type { ProbeEvidence } from "../../src/detect/probe-evidence.js";
import { verdict } from "../../src/detect/verdict.js";
import { histogramOf } from "../../src/report/histogram.js";
import { cell, MS } from "./evidence.js";
import { overQuic, quicCell } from "./quic-cell.js";
import { loss, quicFacts, times } from "./quic-facts.js";

const words = (seen: ProbeEvidence) => verdict(seen, judge(seen).findings, []);

test("a calm run over QUIC: how long, over which path, and what did not happen; nothing of Nagle", () => {
  const said = words(overQuic([quicCell()], { slowServerNs: 50 * MS }));
  expect(said[0]).toBe(
    "Over QUIC: p50 41.0 ms, over a round trip of 40.2 ms; no packet was lost, no connection met a Retry, no ACK came later than advertised.",
  );
  expect(said.join()).not.toMatch(/Nagle|delayed ACK/);
});

test("what could not be seen is not said to be absent", () => {
  const blind = quicCell({ loss: { client: null, server: null }, rtt: null });
  expect(words(overQuic([blind], { slowServerNs: 50 * MS }))[0]).toBe(
    "Over QUIC: p50 41.0 ms; no connection met a Retry.",
  );
});

test("a loss leads, with what to do about it", () => {
  const lossy = quicCell({ loss: { client: loss(), server: loss({ lost: 9, sent: 400, ratio: 0.02 }) } });
  const said = words(overQuic([lossy]));
  expect(said[0]).toMatch(/^QUIC packet loss: 9 of 400 packets of the server were lost \(2\.25 %\)/);
  expect(said[1]).toMatch(/^To change: find where packets are lost/);
  expect(said[2]).not.toContain("no packet was lost");
});

test("a code is told once, also where it is a warning in one cell and a note in another", () => {
  const retried = (split: string, ms: number) => {
    const { handshake } = quicFacts();
    const flights = [{ name: "client hello to retry", time: times(ms) }];
    const connections = { opened: 1, mostActive: 1, failed: {} };
    return quicCell({ connections, handshake: { ...handshake, retries: 1, flights } }, { split });
  };
  const said = words(overQuic([retried("none", 0.2), retried("3", 20)]));
  expect(said.filter((sentence) => sentence.includes("Retry: "))).toEqual([
    "split=3: Retry: 1 of 1 connection was sent back to prove its address, 20.0 ms (p50) each before the handshake began; the same in 1 more combination.",
  ]);
});

test("a connection that was to move and did not is told, with why", () => {
  const stays = { afterRequests: 10, validatedNs: null, lostRequests: 0, says: "not moved: the server forbids it" };
  const cells = [quicCell({ migrations: [stays] }, { migrate: "on" }), quicCell({}, { migrate: "off" })];
  const told = (migration: object) =>
    words(overQuic([quicCell({ migrations: [{ ...stays, ...migration }] }, { migrate: "on" })])).join(" ");
  expect(words(overQuic(cells))).toContain("migrate=on: 1 of 1 migration failed: not moved: the server forbids it.");
  expect(told({ says: "" })).toContain("1 of 1 migration failed: the new path was never validated.");
  expect(told({ validatedNs: 3 * MS })).not.toContain("migration");
});

test("a long answer is on its way, and no riddle", () => {
  const long = quicCell(
    {},
    {},
    { run: { latency: histogramOf([900 * MS]), phases: { ttfb: histogramOf([41 * MS]) } } },
  );
  const slow = { ...long, latencyNs: long.latencyNs.map(() => 900 * MS) };
  const said = words(overQuic([slow], { slowServerNs: 50 * MS })).join(" ");
  expect(said).toMatch(
    /Most of p50 900 ms in .* is the answer on its way: 85\d ms pass between its first byte and its last/,
  );
  expect(said).not.toContain("Not explained");
});

test("what 0-RTT saves comes first, and is said once", () => {
  const early = { ...quicFacts().earlyData, offered: 20, accepted: 20, resumed: 20 };
  const cells = [
    quicCell({}, { "early-data": "off" }, { firstByte: () => 83 }),
    quicCell({ earlyData: early }, { "early-data": "on" }, { firstByte: () => 42 }),
  ];
  const said = words(overQuic(cells, { reuse: false }));
  expect(said[0]).toBe("0-RTT saves 41.0 ms: p50 42.0 ms, with a whole handshake first 83.0 ms.");
  expect(said.filter((sentence) => sentence.includes("0-RTT"))).toHaveLength(1);
  const alike = quicCell({ earlyData: early }, { "early-data": "on" }, { firstByte: () => 81 });
  expect(words(overQuic([cells[0] ?? alike, alike], { reuse: false }))[0]).toBe(
    "0-RTT makes no clear difference: p50 81.0 ms, with a whole handshake first 83.0 ms.",
  );
  const dear = quicCell({ earlyData: early }, { "early-data": "on" }, { firstByte: () => 90 });
  expect(words(overQuic([cells[0] ?? dear, dear], { reuse: false }))[0]).toMatch(/^0-RTT costs 7\.00 ms/);
});

describe("side by side", () => {
  const h3 = (streams: number, ms: number) =>
    quicCell({}, { http: "h3", streams }, { firstByte: (at) => (at < 190 ? 41 : ms) });
  const tcp = (http: string, factors: object, ms: number) =>
    cell({
      firstByte: (at) => (at < 190 ? 41 : ms),
      run: { id: `http=${http}`, factors: { http, ...factors }, kernel: null },
    });

  test("all in one sentence, the shortest tail first", () => {
    const said = words(overQuic([tcp("h2", { streams: 10 }, 300), h3(10, 90), tcp("h1", {}, 200)]));
    expect(said[0]).toBe(
      "Side by side, p99: HTTP/3 90.0 ms, HTTP/1.1 200 ms, HTTP/2 300 ms; stalled on average 2.45 ms, 7.95 ms, 12.9 ms.",
    );
    expect(said.join()).not.toContain("--nagle");
  });

  test("HTTP/1.1 has no streams and stands in each group", () => {
    const said = words(
      overQuic([
        h3(1, 90),
        h3(10, 95),
        tcp("h2", { streams: 1 }, 100),
        tcp("h2", { streams: 10 }, 300),
        tcp("h1", {}, 200),
      ]),
    );
    expect(said.slice(0, 2)).toEqual([
      expect.stringMatching(/^Side by side with streams=1, p99: HTTP\/3 90\.0 ms, HTTP\/2 100 ms, HTTP\/1\.1 200 ms;/),
      expect.stringMatching(/^Side by side with streams=10, p99: HTTP\/3 95\.0 ms, HTTP\/1\.1 200 ms, HTTP\/2 300 ms;/),
    ]);
  });

  test("one protocol alone stands beside nothing", () => {
    expect(words(overQuic([h3(1, 90), h3(10, 90)])).join()).not.toContain("Side by side");
  });
});

describe("a slow server over QUIC", () => {
  const slow = { firstByte: (at: number) => (at % 10 === 0 ? 95 : 41) };
  const codes = (seen: ProbeEvidence) => judge(seen).findings.map(({ code }) => code);
  test("is one where nothing was lost and the path does not waver that much", () => {
    expect(codes(overQuic([quicCell({}, {}, slow)]))).toContain("slow-server");
  });
  test("is none where the path itself wavers, packets were lost, or 0-RTT went again", () => {
    const wavering = { rtt: histogramOf([...Array(95).fill(40 * MS), ...Array(5).fill(95 * MS)]) };
    const lost = { loss: { client: loss({ lost: 30 }), server: loss() } };
    const rejected = { earlyData: { ...quicFacts().earlyData, offered: 40, rejected: 25, rejectionCost: times(41) } };
    for (const facts of [wavering, lost, rejected]) {
      expect(codes(overQuic([quicCell(facts, {}, slow)]))).not.toContain("slow-server");
    }
  });
  test("cannot be told over TCP where QUIC lost packets on the path", () => {
    const lossy = quicCell({ loss: { client: loss({ lost: 30 }), server: loss() } }, {}, { firstByte: () => 60 });
    const tcp = cell(slow);
    const outcome = judge(overQuic([tcp, lossy])).detectors.find(({ code }) => code === "slow-server");
    expect(outcome).toMatchObject({
      status: "not-applicable",
      reason: expect.stringContaining("a loss looks just like"),
    });
  });
});
