/** First visits and later ones over a path of 40 ms: round trips until the answer, and what takes one more. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadQuiche } from "../../src/quic/binding.js";
import type { Report, Run } from "../../src/report/model.js";
import { findingsOf, probe, reportOf, runOf } from "../e2e/netlat.js";
import { onlyIf } from "../skip.js";
import { peer } from "./peers.js";
import { type Wan, wanPossible, withWan } from "./wan.js";

const BIN = fileURLToPath(new URL("../../bin/netlat.js", import.meta.url));
const DELAY_MS = 20;
const RTT_NS = 2 * DELAY_MS * 1e6;
/** A machine with other work to do: far less than another round trip. */
const SLACK_NS = 0.6 * RTT_NS;

const loaded = await loadQuiche();
const path = wanPossible();
const servers = ["caddy", "gtlsserver"] as const;
const missing = servers.map((name) => peer(name)).find(({ available }) => !available);
const reason = [
  ...("unavailable" in loaded ? [loaded.unavailable] : []),
  ...(path.possible ? [] : [path.reason]),
  ...(missing === undefined || missing.available ? [] : [missing.reason]),
][0];

async function started(name: (typeof servers)[number], wan: Wan, options: object = {}, ports?: Record<string, number>) {
  const found = peer(name);
  if (!found.available) throw new Error(found.reason);
  return await found.start(options, ports === undefined ? wan.b : { ...wan.b, ports });
}

async function probeOver(wan: Wan, server: { port: number }, args: readonly string[]): Promise<Report> {
  const endpoint = `h3://10.9.0.2:${server.port}/small`;
  const ended = await wan.a.run([process.execPath, BIN, "probe", endpoint, "--insecure", ...args, "--format", "json"]);
  if (ended.code !== 0) throw new Error(`exit ${ended.code}: ${ended.stderr}`);
  return reportOf(ended);
}

/** The quickest: what the path allows, whatever else the machine does. */
function takes(run: Run | undefined, roundTrips: number): void {
  expect(run?.latency.min).toBeGreaterThanOrEqual(roundTrips * RTT_NS);
  expect(run?.latency.min).toBeLessThan(roundTrips * RTT_NS + SLACK_NS);
}

describe("over a path of 40 ms", onlyIf(reason === undefined, reason ?? ""), () => {
  test.each(servers)("%s: a first visit takes two round trips, 0-RTT one", { retry: 2 }, async (name) => {
    await withWan({ delayMs: DELAY_MS }, async (wan) => {
      const server = await started(name, wan);
      try {
        const load = ["--reuse", "off", "--early-data", "on,off", "--requests", "5"];
        const report = await probeOver(wan, server, load);
        const [early, full] = [runOf(report, { "early-data": "on" }), runOf(report, { "early-data": "off" })];
        takes(full, 2);
        expect(full.phases.queue?.min).toBeGreaterThan(RTT_NS);
        expect(full.phases.handshake?.min).toBeGreaterThan(RTT_NS);
        expect(full.quic?.earlyData).toMatchObject({ offered: 0, resumed: 0 });
        takes(early, 1);
        // The request did not wait for the handshake, and went out with its first packet.
        expect(early.phases.queue?.min).toBeLessThan(SLACK_NS);
        expect(early.quic?.earlyData.offered).toBe(5);
        const { accepted, rejected } = early.quic?.earlyData ?? { accepted: 0, rejected: 0 };
        // GnuTLS refuses what comes from a client that counts the ticket's age in whole seconds, now and then.
        if (name === "caddy") expect(accepted).toBe(5);
        expect(accepted + rejected).toBe(5);
        expect([full.wire, early.wire].map((wire) => wire?.pieces)).toEqual([1, 1]);
      } finally {
        await server.stop();
      }
    });
  });

  test.each(servers)("%s: tickets of before its restart are rejected, which costs a round trip", async (name) => {
    const folder = mkdtempSync(join(tmpdir(), "netlat-session-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await withWan({ delayMs: DELAY_MS }, async (wan) => {
      const tickets = ["--session-file", join(folder, "tickets")];
      const once = ["--reuse", "off", "--early-data", "on", "--requests", "1", "--warmup", "0", ...tickets];
      const before = await started(name, wan);
      await probeOver(wan, before, ["--requests", "3", ...tickets]).finally(() => before.stop());
      const after = await started(name, wan, {}, before.ports);
      try {
        const report = await probeOver(wan, after, once);
        const [run] = report.runs;
        expect(run).toMatchObject({ errors: {}, answers: { value: 1, miss: 0 } });
        expect(run?.quic?.earlyData).toMatchObject({ offered: 1, accepted: 0, rejected: 1, resumed: 0 });
        expect(run?.latency.min).toBeGreaterThanOrEqual(2 * RTT_NS);
        const [finding] = findingsOf(report, "quic-0rtt-rejected");
        expect(finding).toMatchObject({ count: 1, of: 1 });
        expect(finding?.costNs.p50).toBeGreaterThanOrEqual(RTT_NS);
        expect(finding?.costNs.p50).toBeLessThan(2 * RTT_NS);
        // What the server threw away was not lost on the way.
        expect(findingsOf(report, "quic-loss")).toEqual([]);
      } finally {
        await after.stop();
      }
    });
  });

  test("Retry costs a round trip", async () => {
    await withWan({ delayMs: DELAY_MS }, async (wan) => {
      const server = await started("gtlsserver", wan, { retry: true });
      try {
        const report = await probeOver(wan, server, ["--reuse", "off", "--requests", "4"]);
        const [run] = report.runs;
        takes(run, 3);
        expect(run?.quic?.handshake.retries).toBe(5);
        expect(run?.quic?.opened.says).toBe("");
        const [finding] = findingsOf(report, "quic-retry");
        expect(finding).toMatchObject({ count: 5, of: 5 });
        expect(finding?.costNs.p50).toBeGreaterThanOrEqual(RTT_NS);
        expect(finding?.costNs.p50).toBeLessThan(RTT_NS + SLACK_NS);
        expect(findingsOf(report, "quic-loss")).toEqual([]);
      } finally {
        await server.stop();
      }
    });
  });
});

describe("the lab", onlyIf(!("unavailable" in loaded), "unavailable" in loaded ? loaded.unavailable : ""), () => {
  test("a server that changes its ticket key rejects 0-RTT, one that takes no 0-RTT is not sent any", async () => {
    const load = ["--reuse", "off", "--early-data", "on", "--requests", "12"];
    const [rotating] = (await probe(["lab:h3?rotate-tickets=3", ...load])).runs;
    expect(rotating).toMatchObject({ errors: {}, answers: { value: 12, miss: 0 } });
    expect(rotating?.quic?.earlyData.rejected).toBeGreaterThanOrEqual(3);
    expect(rotating?.quic?.earlyData.accepted).toBeGreaterThanOrEqual(6);
    const [without] = (await probe(["lab:h3?early-data=off", ...load])).runs;
    expect(without).toMatchObject({ errors: {}, answers: { value: 12, miss: 0 } });
    expect(without?.quic?.earlyData).toMatchObject({ offered: 0, accepted: 0, rejected: 0, resumed: 12 });
  });
});
