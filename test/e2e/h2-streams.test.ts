/** Streams against the server's limit, on our own lab server: what waits, what serves, and Little's law on both. */
import { expect, test } from "vitest";
import { findingsOf, netlat, probe, verdictsOf } from "./netlat.js";

const LAB = "lab:h2c?max-streams=10&think=20ms";

test.each([
  ["one burst of 100", "100", 1],
  ["ten of them", "1000", 10],
])("100 requests at once on ten streams of 20 ms: %s", async (_, requests, rounds) => {
  const report = await probe([LAB, "--nagle", "off", "--streams", "100", "--requests", requests]);
  const [run] = report.runs;
  expect(report.source).toMatchObject({ protocol: "h2", rounds });
  expect(run).toMatchObject({ errors: {}, h2: { streams: 100, streamLimit: 10, mostOpen: 10 } });
  expect(run?.phases.queue?.p50).toBeGreaterThan(75e6);
  expect(run?.h2?.server.p50).toBeGreaterThan(19e6);
  expect(run?.h2?.server.p50).toBeLessThan((run?.phases.queue?.p50 ?? 0) / 2);
  for (const law of [run?.h2?.littlesLaw?.queue, run?.h2?.littlesLaw?.wire]) {
    expect(Math.abs((law?.expected ?? 0) / (law?.measured ?? 1) - 1)).toBeLessThan(0.05);
  }
  const [finding] = findingsOf(report, "h2-stream-limit");
  expect(finding).toMatchObject({ severity: "error", of: Number(requests) });
  // The first ten of each hundred go at once.
  expect(finding?.count).toBeGreaterThanOrEqual(0.85 * Number(requests));
  expect(finding?.count).toBeLessThanOrEqual(0.95 * Number(requests));
  expect(report.verdict.reasons[0]).toMatch(/^stream limit: /);
  expect(verdictsOf(report)["pool-too-small"]).toBe("confirmed");
});

test("as many requests as streams: nothing waits, nothing is found", async () => {
  const report = await probe([LAB, "--nagle", "off", "--streams", "10", "--requests", "100"]);
  expect(report.runs[0]?.phases.queue?.p50).toBeLessThan(10e6);
  expect(findingsOf(report, "h2-stream-limit")).toEqual([]);
});

test("channels against streams: forty requests at once on four connections wait for nothing, on one they do", async () => {
  const report = await probe([LAB, "--nagle", "off", "--streams", "10,40", "--connections", "1,4", "-n", "160"]);
  const p50 = (connections: number, streams: number) =>
    report.runs.find(({ factors }) => factors.connections === connections && factors.streams === streams)?.phases.queue
      ?.p50 ?? Number.NaN;
  expect(report.runs).toHaveLength(4);
  expect(p50(1, 40)).toBeGreaterThan(18e6);
  expect(p50(4, 10)).toBeLessThan(15e6);
  expect(report.runs.map(({ connections }) => connections).sort()).toEqual([1, 1, 4, 4]);
  expect(report.source).toMatchObject({
    connections: 4,
    pacing: "closed loop, 1 or 4 connections with 10 or 40 streams each",
  });
  expect(findingsOf(report, "connection-churn")).toEqual([]);
});

test("the table says it in its own section", async () => {
  const { stdout } = await netlat(["probe", LAB, "--nagle", "off", "--streams", "20"], { COLUMNS: "80" });
  expect(stdout).toContain("\nHTTP/2\n");
  expect(stdout).toMatch(/streams +20 asked for at once on a connection, the server allows 10, 10\s+open/);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("fewer requests than are to be under way at once are refused", async () => {
  const { code, stderr } = await netlat(["probe", LAB, "--streams", "1,100", "--requests", "50"]);
  expect(code).toBe(2);
  expect(stderr).toBe(
    "netlat: --requests 50: --streams keeps 100 requests under way at once; give --requests 100 or more\n",
  );
});
