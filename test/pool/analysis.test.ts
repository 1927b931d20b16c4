import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analysePool } from "../../src/pool/analysis.js";
import { allenCunneen } from "../../src/pool/formulas.js";
import type { PoolAnalysisQuestion } from "../../src/pool/question.js";
import { exponential, measured, ofTwoMoments } from "../../src/pool/variate.js";
import { poolSchema } from "../../src/report/pool-model.js";

const MS = 1e6;

/** `netlat pool --rate 5000/s --latency 45ms` and what is changed. */
function question(over: Partial<PoolAnalysisQuestion> = {}): PoolAnalysisQuestion {
  const residenceNs = over.residenceNs ?? 45 * MS;
  const afterNs = over.afterNs ?? null;
  return {
    arrivalPerSecond: 5000,
    residenceNs,
    connections: null,
    afterNs,
    rateFrom: "given",
    service: exponential(residenceNs),
    serviceFrom: "assumed",
    afterService: afterNs === null ? null : exponential(afterNs),
    arrivalCv2: 1,
    arrivalFrom: "assumed",
    targetWaitP99Ns: null,
    growth: null,
    tasks: null,
    fixes: [],
    seed: 1,
    arrivals: 20_000,
    ...over,
  };
}

/** 90 % of 1 ms and 10 % of 41 ms. */
const STALLED = measured(
  [
    { valueNs: MS, count: 9 },
    { valueNs: 41 * MS, count: 1 },
  ],
  5 * MS,
);

describe("analysePool", () => {
  it("says of an overloaded pool that it is one, and models only sizes that can carry the load", () => {
    const pool = analysePool(question({ connections: 20, afterNs: MS }));
    expect(pool.now).toMatchObject({ inFlight: 225, waiting: 205, connectionsNeeded: 225, stable: false });
    expect(pool.now.capacityPerSecond).toBeCloseTo(444.4, 1);
    expect(pool.after).toMatchObject({ inFlight: 5, connectionsNeeded: 5, stable: true });
    expect(pool.recommendation?.says[0]).toBe(
      "Overloaded: 20 connections carry 444/s of the 5000/s that arrive; of 225 requests in flight 205 wait.",
    );
    expect(pool.cases?.map(({ load, connections, recommended }) => [load, connections, recommended])).toEqual([
      ["now", pool.recommendation?.now.connections, true],
      ["after", 20, false],
    ]);
    expect(pool.knee?.every(({ connections }) => connections > 225)).toBe(true);
  });

  it("recommends the fewest connections that hold the target: one fewer does not", () => {
    for (const targetWaitP99Ns of [0.1 * MS, MS, 45 * MS, 2000 * MS]) {
      const { connections, from } = analysePool(question({ targetWaitP99Ns })).recommendation?.now ?? {};
      const p99 = (servers: number): number =>
        allenCunneen({ arrivalPerNs: 5e-6, arrivalCv2: 1, service: exponential(45 * MS), servers }).waitP99Ns ?? 0;
      expect(from).toBe("formula");
      expect(p99(connections ?? 0)).toBeLessThanOrEqual(targetWaitP99Ns);
      if ((connections ?? 0) > 226) expect(p99((connections ?? 0) - 1)).toBeGreaterThan(targetWaitP99Ns);
    }
  });

  it("goes by the simulation where the histogram is measured, and warns where the formula parts from it", () => {
    const measuredPool = question({
      arrivalPerSecond: 1000,
      residenceNs: 5 * MS,
      service: STALLED,
      serviceFrom: "measured",
      connections: 9,
    });
    const pool = analysePool({ ...measuredPool, targetWaitP99Ns: MS, arrivals: 100_000 });
    expect(pool.variability).toMatchObject({ serviceFrom: "measured", arrivalFrom: "assumed" });
    expect(pool.variability?.serviceCv2).toBeCloseTo(5.76, 2);
    const present = pool.cases?.[0];
    expect(present?.models.map(({ model }) => model)).toEqual(["M/M/c", "Allen-Cunneen", "simulation"]);
    const [, formula, simulation] = present?.models ?? [];
    const parts =
      Math.abs((formula?.waitP99Ns ?? 0) - (simulation?.waitP99Ns ?? 0)) > 0.1 * (simulation?.waitP99Ns ?? 0);
    expect(present?.warnings.join()).toMatch(parts ? /formula and simulation part.*wait p99/ : /^$/);
    const { now } = pool.recommendation ?? {};
    expect(now?.from).toBe("simulation");
    expect(now?.waitP99Ns).toBeLessThanOrEqual(MS);
    const less = analysePool({ ...measuredPool, connections: (now?.connections ?? 0) - 1, arrivals: 100_000 });
    expect(less.cases?.[0]?.models.at(-1)?.waitP99Ns).toBeGreaterThan(MS);
  });

  it("has M/D/1 beside the others where there is one connection", () => {
    const pool = analysePool(
      question({
        arrivalPerSecond: 800,
        residenceNs: MS,
        connections: 1,
        service: ofTwoMoments(MS, 0.3),
        serviceFrom: "given",
      }),
    );
    expect(pool.cases?.[0]?.models.map(({ model }) => model)).toEqual([
      "M/M/c",
      "Allen-Cunneen",
      "M/D/1",
      "simulation",
    ]);
  });

  it("is ready for growth, and says what each fix saves", () => {
    const pool = analysePool(question({ growth: 1.3, fixes: [{ code: "nagle-delayed-ack", residenceNs: MS }] }));
    expect(pool.recommendation?.grown).toMatchObject({ arrivalPerSecond: 6500 });
    expect(pool.recommendation?.grown?.connections).toBeGreaterThan(292);
    expect(pool.fixes?.[0]).toMatchObject({ code: "nagle-delayed-ack", load: { inFlight: 5, connectionsNeeded: 5 } });
    expect(pool.fixes?.[0]?.recommended).toBeLessThan(20);
    expect(pool.fixes?.[0]?.says).toMatch(
      /without nagle-delayed-ack: 45.0 ms to 1.00 ms a request, 225 to 5 in flight, \d+ to \d+ connections/,
    );
  });

  it("counts an HTTP/2 connection as its streams", () => {
    const pool = analysePool(question({ connections: 3, streamsPerConnection: 100 }));
    expect(pool.streams).toEqual({ perConnection: 100, slots: 300 });
    expect(pool.now).toMatchObject({ connectionsNeeded: 3, utilisation: 0.75, waiting: 0, stable: true });
    expect(pool.now.capacityPerSecond).toBeCloseTo(6666.7, 1);
    expect(pool.recommendation?.now.connections).toBe(3);
    expect(pool.says.join("; ")).toContain("3 connections x 100 streams");
    const short = analysePool(question({ connections: 2, streamsPerConnection: 100 }));
    expect(short.says).toContain("of 225 that want a stream 200 hold one and 25 wait");
  });

  it("never recommends fewer than the deadlock floor: tasks x (connections of each - 1) + 1", () => {
    const tasks = { perTask: 3, tasks: 200 };
    const pool = analysePool(question({ connections: 400, tasks }));
    expect(pool.deadlock).toMatchObject({ floor: 401, safe: false });
    expect(pool.recommendation?.now).toMatchObject({ connections: 401, from: "deadlock" });
    expect(analysePool(question({ connections: 401, tasks })).deadlock?.safe).toBe(true);
    expect(analysePool(question({ tasks: { perTask: 1, tasks: 200 } })).deadlock).toMatchObject({
      floor: 1,
      safe: null,
    });
  });

  it("does not take what a full pool lets through for what arrives", () => {
    const pool = analysePool(question({ arrivalPerSecond: 22.2, connections: 1, rateFrom: "measured" }));
    expect(pool.recommendation?.says[0]).toMatch(/99.9 % busy: more may want to come than the 22.2\/s that were seen/);
  });

  it("recommends nothing where more are in flight than can be worked out, and comes back at once", () => {
    const pool = analysePool(
      question({ arrivalPerSecond: 1e9, residenceNs: 1000 * MS, service: exponential(1000 * MS), connections: 5 }),
    );
    expect(pool.recommendation?.now).toMatchObject({ connections: null });
    expect(pool.knee).toEqual([]);
    expect(pool.now.stable).toBe(false);
  });

  it("gives a report that the schema takes for any numbers: no NaN, no infinity, no endless search", () => {
    const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
    const cv2 = fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1000, noNaN: true }));
    const optional = { nil: null };
    fc.assert(
      fc.property(
        fc.record({
          rate: positive,
          latency: fc.double({ min: 1, max: 1e11, noNaN: true }),
          connections: fc.option(fc.integer({ min: 1, max: 1e6 }), optional),
          arrivalCv2: cv2,
          serviceCv2: cv2,
          target: fc.option(fc.double({ min: 1, max: 1e12, noNaN: true }), optional),
          growth: fc.option(fc.double({ min: 0.01, max: 1000, noNaN: true }), optional),
          streams: fc.integer({ min: 1, max: 1000 }),
          tasks: fc.option(
            fc.record({ perTask: fc.integer({ min: 1, max: 1000 }), tasks: fc.integer({ min: 1, max: 1e6 }) }),
            optional,
          ),
        }),
        ({ rate, latency, serviceCv2, target, streams, ...rest }) => {
          // Beyond what a test has time to fill.
          fc.pre((rate * latency * (rest.growth ?? 1)) / 1e9 < 2_000);
          const pool = analysePool(
            question({
              ...rest,
              arrivalPerSecond: rate,
              residenceNs: latency,
              service: ofTwoMoments(latency, serviceCv2),
              targetWaitP99Ns: target,
              streamsPerConnection: streams,
              arrivals: 200,
            }),
          );
          const parsed = poolSchema.safeParse(pool);
          expect(parsed.error?.issues ?? []).toEqual([]);
          expect(JSON.parse(JSON.stringify(pool))).toEqual(pool);
        },
      ),
      { numRuns: 60 },
    );
  });
});
