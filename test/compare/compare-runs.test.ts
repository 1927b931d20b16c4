import { describe, expect, it, test } from "vitest";
import { compareReports } from "../../src/compare/compare-reports.js";
import { compareRuns, matchRuns, type Question } from "../../src/compare/compare-runs.js";
import { parseMinimumEffect } from "../../src/compare/minimum-effect.js";
import { quantileDifference } from "../../src/compare/quantile-difference.js";
import { reportBase } from "../../src/report/base.js";
import { type Run, reportSchema } from "../../src/report/model.js";
import { moody, probeReport, runOf } from "./runs.js";

const US = 1e3;
const question = (rest: Partial<Question> = {}): Question => ({
  confidence: 0.95,
  minimumEffect: parseMinimumEffect("5%", "--min-effect"),
  quantiles: [0.5],
  interleaved: false,
  ...rest,
});
const verdictOf = (base: Run, next: Run, rest: Partial<Question> = {}) =>
  compareRuns(matchRuns([base], [next]), question(rest)).pairs[0]?.verdict;
const calm = (medianNs: number, seed: number, blocks = 10) => runOf(moody(medianNs, blocks, 200, seed), blocks);
const bare = (medianNs: number, seed: number) => runOf(moody(medianNs, 10, 200, seed, 0));

describe("the difference of a quantile", () => {
  it("is new minus base, inside its interval, whatever the unit", () => {
    for (const [base, next, interleaved, unit] of [
      [calm(200 * US, 1), calm(230 * US, 2), false, "blocks"],
      [calm(200 * US, 1), calm(230 * US, 2), true, "rounds"],
      [bare(200 * US, 1), bare(230 * US, 2), false, "requests"],
    ] as const) {
      const found = quantileDifference(base, next, 0.5, 0.95, interleaved);
      expect(found).toMatchObject({ unit, baseNs: base.latency.p50, newNs: next.latency.p50 });
      expect(found?.differenceNs).toBe(next.latency.p50 - base.latency.p50);
      expect(found?.lowNs).toBeLessThan(found?.differenceNs as number);
      expect(found?.highNs).toBeGreaterThan(found?.differenceNs as number);
      expect(found?.lowNs).toBeGreaterThan(10 * US);
      expect(found?.highNs).toBeLessThan(50 * US);
    }
  });

  it("has the narrowest interval where both took turns: a mood that meets both sides cancels", () => {
    const moods = moody(200 * US, 20, 100, 3, 0.2);
    const base = runOf(moods, 20);
    const next = runOf(
      moods.map((value) => value * 1.1),
      20,
    );
    const width = (interleaved: boolean) => {
      const found = quantileDifference(base, next, 0.5, 0.95, interleaved);
      return (found?.highNs as number) - (found?.lowNs as number);
    };
    expect(width(true)).toBeLessThan(width(false) / 5);
    expect(verdictOf(base, next, { interleaved: true })).toBe("slower");
    expect(verdictOf(base, next)).toBe("cannot-tell");
  });

  it("takes runs as the unit where each side was merged from several", () => {
    const parts = (medianNs: number, seed: number): Run => {
      const blocks = [0, 1, 2, 3, 4].flatMap((part) =>
        (calm(medianNs, seed + part).blocks ?? []).map((block) => ({ ...block, part })),
      );
      return { ...calm(medianNs, seed), blocks };
    };
    const found = quantileDifference(parts(200 * US, 10), parts(240 * US, 20), 0.5, 0.95);
    expect(found).toMatchObject({ unit: "runs", units: { base: 5, new: 5 } });
    expect(found?.pValue).toBeCloseTo(2 / 252, 9);
  });

  it("is none without an answer, and has no interval with too few", () => {
    expect(quantileDifference(runOf([]), calm(200 * US, 1), 0.5, 0.95)).toBeNull();
    expect(quantileDifference(runOf([1, 2, 3]), runOf([4, 5, 6]), 0.5, 0.95)).toMatchObject({
      lowNs: null,
      highNs: null,
    });
  });

  it("cannot be told from few rounds or blocks, however many requests they hold", () => {
    const few = (seed: number, medianNs: number) => runOf(moody(medianNs, 5, 2000, seed), 5);
    for (const [interleaved, unit] of [
      [true, "rounds"],
      [false, "blocks"],
    ] as const) {
      const [base, next] = [few(1, 200 * US), few(2, 260 * US)];
      const found = quantileDifference(base, next, 0.5, 0.95, interleaved);
      expect(found).toMatchObject({ unit, units: { base: 5, new: 5 }, lowNs: null, highNs: null });
      expect(verdictOf(base, next, { interleaved })).toBe("cannot-tell");
    }
  });

  it("asks the requests beside the blocks: the p99 of 50 requests is one of them, and that of a block of five is no p99", () => {
    const stalled = (at: number, stallNs: number) => {
      const latencies = moody(200 * US, 10, 5, at);
      latencies[at] = stallNs;
      return runOf(latencies, 10);
    };
    const [base, next] = [stalled(7, 400 * US), stalled(31, 5000 * US)];
    expect(quantileDifference(base, next, 0.99, 0.95)).toMatchObject({ unit: "requests", lowNs: null, highNs: null });
    expect(verdictOf(base, next, { quantiles: [0.99] })).toBe("cannot-tell");
  });

  it("asks the requests for a quantile that blocks do not keep", () => {
    expect(quantileDifference(calm(200 * US, 1), calm(200 * US, 2), 0.75, 0.95)?.unit).toBe("requests");
  });
});

describe("the verdict", () => {
  it("is slower or faster where the difference is clear, the same where the interval is inside the minimum effect", () => {
    expect(verdictOf(calm(200 * US, 1), calm(260 * US, 2))).toBe("slower");
    expect(verdictOf(calm(260 * US, 2), calm(200 * US, 1))).toBe("faster");
    expect(verdictOf(bare(200 * US, 1), bare(200 * US, 2))).toBe("same");
    const minimumEffect = parseMinimumEffect("100us", "x");
    expect(verdictOf(calm(200 * US, 1), calm(260 * US, 2), { minimumEffect })).toBe("same");
  });

  it("is open where the noise is larger than the question", () => {
    const noisy = (seed: number) => runOf(moody(200 * US, 10, 200, seed, 0.3), 10);
    expect(verdictOf(noisy(1), noisy(2))).toBe("cannot-tell");
    expect(verdictOf(runOf([1, 2, 3]), runOf([7, 8, 9]))).toBe("cannot-tell");
  });

  it("does not call a clear difference that is smaller than the minimum effect", () => {
    const next = bare(206 * US, 2);
    expect(verdictOf(bare(200 * US, 1), next, { minimumEffect: parseMinimumEffect("0%", "x") })).toBe("slower");
    expect(verdictOf(bare(200 * US, 1), next)).toBe("same");
  });

  it("calls at most one in twenty pairs of the same distribution different, and finds a tenth", () => {
    const [runs, shifted] = [200, 220].map((us) =>
      Array.from({ length: 24 }, (_, seed) => runOf(moody(us * US, 10, 200, 100 * us + seed, 0.015), 10)),
    ) as [Run[], Run[]];
    const pairs = runs.flatMap((base, at) => runs.slice(at + 1, at + 6).map((next) => verdictOf(base, next)));
    const alarms = pairs.filter((verdict) => verdict === "slower" || verdict === "faster").length;
    expect(alarms / pairs.length).toBeLessThanOrEqual(0.05);
    const found = runs.filter((base, at) => verdictOf(base, shifted[at] as Run) === "slower").length;
    expect(found / runs.length).toBeGreaterThanOrEqual(0.95);
  });

  it("is harder to reach where many pairs are compared (Holm)", () => {
    const named = (run: Run, id: string): Run => ({ ...run, id });
    const one: [Run, Run] = [bare(200 * US, 1), bare(201.6 * US, 2)];
    const noEffect = { minimumEffect: parseMinimumEffect("0%", "x") };
    expect(verdictOf(...one, noEffect)).toBe("slower");
    const others = Array.from({ length: 100 }, (_, at) => named(runOf([5, 6, 7, 8, 9, 10, 11]), `${at}`));
    const matched = matchRuns([named(one[0], "x"), ...others], [named(one[1], "x"), ...others]);
    const [pair] = compareRuns(matched, question(noEffect)).pairs;
    expect(pair?.quantiles[0]?.pValue).toBeLessThan(0.05);
    expect(pair?.quantiles[0]?.adjustedPValue).toBeGreaterThan(0.05);
    expect(pair?.verdict).toBe("cannot-tell");
  });

  it("is not given on a run without an answer, or whose split did not happen", () => {
    const [pair] = compareRuns(matchRuns([runOf([])], [calm(200 * US, 1)]), question()).pairs;
    expect(pair).toMatchObject({ verdict: "cannot-tell", quantiles: [], pValue: null });
    expect(pair?.says).toBe("cannot be compared: base has no answered request");
    const merged = { ...calm(200 * US, 1), used: false };
    expect(compareRuns(matchRuns([calm(200 * US, 1)], [merged]), question()).pairs[0]?.says).toContain(
      "the split of new",
    );
  });
});

test("runs are matched by id; the only run of each side whatever its id", () => {
  const run = (id: string) => runOf([1, 2], 0, { id });
  expect(matchRuns([run("a")], [run("b")]).pairs).toMatchObject([{ id: "a / b" }]);
  const matched = matchRuns([run("a"), run("b")], [run("b"), run("c")]);
  expect(matched).toMatchObject({ pairs: [{ id: "b" }], onlyInBase: ["a"], onlyInNew: ["c"] });
});

describe("two reports", () => {
  const base = reportBase(new Date(0), { os: "o", kernel: "k", node: "n", cpus: 1, tickHz: null }, "0");
  const compare = (before: ReturnType<typeof probeReport>, after: ReturnType<typeof probeReport>) =>
    compareReports(before, after, question({ quantiles: [0.5, 0.99] }), base);

  it("become a report of the model, which says the result and its limits in words", () => {
    const report = compare(probeReport("a.json", [calm(200 * US, 1)]), probeReport("b.json", [calm(260 * US, 2)]));
    expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toBeTruthy();
    expect(report.verdict.reasons[0]).toMatch(
      /^b.json is slower than a.json \(95 % confidence\): p50 is slower, from 2\d\d us to 2\d\d us \(\+/,
    );
    expect(report.verdict.reasons.at(-1)).toContain("measured apart");
    expect(report.source).toMatchObject({ kind: "comparison", base: { file: "a.json", protocol: "memcached" } });
  });

  it("are told apart by how they were measured", () => {
    const other = probeReport("b.json", [calm(200 * US, 2)]);
    if (other.report.source.kind === "probe") other.report.source.pacing = "open loop at 500/s";
    const report = compare(probeReport("a.json", [calm(200 * US, 1)]), other);
    expect(report.comparison?.unlike).toEqual([
      "pacing: closed loop, 1 connection in a.json, open loop at 500/s in b.json",
    ]);
  });

  it("of which one holds no runs are refused", () => {
    const pool = probeReport("pool.json", []);
    pool.report.source = { kind: "pool", from: "numbers" };
    expect(() => compare(probeReport("a.json", []), pool)).toThrow(
      /pool.json: is a report of kind pool; netlat compare takes/,
    );
  });

  it("of which netlat was late in one are not compared", () => {
    const late = probeReport("b.json", [calm(260 * US, 2)]);
    late.report.findings.push({
      code: "generator-lag",
      severity: "warning",
      title: "we were late ourselves",
      subject: { run: "nagle=off,split=none" },
      count: 1,
      of: 2,
      costNs: { total: 1, p50: 1, max: 1 },
      confidence: "certain",
      evidence: [],
      fix: [],
      whatIf: null,
    });
    const report = compare(probeReport("a.json", [calm(200 * US, 1)]), late);
    expect(report.comparison?.pairs[0]).toMatchObject({ verdict: "cannot-tell", quantiles: [] });
    expect(report.verdict.reasons[0]).toContain("netlat itself was late in b.json (generator-lag)");
  });

  it("count what failed beside what is compared", () => {
    const failing = runOf(moody(200 * US, 10, 20, 1), 10, { errors: { timeout: 7 }, requests: 207 });
    const report = compare(probeReport("a.json", [calm(200 * US, 1)]), probeReport("b.json", [failing]));
    expect(report.comparison?.pairs[0]).toMatchObject({ baseErrors: 0, newErrors: 7 });
    expect(report.verdict.reasons[0]).toContain("failed: 0 of 2000, then 7 of 207");
  });
});

test("the minimum effect is a duration or a share, and nothing else", () => {
  expect(parseMinimumEffect("0.1ms", "x").ns(5)).toBe(100_000);
  expect(parseMinimumEffect("2.5%", "x").ns(1000)).toBe(25);
  for (const text of ["", "5", "-5%", "5 apples", "1000%", "%", "ms"]) {
    expect(() => parseMinimumEffect(text, "--min-effect")).toThrow(/^--min-effect/);
  }
});
