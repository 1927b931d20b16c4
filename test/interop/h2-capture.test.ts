/** A capture beside a probe names the same stalls: HTTP/2 in clear text, and in TLS with the key log that the probe wrote. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import type { Report } from "../../src/report/model.js";
import { readInside } from "../capture/streams/read.js";
import { findingsOf, netlat, probe, reportOf, runOf } from "../e2e/netlat.js";
import { onlyIf } from "../skip.js";
import { describeWithPeer, installed } from "./peers.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures/captures/", import.meta.url));
const tcpdump = installed("tcpdump");
const tshark = installed("tshark");
const reason =
  tcpdump === undefined ? "tcpdump is not installed; scripts/peers.sh installs it" : "capturing needs root";
const possible = onlyIf(tcpdump !== undefined && process.getuid?.() === 0, reason);

/** HEADERS and DATA in one write and in two, Nagle on and off, while all of it is recorded. */
async function probedAndCaptured(
  port: number,
  url: string,
  args: readonly string[],
  keys?: string,
): Promise<[Report, Report]> {
  const folder = mkdtempSync(join(tmpdir(), "netlat-h2-"));
  try {
    const file = join(folder, "h2.pcap");
    const keyFile = join(folder, "keys");
    const recorder = spawn(tcpdump as string, [
      "-i",
      "lo",
      "-U",
      "--immediate-mode",
      "-B",
      "16384",
      "-w",
      file,
      `port ${port}`,
    ]);
    let said = "";
    recorder.stderr.on("data", (text) => {
      said += text;
    });
    const ended = new Promise((resolve) => recorder.once("close", resolve));
    while (!said.includes("listening on")) await sleep(20);
    const secrets = keys === undefined ? [] : [keys, keyFile];
    const probed = await probe([url, "--data", "x", "--split", "none,headers-data", "-n", "100", ...args, ...secrets]);
    await sleep(500);
    recorder.kill("SIGINT");
    await ended;
    const opened = keys === undefined ? [] : ["--keylog", keyFile];
    return [probed, reportOf(await netlat(["pcap", file, ...opened, "--format", "json"]))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sameStalls([probed, captured]: [Report, Report], inside: string): void {
  const [inProbe] = findingsOf(probed, "nagle-delayed-ack");
  const [inCapture, ...others] = findingsOf(captured, "nagle-delayed-ack");
  expect(others).toEqual([]);
  const stalls = inProbe?.count as number;
  expect(stalls).toBeGreaterThanOrEqual(95);
  expect(Math.abs((inCapture?.count as number) - stalls)).toBeLessThanOrEqual(0.02 * stalls);
  expect(inCapture?.confidence).toBe("certain");
  const stalled = runOf(probed, { nagle: "on", split: "headers-data" });
  expect(inCapture?.costNs.p50).toBeGreaterThan(0.9 * stalled.latency.p50);
  const { source, runs } = captured;
  if (source.kind !== "capture") throw new Error(source.kind);
  expect(source.inside).toEqual({ read: { [inside]: probed.runs.length }, unread: {} });
  // One request more in each cell warms its connection up.
  const asked = probed.runs.reduce((sum, run) => sum + run.requests, 0);
  expect(runs.map(({ id }) => id)).toEqual([expect.stringMatching(/^h2 127\.0\.0\.1:/)]);
  expect(runs[0]?.requests).toBe(asked + probed.runs.length);
}

describeWithPeer("nghttpd", (server) => {
  test("in clear text", possible, async () => {
    const { ports } = server;
    sameStalls(await probedAndCaptured(ports.h2c, `h2c://127.0.0.1:${ports.h2c}/post`, []), "HTTP/2 in clear text");
  });

  test("in TLS 1.3", possible, async () => {
    const { ports, certificate } = server;
    const url = `https://127.0.0.1:${ports.tls}/post`;
    const args = ["--http2", "--ca", certificate.certFile];
    sameStalls(await probedAndCaptured(ports.tls, url, args, "--keylog-out"), "HTTP/2 in TLS");
  });
});

describe("tshark counts the same streams", onlyIf(tshark !== undefined, "tshark is not installed"), () => {
  const names = ["prior-knowledge", "middle", "nagle-split", "too-many-pings", "small-window"];
  it.each(names)("h2/%s", (name) => {
    const file = `${FIXTURES}h2/${name}.pcap`;
    const args = ["-r", file, "-d", "tcp.port==8080,http2", "-Y", "http2.type == 1 && tcp.dstport == 8080"];
    const text = execFileSync(tshark as string, [...args, "-T", "fields", "-e", "http2.streamid"], {
      encoding: "utf8",
    });
    const streams = new Set(text.split(/[\n,]/).filter((id) => id !== "" && id !== "0"));
    expect(readInside(`h2/${name}.pcap`).seen.exchanges).toHaveLength(streams.size);
  });
});
