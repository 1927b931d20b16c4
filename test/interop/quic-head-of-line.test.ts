/** What QUIC exists for: ten requests at once over a path of 40 ms that loses every fiftieth packet. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadQuiche } from "../../src/quic/binding.js";
import { type Report, reportSchema } from "../../src/report/model.js";
import { runOf } from "../e2e/netlat.js";
import { onlyIf } from "../skip.js";
import { peer } from "./peers.js";
import { wanPossible, withWan } from "./wan.js";

const BIN = fileURLToPath(new URL("../../bin/netlat.js", import.meta.url));
const RTT_MS = 40;
const loaded = await loadQuiche();
const path = wanPossible();
const caddy = peer("caddy");
const reason =
  "unavailable" in loaded ? loaded.unavailable : path.possible ? (caddy.available ? "" : caddy.reason) : path.reason;

/**
 * The same server on one port, in turns. Its QUIC (quic-go) has New Reno; Linux may have BBR for TCP, which does not mind loss:
 * with that, congestion controls would be compared, and not protocols. Answers of one packet keep the windows out of it too.
 */
async function compared(): Promise<Report> {
  return await withWan({ delayMs: RTT_MS / 2, loss: 0.02, seed: 3 }, async (wan) => {
    if (!caddy.available) throw new Error(caddy.reason);
    const reno = await wan.b.run(["sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno"]);
    if (reno.code !== 0) throw new Error(reno.stderr);
    const server = await caddy.start({}, wan.b);
    try {
      writeFileSync(join(server.folder, "site", "page"), "x".repeat(1000));
      const endpoint = `h3://10.9.0.2:${server.ports.tls}/page`;
      const load = ["--insecure", "--streams", "10", "--requests", "600", "--compare-with", "h2"];
      const command = [process.execPath, BIN, "probe", endpoint, ...load, "--format", "json"];
      const { code, stdout, stderr } = await wan.a.run(command);
      if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
      return reportSchema.parse(JSON.parse(stdout));
    } finally {
      await server.stop();
    }
  });
}

describe("head-of-line blocking", onlyIf(reason === "", reason), () => {
  test("a lost packet stalls one stream of HTTP/3, and all of HTTP/2", { retry: 2 }, async () => {
    const report = await compared();
    const [h3, h2] = ["h3", "h2"].map((http) => runOf(report, { http }));
    expect(h3).toMatchObject({ errors: {}, answers: { value: 600, miss: 0 } });
    expect(h2).toMatchObject({ errors: {}, answers: { value: 600, miss: 0 } });
    const lost = h3?.quic?.loss;
    expect((lost?.client?.lost ?? 0) + (lost?.server?.lost ?? 0) + (lost?.server?.notSeen ?? 0)).toBeGreaterThan(0);
    // Most streams of HTTP/3 met no loss and took a round trip; of HTTP/2 most had to wait for somebody's.
    expect(h3?.latency.p50).toBeLessThan(1.4 * RTT_MS * 1e6);
    expect(h3?.latency.mean).toBeLessThan(0.85 * (h2?.latency.mean ?? 0));
    expect(h3?.latency.p99).toBeLessThan(h2?.latency.p99 ?? 0);
  });
});
