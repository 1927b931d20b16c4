/** The main promise of the probe, held against a real server: the stall is found, proved, counted, and nothing else is blamed. */
import { expect, test } from "vitest";
import type { Report } from "../../src/report/model.js";
import { findingsOf, probe, runOf, verdictsOf } from "../e2e/netlat.js";

const ms = (value: number) => value * 1e6;

const CALM_CELLS = [
  { nagle: "on", split: "none" },
  { nagle: "off", split: "none" },
  { nagle: "off", split: "fields" },
] as const;

/** @param pieces the writes of a careless client for this request */
export function provesTheStall(endpoint: () => string, pieces: number, options: readonly string[] = []): void {
  test("finds the stall of Nagle's algorithm and delayed ACK, and only that", { timeout: 120_000 }, async () => {
    const report = await probe([endpoint(), "--requests", "200", ...options]);
    expectStall(report, pieces);
    expect(report.source).toMatchObject({ kind: "probe", engine: "kernel" });
  });

  test("the net engine sees the same stall", { timeout: 120_000 }, async () => {
    const report = await probe([endpoint(), "--requests", "50", "--engine", "net", ...options]);
    const [finding] = findingsOf(report, "nagle-delayed-ack");
    expect(finding?.subject).toEqual({ run: runOf(report, { nagle: "on", split: "fields" }).id });
    expect(finding?.count).toBeGreaterThanOrEqual(40);
    expect(finding?.confidence).toBe("likely");
  });
}

function expectStall(report: Report, pieces: number): void {
  const stalled = runOf(report, { nagle: "on", split: "fields" });
  const findings = findingsOf(report, "nagle-delayed-ack");
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ subject: { run: stalled.id }, of: 200, confidence: "certain" });
  expect(findings[0]?.count).toBeGreaterThanOrEqual(190);
  expect(stalled.id).toBe("nagle=on,split=fields,quickack=default");
  expect(stalled.latency.p50).toBeGreaterThan(ms(38));
  expect(stalled.latency.p50).toBeLessThan(ms(55));
  for (const factors of CALM_CELLS) expect(runOf(report, factors).latency.p50).toBeLessThan(ms(2));
  for (const run of report.runs) {
    const asked = run.factors.split === "fields" ? pieces : 1;
    expect(run.wire).toMatchObject({ pieces: asked, writes: asked * run.requests, split: "as-asked" });
    expect(run.errors).toEqual({});
    expect(run.requests).toBe(200);
  }
  const { "nagle-delayed-ack": stall, ...others } = verdictsOf(report);
  expect(stall).toBe("confirmed");
  expect(new Set(Object.values(others))).toEqual(new Set(["refuted"]));
}
