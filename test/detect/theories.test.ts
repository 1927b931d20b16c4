import { describe, expect, test } from "vitest";
import { judge } from "../../src/detect/judge.js";
import type { ProbeEvidence } from "../../src/detect/probe-evidence.js";
import { theories } from "../../src/detect/theories.js";
import { histogramOf } from "../../src/report/histogram.js";
import { BLIND, cell, defaultCells, evidence, MS, stalling } from "./evidence.js";
import { h2Facts } from "./h2-facts.js";

const tested = (seen: ProbeEvidence) => theories(seen, judge(seen).findings);
const verdicts = (seen: ProbeEvidence) => Object.fromEntries(tested(seen).map(({ id, verdict }) => [id, verdict]));
const because = (seen: ProbeEvidence, id: string) => tested(seen).find((theory) => theory.id === id)?.because;

const ALL_REFUTED = {
  "slow-path": "refuted",
  "slow-connect": "refuted",
  "slow-server": "refuted",
  "pool-too-small": "refuted",
  "packet-loss": "refuted",
  "nagle-delayed-ack": "refuted",
};

describe("closed loop", () => {
  test("the case it was born from: Nagle x delayed ACK, and nothing else", () => {
    const seen = evidence(defaultCells());
    expect(verdicts(seen)).toEqual({ ...ALL_REFUTED, "nagle-delayed-ack": "confirmed" });
    expect(because(seen, "slow-path")).toMatch(
      /^min RTT 30\.0 us, 0\.068\d? % of p50 4\d\.\d ms in nagle=on,split=fields/,
    );
    expect(because(seen, "packet-loss")).toContain("0 retransmissions in 200 requests");
    expect(because(seen, "pool-too-small")).toMatch(/1\.00 in flight on 1 connection; closed loop/);
  });
  test("streams: requests wait for one where the server allows fewer than are there at once", () => {
    const steps = (request: number) => 20 * Math.floor(request / 10);
    const streams = (facts: Parameters<typeof h2Facts>[0]) =>
      evidence([cell({ requests: 100, firstByte: (at) => 20 + steps(at), queue: steps, run: { h2: h2Facts(facts) } })]);
    const limited = streams({ streams: 100, mostOpen: 10 });
    expect(verdicts(limited)).toMatchObject({ "pool-too-small": "confirmed" });
    expect(because(limited, "pool-too-small")).toMatch(
      /in flight on 1 connection x 10 streams; requests waited 80\.0 ms \(p50\), 180 ms \(p99\) for a stream$/,
    );
    expect(verdicts(streams({ streams: 100, streamLimit: null }))).toMatchObject({ "pool-too-small": "refuted" });
    expect(because(streams({ streams: 1 }), "pool-too-small")).toContain(
      "closed loop: no request waits for a connection",
    );
  });
  test("nothing is slow: all refuted, though the round trip is most of a microsecond latency", () => {
    const seen = evidence(defaultCells({ firstByte: () => 0.05, held: () => 0 }));
    expect(verdicts(seen)).toEqual(ALL_REFUTED);
  });
  test("nothing is slow and little was seen: still refuted, by the latency itself", () => {
    const seen = evidence(defaultCells({ ...BLIND, firstByte: () => 0.05, run: { kernel: null, phases: {} } }), {
      minRttNs: null,
      handshakeRttNs: null,
      connect: null,
      timestamps: false,
    });
    expect(verdicts(seen)).toEqual(ALL_REFUTED);
    expect(because(seen, "packet-loss")).toContain("nothing is slow");
  });
  test("a long path", () => {
    const seen = evidence(defaultCells({ firstByte: () => 42.2, held: () => 0 }), {
      minRttNs: 42 * MS,
      handshakeRttNs: 42 * MS,
    });
    expect(verdicts(seen)).toEqual({ ...ALL_REFUTED, "slow-path": "confirmed" });
  });
  test("a slow server, in the middle and only in the tail", () => {
    const middle = evidence(defaultCells({ firstByte: () => 45, held: () => 0 }));
    expect(verdicts(middle)).toEqual({ ...ALL_REFUTED, "slow-server": "confirmed" });
    const tail = evidence(defaultCells({ firstByte: (request) => (request % 20 === 0 ? 45 : 0.1), held: () => 0 }));
    expect(verdicts(tail)).toEqual({ ...ALL_REFUTED, "slow-server": "confirmed" });
    expect(because(tail, "slow-server")).toContain("of p99 4");
  });
  test("a connection per request that takes most of it; a connect that is paid once", () => {
    const phases = { connect: histogramOf([20 * MS]) };
    const perRequest = cell({ firstByte: () => 25, run: { connections: 200, phases } });
    expect(verdicts(evidence([perRequest], { reuse: false }))["slow-connect"]).toBe("confirmed");
    const once = cell({ firstByte: () => 25, run: { phases } });
    expect(verdicts(evidence([once]))["slow-connect"]).toBe("refuted");
  });
  test("loss: resends as many as slow requests confirm it, unseen ones leave it open", () => {
    const resent = (retransmits: number | null) => ({
      firstByte: (request: number) => (request % 50 === 0 ? 205 : 0.1),
      run: {
        kernel: {
          minRttNs: null,
          handshakeRttNs: null,
          retransmits,
          dataSegmentsOut: null,
          dataSegmentsIn: null,
          mss: null,
        },
      },
    });
    expect(verdicts(evidence([cell(resent(4))]))["packet-loss"]).toBe("confirmed");
    expect(verdicts(evidence([cell(resent(1))]))["packet-loss"]).toBe("refuted");
    expect(verdicts(evidence([cell(resent(null))]))["packet-loss"]).toBe("untested");
  });
  test("no Nagle client was tried, or only it: untested", () => {
    expect(verdicts(evidence([cell()]))["nagle-delayed-ack"]).toBe("untested");
    const alone = evidence([cell({ ...stalling, ...BLIND })], { timestamps: false });
    expect(verdicts(alone)).toMatchObject({ "nagle-delayed-ack": "untested", "slow-server": "untested" });
  });
});

describe("open loop", () => {
  const open = { openLoop: true, connections: 8 };
  test("more in flight than connections: requests wait, the pool is too small", () => {
    const run = { targetRatePerSecond: 1000, ratePerSecond: 400, connections: 8 };
    const seen = evidence([cell({ firstByte: () => 20, wait: (request) => request * 2, run })], {
      ...open,
      slowServerNs: 50 * MS,
    });
    expect(verdicts(seen)["pool-too-small"]).toBe("confirmed");
    expect(because(seen, "pool-too-small")).toMatch(
      /^L = 1000\/s x (20\.0|19\.9|20\.1) ms = (20\.0|19\.9|20\.1) in flight on 8 connections/,
    );
  });
  test("a pool that only a stall fills is a consequence", () => {
    const run = { targetRatePerSecond: 2000, connections: 8 };
    const full = { ...run, ratePerSecond: 183 };
    const cells = [cell({ run }), cell({ ...stalling, wait: (request) => request * 5, run: full })];
    const seen = evidence(cells, open);
    expect(verdicts(seen)).toMatchObject({
      "pool-too-small": "confirmed",
      "nagle-delayed-ack": "confirmed",
      "slow-path": "refuted",
    });
    expect(because(seen, "pool-too-small")).toContain("a consequence");
  });
  test("a server that stops once makes many wait: the server, not the pool", () => {
    const run = { targetRatePerSecond: 2000, connections: 8 };
    const stopped = cell({
      requests: 4000,
      firstByte: (request) => (request >= 500 && request < 508 ? 1000 : 0.1),
      wait: (request) => (request >= 508 && request < 1500 ? 900 : 0),
      run,
    });
    const seen = evidence([stopped], open);
    expect(verdicts(seen)).toMatchObject({ "slow-server": "confirmed", "pool-too-small": "refuted" });
  });
});

describe("requests wait, but for us", () => {
  const run = { targetRatePerSecond: 100_000, ratePerSecond: 40_000, connections: 32 };
  const busyFor = (firstByte: number, pause = 0) =>
    evidence([cell({ firstByte: () => firstByte, pause: () => pause, wait: (request) => request * 5, run })], {
      openLoop: true,
      connections: 32,
    });
  test("connections idle most of the time while requests wait: untested, though more are asked for than they carry", () => {
    expect(verdicts(busyFor(0.05, 0.4))["pool-too-small"]).toBe("untested");
    expect(because(busyFor(0.05, 0.4), "pool-too-small")).toMatch(
      /for a free one, but only 2\.0\d? of 32 connections were busy at the 40,000\/s achieved: netlat itself/,
    );
    expect(verdicts(busyFor(0.7))["pool-too-small"]).toBe("confirmed");
  });
  test("an answer of many segments keeps its connection until it is whole", () => {
    const seen = busyFor(0.05, 0.7);
    const kernel = { ...seen.cells[0]!.run.kernel!, dataSegmentsIn: 200 * 700 };
    const bulk = evidence([{ ...seen.cells[0]!, run: { ...seen.cells[0]!.run, kernel } }], seenOpen);
    expect(verdicts(bulk)["pool-too-small"]).toBe("confirmed");
  });
  const seenOpen = { openLoop: true, connections: 32 };
});

describe("what is beside the question is not held against it", () => {
  test("kept connections took long to set up: not in the measured latency, and no share of it", () => {
    const seen = evidence(
      [cell({ firstByte: () => 30, run: { connections: 200, phases: { connect: histogramOf([100 * MS]) } } })],
      { connections: 200 },
    );
    expect(verdicts(seen)["slow-connect"]).toBe("refuted");
    expect(because(seen, "slow-connect")).toMatch(
      /^setting up takes \S+ ms, for 200 connections: not in the measured latency$/,
    );
  });
  test("our own pauses between pieces are no riddle", () => {
    const paused = cell({ split: "fields", gap: 20, firstByte: () => 40.1 });
    expect(verdicts(evidence([cell({ gap: 20 }), paused]))).toMatchObject({ "slow-path": "refuted" });
    expect(because(evidence([cell({ gap: 20 }), paused]), "slow-path")).toContain("which is not slow");
  });
  test("a stall that may be one names what would prove it", () => {
    const alone = evidence([cell({ ...stalling, ...BLIND })], { timestamps: false });
    expect(because(alone, "nagle-delayed-ack")).toContain("--nagle on,off");
  });
});

test("with generator-lag, or without a usable cell, all are untested", () => {
  const late = verdicts(evidence(defaultCells({ lag: () => 8 }), { openLoop: true }));
  expect(new Set(Object.values(late))).toEqual(new Set(["untested"]));
  expect(new Set(Object.values(verdicts(evidence([]))))).toEqual(new Set(["untested"]));
});

test("slow-server: the time that we took ourselves is not the server's, and one slow request may be a hiccup of ours", () => {
  const slowServer = (sketch: Parameters<typeof cell>[0]) =>
    theories(evidence([cell(sketch)]), []).find(({ id }) => id === "slow-server")?.verdict;
  expect(slowServer({ firstByte: () => 50 })).toBe("confirmed");
  expect(slowServer({ firstByte: () => 50, whole: () => 49.9 })).toBe("refuted");
  const requests = 10;
  expect(slowServer({ requests, firstByte: (request) => (request > 6 ? 50 : 0.1) })).toBe("confirmed");
  expect(slowServer({ requests, firstByte: (request) => (request > 8 ? 50 : 0.1) })).toBe("untested");
});
