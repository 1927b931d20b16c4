/** Reports on QUIC as a probe and a capture would make them; what is concluded is the program's own. */
import { judge } from "../../src/detect/judge.js";
import { extremes } from "../../src/detect/probe/cells.js";
import type { ProbeCell, ProbeEvidence } from "../../src/detect/probe-evidence.js";
import { theories } from "../../src/detect/theories.js";
import { verdict } from "../../src/detect/verdict.js";
import { histogramOf } from "../../src/report/histogram.js";
import { type QuicFacts, type Report, type Run, reportSchema } from "../../src/report/model.js";
import { cell, evidence, MS } from "../detect/evidence.js";
import { h2Facts } from "../detect/h2-facts.js";
import { loss, quicFacts, spread, times } from "../detect/quic-facts.js";
import { stallCapture } from "./sample-capture.js";
import { around, stallReport } from "./sample-report.js";

function quicCell(factors: Run["factors"], latencyMs: readonly number[], quic: QuicFacts): ProbeCell {
  const id = Object.entries(factors)
    .map(([name, level]) => `${name}=${level}`)
    .join(",");
  const requests = latencyMs.length;
  const run: Partial<Run> = {
    id,
    factors,
    endpoint: "h3://example.test:8443/",
    connections: quic.connections.opened,
    kernel: null,
    phases: {
      connect: quic.handshake.total ?? histogramOf([]),
      ttfb: histogramOf(latencyMs.map((ms) => ms * 0.98 * MS)),
    },
    wire: { pieces: 1, writes: requests, segments: null, split: "as-asked", says: "1.00 datagrams per request" },
    quic,
  };
  const made = cell({ requests, firstByte: (at) => latencyMs[at] ?? 0, run });
  return { ...made, name: id };
}

function probeOf(cells: readonly ProbeCell[], changes: Partial<ProbeEvidence> = {}): Report {
  const rtts = cells.flatMap(({ run }) => run.quic?.rtt?.min ?? []);
  const seen = evidence(cells, {
    minRttNs: Math.min(...rtts),
    handshakeRttNs: null,
    connect: null,
    timestamps: false,
    ...extremes(cells),
    ...changes,
  });
  const { findings, detectors } = judge(seen);
  const base = stallReport();
  return reportSchema.parse({
    ...base,
    source: {
      ...base.source,
      endpoint: "h3://example.test:8443/",
      address: "192.0.2.7:8443",
      protocol: "h3",
      transport: "quic",
      engine: "quiche",
      engineReason: "h3:// is HTTP/3 over QUIC",
      capabilities: {},
      pacing: "closed loop, 1 connection",
      requestBytes: 42,
    },
    runs: cells.map(({ run }) => run),
    effects: [],
    findings,
    theories: theories(seen, findings),
    detectors,
    pool: null,
    verdict: { status: "none", reasons: verdict(seen, findings, []) },
  });
}

const ms = (medianMs: number, count: number, seed: number, wide = 0.01): number[] =>
  around(medianMs * MS, count, seed, wide).map((ns) => ns / MS);

/** A new connection per request over 40 ms: 0-RTT off, on, and on with tickets that the server refuses at times; Retry on in the last. */
export function earlyDataReport(): Report {
  const calm = quicFacts();
  const many = { opened: 50, mostActive: 1, failed: {} };
  const counted = { versions: { v1: 50 }, alpn: { h3: 50 }, suites: { TLS_AES_128_GCM_SHA256: 50 }, connections: many };
  const closes = { "client: H3_NO_ERROR": 50 };
  const off = quicFacts({ ...counted, closes, streams: { opened: 50, mostActive: 1, failed: {} } });
  const on = quicFacts({
    ...counted,
    closes,
    streams: { opened: 50, mostActive: 1, failed: {} },
    earlyData: { offered: 50, accepted: 46, rejected: 4, resumed: 46, rejectionCost: times(41, 41.5, 42, 44) },
  });
  const retried = quicFacts({
    ...counted,
    closes: { "client: H3_NO_ERROR": 49, "server: NO_ERROR": 1 },
    streams: { opened: 50, mostActive: 1, failed: { "server: H3_REQUEST_REJECTED": 1 } },
    handshake: {
      ...calm.handshake,
      total: spread(50, (at) => 82 + at / 50),
      flights: [
        { name: "client hello to retry", time: spread(50, () => 40.3) },
        { name: "retry to first answer", time: spread(50, () => 40.4) },
        ...calm.handshake.flights.slice(1),
      ],
      retries: 50,
    },
  });
  return probeOf(
    [
      quicCell({ "early-data": "off", retry: "off" }, ms(83, 50, 3), off),
      quicCell({ "early-data": "on", retry: "off" }, [...ms(42, 46, 4), ...ms(84, 4, 5)], on),
      quicCell({ "early-data": "off", retry: "on" }, ms(124, 50, 6), retried),
    ],
    { reuse: false },
  );
}

/** Ten streams at once over 40 ms with 2 % loss: HTTP/3 and HTTP/2 on one connection, HTTP/1.1 on six. */
export function sideBySideReport(): Report {
  const lossy = quicFacts({
    versions: { v1: 1 },
    alpn: { h3: 1 },
    suites: { TLS_AES_128_GCM_SHA256: 1 },
    connections: { opened: 1, mostActive: 1, failed: {} },
    closes: {},
    loss: {
      client: loss({ sent: 1200, acknowledged: 1179, lost: 24, spurious: 3, ratio: 0.0175, resentBytes: 1100 }),
      server: loss({ sent: 2100, acknowledged: 2060, lost: 41, spurious: 1, ratio: 0.019, resentBytes: 48_000 }),
    },
    lossDelay: {
      hit: histogramOf(ms(86, 58, 7, 0.1).map((at) => at * MS)),
      spared: histogramOf(ms(42, 942, 8).map((at) => at * MS)),
    },
    migrations: [{ afterRequests: 500, validatedNs: 40.6 * MS, lostRequests: 0, says: "from port 40112 to 51230" }],
  });
  const tcp = (http: string, latencyMs: readonly number[], run: Partial<Run>): ProbeCell => {
    const factors = { http, nagle: "off", split: "none", streams: 10 };
    const made = cell({
      requests: latencyMs.length,
      firstByte: (at) => latencyMs[at] ?? 0,
      run: { factors, kernel: null, ...run },
    });
    return { ...made, run: { ...made.run, id: `http=${http},nagle=off,split=none,streams=10` }, name: `http=${http}` };
  };
  return probeOf([
    quicCell({ http: "h3", split: "none", streams: 10 }, [...ms(42, 942, 8), ...ms(86, 58, 7, 0.1)], lossy),
    tcp("h2", [...ms(43, 780, 9), ...ms(180, 220, 10, 0.3)], { h2: h2Facts({ streams: 10 }), connections: 1 }),
    tcp("h1", [...ms(42, 930, 11), ...ms(250, 70, 12, 0.2)], { connections: 6 }),
  ]);
}

/** A capture with two services of QUIC: one that a key log opens, one that stays closed. */
export function quicCapture(): Report {
  const base = stallCapture();
  const [first] = base.runs;
  if (first === undefined) throw new Error("the sample has no run");
  const says = "12 connections: no key log was given (--keylog)";
  const closed = quicFacts({
    sni: { "other.test": 12 },
    versions: { v1: 11, v2: 1 },
    alpn: { "one of h3, h3-29": 12 },
    suites: {},
    connections: { opened: 12, mostActive: 3, failed: { "no answer": 1 } },
    streams: { opened: 0, mostActive: 0, failed: {} },
    opened: { packets: 48, of: 4000, says },
    rtt: null,
    spinRtt: spread(40, (at) => 21 + at / 10),
    ackDelay: { client: null, server: null },
    loss: { client: null, server: null },
    congestionWindowBytes: null,
    goodputBytesPerSecond: 0,
    transportParameters: { client: { initial_max_data: 10_485_760, max_idle_timeout: 30_000 }, server: null },
    closes: {},
    h3: null,
  });
  const open = quicFacts({
    congestionWindowBytes: null,
    transportParameters: {
      client: { initial_max_data: 1_048_576, max_ack_delay: 25 },
      server: quicFacts().transportParameters.server,
    },
    ackDelay: {
      client: { advertisedNs: 25 * MS, claimed: spread(90, () => 60), over: 90 },
      server: quicFacts().ackDelay.server,
    },
    loss: { client: loss(), server: loss({ lost: 6, spurious: 6, resentBytes: 7200 }) },
  });
  const service = (id: string, quic: QuicFacts): Run => ({
    ...first,
    id,
    factors: { service: id, protocol: "quic" },
    quic,
  });
  const runs = [service("h3 192.0.2.7:443", open), service("quic 198.51.100.9:443", closed)];
  const source = { ...base.source, tcpPackets: 0, packets: 5000, quicDatagrams: 5000 };
  return reportSchema.parse({ ...base, source, runs, flows: [], findings: [], theories: [] });
}
