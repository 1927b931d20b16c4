import { describe, expect, it } from "vitest";
import { random } from "../../src/stats/random.js";
import { meanInterval, studentT95 } from "../../src/stats/student-t.js";

describe("studentT95", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975.
  it.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [6, 2.447],
    [7, 2.365],
    [8, 2.306],
    [9, 2.262],
    [10, 2.228],
    [15, 2.131],
    [20, 2.086],
    [30, 2.042],
    [60, 2.0],
    [100, 1.984],
  ])("agrees with the table at %i degrees of freedom", (df, table) => {
    expect(studentT95(df)).toBeCloseTo(table, 3);
  });

  it("falls towards the normal deviate", () => {
    for (let df = 1; df < 200; df++) expect(studentT95(df + 1)).toBeLessThan(studentT95(df));
    expect(studentT95(1e6)).toBeCloseTo(1.95996, 4);
  });

  it("refuses a sample without a degree of freedom", () => {
    expect(() => studentT95(0)).toThrow(RangeError);
    expect(() => studentT95(Number.NaN)).toThrow(RangeError);
  });
});

describe("meanInterval", () => {
  it("gives the textbook interval", () => {
    // 1..5: mean 3, s = sqrt(2.5), half = 2.776 * sqrt(2.5 / 5).
    const { mean, low, high } = meanInterval([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    expect(low).toBeCloseTo(3 - 1.9632, 3);
    expect(high).toBeCloseTo(3 + 1.9632, 3);
  });

  it("has no bounds for a single value, and collapses for equal ones", () => {
    expect(meanInterval([7])).toEqual({ mean: 7, low: null, high: null });
    expect(meanInterval([7, 7, 7])).toEqual({ mean: 7, low: 7, high: 7 });
    expect(() => meanInterval([])).toThrow(RangeError);
  });

  it("covers the true mean in about 95 of 100 samples", () => {
    const uniform = random(7);
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    let covered = 0;
    const trials = 2000;
    for (let trial = 0; trial < trials; trial++) {
      const { low, high } = meanInterval(Array.from({ length: 5 }, () => 10 + normal()));
      if ((low as number) <= 10 && 10 <= (high as number)) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.93);
    expect(covered / trials).toBeLessThan(0.97);
  });
});
