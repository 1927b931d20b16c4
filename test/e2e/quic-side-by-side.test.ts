/** QUIC held against TCP, and a suite that does so: one engine carries both. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadQuiche } from "../../src/quic/binding.js";
import { onlyIf } from "../skip.js";
import { netlat, probe, reportOf, runOf } from "./netlat.js";

const quiche = await loadQuiche();
const here = "unavailable" in quiche ? onlyIf(false, quiche.unavailable) : {};
const folder = mkdtempSync(join(tmpdir(), "netlat-quic-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["lab:h3", "lab:h2"],
  ["lab:h2", "lab:h3"],
])("--ab %s %s", here, async (first, second) => {
  const report = await probe(["--ab", first, second, "--requests", "60"]);
  expect(report.runs.map(({ errors }) => errors)).toEqual([{}, {}]);
  expect(report.runs.map(({ latency }) => latency.count)).toEqual([60, 60]);
  const [quic, tcp] = first === "lab:h3" ? report.runs : [...report.runs].reverse();
  expect(quic?.factors).toEqual({ endpoint: first === "lab:h3" ? "A" : "B", split: "none" });
  expect(tcp?.factors).toMatchObject({ nagle: "off", split: "none" });
  expect(quic?.quic?.connections.opened).toBeGreaterThan(0);
  expect(tcp?.h2?.streams).toBe(1);
  expect(report.comparison?.pairs).toHaveLength(1);
  expect(report.source).toMatchObject({ engine: "quiche", engineReason: "QUIC over UDP sockets" });
});

test("--ab of HTTP/1.1 and HTTP/2 takes the engine that has both", async () => {
  const report = await probe(["--ab", "lab:http?tls", "lab:h2", "--requests", "20"]);
  expect(report.runs.map(({ errors }) => errors)).toEqual([{}, {}]);
});

test("a question to a DNS server, and bytes over QUIC", here, async () => {
  const dns = await probe(["lab:doq", "--requests", "20"]);
  expect(dns.runs[0]).toMatchObject({ errors: {}, answers: { value: 20 } });
  expect(dns.source).toMatchObject({ protocol: "dns", transport: "quic", notSeen: [] });
  const echo = await probe([
    "lab:quic",
    "--send",
    "hello",
    "--expect",
    "bytes:5",
    "--streams",
    "4",
    "--requests",
    "20",
  ]);
  expect(echo.runs[0]).toMatchObject({ errors: {}, answers: { value: 20 }, factors: { streams: 4 } });
  expect(echo.source).toMatchObject({ pacing: "closed loop, 1 connection with 4 streams each" });
  expect(echo.pool).toBeNull();
});

test("without an answer over TCP the versions side by side say so", here, async () => {
  const report = await probe(["lab:h3", "--compare-with", "h2", "--compare-port", "1", "--requests", "10"]);
  expect(runOf(report, { http: "h3" })).toMatchObject({ errors: {}, used: true });
  expect(runOf(report, { http: "h2" })).toMatchObject({ used: false, errors: { refused: expect.any(Number) } });
});

test("a suite probes HTTP/3", here, async () => {
  const suite = join(folder, "netlat.yaml");
  writeFileSync(
    suite,
    `version: 1
checks:
  - name: page
    probe: lab:h3
    requests: 20
    ack-delay: [0, 25ms]
    expect:
      - errors == 0
      - where: ack-delay=25ms
        expect: phases.handshake.max < 5s
  - name: wrong
    probe: lab:h3
    cork: on
    expect:
      - errors == 0
`,
  );
  const ended = await netlat(["check", suite, "--format", "json"]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(/netlat\.yaml:12: cork: is about TCP, and h3:\S+ travels in QUIC; leave it out/);
  const [page, wrong] = reportOf(ended).gate?.checks ?? [];
  expect(page).toMatchObject({ name: "page", outcome: "pass" });
  expect(wrong).toMatchObject({ name: "wrong", outcome: "inconclusive" });
});
