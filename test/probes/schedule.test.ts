import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openLoop } from "../../src/probes/pacer.js";
import { closedSchedule, openSchedule } from "../../src/probes/schedule.js";

const load = (requests: number, durationNs: number) => ({
  warmup: 0,
  requests,
  durationNs,
  pacing: { kind: "closed" as const },
  seed: 7,
});

describe("the pacer", () => {
  test("constant arrivals are evenly spaced from 0", () => {
    const pacer = openLoop(1000, "constant", 1);
    expect([pacer.next(), pacer.next(), pacer.next()]).toEqual([0, 1e6, 2e6]);
  });

  test("Poisson arrivals have the asked rate, exponential gaps, and are the same for the same seed", () => {
    const [a, b] = [openLoop(1000, "poisson", 42), openLoop(1000, "poisson", 42)];
    const times = Array.from({ length: 20_000 }, () => a.next());
    expect(times).toEqual(Array.from({ length: 20_000 }, () => b.next()));
    const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(mean / 1e6).toBeCloseTo(1, 1);
    // Memoryless: a share of 1/e of the gaps is longer than the mean.
    expect(gaps.filter((gap) => gap > mean).length / gaps.length).toBeCloseTo(Math.exp(-1), 1);
  });

  test("never goes back", () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.1, max: 1e6, noNaN: true }), (seed, rate) => {
        const pacer = openLoop(rate, "poisson", seed);
        for (let last = 0, i = 0; i < 50; i++) {
          const next = pacer.next();
          if (next < last) return false;
          last = next;
        }
        return true;
      }),
    );
  });
});

describe("schedules", () => {
  test("closed: as soon as possible, until the requests are used up", () => {
    const schedule = closedSchedule(2, Number.POSITIVE_INFINITY, () => 0);
    expect(schedule.dueNs).toBe(Number.NEGATIVE_INFINITY);
    schedule.take();
    schedule.take();
    expect(schedule.dueNs).toBe(Number.POSITIVE_INFINITY);
  });

  test("closed: none after the end of time", () => {
    let now = 0;
    const schedule = closedSchedule(100, 50, () => now);
    expect(schedule.dueNs).toBe(Number.NEGATIVE_INFINITY);
    now = 50;
    expect(schedule.dueNs).toBe(Number.POSITIVE_INFINITY);
  });

  test("open: due at their times from the start, whether or not they are taken in time", () => {
    const schedule = openSchedule(load(Number.POSITIVE_INFINITY, 3e6), 1000, "constant", 500);
    const due: number[] = [];
    for (; schedule.dueNs < Number.POSITIVE_INFINITY; schedule.take()) due.push(schedule.dueNs);
    expect(due).toEqual([500, 1e6 + 500, 2e6 + 500]);
  });

  test("open: no more than the requests", () => {
    const schedule = openSchedule(load(2, Number.POSITIVE_INFINITY), 1000, "constant", 0);
    schedule.take();
    schedule.take();
    expect(schedule.dueNs).toBe(Number.POSITIVE_INFINITY);
  });
});
