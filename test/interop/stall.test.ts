import { expect, test } from "vitest";
import { probe } from "../e2e/netlat.js";
import { describeWithPeer } from "./peers.js";
import { provesTheStall } from "./stall.js";

describeWithPeer("memcached", (server) => {
  provesTheStall(() => `memcached://127.0.0.1:${server.port}/somekey`, 3);

  test("a key that is not stored is a normal answer", async () => {
    const report = await probe([`memcached://127.0.0.1:${server.port}/somekey`, "--requests", "20", "--nagle", "off"]);
    for (const run of report.runs) expect(run).toMatchObject({ answers: { value: 0, miss: 20 }, errors: {} });
  });

  test("a large value is stored and the request is cut into pieces that travel alone", async () => {
    const endpoint = `memcached://127.0.0.1:${server.port}/big`;
    const args = ["--requests", "20", "--nagle", "off", "--split", "4", "--payload-size", "64KiB"];
    const [run] = (await probe([endpoint, ...args])).runs;
    expect(run).toMatchObject({ answers: { value: 20, miss: 0 }, errors: {} });
    expect(run?.wire?.writes).toBeGreaterThanOrEqual(80);
  });
});

describeWithPeer("redis", (server) => {
  provesTheStall(() => `redis://127.0.0.1:${server.port}/somekey`, 3);

  test("inline commands", async () => {
    const endpoint = `redis://127.0.0.1:${server.port}/somekey`;
    const report = await probe([endpoint, "--inline", "--requests", "10", "--nagle", "off", "--split", "fields"]);
    expect(report.runs[0]?.answers).toEqual({ value: 0, miss: 10 });
  });
});

describeWithPeer("nginx", (server) => {
  provesTheStall(() => `http://127.0.0.1:${server.port}/`, 3);

  test("50 connections at once through epoll", async () => {
    const args = ["--connections", "50", "--duration", "1s", "--nagle", "off", "--split", "none"];
    const [run] = (await probe([`http://127.0.0.1:${server.port}/`, ...args])).runs;
    expect(run?.connections).toBeGreaterThanOrEqual(50);
    expect(run?.latency.count).toBeGreaterThan(500);
    expect(run?.errors).toEqual({});
  });
});

describeWithPeer("haproxy", (server) => {
  provesTheStall(() => `http://127.0.0.1:${server.port}/`, 3);
});
