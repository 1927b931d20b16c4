/** Figures that stay small whatever the capture: latencies of a flow, intervals open at once. Held against plain arithmetic. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlowAccounts } from "../../src/capture/services/flow-accounts.js";
import { FlowLatencies } from "../../src/capture/services/flow-latencies.js";
import { InFlight } from "../../src/capture/services/in-flight.js";
import { Service } from "../../src/capture/services/service.js";
import { fromHistogramData, toHistogramData } from "../../src/report/histogram.js";
import { LatencyHistogram } from "../../src/stats/histogram.js";
import { bucketOf } from "../../src/stats/log-counts.js";
import { exchange, flow } from "../detect/capture/script.js";

const latency = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 1e8 }),
  fc.integer({ min: 0, max: 3600e9 }),
);

function both(values: readonly number[]): { compact: LatencyHistogram; direct: LatencyHistogram } {
  const [latencies, direct] = [new FlowLatencies(), new LatencyHistogram()];
  let sum = 0;
  for (const value of values) {
    latencies.add(bucketOf(value));
    direct.record(value);
    sum += value;
  }
  const moments = { count: values.length, min: Math.min(...values), max: Math.max(...values), sum };
  return { compact: latencies.copy().toHistogram(moments), direct };
}

describe("FlowLatencies", () => {
  it("of up to 192 values is the histogram", () => {
    fc.assert(
      fc.property(fc.array(latency, { maxLength: 192 }), (values) => {
        const { compact, direct } = both(values);
        expect(compact.encode()).toBe(direct.encode());
        expect([compact.count, compact.min, compact.max]).toEqual([direct.count, direct.min, direct.max]);
        expect(compact.mean).toBeCloseTo(direct.mean, 3);
      }),
      { numRuns: 50 },
    );
  });

  it("of any number of values keeps count, min, max and mean exactly, quantiles closely, and goes into a report", () => {
    const values = Array.from({ length: 5000 }, (_, i) => 1000 + ((i * 7919) % 5000) * 10_007);
    const { compact, direct } = both(values);
    expect([compact.count, compact.min, compact.max]).toEqual([5000, direct.min, direct.max]);
    expect(compact.mean).toBeCloseTo(direct.mean, 0);
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      expect(compact.quantile(share) / direct.quantile(share)).toBeCloseTo(1, 1);
    }
    expect(fromHistogramData(toHistogramData(compact)).count).toBe(5000);
  });

  it("survives the widest spread there is", () => {
    const values = Array.from({ length: 3000 }, (_, i) => Math.round(3600e9 ** (i / 2999)));
    const { compact, direct } = both(values);
    expect([compact.count, compact.min, compact.max]).toEqual([3000, direct.min, direct.max]);
  });
});

const interval = fc.tuple(fc.integer({ min: 0, max: 2e9 }), fc.integer({ min: 0, max: 5e8 }));

describe("InFlight", () => {
  it("never counts more than were open, in whatever order they are told, and adds up their lengths", () => {
    fc.assert(
      fc.property(fc.array(interval, { minLength: 1, maxLength: 60 }), (intervals) => {
        const inFlight = new InFlight();
        for (const [start, length] of intervals) inFlight.add(start, start + length);
        const exact = Math.max(
          ...intervals.map(([at]) => intervals.filter(([s, l]) => s <= at && at < s + l).length),
          1,
        );
        expect(inFlight.max).toBeLessThanOrEqual(exact);
        expect(inFlight.max).toBeGreaterThanOrEqual(1);
        expect(inFlight.totalNs).toBe(intervals.reduce((sum, [, length]) => sum + length, 0));
      }),
      { numRuns: 100 },
    );
  });

  it("finds all that last longer than its spacing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 1e12 }), (open, from) => {
        const inFlight = new InFlight();
        for (let i = 0; i < open; i++) inFlight.add(from + i * 1000, from + 1e9 - i * 1000);
        inFlight.add(from + 10e9, from + 11e9);
        expect(inFlight.max).toBe(open);
      }),
      { numRuns: 50 },
    );
  });

  it("is empty at first, and takes an end before its start as no time at all", () => {
    const inFlight = new InFlight();
    expect([inFlight.max, inFlight.totalNs]).toEqual([0, 0]);
    inFlight.add(5, 3);
    expect([inFlight.max, inFlight.totalNs, inFlight.count]).toEqual([1, 0, 1]);
  });
});

describe("FlowAccounts", () => {
  it("keep thousands of flows apart, give places back, know each one's latencies and tell the service of all", () => {
    const accounts = new FlowAccounts();
    const service = new Service("10.0.0.1:80", 0);
    const flows = Array.from({ length: 2000 }, (_, slot) => flow({ slot }));
    const expected = flows.map((_, i) =>
      Array.from({ length: i % 7 === 0 ? 450 : 3 }, (_unused, j) => 1000 * (i + 1) + j),
    );
    flows.forEach((on, i) => {
      accounts.open(on, service);
      for (const ns of expected[i] ?? []) accounts.exchange(exchange(on, { latencyMs: ns / 1e6, serverMs: ns / 1e6 }));
      if (i % 2 === 0) return;
      accounts.settle(i - 1);
      accounts.close(i - 1);
    });
    expect([...accounts.live()]).toEqual(flows.map(({ slot }) => slot).filter((slot) => slot % 2 === 1));
    for (const on of flows.filter(({ slot }) => slot % 2 === 1)) {
      const values = expected[on.slot] ?? [];
      expect(accounts.exchanges(on.slot)).toBe(values.length);
      for (const settled of [false, true]) {
        if (settled) accounts.settle(on.slot);
        if (on.slot % 99 !== 0) continue;
        const latency = accounts.latency(on.slot)();
        expect([latency.count, latency.min, latency.max]).toEqual([values.length, values[0], values.at(-1)]);
        expect(accounts.breakdownNs(on.slot).server).toBe(sumOf(values));
      }
    }
    const all = expected.flat();
    const { latency, breakdownNs } = service;
    expect([latency.count, latency.sum, latency.min, latency.max]).toEqual([all.length, sumOf(all), 1000, 2_000_002]);
    expect(breakdownNs.server).toBe(sumOf(all));
    const direct = new LatencyHistogram();
    for (const value of all) direct.record(value);
    expect(latency.toHistogram().encode()).toBe(direct.encode());
  });
});

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
