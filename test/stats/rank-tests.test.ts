import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { mannWhitneyShares, signedRankShares } from "../../src/stats/exact-ranks.js";
import { holm } from "../../src/stats/holm.js";
import { mannWhitney, signedRank } from "../../src/stats/rank-tests.js";
import { pairedShiftInterval, shiftInterval } from "../../src/stats/shift.js";
import { differenceSpread } from "../../src/stats/spread.js";

const each = (values: readonly number[]) => values.map((value) => ({ value, count: 1 }));

// Hollander and Wolfe, "Nonparametric Statistical Methods" (1973), p. 69 f.: permeability of the chorioamnion; and p. 29 f.:
// Hamilton depression scale, the data of R's wilcox.test.
const TERM = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const WEEKS = [1.15, 0.88, 0.9, 0.74, 1.21];
const BEFORE = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
const AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
// Ozone in May and August, with ties: R's help of wilcox.test gives W = 127.5, p = 0.0001208.
const MAY = [41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37];
const AUGUST = [
  39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85,
];

describe("Mann-Whitney", () => {
  it("is exact for small samples without ties", () => {
    expect(mannWhitney(each(WEEKS), each(TERM))).toMatchObject({ u: 35, effectSize: 0.7 });
    expect(mannWhitney(each(WEEKS), each(TERM)).pValue).toBeCloseTo(0.254412, 6);
  });

  it("corrects for ties and continuity", () => {
    const found = mannWhitney(each(AUGUST), each(MAY));
    expect(found.u).toBe(127.5);
    expect(found.pValue).toBeCloseTo(0.00012080783, 10);
  });

  it("takes counts as so many values, and the other way round gives the complement", () => {
    const values = fc.array(
      fc.record({ value: fc.integer({ min: 0, max: 20 }), count: fc.integer({ min: 1, max: 4 }) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(values, values, (base, next) => {
        const spelt = (tallies: typeof base) =>
          tallies.flatMap(({ value, count }) => each(new Array(count).fill(value)));
        const found = mannWhitney(base, next);
        const [left, right] = [spelt(base), spelt(next)];
        const larger = right.flatMap((b) => left.map((a) => (b.value > a.value ? 1 : b.value === a.value ? 0.5 : 0)));
        const u = larger.reduce((sum: number, one) => sum + one, 0);
        expect(found.u).toBeCloseTo(u, 9);
        expect(mannWhitney(left, right)).toEqual(found);
        expect(mannWhitney(next, base).effectSize).toBeCloseTo(1 - found.effectSize, 12);
        expect(mannWhitney(next, base).pValue).toBeCloseTo(found.pValue, 12);
      }),
    );
  });

  it("says nothing about nothing", () => {
    expect(mannWhitney([], each([1]))).toEqual({ u: 0, pValue: 1, effectSize: 0.5 });
    expect(mannWhitney(each([3, 3]), each([3, 3, 3])).pValue).toBe(1);
  });
});

describe("Wilcoxon's signed ranks", () => {
  it("agrees with the published example, and with the normal approximation where there are ties", () => {
    expect(signedRank(BEFORE.map((value, at) => value - (AFTER[at] as number)))).toBeCloseTo(0.0390625, 9);
    expect(signedRank([3, -1, 2, 2, 5, -3, 4, 6, 1, 2, 7, -1])).toBeCloseTo(0.0335512, 6);
    expect(signedRank([0, 0, 0])).toBe(1);
  });

  it("reaches 2 of 2^n with n differences of one sign", () => {
    expect(signedRank([1, 2, 3, 4, 5, 6])).toBeCloseTo(2 / 64, 12);
  });
});

test("exact distributions are symmetrical and sum to 1", () => {
  for (const shares of [mannWhitneyShares(7, 10), mannWhitneyShares(20, 20), signedRankShares(20)]) {
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    for (let at = 0; at < shares.length; at++) {
      expect(shares[at]).toBeCloseTo(shares[shares.length - 1 - at] as number, 12);
    }
  }
  // Of 2 against 2 values: U = 0, 1, 2, 2, 3, 4.
  expect([...mannWhitneyShares(2, 2)].map((share) => Math.round(share * 6))).toEqual([1, 1, 2, 1, 1]);
});

describe("Hodges-Lehmann intervals", () => {
  it("are those of Hollander and Wolfe", () => {
    const found = shiftInterval(WEEKS, TERM, 0.95);
    expect(found?.low).toBeCloseTo(-0.15, 9);
    expect(found?.high).toBeCloseTo(0.76, 9);
    const paired = pairedShiftInterval(
      BEFORE.map((value, at) => value - (AFTER[at] as number)),
      0.95,
    );
    expect(paired?.low).toBeCloseTo(0.01, 9);
    expect(paired?.high).toBeCloseTo(0.786, 9);
  });

  it("are none for too few values", () => {
    expect(shiftInterval([1, 2, 3], [4, 5, 6], 0.95)).toBeNull();
    expect(shiftInterval([1, 2, 3, 4], [5, 6, 7, 8], 0.95)).toEqual({ low: 1, high: 7 });
    expect(pairedShiftInterval([1, 2, 3, 4, 5], 0.95)).toBeNull();
  });

  it("move with the values", () => {
    const values = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 5, maxLength: 70 });
    fc.assert(
      fc.property(values, values, fc.integer({ min: -1000, max: 1000 }), (base, next, by) => {
        const found = shiftInterval(base, next, 0.95);
        const moved = shiftInterval(
          base,
          next.map((value) => value + by),
          0.95,
        );
        expect(moved?.low).toBe((found?.low as number) + by);
        expect(moved?.high).toBe((found?.high as number) + by);
      }),
    );
  });
});

test("the spread of differences is not moved by one odd value, and sees two modes", () => {
  const calm = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109];
  const odd = [...calm.slice(1), 5000];
  expect(differenceSpread(odd, calm)).toBeLessThan(6);
  const modes = [100, 100, 100, 100, 100, 100, 160, 160, 160, 160];
  expect(differenceSpread(modes, modes)).toBe(60);
});

describe("Holm", () => {
  // The worked example of Holm's method on four tests: 0.01, 0.04, 0.03, 0.005.
  it("steps down, and never turns the order around", () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
    expect(holm([0.04])).toEqual([0.04]);
    expect(holm([])).toEqual([]);
  });
});
