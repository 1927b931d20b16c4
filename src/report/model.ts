/**
 * `netlat.report/1`: the one model that every command produces or consumes and every renderer reads. Data only.
 * Durations are integer nanoseconds. docs/report.md explains each part; schema/report.v1.json is generated from here.
 */
import { z } from "zod";
import { FINDING_CODES, SCHEMA_ID } from "./codes.js";
import { comparisonSchema } from "./comparison-model.js";
import { gateSchema } from "./gate-model.js";
import { h2Schema } from "./h2-model.js";
import { poolSchema } from "./pool-model.js";
import { count, duration, histogramSchema, signedDuration } from "./primitives.js";
import { quicSchema } from "./quic-model.js";

export { FINDING_CODES, SCHEMA_ID };

/** The parts add up to the latency. */
const breakdownSchema = z
  .object({
    network: duration,
    senderHold: duration,
    loss: duration,
    window: duration,
    server: duration,
    transfer: duration,
  })
  .strict();

const timelineEventSchema = z
  .object({
    atNs: signedDuration.describe("from the start of the first write"),
    event: z.enum(["intended", "write", "sent", "acked", "first-byte", "answer", "failed"]),
    piece: count.optional().describe("1-based number of the piece of the request"),
    bytes: count.optional(),
    source: z
      .enum(["user", "kernel"])
      .describe("whose clock reading: ours around the system call, or the kernel's SO_TIMESTAMPING"),
    says: z.string().optional(),
  })
  .strict();

export const timelineSchema = z
  .object({
    request: count.describe("1-based number of the request in its run"),
    connection: count,
    latencyNs: duration,
    heldNs: duration.describe("how long Nagle's algorithm held data back waiting for an ACK; 0 when not"),
    events: z.array(timelineEventSchema),
  })
  .strict();

/** One round of a run: requests within it resemble each other more than those of other rounds do. */
const blockSchema = z
  .object({
    round: count.describe("from 0; blocks of several runs in the same round were measured side by side"),
    part: count.optional().describe("merge: which of `source.parts` it comes from, from 0"),
    requests: count.describe("answered requests of the block"),
    meanNs: duration,
    p50Ns: duration,
    p90Ns: duration,
    p99Ns: duration,
  })
  .strict();

export const runSchema = z
  .object({
    id: z.string(),
    factors: z.record(z.string(), z.union([z.string(), z.number()])),
    endpoint: z.string(),
    requests: count.describe("measured requests: answered and failed; warm-up not among them"),
    errors: z.record(z.string(), count).describe("failed requests by kind"),
    errorExamples: z.record(z.string(), z.string()).optional().describe("what the first failure of each kind said"),
    answers: z.record(z.string(), count).describe("answered requests by kind: value, miss"),
    connections: count.describe("connections opened for this run"),
    tlsResumed: count.optional().describe("connections whose TLS handshake resumed a session (--tls-resume)"),
    durationNs: duration.describe("time spent measuring this run, its blocks added up"),
    ratePerSecond: z.number().nonnegative().describe("answered requests per second of durationNs"),
    targetRatePerSecond: z
      .number()
      .positive()
      .nullable()
      .describe("the rate that was asked for (open loop), or null (closed loop)"),
    latency: histogramSchema.describe("service time: from the start of the first write to the last byte of the answer"),
    corrected: histogramSchema.nullable().describe("open loop: from the intended start to the last byte of the answer"),
    sendLag: histogramSchema
      .nullable()
      .describe("how much later than possible we started the request: our own lateness"),
    phases: z
      .record(z.string(), histogramSchema)
      .describe(
        "dns, connect, tls (QUIC: handshake, which is both), ttfb (first write to first answer byte); where requests share a connection also queue (asked for until written) and behind (written until all before it were answered)",
      ),
    warmup: z
      .object({
        requests: count,
        first: histogramSchema.nullable().describe("the very first request of each connection"),
        rest: histogramSchema.nullable(),
      })
      .strict()
      .nullable(),
    kernel: z
      .object({
        minRttNs: duration.nullable(),
        handshakeRttNs: duration.nullable(),
        retransmits: count.nullable(),
        dataSegmentsOut: count.nullable(),
        dataSegmentsIn: count.nullable(),
        mss: count.nullable(),
      })
      .strict()
      .nullable(),
    concurrency: z
      .object({ mean: z.number().nonnegative(), max: count, says: z.string() })
      .strict()
      .optional()
      .describe("capture: exchanges in flight, integrated over the time of the capture"),
    breakdownNs: breakdownSchema.optional().describe("capture: where the latency of all exchanges went, added up"),
    pool: poolSchema.optional().describe("capture: this service by Little's law"),
    wire: z
      .object({
        pieces: count.describe("pieces per request that were asked for"),
        writes: count.describe("write system calls (TLS: records) of the measured requests"),
        segments: count
          .nullable()
          .describe("TCP data segments they travelled in, retransmissions not counted; null: not seen"),
        split: z.enum(["as-asked", "merged", "not-seen"]),
        says: z.string(),
      })
      .strict()
      .nullable()
      .describe("null: nobody asked for a split (capture)"),
    h2: h2Schema.optional().describe("HTTP/2 and gRPC: what happened inside the connections"),
    quic: quicSchema.optional().describe("QUIC and HTTP/3: what happened in the connections"),
    used: z.boolean().describe("false: the split did not happen on the wire, so no conclusion rests on this run"),
    slowest: z.array(timelineSchema),
    blocks: z
      .array(blockSchema)
      .optional()
      .describe("service time of each round: what a comparison takes as independent where there are enough"),
  })
  .strict();

const subjectSchema = z.union([
  z.object({ run: z.string() }).strict(),
  z.object({ flow: z.int() }).strict(),
  z.object({ pool: z.string().describe("what the pool serves: a service, a cell, or the numbers given") }).strict(),
]);

/** The packets of one exchange as a ladder shows them. */
const ladderSchema = z
  .object({
    flow: z.int(),
    startNs: duration.describe("since the start of the capture; steps count from here"),
    steps: z.array(
      z
        .object({
          packet: z.int(),
          atNs: signedDuration,
          from: z.enum(["client", "server"]),
          bytes: count,
          flags: z.string().describe("SYN, ACK, PSH, FIN, RST, with spaces between"),
          says: z.string().optional().describe("what this packet proves"),
        })
        .strict(),
    ),
    omitted: count.describe("earlier packets of the exchange that are not shown"),
  })
  .strict();

const flowEndSchema = z.object({ address: z.string(), port: z.int() }).strict();

const flowSchema = z
  .object({
    id: z.int(),
    a: flowEndSchema,
    b: flowEndSchema,
    client: z.enum(["a", "b"]).nullable(),
    protocol: z.enum(["memcached", "redis", "http1", "h2", "tls", "quic", "unknown"]),
    vantage: z.enum(["client", "server", "middle", "unknown"]),
    packets: count,
    bytes: count,
    handshakeRttNs: duration.nullable(),
    exchanges: z.object({ count, latency: histogramSchema, breakdownNs: breakdownSchema }).strict(),
  })
  .strict();

export const findingSchema = z
  .object({
    code: z.enum(FINDING_CODES),
    severity: z.enum(["error", "warning", "info"]),
    title: z.string(),
    subject: subjectSchema,
    count: count.describe("exchanges (or handshakes) that it delayed"),
    of: count,
    costNs: z.object({ total: duration, p50: duration, max: duration }).strict(),
    confidence: z.enum(["certain", "likely", "possible"]),
    evidence: z.array(
      z.object({ packets: z.array(z.int()).optional(), atNs: signedDuration.optional(), says: z.string() }).strict(),
    ),
    fix: z.array(z.string()),
    ladder: ladderSchema.optional().describe("the worst exchange that it delayed (capture)"),
    whatIf: z.object({ p50Ns: duration, p99Ns: duration }).strict().nullable(),
  })
  .strict();

export const theorySchema = z
  .object({
    id: z.string(),
    claim: z.string(),
    verdict: z.enum(["confirmed", "refuted", "untested"]),
    because: z.string(),
  })
  .strict();

const detectorSchema = z
  .object({ code: z.enum(FINDING_CODES), status: z.enum(["ran", "not-applicable", "failed"]), reason: z.string() })
  .strict();

/** An effect of the factorial experiment, in nanoseconds of mean latency, with a 95 % confidence interval over its rounds. */
export const effectSchema = z
  .object({
    kind: z.enum(["main", "interaction"]),
    factors: z.array(z.string()),
    from: z.string().describe("the calm level, or levels"),
    to: z.string(),
    ns: signedDuration,
    lowNs: signedDuration.nullable(),
    highNs: signedDuration.nullable(),
    rounds: count,
    says: z.string(),
  })
  .strict();

const probeSourceSchema = z
  .object({
    kind: z.literal("probe"),
    endpoint: z.string(),
    address: z.string().nullable(),
    against: z
      .object({ endpoint: z.string(), address: z.string().nullable() })
      .strict()
      .optional()
      .describe("--ab: the second endpoint; `comparison` holds it against the first"),
    protocol: z.string(),
    transport: z.enum(["tcp", "tls", "quic"]),
    engine: z.enum(["net", "kernel", "quiche"]),
    engineReason: z.string(),
    capabilities: z.record(z.string(), z.string()),
    notSeen: z.array(z.string()).describe("what this engine on this machine cannot see or set, in words"),
    pacing: z.string(),
    connections: count,
    requestBytes: count,
    rounds: count,
    seed: z.int(),
    interrupted: z.boolean(),
    durationNs: duration,
  })
  .strict();

const captureSourceSchema = z
  .object({
    kind: z.literal("capture"),
    file: z.string().describe("- for standard input"),
    format: z.string(),
    linkTypes: z.array(z.string()),
    packets: count,
    tcpPackets: count,
    quicDatagrams: count.optional().describe("UDP datagrams of QUIC connections"),
    bytes: count,
    durationNs: duration,
    firstPacketAt: z.string().nullable().describe("ISO time with nanoseconds"),
    truncated: z
      .object({ atByte: count, afterPacket: count, says: z.string() })
      .strict()
      .nullable()
      .describe("damage that ended the reading"),
    skipped: z.record(z.string(), count),
    dropped: count.nullable().describe("by the capturing machine; null: the file does not tell"),
    resends: z
      .record(z.string(), count)
      .optional()
      .describe("segments sent again in all flows, by kind, spurious ones too"),
    flowsSeen: count,
    flowsEvicted: count,
    flowsShown: count.describe("flows in `flows`: those that lost most time"),
    filter: z.string().nullable(),
    interrupted: z.boolean(),
    inside: z
      .object({
        read: z.record(z.string(), count).describe("connections by what they spoke, such as `HTTP/2 in TLS`"),
        unread: z
          .record(z.string(), count)
          .describe("connections that could not be read, or not to their end, by reason"),
      })
      .strict()
      .optional()
      .describe(
        "connections whose requests and answers were read inside: HTTP/2, TLS that a key log opens, and pipelined requests in clear text",
      ),
  })
  .strict();

const poolSourceSchema = z.object({ kind: z.literal("pool"), from: z.string() }).strict();

/** Where a report came from that others were made of. */
const partSchema = z
  .object({
    file: z.string(),
    kind: z.string(),
    subject: z.string(),
    protocol: z.string().optional().describe("of a probe"),
    startedAt: z.string(),
    requests: count.describe("answered"),
  })
  .strict();

const mergeSourceSchema = z
  .object({
    kind: z.literal("merge"),
    parts: z.array(partSchema),
    alike: z.boolean().describe("false: the parts differ by more than chance allows; `warnings` says how"),
    warnings: z.array(z.string()),
  })
  .strict();

const comparisonSourceSchema = z.object({ kind: z.literal("comparison"), base: partSchema, new: partSchema }).strict();

const checkSourceSchema = z
  .object({ kind: z.literal("check"), suite: z.string(), durationNs: duration, interrupted: z.boolean() })
  .strict();

export const reportSchema = z
  .object({
    schema: z.literal(SCHEMA_ID),
    tool: z.object({ name: z.literal("netlat"), version: z.string() }).strict(),
    environment: z
      .object({
        os: z.string(),
        kernel: z.string(),
        node: z.string(),
        cpus: count,
        tickHz: z.number().positive().nullable(),
      })
      .strict(),
    startedAt: z.iso.datetime(),
    source: z.discriminatedUnion("kind", [
      probeSourceSchema,
      captureSourceSchema,
      poolSourceSchema,
      mergeSourceSchema,
      comparisonSourceSchema,
      checkSourceSchema,
    ]),
    runs: z.array(runSchema),
    flows: z.array(flowSchema),
    effects: z.array(effectSchema),
    findings: z.array(findingSchema),
    theories: z.array(theorySchema),
    detectors: z.array(detectorSchema),
    pool: poolSchema.nullable(),
    comparison: comparisonSchema.optional().describe("netlat compare, netlat probe --ab"),
    gate: gateSchema.optional().describe("netlat check: what was expected, what was seen"),
    verdict: z
      .object({ status: z.enum(["pass", "fail", "inconclusive", "none"]), reasons: z.array(z.string()) })
      .strict(),
  })
  .strict();

export type { ComparedPair, ComparedQuantile, Comparison, ComparisonVerdict } from "./comparison-model.js";
export type { Gate } from "./gate-model.js";
export type { H2Facts } from "./h2-model.js";
export type { PoolCase, PoolLoad, PoolModel, PoolReport } from "./pool-model.js";
export type { HistogramData } from "./primitives.js";
export type { QuicFacts } from "./quic-model.js";
export type FindingCode = (typeof FINDING_CODES)[number];
export type TimelineEvent = z.infer<typeof timelineEventSchema>;
export type Timeline = z.infer<typeof timelineSchema>;
export type Run = z.infer<typeof runSchema>;
export type Block = z.infer<typeof blockSchema>;
export type Finding = z.infer<typeof findingSchema>;
export type Theory = z.infer<typeof theorySchema>;
export type DetectorOutcome = z.infer<typeof detectorSchema>;
export type Effect = z.infer<typeof effectSchema>;
export type Breakdown = z.infer<typeof breakdownSchema>;
export type Ladder = z.infer<typeof ladderSchema>;
export type FlowSummary = z.infer<typeof flowSchema>;
export type CaptureSource = z.infer<typeof captureSourceSchema>;
export type ProbeSource = z.infer<typeof probeSourceSchema>;
export type ReportPart = z.infer<typeof partSchema>;
export type Report = z.infer<typeof reportSchema>;
