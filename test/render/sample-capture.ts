/** Reports written by hand as `netlat pcap` would make them; reportSchema holds them to the contract. */
import { histogramOf } from "../../src/report/histogram.js";
import {
  type Breakdown,
  type CaptureSource,
  type Finding,
  type FlowSummary,
  type Ladder,
  type Report,
  type Run,
  reportSchema,
} from "../../src/report/model.js";
import { around } from "./sample-report.js";

const US = 1e3;
const MS = 1e6;

const source: CaptureSource = {
  kind: "capture",
  file: "wwr_nagle_veth.client.pcap",
  format: "pcap with nanoseconds",
  linkTypes: ["Ethernet"],
  packets: 507,
  tcpPackets: 507,
  bytes: 56_615,
  durationNs: 4_359_577_154,
  firstPacketAt: "2026-03-01T18:48:20.597959981Z",
  truncated: null,
  skipped: {},
  dropped: null,
  flowsSeen: 1,
  flowsEvicted: 0,
  flowsShown: 1,
  filter: null,
  interrupted: false,
};

/** Parts of the mean exchange, times the number of exchanges. */
function breakdown(count: number, parts: Partial<Breakdown>): Breakdown {
  const none: Breakdown = { network: 0, senderHold: 0, loss: 0, window: 0, server: 0, transfer: 0 };
  const scaled = Object.entries({ ...none, ...parts }).map(([part, value]) => [part, value * count]);
  return Object.fromEntries(scaled) as Breakdown;
}

function service(id: string, protocol: string, values: readonly number[], rest: Partial<Run>): Run {
  return {
    id,
    factors: { protocol },
    endpoint: id,
    requests: values.length,
    errors: {},
    answers: { answered: values.length },
    connections: 1,
    durationNs: source.durationNs,
    ratePerSecond: values.length / (source.durationNs / 1e9),
    targetRatePerSecond: null,
    latency: histogramOf(values),
    corrected: null,
    sendLag: null,
    phases: {},
    warmup: null,
    kernel: null,
    wire: null,
    used: true,
    slowest: [],
    ...rest,
  };
}

function flow(
  id: number,
  client: string,
  server: string,
  values: readonly number[],
  rest: Partial<FlowSummary>,
): FlowSummary {
  const end = (text: string): FlowSummary["a"] => {
    const at = text.lastIndexOf(":");
    return { address: text.slice(0, at), port: Number(text.slice(at + 1)) };
  };
  return {
    id,
    a: end(client),
    b: end(server),
    client: "a",
    protocol: "unknown",
    vantage: "client",
    packets: 507,
    bytes: 48_501,
    handshakeRttNs: 67 * US,
    exchanges: {
      count: values.length,
      latency: histogramOf(values),
      breakdownNs: breakdown(values.length, { network: 1 }),
    },
    ...rest,
  };
}

/** Packets 45 to 49 of the real capture: the worst of its exchanges. */
const nagleLadder: Ladder = {
  flow: 1,
  startNs: 308_300_537,
  steps: [
    {
      packet: 45,
      atNs: 0,
      from: "client",
      bytes: 10,
      flags: "PSH ACK",
      says: "small piece: it leaves data unacknowledged",
    },
    { packet: 46, atNs: 46_900_018, from: "server", bytes: 0, flags: "ACK", says: "the delayed ACK, alone" },
    {
      packet: 47,
      atNs: 46_914_925,
      from: "client",
      bytes: 90,
      flags: "PSH ACK",
      says: "held back until then: 14.9 us after the ACK",
    },
    { packet: 48, atNs: 46_948_588, from: "server", bytes: 0, flags: "ACK" },
    { packet: 49, atNs: 47_005_996, from: "server", bytes: 50, flags: "PSH ACK", says: "the answer" },
  ],
  omitted: 0,
};

const nagleFinding: Finding = {
  code: "nagle-delayed-ack",
  severity: "error",
  title:
    "Nagle x delayed ACK: the client held data back in 99 of 100 exchanges until a delayed ACK came, 43.8 ms (p50)",
  subject: { run: "10.77.0.2:7777" },
  count: 99,
  of: 100,
  costNs: { total: 4.33e9, p50: 43.8 * MS, max: 46.9 * MS },
  confidence: "certain",
  evidence: [
    {
      packets: [45, 46, 47],
      atNs: 308_300_537,
      says: "10 bytes unacknowledged, a lone ACK after 46.9 ms, the next 90 bytes 14.9 us after it",
    },
    { says: "the server's delayed-ACK timer is 40 ms: Linux" },
  ],
  fix: [
    "write each request with one call: join its pieces in a buffer, or use writev, MSG_MORE or TCP_CORK",
    "set TCP_NODELAY on the client's socket",
  ],
  ladder: nagleLadder,
  whatIf: { p50Ns: 161 * US, p99Ns: 330 * US },
};

const load = (residenceNs: number, perSecond: number, connections: number) => ({
  residenceNs,
  inFlight: (perSecond * residenceNs) / 1e9,
  connectionsNeeded: Math.floor((perSecond * residenceNs) / 1e9) + 1,
  utilisation: (perSecond * residenceNs) / 1e9 / connections,
  capacityPerSecond: connections / (residenceNs / 1e9),
  waiting: null,
  stable: true,
});

/** Three writes with Nagle's algorithm on, seen from the client: 99 of 100 exchanges stalled. */
export function stallCapture(): Report {
  const values = [...around(43.98 * MS, 98, 31, 0.012), 47.006 * MS, 108 * US];
  const parts = { senderHold: 43.3 * MS, network: 60 * US, server: 71 * US, transfer: 15 * US };
  return reportSchema.parse({
    schema: "netlat.report/1",
    tool: { name: "netlat", version: "0.1.0" },
    environment: { os: "linux", kernel: "6.18.5", node: "v20.20.2", cpus: 2, tickHz: 250 },
    startedAt: "2026-03-02T09:00:00.000Z",
    source,
    runs: [
      service("10.77.0.2:7777", "unknown", values, {
        concurrency: {
          mean: 0.993,
          max: 1,
          says: "0.993 exchanges in flight on average, 1 at most, as the capture shows them",
        },
        breakdownNs: breakdown(100, parts),
        pool: {
          arrivalPerSecond: 22.9,
          connections: 1,
          now: load(43.5 * MS, 22.9, 1),
          after: load(161 * US, 22.9, 1),
          says: [
            "22.9/s x 43.5 ms = 0.997 in flight on average (Little's law, L = lambda x W)",
            "1 connection was seen; 1 is needed now, 1 after the fix",
          ],
        },
      }),
    ],
    flows: [
      flow(1, "10.77.0.1:47910", "10.77.0.2:7777", values, {
        exchanges: { count: 100, latency: histogramOf(values), breakdownNs: breakdown(100, parts) },
      }),
    ],
    effects: [],
    findings: [nagleFinding],
    theories: [
      {
        id: "path-slow",
        claim: "the path is slow: the round trip is most of the latency",
        verdict: "refuted",
        because: "the handshake took 67.0 us, 0.15 % of the p50 of 44.0 ms",
      },
      {
        id: "nagle-delayed-ack",
        claim: "Nagle x delayed ACK: the sender waits for an ACK that the receiver delays",
        verdict: "confirmed",
        because: "99 of 100 exchanges were held back for 43.8 ms (p50), each set free by a lone ACK",
      },
      {
        id: "loss",
        claim: "packets are lost and sent again",
        verdict: "refuted",
        because: "no segment was sent twice",
      },
    ],
    detectors: [
      { code: "nagle-delayed-ack", status: "ran", reason: "" },
      { code: "split-write", status: "ran", reason: "" },
      { code: "rto", status: "ran", reason: "" },
      { code: "fast-retransmit", status: "ran", reason: "" },
      { code: "zero-window", status: "ran", reason: "" },
      { code: "generator-lag", status: "not-applicable", reason: "a capture has no load generator" },
    ],
    pool: null,
    verdict: {
      status: "none",
      reasons: [
        "10.77.0.2:7777: in 99 of 100 exchanges the client held data back for 43.8 ms (p50) until the server's delayed ACK came; p50 44.0 ms, without it 161 us.",
        "To change: write each request with one call, or set TCP_NODELAY on the client's socket.",
      ],
    },
  });
}

/** Several services, one of them over IPv6 and lossy, seen between client and server; a filter, drops and evictions. */
export function lossesCapture(): Report {
  const base = stallCapture();
  const redis = [...around(240 * US, 8990, 41, 0.3), ...around(212 * MS, 10, 42, 0.02)];
  const http = [...around(11.6 * MS, 1460, 43, 0.4), ...around(95 * MS, 40, 44, 0.2)];
  const tls = around(1.9 * MS, 320, 45, 0.2);
  const redisParts = { network: 90 * US, server: 120 * US, loss: 235 * US, transfer: 30 * US };
  const httpParts = { network: 2.1 * MS, server: 6.9 * MS, window: 2.4 * MS, transfer: 2.2 * MS, loss: 20 * US };
  const rtoLadder: Ladder = {
    flow: 1041,
    startNs: 61.48e9,
    steps: [
      { packet: 1_204_377, atNs: -210 * US, from: "server", bytes: 5, flags: "PSH ACK", says: "the answer before" },
      {
        packet: 1_204_381,
        atNs: 0,
        from: "client",
        bytes: 34,
        flags: "PSH ACK",
        says: "lost: nothing acknowledges it",
      },
      {
        packet: 1_204_977,
        atNs: 211.4 * MS,
        from: "client",
        bytes: 34,
        flags: "PSH ACK",
        says: "sent again after 211 ms, no duplicate ACK",
      },
      { packet: 1_204_978, atNs: 211.63 * MS, from: "server", bytes: 0, flags: "ACK" },
      { packet: 1_204_979, atNs: 211.71 * MS, from: "server", bytes: 1448, flags: "ACK" },
      { packet: 1_204_980, atNs: 211.72 * MS, from: "server", bytes: 12_345, flags: "PSH FIN ACK", says: "the answer" },
    ],
    omitted: 3,
  };
  return reportSchema.parse({
    ...base,
    source: {
      ...source,
      file: "-",
      format: "pcapng, zstd",
      linkTypes: ["Ethernet", "Linux cooked v2"],
      packets: 1_648_221,
      tcpPackets: 1_502_006,
      bytes: 1_288_490_188,
      durationNs: 92.4e9,
      skipped: { UDP: 120_311, ARP: 25_900, "IPv4 fragment": 4, "not IP": 0 },
      dropped: 1204,
      flowsSeen: 10_452,
      flowsEvicted: 452,
      flowsShown: 3,
      filter: "net 10.0.0.0/8 and not port 22",
      interrupted: true,
    },
    runs: [
      service("[2001:db8:0:1::2a]:6379", "redis", redis, {
        connections: 10_120,
        errors: { reset: 3, unanswered: 12 },
        errorExamples: { reset: "flow 77: RST from the server, packet 30112" },
        durationNs: 92.4e9,
        ratePerSecond: 9000 / 92.4,
        concurrency: { mean: 0.0463, max: 12, says: "0.0463 in flight on average, 12 at most" },
        breakdownNs: breakdown(9000, redisParts),
        pool: {
          arrivalPerSecond: 97.4,
          connections: 10_120,
          now: load(475 * US, 97.4, 10_120),
          after: null,
          says: ["97.4/s x 475 us = 0.0463 in flight"],
        },
      }),
      service("10.0.0.7:8080", "http1", http, {
        connections: 331,
        durationNs: 92.4e9,
        ratePerSecond: 1500 / 92.4,
        concurrency: { mean: 0.221, max: 31, says: "" },
        breakdownNs: breakdown(1500, httpParts),
        phases: { connect: histogramOf(around(2.1 * MS, 331, 46)) },
      }),
      service("10.0.0.9:443", "tls", tls, {
        connections: 1,
        durationNs: 92.4e9,
        ratePerSecond: 320 / 92.4,
        breakdownNs: breakdown(320, { network: 1.4 * MS, server: 0.5 * MS }),
      }),
      service("10.0.0.10:9042", "unknown", [], { connections: 2, ratePerSecond: 0 }),
    ],
    flows: [
      flow(1041, "2001:db8:0:1::9:51234", "2001:db8:0:1::2a:6379", redis.slice(-200), {
        protocol: "redis",
        vantage: "middle",
        handshakeRttNs: null,
        exchanges: {
          count: 200,
          latency: histogramOf(redis.slice(-200)),
          breakdownNs: breakdown(200, { loss: 10 * MS, network: MS }),
        },
      }),
      flow(12, "10.0.0.1:40112", "10.0.0.7:8080", http, {
        protocol: "http1",
        handshakeRttNs: 2.1 * MS,
        exchanges: { count: 1500, latency: histogramOf(http), breakdownNs: breakdown(1500, httpParts) },
      }),
      flow(77, "10.0.0.1:40113", "10.0.0.10:9042", [], { client: null, vantage: "unknown" }),
    ],
    findings: [
      {
        ...nagleFinding,
        code: "rto",
        title: "10 exchanges waited 211 ms (p50) for the retransmission timer",
        subject: { run: "[2001:db8:0:1::2a]:6379" },
        count: 10,
        of: 9000,
        costNs: { total: 2.11e9, p50: 211 * MS, max: 213 * MS },
        evidence: [{ packets: [1_204_381, 1_204_977], says: "34 bytes sent again after 211 ms with no duplicate ACK" }],
        fix: ["look for the lossy link: the resends are all on the way to the server"],
        ladder: rtoLadder,
        whatIf: { p50Ns: 240 * US, p99Ns: 500 * US },
      },
      {
        ...nagleFinding,
        code: "syn-retransmit",
        severity: "warning",
        title: "2 handshakes were sent again after 1.00 s",
        subject: { flow: 12 },
        count: 2,
        of: 10_452,
        costNs: { total: 2e9, p50: 1e9, max: 1e9 },
        evidence: [{ packets: Array.from({ length: 12 }, (_, at) => 900 + at), says: "the SYN was sent again" }],
        fix: ["look at the server's accept queue (ss -ltn, nstat TcpExtListenOverflows)"],
        ladder: undefined,
        whatIf: null,
      },
    ],
    theories: [
      {
        id: "loss",
        claim: "packets are lost and sent again",
        verdict: "confirmed",
        because: "10 resends by timer cost 2.11 s",
      },
    ],
    detectors: [
      { code: "nagle-delayed-ack", status: "ran", reason: "" },
      { code: "rto", status: "ran", reason: "" },
      { code: "syn-retransmit", status: "ran", reason: "" },
      { code: "delayed-ack", status: "failed", reason: "TypeError: x is undefined" },
      {
        code: "connection-churn",
        status: "not-applicable",
        reason: "every connection was open before the capture began",
      },
    ],
    verdict: {
      status: "none",
      reasons: ["[2001:db8:0:1::2a]:6379: 10 of 9000 exchanges waited 211 ms (p50) for the retransmission timer."],
    },
  });
}

/** The file ends in the middle of a record, and whoever made it means no good. */
export function damagedCapture(): Report {
  const base = stallCapture();
  return reportSchema.parse({
    ...base,
    source: {
      ...source,
      file: "/tmp/\u001b]0;owned\u0007a|b\u202e.pcap",
      packets: 61,
      tcpPackets: 60,
      truncated: { atByte: 65_537, afterPacket: 61, says: "a record claims 4294967295 bytes\u001b[2J" },
      skipped: { "IPv6\u001b[31m|extension": 1 },
      firstPacketAt: null,
    },
    runs: base.runs.map((run) => ({ ...run, id: "10.77.0.2:7777\u0007", errors: { "un\u001banswered": 1 } })),
    findings: [
      {
        ...nagleFinding,
        subject: { flow: 99 },
        ladder: {
          ...nagleLadder,
          flow: 99,
          omitted: 1,
          steps: nagleLadder.steps.map((step) => ({ ...step, flags: "PSH\u001b[5m ACK", says: "漢字\u202e\r\nsays" })),
        },
      },
    ],
  });
}

/** A capture without TCP: no detector could look. */
export function emptyCapture(): Report {
  const base = stallCapture();
  return reportSchema.parse({
    ...base,
    source: {
      ...source,
      file: "dns.pcapng",
      format: "pcapng",
      packets: 12,
      tcpPackets: 0,
      bytes: 1804,
      durationNs: 0,
      skipped: { UDP: 12 },
      dropped: 0,
      flowsSeen: 0,
      flowsShown: 0,
    },
    runs: [],
    flows: [],
    findings: [],
    theories: [],
    detectors: base.detectors.map(({ code }) => ({
      code,
      status: "not-applicable",
      reason: "the capture holds no TCP packet",
    })),
    verdict: { status: "inconclusive", reasons: ["The capture holds no TCP packet, so there is nothing to judge."] },
  });
}
