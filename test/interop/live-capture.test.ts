import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findingsOf, probe, reportOf, runOf } from "../e2e/netlat.js";
import { onlyIf } from "../skip.js";
import { describeWithPeer, installed } from "./peers.js";

const BIN = fileURLToPath(new URL("../../bin/netlat.js", import.meta.url));
const tcpdump = installed("tcpdump");
const reason =
  tcpdump === undefined ? "tcpdump is not installed; scripts/peers.sh installs it" : "capturing needs root";
const possible = onlyIf(tcpdump !== undefined && process.getuid?.() === 0, reason);

function collected(child: ChildProcess, stream: "stdout" | "stderr"): () => string {
  let text = "";
  child[stream]?.on("data", (chunk) => {
    text += chunk;
  });
  return () => text;
}

describeWithPeer("memcached", (server) => {
  test("a live pipe from tcpdump names the same stalls as the probe that makes them", possible, async () => {
    const { port } = server;
    const capture = spawn(tcpdump as string, ["-i", "lo", "-U", "--immediate-mode", "-w", "-", `port ${port}`]);
    const reader = spawn(process.execPath, [BIN, "pcap", "-", "--every", "1s", "--format", "json"]);
    capture.stdout.pipe(reader.stdin);
    const said = collected(capture, "stderr");
    const [report, summaries] = [collected(reader, "stdout"), collected(reader, "stderr")];
    const ended = new Promise<number | null>((resolve) => reader.once("close", resolve));
    while (!said().includes("listening on")) await sleep(20);

    const probed = await probe([`memcached://127.0.0.1:${port}/k`]);
    await sleep(800);
    capture.kill("SIGINT");
    const captured = reportOf({ code: await ended, stdout: report(), stderr: summaries() });

    const [inProbe] = findingsOf(probed, "nagle-delayed-ack");
    const [inCapture] = findingsOf(captured, "nagle-delayed-ack");
    const stalls = inProbe?.count as number;
    expect(stalls).toBeGreaterThanOrEqual(95);
    expect(Math.abs((inCapture?.count as number) - stalls)).toBeLessThanOrEqual(0.02 * stalls + 1);
    expect(inCapture?.confidence).toBe("certain");
    const stalled = runOf(probed, { nagle: "on", split: "fields" });
    expect(inCapture?.costNs.p50).toBeGreaterThan(0.9 * stalled.latency.p50);
    expect(captured.runs[0]?.id).toBe(`memcached 127.0.0.1:${port}`);
    expect(summaries()).toMatch(/after \d+ s: \d+ TCP packets, .* stalls/);
  });
});
