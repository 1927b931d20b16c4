/** Runs and reports made of latencies, as a probe would make them. */
import type { NamedReport } from "../../src/compare/report-part.js";
import { reportBase } from "../../src/report/base.js";
import { histogramOf } from "../../src/report/histogram.js";
import type { Block, Report, Run } from "../../src/report/model.js";
import { random } from "../../src/stats/random.js";

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;

function blockOf(latencies: readonly number[], round: number): Block {
  const sorted = latencies.toSorted((a, b) => a - b);
  const meanNs = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return {
    round,
    requests: sorted.length,
    meanNs,
    p50Ns: at(sorted, 0.5),
    p90Ns: at(sorted, 0.9),
    p99Ns: at(sorted, 0.99),
  };
}

/** @param blocks how many blocks the latencies are cut into; 0: the run knows none */
export function runOf(latencies: readonly number[], blocks = 0, rest: Partial<Run> = {}): Run {
  const size = Math.ceil(latencies.length / Math.max(1, blocks));
  const cut = Array.from({ length: blocks }, (_, block) => latencies.slice(block * size, (block + 1) * size));
  const durationNs = latencies.reduce((sum, value) => sum + value, 0);
  return {
    id: "nagle=off,split=none",
    factors: { nagle: "off", split: "none" },
    endpoint: "memcached://127.0.0.1:11211/key",
    requests: latencies.length,
    errors: {},
    answers: { value: latencies.length, miss: 0 },
    connections: 1,
    durationNs,
    ratePerSecond: durationNs > 0 ? latencies.length / (durationNs / 1e9) : 0,
    targetRatePerSecond: null,
    latency: histogramOf(latencies),
    corrected: null,
    sendLag: null,
    phases: { ttfb: histogramOf(latencies) },
    warmup: null,
    kernel: {
      minRttNs: 20_000,
      handshakeRttNs: 30_000,
      retransmits: 1,
      dataSegmentsOut: latencies.length,
      dataSegmentsIn: latencies.length,
      mss: 1448,
    },
    wire: {
      pieces: 1,
      writes: latencies.length,
      segments: latencies.length,
      split: "as-asked",
      says: "1 write in 1 segment",
    },
    used: true,
    slowest: [],
    ...(blocks === 0 ? {} : { blocks: cut.filter((part) => part.length > 0).map(blockOf) }),
    ...rest,
  };
}

const environment = { os: "Linux", kernel: "6.1", node: "v20", cpus: 2, tickHz: 250 };

export function probeReport(file: string, runs: readonly Run[], rest: Partial<Report> = {}): NamedReport {
  const report: Report = {
    ...reportBase(new Date("2026-01-01T00:00:00Z"), environment, "0.1.0"),
    source: {
      kind: "probe",
      endpoint: "memcached://127.0.0.1:11211/key",
      address: "127.0.0.1:11211",
      protocol: "memcached",
      transport: "tcp",
      engine: "kernel",
      engineReason: "asked for",
      capabilities: {},
      notSeen: [],
      pacing: "closed loop, 1 connection",
      connections: 1,
      requestBytes: 9,
      rounds: 10,
      seed: 1,
      interrupted: false,
      durationNs: 1e9,
    },
    runs: [...runs],
    ...rest,
  };
  return { file, report };
}

/** Log-normal latencies around a median; each block of `perBlock` in a mood of its own, as blocks on a real machine are. */
export function moody(medianNs: number, blocks: number, perBlock: number, seed: number, mood = 0.02): number[] {
  const uniform = random(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: blocks }, () => Math.exp(mood * normal())).flatMap((factor) =>
    Array.from({ length: perBlock }, () => Math.round(medianNs * factor * Math.exp(0.08 * normal()))),
  );
}
