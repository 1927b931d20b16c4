/** A probe of QUIC and a capture of the same traffic say the same: each measures for itself, with the same secrets. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { HistogramData, QuicFacts } from "../../src/report/model.js";
import { netlat, probe, reportOf } from "../e2e/netlat.js";
import { onlyIf } from "../skip.js";
import { describeWithPeer, installed } from "./peers.js";

const MS = 1e6;
const tcpdump = installed("tcpdump");
const reason =
  tcpdump === undefined ? "tcpdump is not installed; scripts/peers.sh installs it" : "capturing needs root";
const possible = onlyIf(tcpdump !== undefined && process.getuid?.() === 0, reason);

const near = (left: HistogramData | null | undefined, right: HistogramData | null | undefined, withinNs: number) =>
  expect(Math.abs((left?.p50 ?? Number.NaN) - (right?.p50 ?? Number.NaN))).toBeLessThan(withinNs);

describeWithPeer("gtlsserver", (server) => {
  test("handshake within 1 ms, as many streams, the same ACK delays", possible, async () => {
    const folder = mkdtempSync(join(tmpdir(), "netlat-quic-live-"));
    const [file, keys] = [join(folder, "live.pcap"), join(folder, "keys")];
    const capture = spawn(tcpdump as string, [
      ...["-i", "lo", "-U", "--immediate-mode", "-Z", "root", "--time-stamp-precision=nano", "-w", file],
      `udp port ${server.port}`,
    ]);
    try {
      await new Promise((listening) => capture.stderr.once("data", listening));
      const asked = [`h3://localhost:${server.port}/small`, "--ca", server.certificate.certFile];
      const probed = await probe([...asked, "-n", "40", "--warmup", "0", "--keylog-out", keys]);
      await sleep(800);
      capture.kill("SIGINT");
      await new Promise((ended) => capture.once("close", ended));
      const captured = reportOf(await netlat(["pcap", file, "--keylog", keys, "--format", "json"]));

      const [ours] = probed.runs.map(({ quic }) => quic as QuicFacts);
      const [seen] = captured.runs.map(({ quic }) => quic as QuicFacts);
      expect(captured.runs.map(({ id }) => id)).toEqual([`h3 127.0.0.1:${server.port}`]);
      expect(captured.runs[0]?.latency.count).toBe(40);
      expect(seen?.streams.opened).toBe(ours?.streams.opened);
      near(seen?.handshake.total, ours?.handshake.total, 1 * MS);
      const [delays, delaysSeen] = [ours?.ackDelay.server?.claimed, seen?.ackDelay.server?.claimed];
      // The server's last words may come when the probe has closed its socket.
      expect(Math.abs((delaysSeen?.count ?? 0) - (delays?.count ?? 0))).toBeLessThanOrEqual(2);
      near(delaysSeen, delays, 0.05 * (delays?.p50 ?? 0) + 8_000);
      expect(seen?.transportParameters.server).toEqual(ours?.transportParameters.server);
      expect(seen?.opened).toMatchObject({ packets: seen?.opened.of, says: "" });
    } finally {
      capture.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
