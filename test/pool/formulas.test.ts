import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConstantServiceWait, constantServiceWaiting } from "../../src/pool/constant-service.js";
import { allenCunneen, exponentialWaiting, type Queue } from "../../src/pool/formulas.js";
import { constant, exponential, measured, ofTwoMoments } from "../../src/pool/variate.js";

const HOUR = 3_600e9;
const queue = (over: Partial<Queue> & { load: number }): Queue => {
  const service = over.service ?? exponential(1e6);
  return { arrivalPerNs: over.load / service.meanNs, arrivalCv2: 1, servers: 1, ...over, service };
};

describe("M/M/c", () => {
  it("equals Gross and Harris, example 2.2: Lq = 8/9, W = 28.9 minutes", () => {
    const clinic = queue({ load: 2, servers: 3, service: exponential(HOUR / 3) });
    const { waitMeanNs, utilisation } = exponentialWaiting(clinic);
    expect(clinic.arrivalPerNs * waitMeanNs).toBeCloseTo(8 / 9, 6);
    expect((waitMeanNs + HOUR / 3) / 60e9).toBeCloseTo(28.9, 1);
    expect(utilisation).toBeCloseTo(2 / 3, 12);
  });

  it("equals Hillier and Lieberman, County Hospital: Wq, and how many wait more than half an hour and an hour", () => {
    const hospital = (servers: number): Queue => queue({ load: 2 / 3, servers, service: exponential(HOUR / 3) });
    expect(exponentialWaiting(hospital(1)).waitMeanNs / HOUR).toBeCloseTo(2 / 3, 6);
    expect(exponentialWaiting(hospital(2)).waitMeanNs / HOUR).toBeCloseTo(1 / 24, 6);
    // P(Wq > 1/2) = 0.404 and P(Wq > 1) = 0.245 with one doctor: so these are its 0.596 and 0.755 quantiles
    expect((2 / 3) * Math.exp(-0.5)).toBeCloseTo(0.404, 3);
    const { waitP99Ns, waitP50Ns } = exponentialWaiting(hospital(1));
    expect(waitP50Ns ?? 0).toBeCloseTo(Math.log(4 / 3) * HOUR, 0);
    expect(waitP99Ns ?? 0).toBeCloseTo(Math.log(200 / 3) * HOUR, 0);
  });

  it("of one server has an exponential response of rate mu - lambda", () => {
    const { responseP99Ns } = exponentialWaiting(queue({ load: 0.8 }));
    expect(responseP99Ns ?? 0).toBeCloseTo((Math.log(100) * 1e6) / 0.2, 0);
  });

  it("finds the response quantile of the textbook's formula for several servers", () => {
    const [servers, load] = [3, 2.4];
    const model = exponentialWaiting(queue({ load, servers }));
    const t = (model.responseP99Ns ?? 0) / 1e6;
    // P(T > t) = e^-t (1 + C (1 - e^(-t (c - 1 - a))) / (c - 1 - a)), Gross and Harris section 2.3 (mu = 1)
    const spare = servers - 1 - load;
    const tail = Math.exp(-t) * (1 + (model.waitProbability * (1 - Math.exp(-t * spare))) / spare);
    expect(tail).toBeCloseTo(0.01, 10);
  });
});

describe("Allen-Cunneen", () => {
  it("is Pollaczek-Khinchine for one server: lambda E[S^2] / (2 (1 - rho))", () => {
    const service = measured(
      [
        { valueNs: 1e6, count: 9 },
        { valueNs: 41e6, count: 1 },
      ],
      5e6,
    );
    const secondMoment = 0.9 * 1e12 + 0.1 * 1681e12;
    const model = allenCunneen(queue({ load: 0.7, service }));
    expect(model.waitMeanNs).toBeCloseTo(((0.7 / 5e6) * secondMoment) / (2 * 0.3), 0);
  });

  it("is Kingman's for one server and other arrivals, and M/M/c where both are exponential", () => {
    const kingman = allenCunneen(queue({ load: 0.9, arrivalCv2: 3, service: ofTwoMoments(1e6, 0.5) }));
    expect(kingman.waitMeanNs).toBeCloseTo((0.9 / 0.1) * ((3 + 0.5) / 2) * 1e6, 0);
    const same = queue({ load: 18, servers: 20 });
    expect(allenCunneen(same)).toEqual(exponentialWaiting(same));
  });

  it("nobody waits without any variability", () => {
    const model = allenCunneen(queue({ load: 0.99, arrivalCv2: 0, service: constant(1e6) }));
    expect(model).toMatchObject({ waitProbability: 0, waitMeanNs: 0, waitP99Ns: 0 });
    expect(model.responseP99Ns).toBeCloseTo(1e6, 0);
  });

  it("never gives nonsense, and never more waiting with more connections", () => {
    const cv2 = fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 100, noNaN: true }));
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 500, noNaN: true }),
        cv2,
        cv2,
        fc.integer({ min: 1, max: 50 }),
        (load, arrivalCv2, serviceCv2, spare) => {
          const servers = Math.floor(load) + spare;
          const one = allenCunneen(queue({ load, servers, arrivalCv2, service: ofTwoMoments(1e6, serviceCv2) }));
          const more = allenCunneen(
            queue({ load, servers: servers + 1, arrivalCv2, service: ofTwoMoments(1e6, serviceCv2) }),
          );
          for (const figure of Object.values(one)) expect(figure).toBeGreaterThanOrEqual(0);
          for (const figure of Object.values(one)) expect(Number.isFinite(figure)).toBe(true);
          expect(more.waitP99Ns).toBeLessThanOrEqual(one.waitP99Ns ?? 0);
          expect(more.waitMeanNs).toBeLessThanOrEqual(one.waitMeanNs);
        },
      ),
    );
  });
});

describe("a two-moment distribution", () => {
  it("has the mean and the variation asked for", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e12, noNaN: true }),
        fc.double({ min: 0, max: 1000, noNaN: true }),
        (mean, cv2) => {
          const made = ofTwoMoments(mean, cv2);
          expect(made.meanNs / mean).toBeCloseTo(1, 9);
          expect(Math.abs(made.cv2 - cv2)).toBeLessThan(1e-6 * Math.max(1, cv2));
        },
      ),
    );
  });
});

/** Erlang's alternating sum for M/D/1 with 80 decimal digits, where it does not drown: (1 - rho) sum of (-r (t-k))^k / k! e^(r (t-k)). */
function erlangSum(utilisation: bigint, t: bigint, one: bigint): number {
  const multiply = (a: bigint, b: bigint): bigint => (a * b) / one;
  const exp = (x: bigint): bigint => {
    let [sum, term] = [0n, one];
    for (let n = 1n; term !== 0n; n++) {
      sum += term;
      term = multiply(term, x) / n;
    }
    return sum;
  };
  let sum = 0n;
  for (let k = 0n; k * one <= t; k++) {
    const rest = multiply(utilisation, t - k * one);
    let term = exp(rest);
    for (let n = 1n; n <= k; n++) term = multiply(term, -rest) / n;
    sum += term;
  }
  return Number((multiply(one - utilisation, sum) * 10n ** 15n) / one) / 1e15;
}

describe("M/D/1", () => {
  it("has the distribution of Erlang's sum", () => {
    const one = 10n ** 80n;
    for (const percent of [10n, 50n, 80n, 95n]) {
      const wait = new ConstantServiceWait(Number(percent) / 100);
      for (const tenths of [0n, 5n, 10n, 17n, 50n, 123n, 400n]) {
        const exact = erlangSum((one * percent) / 100n, (one * tenths) / 10n, one);
        expect(wait.atMost(Number(tenths) / 10)).toBeCloseTo(exact, 10);
      }
    }
  });

  it.each([
    // Lq of M/D/1 as Hillier and Lieberman's figure and any table have it: rho^2 / (2 (1 - rho))
    [0.5, 0.25],
    [0.7, 0.8167],
    [0.8, 1.6],
    [0.9, 4.05],
  ])("at utilisation %d has %d in the queue (Pollaczek-Khinchine), half of M/M/1", (utilisation, queued) => {
    const { waitMeanNs } = constantServiceWaiting(utilisation, 1e6);
    expect((utilisation * waitMeanNs) / 1e6).toBeCloseTo(queued, 4);
    expect(waitMeanNs).toBeCloseTo(exponentialWaiting(queue({ load: utilisation })).waitMeanNs / 2, 3);
    expect(waitMeanNs).toBeCloseTo(allenCunneen(queue({ load: utilisation, service: constant(1e6) })).waitMeanNs, 3);
  });

  it("has the mean that its own distribution has", () => {
    const wait = new ConstantServiceWait(0.8);
    let mean = 0;
    for (let x = 0.005; x < 80; x += 0.01) mean += (1 - wait.atMost(x)) * 0.01;
    expect(mean).toBeCloseTo(2, 3);
  });

  it("gives up on quantiles only beyond a utilisation of 0.999", () => {
    expect(constantServiceWaiting(0.9995, 1e6).waitP99Ns).toBeNull();
    const near = constantServiceWaiting(0.999, 1e6);
    // In heavy traffic the wait is exponential around its mean (Kingman 1962).
    expect((near.waitP99Ns ?? 0) / (near.waitMeanNs * Math.log(100))).toBeCloseTo(1, 2);
  });
});
