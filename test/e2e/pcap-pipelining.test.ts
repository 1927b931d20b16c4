/** `netlat pcap` of requests that are sent ahead of answers: as many exchanges as the client made requests. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findingsOf, netlat, reportOf } from "./netlat.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/captures/pipelined/", import.meta.url));

interface Truth {
  readonly requests: number;
  readonly others?: number;
  readonly us?: readonly number[];
}
const truthOf = (name: string): Truth => JSON.parse(readFileSync(`${FOLDER}${name}.truth.json`, "utf8")) as Truth;
const pcap = async (name: string) => reportOf(await netlat(["pcap", `${FOLDER}${name}.pcap`, "--format", "json"]));

describe("netlat pcap of pipelined requests", () => {
  it.each([
    ["memcached-batch", "memcached 127.0.0.1:21211", "pipelined memcached"],
    ["memcached-window", "memcached 127.0.0.1:21211", "pipelined memcached"],
    ["redis-batch", "redis 127.0.0.1:21379", "pipelined Redis"],
    ["redis-window", "redis 127.0.0.1:21379", "pipelined Redis"],
    ["redis-benchmark", "redis 127.0.0.1:21379", "pipelined Redis"],
    ["http1", "http1 127.0.0.1:21080", "pipelined HTTP/1.1"],
  ])("%s", async (name, id, inside) => {
    const { requests, others = 0, us } = truthOf(name);
    const { source, runs } = await pcap(name);
    expect(runs.map((run) => [run.id, run.requests])).toEqual([[id, requests + others]]);
    expect(source).toMatchObject({ inside: { read: { [inside]: expect.any(Number) }, unread: {} } });
    expect(runs[0]?.phases.behind?.count).toBeGreaterThan(0);
    if (us === undefined) return;
    const median = us.toSorted((a, b) => a - b)[us.length >> 1] as number;
    // On the wire it is shorter than in the client, by what that takes to read and to look at its answers.
    expect((runs[0]?.latency.p50 as number) / 1e3).toBeLessThanOrEqual(median);
    expect((runs[0]?.latency.p50 as number) / 1e3).toBeGreaterThan(median - 500);
  });

  it("blames the slow commands, not those that stand behind them", async () => {
    const report = await pcap("redis-window");
    expect(findingsOf(report, "slow-server")).toMatchObject([{ count: 4 }]);
    expect(report.runs[0]?.phases.behind?.max).toBeGreaterThan(25e6);
  });

  it("tells a stall between the pieces of pipelined requests", async () => {
    const [stall] = findingsOf(await pcap("http1"), "nagle-delayed-ack");
    expect(stall?.count).toBeGreaterThan(20);
    expect(stall?.of).toBe(160);
  });

  it("says in the head of the report what was read", async () => {
    const { stdout } = await netlat(["pcap", `${FOLDER}redis-window.pcap`], { COLUMNS: "80" });
    expect(stdout).toContain("inside    pipelined Redis of 1 connection");
    expect(stdout).toContain("behind: written, until the answers to earlier requests");
  });
});
