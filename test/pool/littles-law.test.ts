import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { sizePool } from "../../src/pool/littles-law.js";
import { poolSchema } from "../../src/report/pool-model.js";
import { ms } from "../../src/units/duration.js";

const question = { arrivalPerSecond: 5000, residenceNs: ms(45), connections: 20, afterNs: ms(1) };

describe("sizePool", () => {
  it("answers the case that netlat was born from", () => {
    const { now, after } = sizePool(question);
    expect(now).toMatchObject({
      inFlight: 225,
      connectionsNeeded: 225,
      utilisation: 11.25,
      waiting: 205,
      stable: false,
    });
    expect(now.capacityPerSecond).toBeCloseTo(444.44, 2);
    expect(after).toMatchObject({ inFlight: 5, connectionsNeeded: 5, utilisation: 0.25, waiting: 0, stable: true });
    expect(after?.capacityPerSecond).toBe(20_000);
  });

  it("says it in sentences", () => {
    expect(sizePool(question).says).toEqual([
      "5000/s x 45.0 ms = 225 in flight on average (Little's law, L = lambda x W)",
      "20 connections carry at most 444/s: unstable, there is no steady state, the queue grows by 4556/s for as long as the load lasts",
      "of 225 that want a connection 20 hold one and 205 wait",
      "at least 225 connections needed, more to take bursts",
      "at 1.00 ms instead of 45.0 ms: 5 in flight, 5 connections needed; utilisation 25 % of 20 connections, which carry at most 20,000/s",
    ]);
  });

  it("speaks of one connection as of one", () => {
    const one = { arrivalPerSecond: 300, residenceNs: ms(42.4), connections: 1, afterNs: ms(1) };
    expect(sizePool(one).says).toContain("of 12.7 that want a connection 1 holds one and 11.7 wait");
    expect(sizePool(one).says.join()).toMatch(/1 connection carries at most 23.6\/s/);
    expect(sizePool(one).says.at(-1)).toMatch(/utilisation 30 % of 1 connection, which carries at most 1000\/s/);
  });

  it("leaves open what depends on an unknown number of connections", () => {
    const report = sizePool({ ...question, connections: null });
    expect(report.now).toMatchObject({
      connectionsNeeded: 225,
      utilisation: null,
      capacityPerSecond: null,
      waiting: null,
      stable: null,
    });
    expect(report.says).toHaveLength(3);
    expect(sizePool({ ...question, afterNs: null }).after).toBeNull();
  });

  it("calls exactly full use unstable, although nobody waits on average", () => {
    const { now, says } = sizePool({ ...question, connections: 225 });
    expect(now).toMatchObject({ utilisation: 1, waiting: 0, stable: false });
    expect(says[1]).toMatch(/busy all the time/);
  });

  it("says when the fix is not enough, and sizes for a utilisation", () => {
    expect(sizePool({ ...question, afterNs: ms(10) }).says.at(-1)).toMatch(
      /20 connections would still be too few, they carry at most 2000\/s/,
    );
    const spare = sizePool({ ...question, targetUtilisation: 0.8 });
    expect(spare.now.connectionsNeeded).toBe(282);
    expect(spare.says).toContain("282 connections needed for a utilisation of at most 80 %");
  });

  it("needs no extra connection for what rounding left behind", () => {
    // In doubles, 66/m x 30 s is 33.00000000000001 and 7 / 0.7 is 10.000000000000002.
    const needed = (rest: Partial<Parameters<typeof sizePool>[0]>) =>
      sizePool({ ...question, ...rest }).now.connectionsNeeded;
    expect(needed({ arrivalPerSecond: 66 * (1 / 60), residenceNs: ms(30_000) })).toBe(33);
    expect(needed({ arrivalPerSecond: 70, residenceNs: ms(100), targetUtilisation: 0.7 })).toBe(10);
  });

  it("keeps the law for any numbers, in a form that the report's schema takes", () => {
    const positive = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.option(fc.integer({ min: 1, max: 1e6 })),
        fc.option(positive),
        (rate, residenceNs, connections, afterNs) => {
          const report = sizePool({ arrivalPerSecond: rate, residenceNs, connections, afterNs });
          expect(poolSchema.safeParse(report).success).toBe(true);
          const { now } = report;
          expect(now.inFlight).toBeCloseTo((rate * residenceNs) / 1e9, 0);
          expect(now.connectionsNeeded).toBeGreaterThanOrEqual(now.inFlight);
          expect(now.connectionsNeeded).toBeLessThan(now.inFlight + 1.001);
          if (connections !== null) {
            expect(now.stable).toBe(now.inFlight < connections);
            expect(now.waiting).toBe(Math.max(0, now.inFlight - connections));
          }
        },
      ),
    );
  });

  it("refuses what is no load", () => {
    for (const wrong of [
      { arrivalPerSecond: 0 },
      { residenceNs: 0 },
      { afterNs: 0 },
      { residenceNs: Number.NaN },
      { targetUtilisation: 1.1 },
    ]) {
      expect(() => sizePool({ ...question, ...wrong })).toThrow(RangeError);
    }
    expect(() => sizePool({ ...question, arrivalPerSecond: 1e300 })).toThrow(NetlatError);
  });
});
