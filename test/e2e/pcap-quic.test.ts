/** `netlat pcap` on QUIC: what the captures in fixtures/captures/quic show, with their key logs and without. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { QuicFacts, Report } from "../../src/report/model.js";
import { looksLikeAnError, netlat, reportOf } from "./netlat.js";

const FOLDER = fileURLToPath(new URL("../../fixtures/captures/quic/", import.meta.url));
const MS = 1e6;

interface Truth {
  readonly rttMs: number;
  readonly lost: { readonly client: number; readonly server: number };
  readonly connections: readonly { readonly statuses: readonly number[]; readonly earlyData: string }[];
}
const truthOf = (name: string): Truth => JSON.parse(readFileSync(`${FOLDER}${name}.truth.json`, "utf8"));
const pcap = async (name: string, ...args: string[]): Promise<Report> =>
  reportOf(await netlat(["pcap", `${FOLDER}${name}.pcap`, "--format", "json", ...args]));
const opened = (name: string, ...args: string[]) => pcap(name, "--keylog", `${FOLDER}${name}.keys`, ...args);

function only(report: Report) {
  expect(report.runs).toHaveLength(1);
  const [run] = report.runs;
  return { run: run as Report["runs"][number], quic: run?.quic as QuicFacts };
}
const codes = ({ findings }: Report): string[] => findings.map(({ code }) => code).sort();

const NAMES = [
  "first",
  "retry",
  "early-data",
  "early-data-rejected",
  "loss",
  "version-negotiation",
  "migration",
  "key-update",
  "caddy",
];

describe("with the key log", () => {
  it.each(NAMES)("%s: one service of HTTP/3, every request an exchange, every packet opened", async (name) => {
    const report = await opened(name);
    const { connections, rttMs } = truthOf(name);
    const { run, quic } = only(report);
    const requests = connections.flatMap(({ statuses }) => statuses).length;
    expect([run.id.split(" ")[0], run.requests, run.latency.count]).toEqual(["h3", requests, requests]);
    expect(quic.streams).toMatchObject({ opened: requests, failed: {} });
    expect(run.latency.min).toBeGreaterThan((rttMs - 1) * MS);
    const startedAnew = name === "version-negotiation" ? 1 : 0;
    expect(quic.opened.of - quic.opened.packets).toBe(startedAnew);
    expect(quic.connections.opened).toBe(connections.length + startedAnew);
    expect(quic.handshake.total?.min).toBeGreaterThan((rttMs - 1) * MS);
    expect(quic.rtt?.min).toBeGreaterThan((rttMs - 1) * MS);
    expect(report.source).toMatchObject({ tcpPackets: 0, inside: { read: { "HTTP/3 in QUIC": connections.length } } });
    const early = (what: string) => connections.filter(({ earlyData }) => earlyData === what).length;
    expect(quic.earlyData).toMatchObject({ accepted: early("accepted"), rejected: early("rejected") });
  });

  it("first: nothing to find; the exchanges' time is the path", async () => {
    const report = await opened("first");
    const { run, quic } = only(report);
    expect(codes(report)).toEqual([]);
    const { network = 0 } = run.breakdownNs ?? {};
    expect(network / (run.latency.mean * run.latency.count)).toBeGreaterThan(0.5);
    expect(report.flows).toMatchObject([{ protocol: "quic", client: "a", vantage: "client" }]);
    expect(report.flows[0]?.handshakeRttNs).toBe(quic.handshake.total?.max);
    expect(quic).toMatchObject({ versions: { v1: 1 }, alpn: { h3: 1 }, sni: { localhost: 1 }, h3: { goaways: 0 } });
    expect(quic.transportParameters.server).toMatchObject({ max_idle_timeout: 30_000, initial_max_streams_bidi: 100 });
    expect(quic.closes).toEqual({ "client: H3_NO_ERROR": 1 });
    expect(report.detectors.find(({ code }) => code === "quic-loss")?.status).toBe("ran");
    expect(report.detectors.find(({ code }) => code === "nagle-delayed-ack")?.status).toBe("not-applicable");
  });

  it("retry: a round trip more, found", async () => {
    const report = await opened("retry");
    const { quic } = only(report);
    expect(codes(report)).toEqual(["quic-retry"]);
    expect(quic.handshake.retries).toBe(1);
    expect(quic.handshake.total?.min).toBeGreaterThan(78 * MS);
    const parts = quic.handshake.flights.filter(({ name }) => !name.endsWith("handshake confirmed"));
    expect(parts.map(({ name }) => name)).toEqual([
      "client hello to retry",
      "retry to first answer",
      "first answer to server flight complete",
      "server flight complete to client finished",
    ]);
    expect(parts.reduce((sum, { time }) => sum + time.max, 0)).toBe(quic.handshake.total?.max);
    expect(quic.loss.client).toMatchObject({ lost: 0 });
  });

  it("early-data-rejected: found, with the round trip that it cost; what the server discarded was not lost", async () => {
    const report = await opened("early-data-rejected");
    const { quic } = only(report);
    expect(codes(report)).toEqual(["quic-0rtt-rejected"]);
    expect(quic.earlyData.rejectionCost).toMatchObject({ count: 2 });
    expect(quic.earlyData.rejectionCost?.min).toBeGreaterThan(39 * MS);
    expect(quic.loss.client).toMatchObject({ lost: 0, resentBytes: 0 });
  });

  it("early-data: accepted on the second connection, which resumed a session", async () => {
    const report = await opened("early-data");
    expect(codes(report)).toEqual([]);
    expect(only(report).quic.earlyData).toMatchObject({ offered: 1, accepted: 1, resumed: 1, rejectionCost: null });
  });

  it("loss: the packets that never came, and no server that is called slow for them", async () => {
    const report = await opened("loss");
    const { run, quic } = only(report);
    const { lost } = truthOf("loss");
    expect(codes(report)).toEqual(["quic-loss"]);
    // The last ones may not have been missed by anybody before the connection ended.
    expect(quic.loss.server?.notSeen).toBeGreaterThanOrEqual(lost.server - 2);
    expect(quic.loss.server?.notSeen).toBeLessThanOrEqual(lost.server);
    expect(run.breakdownNs?.loss).toBeGreaterThan(40 * MS);
  });

  it("version-negotiation: the first try and the second", async () => {
    const report = await opened("version-negotiation");
    const { quic } = only(report);
    expect(codes(report)).toEqual(["quic-version-negotiation"]);
    expect(quic.versions).toEqual({ grease: 1, v1: 1 });
    expect(quic.connections.failed).toEqual({ "no version in common": 1 });
    expect(quic.handshake.flights[0]?.name).toBe("client hello to version negotiation");
  });

  it("migration: one connection, whatever the client's port", async () => {
    const report = await opened("migration");
    expect(report.source).toMatchObject({ flowsSeen: 1, skipped: {} });
    const { quicDatagrams, packets } = report.source as { quicDatagrams: number; packets: number };
    expect(quicDatagrams).toBe(packets);
  });

  it("key-update: read on, with ChaCha20-Poly1305", async () => {
    expect(only(await opened("key-update")).quic.suites).toEqual({ TLS_CHACHA20_POLY1305_SHA256: 1 });
  });
});

describe("without the key log", () => {
  it.each(NAMES)("%s: handshakes, Retry, Version Negotiation, and a word on what a key log would add", async (name) => {
    const report = await pcap(name);
    const { run, quic } = only(report);
    const open = only(await opened(name)).quic;
    expect(run.latency.count).toBe(0);
    expect([quic.alpn, quic.sni, quic.versions]).toEqual([open.alpn, open.sni, open.versions]);
    expect([quic.handshake.retries, quic.handshake.versionNegotiations]).toEqual([
      open.handshake.retries,
      open.handshake.versionNegotiations,
    ]);
    const [closedNs, openNs] = [quic.handshake.total?.p50 ?? 0, open.handshake.total?.p50 ?? 0];
    expect(Math.abs(closedNs - openNs)).toBeLessThan(1 * MS);
    expect(quic.loss).toEqual({ client: null, server: null });
    expect(quic.opened.says).toContain("no key log was given");
    expect(report.verdict.reasons.join(" ")).toContain("--keylog");
  });

  it("what became of 0-RTT is not known, and said so", async () => {
    const { detectors } = await pcap("early-data-rejected");
    expect(detectors.find(({ code }) => code === "quic-0rtt-rejected")).toMatchObject({ status: "not-applicable" });
  });
});

describe("options", () => {
  it.each([
    ["udp", 4],
    ["quic and port 44330", 4],
    ["proto h3", 4],
    ["tcp", 0],
    ["proto doq", 0],
    ["not quic", 0],
  ])("--filter '%s': %i exchanges", async (filter, exchanges) => {
    const { runs } = await opened("first", "--filter", filter);
    expect(runs.reduce((sum, { latency }) => sum + latency.count, 0)).toBe(exchanges);
  });

  it("--service, --flows, --slowest, --from, --to", async () => {
    expect((await opened("first", "--service", "44330")).runs).toHaveLength(1);
    expect((await opened("first", "--service", "44331")).runs).toHaveLength(0);
    expect((await opened("early-data", "--flows", "1")).flows).toHaveLength(1);
    // Behind its first Initial a connection cannot be told from other UDP.
    const late = await opened("first", "--from", "30ms");
    expect(late.runs).toEqual([]);
    expect(late.source).not.toHaveProperty("quicDatagrams");
    expect(late.verdict.reasons.join(" ")).toContain("begin it before the connections do");
    const early = await opened("first", "--to", "60ms");
    expect(only(early).quic.handshake.total?.count).toBe(1);
    const slow = await opened("caddy", "--threshold", "1us", "--slowest", "1");
    const finding = slow.findings.find(({ code }) => code === "slow-server");
    expect(finding?.evidence.filter(({ packets }) => packets !== undefined)).toHaveLength(1);
    expect(finding?.ladder?.steps.length).toBeGreaterThan(1);
  });

  it("the wrong key log is said, and a table at 80 columns has no longer line", async () => {
    const wrong = await pcap("first", "--keylog", `${FOLDER}retry.keys`);
    expect(only(wrong).quic.opened.says).toContain("no 1-RTT secrets");
    const { stdout, code } = await netlat(["pcap", `${FOLDER}first.pcap`, "--keylog", `${FOLDER}first.keys`], {
      COLUMNS: "80",
    });
    expect(code).toBe(0);
    expect(Math.max(...stdout.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(80);
  });

  it("an unknown word of a filter is refused with those that are known", async () => {
    const { code, stderr } = await netlat(["pcap", `${FOLDER}first.pcap`, "--filter", "proto sctp"]);
    expect([code, looksLikeAnError(stderr)]).toEqual([2, true]);
    expect(stderr).toContain("h3, doq");
  });
});
