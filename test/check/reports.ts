/** Reports written by hand: a run from its latencies, a report from its runs. */
import { reportBase } from "../../src/report/base.js";
import { histogramOf } from "../../src/report/histogram.js";
import type { Finding, Report, Run } from "../../src/report/model.js";

const MS = 1e6;

/** @param latenciesMs of the answered requests */
export function runOf(latenciesMs: readonly number[], changes: Partial<Run> = {}): Run {
  const failed = Object.values(changes.errors ?? {}).reduce((sum, count) => sum + count, 0);
  return {
    id: "nagle=on",
    factors: { nagle: "on" },
    endpoint: "memcached://127.0.0.1:11211/key",
    requests: latenciesMs.length + failed,
    errors: {},
    answers: { value: latenciesMs.length },
    connections: 1,
    durationNs: 1e9,
    ratePerSecond: latenciesMs.length,
    targetRatePerSecond: null,
    latency: histogramOf(latenciesMs.map((latency) => latency * MS)),
    corrected: null,
    sendLag: null,
    phases: {},
    warmup: null,
    kernel: null,
    wire: null,
    used: true,
    slowest: [],
    ...changes,
  };
}

export function reportOf(runs: readonly Run[], changes: Partial<Report> = {}): Report {
  const environment = { os: "test", kernel: "test", node: "test", cpus: 1, tickHz: null };
  return {
    ...reportBase(new Date(0), environment, "0.0.0"),
    source: { kind: "check", suite: "netlat.yaml", durationNs: 0, interrupted: false },
    runs: [...runs],
    detectors: [{ code: "nagle-delayed-ack", status: "ran", reason: "looked" }],
    ...changes,
  };
}

export const stall = (run: string): Finding => ({
  code: "nagle-delayed-ack",
  severity: "error",
  title: "Nagle x delayed ACK",
  subject: { run },
  count: 59,
  of: 60,
  costNs: { total: 0, p50: 0, max: 0 },
  confidence: "certain",
  evidence: [],
  fix: [],
  whatIf: null,
});

export const times = (count: number, latencyMs: number): number[] => new Array<number>(count).fill(latencyMs);
