import { describe, expect, test } from "vitest";
import { judge } from "../../src/detect/judge.js";
import type { ProbeEvidence } from "../../src/detect/probe-evidence.js";
import { theories } from "../../src/detect/theories.js";
import { cell, MS } from "./evidence.js";
import { overQuic, quicCell } from "./quic-cell.js";
import { loss, quicFacts, spread, times } from "./quic-facts.js";

const tested = (seen: ProbeEvidence) => theories(seen, judge(seen).findings);
const of = (seen: ProbeEvidence, id: string) => tested(seen).find((theory) => theory.id === id);
const early = (changes: object) => ({ earlyData: { ...quicFacts().earlyData, ...changes } });
const accepted = early({ offered: 20, accepted: 20, resumed: 20 });
const whole = quicCell({}, { "early-data": "off" }, { firstByte: () => 83 });
const oneTrip = quicCell(accepted, { "early-data": "on" }, { firstByte: () => 42 });

test("a report on QUIC has theories of QUIC, and of TCP only the one that everybody thinks of", () => {
  const told = tested(overQuic([quicCell()]));
  expect(told.map(({ id }) => id)).toEqual([
    "slow-path",
    "slow-connect",
    "quic-0rtt",
    "quic-retry",
    "slow-server",
    "pool-too-small",
    "packet-loss",
    "quic-ack-delay",
    "nagle-delayed-ack",
  ]);
  expect(told.filter(({ verdict }) => verdict !== "refuted").map(({ id }) => id)).toEqual(["slow-path"]);
  expect(told.at(-1)?.because).toMatch(/^cannot be: QUIC has no Nagle's algorithm/);
});

test("where nothing is usable they are all untested, and still those of QUIC", () => {
  const told = tested(overQuic([{ ...quicCell(), latencyNs: new Float64Array() }]));
  expect(new Set(told.map(({ verdict }) => verdict))).toEqual(new Set(["untested"]));
  expect(told.map(({ id }) => id)).toContain("quic-retry");
});

test("beside TCP: those of the transport of the latency in question", () => {
  const slowTcp = cell({ firstByte: () => 200 });
  expect(tested(overQuic([quicCell(), slowTcp])).map(({ id }) => id)).not.toContain("quic-0rtt");
  expect(tested(overQuic([quicCell({}, {}, { firstByte: () => 200 }), cell()])).map(({ id }) => id)).toContain(
    "quic-0rtt",
  );
});

describe("the handshake costs a round trip that 0-RTT would save", () => {
  test("confirmed where the experiment shows it", () => {
    const theory = of(overQuic([whole, oneTrip], { reuse: false }), "quic-0rtt");
    expect(theory).toMatchObject({ verdict: "confirmed" });
    expect(theory?.because).toMatch(
      /^p50 83\.0 ms with a whole handshake, 42\.0 ms in 0-RTT: 41\.0 ms, 49\.4 % of p50/,
    );
  });
  test("refuted where it saves nothing, and where the connections are kept", () => {
    const same = quicCell(accepted, { "early-data": "on" }, { firstByte: () => 82 });
    expect(of(overQuic([whole, same], { reuse: false }), "quic-0rtt")).toMatchObject({ verdict: "refuted" });
    expect(of(overQuic([whole]), "quic-0rtt")).toMatchObject({
      verdict: "refuted",
      because: expect.stringContaining("of connections that are kept"),
    });
    expect(of(overQuic([oneTrip], { reuse: false }), "quic-0rtt")?.because).toContain(
      "0-RTT is used already, on 20 of 20",
    );
  });
  test("untested where nobody tried it, or the server would not have it", () => {
    expect(of(overQuic([whole], { reuse: false }), "quic-0rtt")).toMatchObject({
      verdict: "untested",
      because: expect.stringContaining("compare with --early-data on,off"),
    });
    const rejected = quicCell(early({ offered: 20, rejected: 20 }), { "early-data": "on" }, { firstByte: () => 83 });
    expect(of(overQuic([rejected], { reuse: false }), "quic-0rtt")?.because).toContain("rejected 0-RTT on 20 of 20");
  });
});

describe("Retry costs every connection a round trip", () => {
  const { handshake } = quicFacts();
  const flights = [{ name: "client hello to retry", time: times(40) }, ...handshake.flights];
  const retried = quicCell({ handshake: { ...handshake, flights, retries: 4 } }, {}, { firstByte: () => 122 });
  test("confirmed where each request connects", () => {
    expect(of(overQuic([retried], { reuse: false }), "quic-retry")).toMatchObject({
      verdict: "confirmed",
      because: expect.stringMatching(/^4 of 4 connections met a Retry: 40\.0 ms, 32\.8 % of p50/),
    });
  });
  test("refuted where the connections are kept, or none met one", () => {
    expect(of(overQuic([retried]), "quic-retry")?.because).toContain("were kept: not in the measured latency");
    expect(of(overQuic([quicCell()]), "quic-retry")).toMatchObject({ verdict: "refuted" });
  });
  test("untested where its time was not seen", () => {
    const unseen = quicCell({ handshake: { ...handshake, retries: 4 } });
    expect(of(overQuic([unseen], { reuse: false }), "quic-retry")).toMatchObject({ verdict: "untested" });
  });
});

describe("packets are lost and sent again", () => {
  const lost = { client: loss(), server: loss({ sent: 600, lost: 12, ratio: 0.02 }) };
  const lossDelay = { hit: spread(10, () => 90), spared: spread(190, () => 41) };
  const tail = { firstByte: (at: number) => (at < 190 ? 4 : 90) };
  test("confirmed for a tail that a loss in a hundred makes", () => {
    const seen = overQuic([quicCell({ loss: lost, lossDelay }, {}, tail)], { slowServerNs: 10 * MS, minRttNs: 3 * MS });
    expect(of(seen, "packet-loss")).toMatchObject({
      verdict: "confirmed",
      because: "12 of 1000 packets lost (1.20 %); 10 of 200 requests had to wait for theirs",
    });
  });
  test("refuted where none was lost, or too few to make half of the requests slow", () => {
    expect(of(overQuic([quicCell()]), "packet-loss")?.because).toBe("0 of 820 packets lost (0 %)");
    expect(of(overQuic([quicCell({ loss: lost, lossDelay })]), "packet-loss")).toMatchObject({ verdict: "refuted" });
  });
  test("untested where no ACK could be read", () => {
    expect(of(overQuic([quicCell({ loss: { client: null, server: null } })]), "packet-loss")).toMatchObject({
      verdict: "untested",
    });
  });
  test("of TCP beside it, when its kernel tells nothing: that QUIC saw losses is said", () => {
    const slowTcp = cell({ firstByte: () => 200, run: { kernel: null } });
    expect(of(overQuic([quicCell({ loss: lost }), slowTcp]), "packet-loss")).toMatchObject({
      verdict: "untested",
      because: expect.stringContaining("QUIC lost packets on the same path"),
    });
  });
});

test("the server delays its ACKs: by its own account, above what it advertised, and taken for loss", () => {
  const server = { advertisedNs: 25 * MS, claimed: spread(100, () => 60), over: 100 };
  const late = { ackDelay: { client: null, server }, loss: { client: loss({ resentBytes: 900 }), server: loss() } };
  expect(of(overQuic([quicCell(late)]), "quic-ack-delay")).toMatchObject({
    verdict: "confirmed",
    because: expect.stringMatching(/^its ACKs come 60\.0 ms \(p50\), 60\.0 ms \(p99\) late, 25\.0 ms advertised/),
  });
  const patient = { ...late, loss: { client: loss(), server: loss() } };
  expect(of(overQuic([quicCell(patient)]), "quic-ack-delay")).toMatchObject({ verdict: "refuted" });
  expect(of(overQuic([quicCell({ ackDelay: { client: null, server: null } })]), "quic-ack-delay")).toMatchObject({
    verdict: "untested",
  });
});
