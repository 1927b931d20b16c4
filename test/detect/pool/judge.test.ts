import { describe, expect, it } from "vitest";
import { judgePools } from "../../../src/detect/pool/judge.js";
import { analysePool } from "../../../src/pool/analysis.js";
import type { PoolAnalysisQuestion } from "../../../src/pool/question.js";
import { exponential } from "../../../src/pool/variate.js";
import type { Finding } from "../../../src/report/model.js";
import { findingSchema } from "../../../src/report/model.js";

const MS = 1e6;

/** 100/s of 50 ms: 5 in flight; 13 connections keep the wait p99 at a tenth. */
function judged(over: Partial<PoolAnalysisQuestion>, requests: number | null = null): ReturnType<typeof judgePools> {
  const pool = analysePool({
    arrivalPerSecond: 100,
    residenceNs: 50 * MS,
    connections: null,
    afterNs: null,
    rateFrom: "given",
    service: exponential(50 * MS),
    serviceFrom: "assumed",
    afterService: null,
    arrivalCv2: 1,
    arrivalFrom: "assumed",
    targetWaitP99Ns: null,
    growth: null,
    tasks: null,
    fixes: [],
    seed: 1,
    arrivals: 20_000,
    ...over,
  });
  const result = judgePools([{ name: "memcached", pool, requests }]);
  for (const finding of result.findings) expect(findingSchema.safeParse(finding).error?.issues ?? []).toEqual([]);
  return result;
}

const only = ({ findings }: ReturnType<typeof judgePools>): Finding => {
  expect(findings).toHaveLength(1);
  return findings[0] as Finding;
};

describe("pool-undersized", () => {
  it("is certain where more are in flight than there are connections: all wait, without end", () => {
    const finding = only(judged({ connections: 4 }));
    expect(finding).toMatchObject({
      code: "pool-undersized",
      severity: "error",
      confidence: "certain",
      subject: { pool: "memcached" },
      count: 100,
      of: 100,
      costNs: { total: 0, p50: 0, max: 0 },
    });
    expect(finding.title).toMatch(/^pool too small: 4 connections where \d+ are needed$/);
    expect(finding.evidence.map(({ says }) => says).join()).toContain("5 in flight on average");
  });

  it("warns where the pool carries the load but requests wait longer than the target", () => {
    const finding = only(judged({ connections: 6 }, 1000));
    expect(finding).toMatchObject({ severity: "warning", confidence: "possible", of: 1000 });
    // Erlang C: 58.8 % of requests wait
    expect(finding.count).toBeGreaterThan(500);
    expect(finding.count).toBeLessThan(680);
    expect(finding.costNs.max).toBeGreaterThan(finding.costNs.p50);
    expect(only(judged({ connections: 6, serviceFrom: "measured" })).confidence).toBe("likely");
  });

  it("is not found where the wait is below the target, however busy the connections", () => {
    expect(judged({ connections: 6, targetWaitP99Ns: 1000 * MS })).toMatchObject({
      findings: [],
      detectors: [
        { code: "pool-undersized", status: "ran" },
        { code: "pool-oversized", status: "ran" },
      ],
    });
  });

  it("without a target needs more than a few that wait; with one it does not", () => {
    expect(judged({ connections: 10 }).findings).toEqual([]);
    expect(only(judged({ connections: 10, targetWaitP99Ns: MS })).severity).toBe("warning");
  });

  it("is certain where tasks can block each other, although nobody waits", () => {
    const finding = only(judged({ connections: 20, tasks: { perTask: 2, tasks: 30 } }));
    expect(finding).toMatchObject({ code: "pool-undersized", severity: "error", confidence: "certain" });
    expect(finding.title).toContain("where 31 are needed");
  });

  it("only suspects it behind a pool that holds the measured rate down", () => {
    const finding = only(judged({ connections: 5, arrivalPerSecond: 99, rateFrom: "measured" }, 400));
    expect(finding).toMatchObject({ severity: "warning", confidence: "possible", count: 0, costNs: { total: 0 } });
  });
});

describe("pool-oversized", () => {
  it("is found with far more connections than keep the wait below the target", () => {
    const finding = only(judged({ connections: 200 }));
    expect(finding).toMatchObject({ code: "pool-oversized", severity: "info", count: 0, confidence: "possible" });
  });

  it("is not found with some to spare, with the growth asked for, or with a few too many", () => {
    expect(judged({ connections: 20 }).findings).toEqual([]);
    expect(judged({ connections: 40, growth: 3 }).findings).toEqual([]);
    expect(judged({ connections: 6, arrivalPerSecond: 0.01 }).findings).toEqual([]);
  });
});

it("cannot judge without the number of connections, and says so", () => {
  const { findings, detectors } = judged({});
  expect(findings).toEqual([]);
  expect(detectors.map(({ status }) => status)).toEqual(["not-applicable", "not-applicable"]);
  expect(detectors[0]?.reason).toContain("--connections");
});
