import { expect, test } from "vitest";
import { slowServer } from "../../../src/detect/probe/slow-server.js";
import { BLIND, cell, evidence, MS, stalling } from "../evidence.js";

test("a server that thinks at every tenth request: exactly that tenth, and what the others take", () => {
  const thinking = cell({ firstByte: (request) => (request % 10 === 9 ? 45.1 : 0.1) });
  const [finding] = slowServer.judge(evidence([thinking]));
  expect(finding).toMatchObject({ severity: "warning", confidence: "likely", count: 20, of: 200 });
  expect(finding?.costNs.p50).toBeCloseTo(45.07 * MS, -3);
  expect(finding?.whatIf).toEqual({ p50Ns: 0.1 * MS, p99Ns: 0.1 * MS });
});

test("a few in a hundred may be hiccups of our own machine: possible", () => {
  const rare = cell({ firstByte: (request) => (request % 50 === 0 ? 45 : 0.1) });
  expect(slowServer.judge(evidence([rare]))[0]).toMatchObject({ count: 4, confidence: "possible" });
});

test("all requests slow: nothing to compare with", () => {
  expect(slowServer.judge(evidence([cell({ firstByte: () => 45 })]))[0]).toMatchObject({ count: 200, whatIf: null });
});

test("the slowest requests say when they were written and answered", () => {
  const events = [
    { atNs: 0, event: "write", piece: 1, source: "user" },
    { atNs: 45.2 * MS, event: "first-byte", source: "user" },
  ] as const;
  const timeline = { request: 10, connection: 0, latencyNs: 45.2 * MS, heldNs: 0, events: [...events] };
  const [finding] = slowServer.judge(evidence([cell({ firstByte: () => 45, run: { slowest: [timeline] } })]));
  expect(finding?.evidence[1]?.says).toBe("request 10: written at 0.00 ms, first answer byte at 45.20 ms");
});

test("not one: the path is that long, a hold explains it, one request only, or resends", () => {
  expect(slowServer.judge(evidence([cell({ firstByte: () => 45 })], { minRttNs: 44 * MS }))).toEqual([]);
  expect(slowServer.judge(evidence([cell(stalling)]))).toEqual([]);
  expect(slowServer.judge(evidence([cell({ firstByte: (request) => (request === 7 ? 45 : 0.1) })]))).toEqual([]);
  const kernel = {
    minRttNs: 30e3,
    handshakeRttNs: 40e3,
    retransmits: 4,
    dataSegmentsOut: null,
    dataSegmentsIn: null,
    mss: null,
  };
  const lossy = cell({ firstByte: (request) => (request % 50 === 0 ? 205 : 0.1), run: { kernel } });
  expect(slowServer.judge(evidence([lossy]))).toEqual([]);
});

test("many connections on one event loop, without the kernel's arrival times: the wait may be our own", () => {
  const queued = [cell({ firstByte: () => 12 })];
  expect(slowServer.judge(evidence(queued, { connections: 200, timestamps: false }))).toEqual([]);
  expect(slowServer.judge(evidence(queued, { connections: 200, timestamps: true }))).toHaveLength(1);
  const slow = [cell({ firstByte: () => 45 })];
  expect(slowServer.judge(evidence(slow, { connections: 200, timestamps: false }))).toHaveLength(1);
});

test("the stall of another cell is not the server's", () => {
  expect(slowServer.judge(evidence([cell(), cell(stalling)]))).toEqual([]);
});

test("it cannot judge where every cell may stall in our own kernel and nothing tells", () => {
  const blind = evidence([cell({ ...stalling, ...BLIND })], { timestamps: false });
  expect(slowServer.cannotJudge(blind)).toContain("no kernel timestamps");
  expect(slowServer.cannotJudge(evidence([]))).toBe("no cell was run");
  expect(slowServer.cannotJudge(evidence([cell(stalling)]))).toBeNull();
});

test("the time that we took ourselves, for a connect or between two pieces, is not the server's", () => {
  expect(slowServer.judge(evidence([cell({ pieces: 3, firstByte: () => 90.2, whole: () => 90 })]))).toEqual([]);
  const both = cell({ pieces: 3, firstByte: () => 135, whole: () => 90 });
  expect(slowServer.judge(evidence([both]))[0]?.costNs.p50).toBeCloseTo(44.97 * MS, -5);
});
