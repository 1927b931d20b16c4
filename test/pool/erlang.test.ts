import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { erlangB, erlangC, erlangCs } from "../../src/pool/erlang.js";

/** The textbook sums with whole numbers only: load = top / bottom, the result to 15 digits. */
function exactly(servers: number, top: bigint, bottom: bigint): { b: number; c: number } {
  // a^k / k! over a common denominator: top^k bottom^(c-k) c!/k!
  const terms = Array.from({ length: servers + 1 }, (_, k) => {
    let falling = 1n;
    for (let n = BigInt(k) + 1n; n <= BigInt(servers); n++) falling *= n;
    return top ** BigInt(k) * bottom ** BigInt(servers - k) * falling;
  });
  const sum = terms.reduce((total, term) => total + term, 0n);
  const last = terms[servers] as bigint;
  const ratio = (up: bigint, down: bigint): number => Number((up * 10n ** 18n) / down) / 1e18;
  // C = (a^c / c!) c / (c - a) over the sum without the last term plus that
  const c = BigInt(servers);
  const [num, den] = [last * c * bottom, c * bottom - top];
  return { b: ratio(last, sum), c: ratio(num, (sum - last) * den + num) };
}

describe("erlangB", () => {
  // The Erlang B traffic table, load offered at a loss of 1 % and 2 %, as telephone engineers' handbooks print it to four digits.
  it.each([
    [1, 0.0101, 0.01],
    [5, 1.361, 0.01],
    [10, 4.461, 0.01],
    [20, 12.03, 0.01],
    [50, 37.9, 0.01],
    [100, 84.06, 0.01],
    [5, 1.657, 0.02],
    [10, 5.084, 0.02],
    [20, 13.18, 0.02],
    [100, 87.97, 0.02],
  ])("%i lines carry %d erlang at a loss of %d", (servers, load, loss) => {
    expect(erlangB(servers, load)).toBeCloseTo(loss, 4);
  });

  it("equals the sum of whole-number fractions", () => {
    for (const [servers, top, bottom] of [
      [1, 4n, 5n],
      [3, 2n, 1n],
      [17, 25n, 2n],
      [60, 1234n, 25n],
      [300, 271n, 1n],
    ] as const) {
      const load = Number(top) / Number(bottom);
      expect(erlangB(servers, load) / exactly(servers, top, bottom).b).toBeCloseTo(1, 11);
      expect(erlangC(servers, load) / exactly(servers, top, bottom).c).toBeCloseTo(1, 11);
    }
  });
});

describe("erlangC", () => {
  it.each([
    // Gross and Harris, Fundamentals of Queueing Theory, 3rd ed., example 2.2: the eye clinic, three doctors, 6 an hour, 20 minutes each: p0 = 1/9
    [3, 2, 4 / 9],
    // Hillier and Lieberman, Introduction to Operations Research, County Hospital: 2 an hour, 20 minutes each, one and two doctors
    [1, 2 / 3, 0.6667],
    [2, 2 / 3, 0.1667],
    // The call centre of "Erlang C formula made easy": 100 calls of 3 minutes in half an hour, 14 agents: 17.4 %
    [14, 10, 0.1741],
  ])("%i servers, load %d: %d wait", (servers, load, wait) => {
    expect(erlangC(servers, load)).toBeCloseTo(wait, 4);
  });

  it("gives the mean waits that the Erlang library of Abstract Micro Systems prints", () => {
    // ErlcWait4(20, 1800, 100, 240) = 2.243505841 s and ErlcWait4(20, 1800, 100, 300) = 30.4312286 s
    const wait = (servers: number, load: number, serviceSeconds: number): number =>
      (erlangC(servers, load) * serviceSeconds) / (servers - load);
    expect(wait(20, (100 * 240) / 1800, 240)).toBeCloseTo(2.2435058, 5);
    expect(wait(20, (100 * 300) / 1800, 300)).toBeCloseTo(30.4312286, 5);
  });

  it("everybody waits without a steady state", () => {
    expect(erlangC(20, 225)).toBe(1);
    expect(erlangC(225, 225)).toBe(1);
  });

  it("is a share that falls with the servers, for any load", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 2000, noNaN: true }), (load) => {
        let before = 1;
        let steps = 0;
        for (const { servers, delayed } of erlangCs(load)) {
          expect(delayed).toBeGreaterThanOrEqual(0);
          expect(delayed).toBeLessThanOrEqual(before);
          expect(Math.abs(delayed - erlangC(servers, load))).toBeLessThan(1e-12);
          before = delayed;
          if (++steps === 20) break;
        }
      }),
      { numRuns: 50 },
    );
  });
});
