import { describe, expect, test } from "vitest";
import { nagleDelayedAck } from "../../../src/detect/probe/nagle-delayed-ack.js";
import { BLIND, cell, defaultCells, evidence, heldTimeline, MS, stalling } from "../evidence.js";

describe("nagle-delayed-ack in the request", () => {
  test("the kernel saw the hold: certain, counted, costed, with what a request would take without it", () => {
    const cells = [...defaultCells().slice(0, 3), cell({ ...stalling, run: { slowest: [heldTimeline] } })];
    const [finding, ...more] = nagleDelayedAck.judge(evidence(cells));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      severity: "error",
      confidence: "certain",
      subject: { run: "nagle=on,split=fields,quickack=default" },
      count: 199,
      of: 200,
      costNs: { total: 199 * 43_800_000, p50: 43_800_000, max: 43_800_000 },
    });
    expect(finding?.whatIf?.p50Ns).toBeLessThan(MS);
    expect(finding?.evidence.map(({ says }) => says)).toContain(
      "request 17: piece 1 sent at 0.03 ms, acknowledged at 43.92 ms, pieces 2 and 3 sent at 43.93 ms",
    );
  });
  test("a request whose timestamps were lost is told by its latency", () => {
    const lossy = cell({ ...stalling, held: (request) => (request < 10 ? Number.NaN : 43.8) });
    const [finding] = nagleDelayedAck.judge(evidence([...defaultCells().slice(0, 3), lossy]));
    expect(finding).toMatchObject({ count: 199, confidence: "certain" });
    expect(finding?.evidence[0]?.says).toContain("190 times; 9 more");
  });
  test("a long path: held for one round trip is no delayed ACK, held for 40 ms more is", () => {
    const path = { minRttNs: 42 * MS };
    const oneTrip = cell({ nagle: true, split: "fields", firstByte: () => 84, held: () => 42 });
    const stalled = cell({ nagle: true, split: "fields", firstByte: () => 124, held: () => 82 });
    const calm = cell({ firstByte: () => 42 });
    expect(nagleDelayedAck.judge(evidence([calm, oneTrip], path))).toEqual([]);
    expect(nagleDelayedAck.judge(evidence([calm, stalled], path))[0]?.count).toBe(200);
  });
  test("paused before each piece: the ACK's delay decides, the cost is what was lost beyond the pauses", () => {
    const gap = { split: "fields", gap: 20 } as const;
    const timeline = { ...heldTimeline, heldNs: 2 * MS };
    const run = { slowest: [timeline] };
    const late = cell({ ...gap, nagle: true, firstByte: () => 42.1, held: () => 2, ackDelay: () => 42, run });
    const prompt = cell({ ...gap, nagle: true, firstByte: () => 42.1, held: () => 2, ackDelay: () => 22 });
    const [finding] = nagleDelayedAck.judge(evidence([cell(), late]));
    expect(finding).toMatchObject({ count: 200, confidence: "certain", costNs: { p50: 2 * MS } });
    expect(finding?.evidence.map(({ says }) => says).join()).toContain("request 17: piece 1 sent");
    expect(nagleDelayedAck.judge(evidence([cell(), prompt]))).toEqual([]);
  });
  test("not one: the server thinks for 45 ms in every cell", () => {
    const cells = defaultCells({ firstByte: () => 45, held: () => 0 });
    expect(nagleDelayedAck.judge(evidence(cells))).toEqual([]);
  });
  test("not one: a hold that is there with Nagle off too (congestion window)", () => {
    const cells = [cell(), cell({ ...stalling }), cell({ ...stalling, nagle: false })];
    expect(nagleDelayedAck.judge(evidence(cells))).toEqual([]);
  });
});

describe("nagle-delayed-ack in the request, without timestamps", () => {
  const blind = defaultCells(BLIND);
  test("the cell with Nagle off is not late: likely", () => {
    const [finding, ...more] = nagleDelayedAck.judge(evidence(blind, { timestamps: false }));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: "error", confidence: "likely", count: 199, of: 200 });
  });
  test("no cell with Nagle off: possible, and no reason to fail a gate", () => {
    const [finding] = nagleDelayedAck.judge(evidence([blind[1]!, blind[3]!]));
    expect(finding).toMatchObject({ severity: "warning", confidence: "possible", count: 199 });
    const [alone] = nagleDelayedAck.judge(evidence([blind[3]!]));
    expect(alone).toMatchObject({ confidence: "possible", count: 199, whatIf: null });
  });
  test("not one: late with Nagle off as well", () => {
    const late = { ...BLIND, split: "fields", firstByte: () => 45 };
    expect(nagleDelayedAck.judge(evidence([cell(BLIND), cell(late), cell({ ...late, nagle: true })]))).toEqual([]);
  });
  test("not one: late only by our own pauses between the pieces", () => {
    const paused = cell({ ...BLIND, nagle: true, split: "fields", gap: 20, firstByte: () => 40.1 });
    expect(nagleDelayedAck.judge(evidence([cell(BLIND), paused]))).toEqual([]);
    expect(nagleDelayedAck.judge(evidence([paused]))).toEqual([]);
  });
  test("not one: four hiccups of the machine in 200 requests", () => {
    const hiccups = cell({ ...stalling, ...BLIND, firstByte: (request) => (request % 50 === 0 ? 43.9 : 0.1) });
    expect(nagleDelayedAck.judge(evidence([...blind.slice(0, 3), hiccups]))).toEqual([]);
  });
});

describe("nagle-delayed-ack in the answer", () => {
  const pausing = { pause: () => 40.2, run: { kernel: kernelWith(400) } };
  test("gone with TCP_QUICKACK on: certain, and the server is named", () => {
    const [finding, ...more] = nagleDelayedAck.judge(evidence([cell(pausing), cell({ quickack: "on" })]));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: "error", confidence: "certain", count: 200 });
    expect(finding?.title).toContain("server");
    expect(finding?.fix[0]).toContain("on the server");
    expect(finding?.whatIf?.p50Ns).toBeLessThan(MS);
  });
  test("TCP_QUICKACK is only a hint: a third of the pauses may stay, and are counted", () => {
    const hinted = cell({ quickack: "on", pause: (request) => (request % 3 === 0 ? 40.2 : 0) });
    const [finding] = nagleDelayedAck.judge(evidence([cell(pausing), hinted]));
    expect(finding).toMatchObject({ confidence: "certain", count: 200 });
    expect(finding?.evidence[0]?.says).toContain("with TCP_QUICKACK on 67 of 200 answers pause");
  });
  test("not one: the pause stays with TCP_QUICKACK on (the server writes slowly)", () => {
    const cells = [cell(pausing), cell({ ...pausing, quickack: "on" })];
    expect(nagleDelayedAck.judge(evidence(cells))).toEqual([]);
  });
  test("without the other cell: likely when few segments came, possible when nobody counted them", () => {
    expect(nagleDelayedAck.judge(evidence([cell(pausing)]))[0]).toMatchObject({ confidence: "likely" });
    const uncounted = cell({ ...pausing, run: { kernel: null } });
    expect(nagleDelayedAck.judge(evidence([uncounted]))[0]).toMatchObject({
      confidence: "possible",
      severity: "warning",
    });
  });
  test("not one without the other cell: a large body, a body that takes seconds", () => {
    const large = cell({ ...pausing, run: { kernel: kernelWith(200 * 50) } });
    const slow = cell({ ...pausing, pause: () => 900 });
    expect(nagleDelayedAck.judge(evidence([large]))).toEqual([]);
    expect(nagleDelayedAck.judge(evidence([slow]))).toEqual([]);
  });
});

test("it cannot judge without a usable cell, or when nothing lets a stall happen", () => {
  expect(nagleDelayedAck.cannotJudge(evidence([]))).toBe("no cell was run");
  const merged = cell({ ...stalling, run: { used: false } });
  expect(nagleDelayedAck.cannotJudge(evidence([merged]))).toBe("no cell has a usable answer");
  expect(nagleDelayedAck.judge(evidence([merged]))).toEqual([]);
  expect(nagleDelayedAck.cannotJudge(evidence([cell({ quickack: "on" })]))).toContain("no cell lets it happen");
  expect(nagleDelayedAck.cannotJudge(evidence(defaultCells()))).toBeNull();
});

function kernelWith(dataSegmentsIn: number) {
  return { minRttNs: 30e3, handshakeRttNs: 40e3, retransmits: 0, dataSegmentsOut: 200, dataSegmentsIn, mss: 65483 };
}
