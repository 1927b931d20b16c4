/** Reports written by hand as a probe would make them; reportSchema holds them to the contract. */
import { histogramOf } from "../../src/report/histogram.js";
import { type HistogramData, type Report, type Run, reportSchema } from "../../src/report/model.js";
import { random } from "../../src/stats/random.js";

const US = 1e3;
const MS = 1e6;

/** Log-normal latencies around a median, the same on every call. */
export function around(medianNs: number, count: number, seed: number, spread = 0.08): number[] {
  const uniform = random(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: count }, () => Math.round(medianNs * Math.exp(spread * normal())));
}

const hist = (values: readonly number[]): HistogramData => histogramOf(values);

interface CellSketch {
  factors: Run["factors"];
  values: number[];
  first: number;
  writes: number;
  segments: number;
}

function run({ factors, values, first, writes, segments }: CellSketch, rest: Partial<Run> = {}): Run {
  return {
    id: Object.entries(factors)
      .map(([name, level]) => `${name}=${level}`)
      .join(","),
    factors,
    endpoint: "memcached://127.0.0.1:11211/somekey",
    requests: values.length,
    errors: {},
    answers: { value: values.length },
    connections: 1,
    durationNs: values.reduce((sum, value) => sum + value, 0),
    ratePerSecond: values.length === 0 ? 0 : values.length / (values.reduce((sum, value) => sum + value, 0) / 1e9),
    targetRatePerSecond: null,
    latency: hist(values),
    corrected: null,
    sendLag: hist(around(2 * US, values.length, 77)),
    phases: { connect: hist(around(61 * US, 10, 5)), ttfb: hist(values.map((value) => value * 0.97)) },
    warmup: { requests: 20, first: hist(around(first, 10, 9)), rest: hist(around(values[0] ?? MS, 10, 10)) },
    kernel: {
      minRttNs: 24 * US,
      handshakeRttNs: 31 * US,
      retransmits: 0,
      dataSegmentsOut: segments * values.length,
      dataSegmentsIn: values.length,
      mss: 65483,
    },
    wire: {
      pieces: writes,
      writes: writes * values.length,
      segments: segments * values.length,
      split: "as-asked",
      says: `${writes} writes in ${segments} segments per request`,
    },
    used: true,
    slowest: [],
    ...rest,
  };
}

const level = (nagle: string, split: string): Run["factors"] => ({ nagle, split, quickack: "default", cork: "off" });

const stalledTimeline: Run["slowest"][number] = {
  request: 812,
  connection: 1,
  latencyNs: 47.61 * MS,
  heldNs: 47.42 * MS,
  events: [
    { atNs: 0, event: "write", piece: 1, bytes: 4, source: "user" },
    { atNs: 9 * US, event: "sent", piece: 1, source: "kernel" },
    { atNs: 12 * US, event: "write", piece: 2, bytes: 7, source: "user" },
    { atNs: 14 * US, event: "write", piece: 3, bytes: 2, source: "user" },
    { atNs: 47_431 * US, event: "acked", piece: 1, source: "kernel" },
    { atNs: 47_437 * US, event: "sent", piece: 3, source: "kernel" },
    { atNs: 47_602 * US, event: "first-byte", source: "user" },
    { atNs: 47_610 * US, event: "answer", bytes: 24, source: "user" },
  ],
};

const stalledCell = (): Run =>
  run(
    {
      factors: level("on", "fields"),
      values: [...around(43.9 * MS, 985, 1, 0.01), ...around(240 * US, 14, 2), 47.61 * MS],
      first: 310 * US,
      writes: 3,
      segments: 2,
    },
    { slowest: [stalledTimeline] },
  );

/** The case the program was born from: nagle x split against a memcached, one cell of four stalls. */
export function stallReport(): Report {
  return reportSchema.parse({
    schema: "netlat.report/1",
    tool: { name: "netlat", version: "0.1.0" },
    environment: { os: "linux", kernel: "6.18.5", node: "v20.20.2", cpus: 2, tickHz: 250 },
    startedAt: "2026-03-01T10:20:30.000Z",
    source: {
      kind: "probe",
      endpoint: "memcached://127.0.0.1:11211/somekey",
      address: "127.0.0.1:11211",
      protocol: "memcached",
      transport: "tcp",
      engine: "kernel",
      engineReason: "Linux with koffi: own sockets, kernel timestamps and TCP_INFO",
      capabilities: {
        nodelay: "yes",
        quickack: "yes",
        cork: "yes",
        maxSegment: "yes",
        tcpInfo: "yes",
        timestamping: "yes",
      },
      notSeen: [],
      pacing: "closed loop, 1 connection",
      connections: 1,
      requestBytes: 13,
      rounds: 10,
      seed: 42,
      interrupted: false,
      durationNs: 44.6e9,
    },
    runs: [
      run({ factors: level("on", "none"), values: around(118 * US, 1000, 3), first: 152 * US, writes: 1, segments: 1 }),
      stalledCell(),
      run({
        factors: level("off", "none"),
        values: around(116 * US, 1000, 4),
        first: 149 * US,
        writes: 1,
        segments: 1,
      }),
      run({
        factors: level("off", "fields"),
        values: [...around(161 * US, 999, 6), 2.4 * MS],
        first: 190 * US,
        writes: 3,
        segments: 3,
      }),
    ],
    flows: [],
    effects: [
      {
        kind: "main",
        factors: ["nagle"],
        from: "off",
        to: "on",
        ns: 21.6 * MS,
        lowNs: 21.4 * MS,
        highNs: 21.8 * MS,
        rounds: 10,
        says: "nagle on instead of off adds 21.6 ms (21.4 to 21.8) to the mean",
      },
      {
        kind: "main",
        factors: ["split"],
        from: "none",
        to: "fields",
        ns: 21.6 * MS,
        lowNs: 21.4 * MS,
        highNs: 21.8 * MS,
        rounds: 10,
        says: "split fields instead of none adds 21.6 ms (21.4 to 21.8) to the mean",
      },
      {
        kind: "interaction",
        factors: ["nagle", "split"],
        from: "off x none",
        to: "on x fields",
        ns: 43.2 * MS,
        lowNs: 42.9 * MS,
        highNs: 43.5 * MS,
        rounds: 10,
        says: "nagle on together with split fields adds another 43.2 ms (42.9 to 43.5) that neither adds alone",
      },
    ],
    findings: [
      {
        code: "nagle-delayed-ack",
        severity: "error",
        title: "Nagle's algorithm waits for a delayed ACK",
        subject: { run: "nagle=on,split=fields,quickack=default,cork=off" },
        count: 986,
        of: 1000,
        costNs: { total: 43.2e9, p50: 43.8 * MS, max: 47.4 * MS },
        confidence: "certain",
        evidence: [
          {
            atNs: 0,
            says: "request 812: piece 1 sent at 0.01 ms, acknowledged at 47.4 ms, piece 2 sent 6 us after that ACK",
          },
          { says: "with Nagle off the same three writes take 161 us, as one write with Nagle on 118 us" },
        ],
        fix: [
          "Write the request in one call: join the pieces in a buffer, or use writev (Node: socket.cork(), write, uncork).",
          "Or turn Nagle's algorithm off on the client: socket.setNoDelay(true), TCP_NODELAY.",
        ],
        whatIf: { p50Ns: 118 * US, p99Ns: 143 * US },
      },
      {
        code: "split-write",
        severity: "info",
        title: "The request leaves in 3 small segments where one would do",
        subject: { run: "nagle=off,split=fields,quickack=default,cork=off" },
        count: 1000,
        of: 1000,
        costNs: { total: 45 * MS, p50: 45 * US, max: 60 * US },
        confidence: "likely",
        evidence: [{ says: "3 writes in 3 segments per request; 161 us against 116 us with one write" }],
        fix: ["Write the request in one call."],
        whatIf: null,
      },
    ],
    theories: [
      {
        id: "path-slow",
        claim: "The path is slow",
        verdict: "refuted",
        because: "the handshake took 31 us and the smallest RTT was 24 us; the stalled requests take 43.9 ms",
      },
      {
        id: "connect-slow",
        claim: "Setting up connections is slow",
        verdict: "refuted",
        because: "connecting takes 61 us, once per connection",
      },
      {
        id: "server-slow",
        claim: "The server is slow",
        verdict: "refuted",
        because: "asked with one write and Nagle off it answers in 116 us (p50)",
      },
      {
        id: "pool-small",
        claim: "The pool is too small",
        verdict: "untested",
        because: "no rate was given: a closed loop waits for no connection",
      },
      { id: "loss", claim: "Packets are lost", verdict: "refuted", because: "0 retransmissions among 7000 segments" },
      {
        id: "nagle-delayed-ack",
        claim: "Nagle's algorithm and the delayed ACK wait for each other",
        verdict: "confirmed",
        because:
          "986 of 1000 requests were held for 43.8 ms until the ACK of their first piece; with Nagle off, or in one write, none was",
      },
    ],
    detectors: [
      { code: "nagle-delayed-ack", status: "ran", reason: "found in 1 run" },
      { code: "split-write", status: "ran", reason: "found in 1 run" },
      { code: "delayed-ack", status: "ran", reason: "" },
      { code: "slow-server", status: "ran", reason: "" },
      { code: "connection-churn", status: "ran", reason: "" },
      { code: "generator-lag", status: "not-applicable", reason: "a closed loop has no intended start to be late for" },
    ],
    pool: {
      arrivalPerSecond: 23.1,
      connections: 1,
      now: {
        residenceNs: 43.3 * MS,
        inFlight: 1,
        connectionsNeeded: 2,
        utilisation: 1,
        capacityPerSecond: 23.1,
        waiting: 0,
        stable: false,
      },
      after: {
        residenceNs: 118 * US,
        inFlight: 0.0027,
        connectionsNeeded: 1,
        utilisation: 0.0027,
        capacityPerSecond: 8474,
        waiting: 0,
        stable: true,
      },
      says: ["One connection carries 23.1 requests/s now and 8474/s after the fix (connections / W, Little's law)."],
    },
    verdict: {
      status: "none",
      reasons: [
        "Nagle on with the request in 3 writes stalls 986 of 1000 requests for 43.8 ms: the client's kernel holds piece 2 until the server's delayed ACK for piece 1 arrives.",
        "Write the request in one call, or set TCP_NODELAY: p50 falls from 43.9 ms to 118 us.",
      ],
    },
  });
}

/** An open loop against a server that stopped for a second once: service time hides it, the corrected latency shows it. */
export function openLoopReport(): Report {
  const base = stallReport();
  const service = [...around(180 * US, 9992, 11, 0.2), ...around(1e9, 8, 12, 0.001)];
  const corrected = [
    ...around(185 * US, 7990, 13, 0.2),
    ...Array.from({ length: 2010 }, (_, at) => 0.3 * MS + at * 0.498 * MS),
  ];
  const cell = (nagle: string): Run =>
    run(
      { factors: { ...level(nagle, "none") }, values: service, first: 200 * US, writes: 1, segments: 1 },
      { targetRatePerSecond: 2000, corrected: hist(corrected), connections: 8, durationNs: 5e9, ratePerSecond: 1998 },
    );
  return reportSchema.parse({
    ...base,
    source: {
      ...base.source,
      pacing: "open loop, 2000/s constant, 8 connections",
      connections: 8,
      durationNs: 10.2e9,
      engine: "net",
      engineReason: "asked for with --engine",
      notSeen: ["when a segment left or was acknowledged (kernel timestamps): the net engine cannot read them"],
    },
    runs: [cell("on"), cell("off")],
    effects: [],
    findings: [],
    theories: [],
    detectors: base.detectors.map((detector) => ({ ...detector, status: "ran", reason: "" })),
    verdict: {
      status: "none",
      reasons: ["The server stopped for about 1 s: p99 is 990 ms from the intended start, and 275 us from the write."],
    },
  });
}

/** Nothing answered; the texts come from a server that means no good. */
export function allErrorsReport(): Report {
  const base = stallReport();
  const dead = run(
    { factors: level("on", "none"), values: [], first: MS, writes: 1, segments: 1 },
    {
      requests: 50,
      errors: { malformed: 38, timeout: 12, reset: 0 },
      errorExamples: {
        malformed: "\u001b[2J\u001b[31mpwned|\u202egnp.exe\r\n@octocat <img src=x> `rm`",
        timeout: "no answer within 2.00 s",
      },
      answers: {},
      ratePerSecond: 0,
      durationNs: 24e9,
      phases: {},
      warmup: null,
      kernel: null,
      sendLag: null,
      wire: {
        pieces: 1,
        writes: 50,
        segments: null,
        split: "not-seen",
        says: "segments cannot be counted without TCP_INFO",
      },
    },
  );
  return reportSchema.parse({
    ...base,
    source: { ...base.source, endpoint: "memcached://127.0.0.1:11211/\u001b]0;owned\u0007key|x", address: null },
    runs: [dead],
    effects: [],
    findings: [],
    theories: base.theories.map((theory) => ({ ...theory, verdict: "untested", because: "no request was answered" })),
    detectors: base.detectors.map((detector) => ({
      ...detector,
      status: "not-applicable",
      reason: "no request was answered",
    })),
    pool: null,
    verdict: { status: "inconclusive", reasons: ["No request was answered: 38 malformed, 12 timeout."] },
  });
}

/** Ctrl-C in the middle: fewer requests, a cell that has none yet, and one whose split did not happen on the wire. */
export function interruptedReport(): Report {
  const base = stallReport();
  const sketch = (nagle: string, split: string, values: number[], seed: number): CellSketch => ({
    factors: level(nagle, split),
    values,
    first: 150 * US + seed,
    writes: split === "none" ? 1 : 3,
    segments: 1,
  });
  return reportSchema.parse({
    ...base,
    source: { ...base.source, interrupted: true, durationNs: 3.21e9 },
    runs: [
      run(sketch("on", "none", around(118 * US, 312, 21), 1)),
      run(sketch("on", "fields", around(121 * US, 300, 22), 2), {
        used: false,
        wire: {
          pieces: 3,
          writes: 900,
          segments: 300,
          split: "merged",
          says: "3 writes travelled as 1 segment, so the split did not happen on the wire",
        },
      }),
      run(sketch("off", "none", around(116 * US, 290, 23), 3)),
      run(sketch("off", "fields", [], 4), { phases: {}, warmup: null, sendLag: null }),
    ],
    effects: [],
    findings: [],
    pool: null,
    verdict: { status: "inconclusive", reasons: ["The probe was interrupted before every cell had enough requests."] },
  });
}

/** `netlat pool --rate 5000/s --latency 45ms --connections 20 --after 1ms` */
export function poolReport(): Report {
  const base = stallReport();
  return reportSchema.parse({
    ...base,
    source: { kind: "pool", from: "5000/s at 45.0 ms on 20 connections" },
    runs: [],
    effects: [],
    findings: [],
    theories: [],
    detectors: [],
    pool: {
      arrivalPerSecond: 5000,
      connections: 20,
      now: {
        residenceNs: 45 * MS,
        inFlight: 225,
        connectionsNeeded: 226,
        utilisation: 11.25,
        capacityPerSecond: 444.4,
        waiting: 205,
        stable: false,
      },
      after: {
        residenceNs: MS,
        inFlight: 5,
        connectionsNeeded: 6,
        utilisation: 0.25,
        capacityPerSecond: 20000,
        waiting: 0,
        stable: true,
      },
      says: [
        "225 requests are in flight on average (L = 5000/s x 45.0 ms); 20 connections carry at most 444/s: unstable, 205 wait.",
        "After the fix (1.00 ms) 5 are in flight, and 20 connections are 25 % busy.",
      ],
    },
    verdict: { status: "none", reasons: ["20 connections are too few by 206."] },
  });
}
