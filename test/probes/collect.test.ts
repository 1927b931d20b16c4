import { expect, test } from "vitest";
import { CellCollector } from "../../src/probes/collect.js";
import type { BlockResult } from "../../src/probes/probe.js";
import { SampleRecorder, STATUS_MISS, STATUS_VALUE, statusOf } from "../../src/probes/samples.js";
import { ns } from "../../src/units/duration.js";

interface One {
  intended?: number;
  ready?: number;
  start?: number;
  whole?: number;
  end: number;
  status?: number;
  ordinal?: number;
}

function samples(...ones: One[]) {
  const recorder = new SampleRecorder(2);
  for (const { intended = 0, ready = 0, start = 0, whole = start, end, status = STATUS_VALUE, ordinal = 1 } of ones) {
    recorder.add(intended, ready, start, whole, end, end, Number.NaN, Number.NaN, status, 0, ordinal);
  }
  return recorder.columns();
}

const block = (parts: Partial<BlockResult>): BlockResult => ({
  warmup: samples(),
  measured: samples(),
  opened: [],
  writes: 0,
  wholes: 0,
  kernel: null,
  slowest: [],
  durationNs: ns(1e9),
  examples: {},
  ...parts,
});

const collector = (openLoop: boolean) => new CellCollector({ keepSlowest: 2, openLoop, reuse: true });

test("answers make the latency, failures are counted by kind and kept out of it", () => {
  const cell = collector(false);
  const measured = samples(
    { end: 1000 },
    { end: 3000, status: STATUS_MISS },
    { end: 9e9, status: statusOf("timeout") },
  );
  cell.add(0, block({ measured }));
  expect(cell).toMatchObject({ requests: 3, answered: 2, answers: { value: 1, miss: 1 }, errors: { timeout: 1 } });
  expect(cell.latency).toMatchObject({ count: 2, min: 1000, max: 3000 });
  expect(cell.roundMeanNs(0)).toBe(2000);
  expect(cell.roundMeanNs(1)).toBeUndefined();
  expect(cell.corrected.count).toBe(0);
});

test("each round is a block with its own quantiles; one without an answer is none", () => {
  const cell = collector(false);
  const latencies = Array.from({ length: 100 }, (_, at) => ({ end: (100 - at) * 10 }));
  cell.add(0, block({ measured: samples(...latencies, { end: 9e9, status: statusOf("timeout") }) }));
  cell.add(1, block({ measured: samples({ end: 9e9, status: statusOf("timeout") }) }));
  cell.add(2, block({ measured: samples({ end: 70 }) }));
  expect(cell.blocks).toEqual([
    { round: 0, requests: 100, meanNs: 505, p50Ns: 500, p90Ns: 900, p99Ns: 990 },
    { round: 2, requests: 1, meanNs: 70, p50Ns: 70, p90Ns: 70, p99Ns: 70 },
  ]);
});

test("open loop: the corrected latency starts at the intended start, and what was never sent or answered counts with the age it reached", () => {
  const cell = collector(true);
  const answered = { intended: 0, ready: 400, start: 500, end: 700 };
  const unsent = { intended: 100, ready: 5100, start: 5100, end: 5100, status: statusOf("unsent") };
  const timeout = { intended: 0, start: 1000, end: 8000, status: statusOf("timeout") };
  cell.add(0, block({ measured: samples(answered, unsent, timeout) }));
  expect(cell.latency).toMatchObject({ count: 1, max: 200 });
  expect(cell.corrected).toMatchObject({ count: 3, min: 700, max: 8000 });
  expect(cell.columns).toMatchObject({ lagNs: [100], waitNs: [500] });
});

test("warm-up is kept apart, its first requests apart from the rest, and its failures are in neither", () => {
  const cell = collector(false);
  const warmup = samples({ end: 10, ordinal: 0 }, { end: 20 }, { end: 30, status: statusOf("reset") });
  cell.add(0, block({ warmup, measured: samples({ end: 40 }) }));
  expect(cell.warmupFirst).toMatchObject({ count: 1, max: 10 });
  expect(cell.warmupRest).toMatchObject({ count: 1, max: 20 });
  expect(cell.latency).toMatchObject({ count: 1, max: 40 });
  expect(cell).toMatchObject({ requests: 1, errors: {}, warmupRequests: 3 });
});

test("a block whose counters were not seen leaves the sums unknown: a part of them would look like merged writes", () => {
  const kernel = {
    minRttNs: ns(500),
    handshakeRttNs: ns(900),
    retransmits: 1,
    dataSegmentsOut: 10,
    dataSegmentsIn: 5,
    mss: 1448,
  };
  const cell = collector(false);
  cell.add(0, block({ kernel }));
  cell.add(1, block({ kernel: null }));
  expect(cell.kernel).toMatchObject({ dataSegmentsOut: null, retransmits: null, minRttNs: 500 });
});

test("blocks add up: counters, kernel facts, the slowest of all with running numbers", () => {
  const kernel = {
    minRttNs: ns(500),
    handshakeRttNs: ns(900),
    retransmits: 1,
    dataSegmentsOut: 10,
    dataSegmentsIn: 5,
    mss: 1448,
  };
  const timeline = (request: number, latencyNs: number) => ({
    request,
    connection: 0,
    latencyNs,
    heldNs: 0,
    events: [],
  });
  const cell = collector(false);
  cell.add(0, block({ measured: samples({ end: 1 }, { end: 2 }), kernel, writes: 6, slowest: [timeline(2, 2)] }));
  cell.add(
    1,
    block({
      kernel: { ...kernel, minRttNs: ns(300), handshakeRttNs: null },
      writes: 3,
      slowest: [timeline(1, 9), timeline(2, 1)],
    }),
  );
  expect(cell.kernel).toEqual({ ...kernel, minRttNs: 300, retransmits: 2, dataSegmentsOut: 20, dataSegmentsIn: 10 });
  expect(cell.writes).toBe(9);
  expect(cell.slowest.map(({ request, latencyNs }) => [request, latencyNs])).toEqual([
    [3, 9],
    [2, 2],
  ]);
});

test("think time counts from the whole request, the first byte from the start", () => {
  const cell = collector(false);
  cell.add(0, block({ measured: samples({ start: 1000, whole: 91_000, end: 91_500 }), wholes: 1 }));
  expect(cell.columns).toMatchObject({ firstByteNs: [90_500], thinkNs: [500] });
  expect(cell.wholes).toBe(1);
});

test("a target that never answered is given up, and its failure says so", () => {
  const silent = collector(false);
  const timeout = { end: 9e9, status: statusOf("timeout") };
  silent.add(0, block({ warmup: samples(timeout), measured: samples(timeout), examples: { timeout: "no answer" } }));
  expect(silent.gaveUp(3)).toBe(true);
  expect(silent).toMatchObject({ requests: 1, errors: { timeout: 1 } });
  expect(silent.examples.timeout).toBe("no answer; gave up after request 1 of 3: not one was answered");
});

test("not given up: it answered once, or fails without making anybody wait; the last request is nothing to give up", () => {
  const once = collector(false);
  once.add(0, block({ measured: samples({ end: 1 }, { end: 9e9, status: statusOf("timeout") }) }));
  expect(once.gaveUp(10)).toBe(false);
  const garbage = collector(false);
  garbage.add(0, block({ measured: samples({ end: 1, status: statusOf("malformed") }) }));
  expect(garbage.gaveUp(10)).toBe(false);
  const whole = collector(false);
  whole.add(0, block({ measured: samples({ end: 9e9, status: statusOf("timeout") }), examples: { timeout: "late" } }));
  expect(whole.gaveUp(1)).toBe(true);
  expect(whole.examples.timeout).toBe("late");
});
