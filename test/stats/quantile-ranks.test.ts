import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logFactorial, quantileRanks } from "../../src/stats/binomial.js";
import { normalQuantile, normalTail } from "../../src/stats/normal.js";
import { equalShares } from "../../src/stats/quantile-test.js";
import { random } from "../../src/stats/random.js";

describe("the ranks that bound a quantile", () => {
  // Conover, "Practical Nonparametric Statistics", 3.2, and the tables of the binomial distribution.
  it.each([
    [10, 0.5, 2, 9],
    [20, 0.5, 6, 15],
    [100, 0.5, 40, 61],
    [6, 0.5, 1, 6],
    [2000, 0.5, 956, 1045],
    [1000, 0.99, 983, 997],
  ])("%i values, quantile %f", (n, quantile, low, high) => {
    expect(quantileRanks(n, quantile, 0.95)).toEqual({ low, high });
  });

  it("are missing where there are too few values", () => {
    expect(quantileRanks(5, 0.5, 0.95)).toEqual({ low: null, high: null });
    expect(quantileRanks(100, 0.99, 0.95)).toEqual({ low: 97, high: null });
  });

  it("cover the true median as often as they say", () => {
    const uniform = random(7);
    let held = 0;
    for (let run = 0; run < 2000; run++) {
      const values = Array.from({ length: 40 }, uniform).sort((a, b) => a - b);
      const { low, high } = quantileRanks(40, 0.5, 0.95);
      if ((values[(low as number) - 1] as number) <= 0.5 && 0.5 <= (values[(high as number) - 1] as number)) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.94);
  });

  it("bound ever more tightly around n x quantile, also with millions of values", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 3_000_000 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (n, quantile) => {
          const { low, high } = quantileRanks(n, quantile, 0.95);
          const deviation = Math.sqrt(n * quantile * (1 - quantile));
          expect(Math.abs(n * quantile - 1.96 * deviation - (low as number))).toBeLessThan(3);
          expect(Math.abs(n * quantile + 1.96 * deviation - (high as number))).toBeLessThan(3);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("Fisher's exact test of shares", () => {
  it.each([
    [8, 10, 1, 6, 0.034965034965],
    [3, 10, 6, 10, 0.369849964277],
    [1000, 2000, 900, 2000, 0.001717615178],
  ])("%i of %i against %i of %i", (baseBelow, base, nextBelow, next, p) => {
    expect(equalShares(baseBelow, base, nextBelow, next)).toBeCloseTo(p, 9);
  });

  it("is 1 where nothing can differ", () => {
    expect(equalShares(0, 10, 0, 10)).toBe(1);
    expect(equalShares(10, 10, 20, 20)).toBe(1);
    expect(equalShares(0, 0, 5, 10)).toBe(1);
  });
});

describe("the normal distribution", () => {
  it.each([
    [0, 0.5],
    [0.5, 0.308537538725987],
    [1.96, 0.0249978951482204],
    [2.5, 0.00620966532577613],
    [3.5, 0.000232629079035525],
    [8, 6.22096057427174e-16],
  ])("tail beyond %f", (z, tail) => {
    expect(normalTail(z) / tail).toBeCloseTo(1, 9);
    expect(normalTail(-z)).toBeCloseTo(1 - tail, 12);
  });

  it("goes back and forth", () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 9);
    expect(normalQuantile(0.025)).toBeCloseTo(-1.959963984540054, 9);
  });
});

it("ln n! agrees with the product", () => {
  let sum = 0;
  for (let n = 1; n <= 200; n++) {
    sum += Math.log(n);
    expect(logFactorial(n)).toBeCloseTo(sum, 9);
  }
});
