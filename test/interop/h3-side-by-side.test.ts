/** caddy speaks all three versions of HTTP on one port: each is asked there, in turns. */
import { expect, test } from "vitest";
import { probe, runOf } from "../e2e/netlat.js";
import { describeWithPeer } from "./peers.js";

describeWithPeer("caddy", (caddy) => {
  const asked = (...args: string[]) =>
    probe([...args, "--ca", caddy.certificate.certFile, "--requests", "40", "--slowest", "0"]);

  test("HTTP/3, HTTP/2 and HTTP/1.1 answer side by side", async () => {
    const report = await asked(`h3://localhost:${caddy.ports.tls}/small`, "--compare-with", "h2,h1", "--streams", "4");
    const [h3, h2, h1] = ["h3", "h2", "h1"].map((http) => runOf(report, { http }));
    for (const run of [h3, h2, h1]) expect(run).toMatchObject({ errors: {}, used: true, answers: { value: 40 } });
    expect(h3?.quic).toMatchObject({ alpn: { h3: 1 }, h3: { goaways: 0 } });
    expect([h3, h2, h1].map((run) => run?.connections)).toEqual([1, 1, 6]);
    expect(h2?.h2?.streams).toBe(4);
    expect(Object.keys(h3?.phases ?? {})).toContain("handshake");
    expect(Object.keys(h1?.phases ?? {})).toContain("tls");
    expect(report.verdict.reasons.some((reason) => reason.startsWith("Side by side"))).toBe(true);
    expect(report.pool).toBeNull();
  });

  test("https:// with --http3 is HTTP/3", async () => {
    const report = await asked(`https://localhost:${caddy.ports.tls}/small`, "--http3");
    expect(report.source).toMatchObject({ protocol: "h3", transport: "quic", engine: "quiche" });
    expect(report.runs[0]).toMatchObject({ id: "split=none", errors: {}, answers: { value: 40 } });
  });
});
