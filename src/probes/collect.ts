/** Adds the blocks of one cell up: histograms for the report, per-round means for the effects, columns for the detectors. */

import { together } from "../report/kernel-counters.js";
import type { Block, H2Facts, QuicFacts, Timeline } from "../report/model.js";
import { LatencyHistogram } from "../stats/histogram.js";
import type { BlockResult, KernelFacts } from "./probe.js";
import { type Failure, failureOf, type SampleColumns, STATUS_MISS } from "./samples.js";

/** Columns for the detectors stop growing here; the histograms go on. */
const MAX_COLUMN = 500_000;

/** Kinds of failure by which a target shows that nobody is there. */
const SILENCE: readonly Failure[] = ["timeout", "refused", "unreachable", "tls"];

type Columns = Record<
  "latencyNs" | "firstByteNs" | "thinkNs" | "heldNs" | "ackDelayNs" | "lagNs" | "waitNs" | "queueNs" | "windowNs",
  number[]
>;

export class CellCollector {
  readonly latency = new LatencyHistogram();
  readonly corrected = new LatencyHistogram();
  readonly lag = new LatencyHistogram();
  readonly ttfb = new LatencyHistogram();
  /** Asked for until written, where requests share a connection. */
  readonly queue = new LatencyHistogram();
  /** Written until all requests before it on its connection were answered: head-of-line blocking, where answers come in order. */
  readonly behind = new LatencyHistogram();
  readonly connect = new LatencyHistogram();
  readonly tls = new LatencyHistogram();
  readonly warmupFirst = new LatencyHistogram();
  readonly warmupRest = new LatencyHistogram();
  readonly columns: Columns = {
    latencyNs: [],
    firstByteNs: [],
    thinkNs: [],
    heldNs: [],
    ackDelayNs: [],
    lagNs: [],
    waitNs: [],
    queueNs: [],
    windowNs: [],
  };
  readonly errors: Record<string, number> = {};
  readonly examples: Record<string, string> = {};
  readonly answers: Record<string, number> = { value: 0, miss: 0 };
  requests = 0;
  answered = 0;
  warmupRequests = 0;
  opened = 0;
  /** Connections whose TLS handshake resumed a session. */
  resumed = 0;
  writes = 0;
  wholes = 0;
  durationNs = 0;
  slowest: Timeline[] = [];
  h2: H2Facts | undefined;
  quic: QuicFacts | undefined;
  readonly #keepSlowest: number;
  readonly #openLoop: boolean;
  readonly #reuse: boolean;
  readonly #facts: (KernelFacts | null)[] = [];
  readonly #blocks = new Map<number, Block>();

  constructor(options: { keepSlowest: number; openLoop: boolean; reuse: boolean }) {
    this.#keepSlowest = options.keepSlowest;
    this.#openLoop = options.openLoop;
    this.#reuse = options.reuse;
  }

  add(round: number, block: BlockResult): void {
    const before = this.requests;
    this.#addWarmup(block.warmup);
    this.#addMeasured(round, block.measured);
    this.durationNs += block.durationNs;
    this.writes += block.writes;
    this.wholes += block.wholes;
    this.opened += block.opened.length;
    for (const { connectNs, tlsNs, resumed } of block.opened) {
      if (resumed === true) this.resumed++;
      this.connect.record(connectNs);
      if (tlsNs !== null) this.tls.record(tlsNs);
    }
    this.h2 = block.h2 ?? this.h2;
    this.quic = block.quic ?? this.quic;
    for (const [kind, says] of Object.entries(block.examples)) this.examples[kind] ??= says;
    this.#facts.push(block.kernel);
    const numbered = block.slowest.map((timeline) => ({ ...timeline, request: timeline.request + before }));
    this.slowest = [...this.slowest, ...numbered].sort((a, b) => b.latencyNs - a.latencyNs).slice(0, this.#keepSlowest);
  }

  /** Counters of all blocks; what one of them could not see is not known of all. */
  get kernel(): KernelFacts | null {
    return together(this.#facts);
  }

  /** Mean latency of the answered requests of a round; undefined: it has none. */
  roundMeanNs(round: number): number | undefined {
    return this.#blocks.get(round)?.meanNs;
  }

  /** Each round in which something was answered. */
  get blocks(): Block[] {
    return [...this.#blocks.values()];
  }

  /**
   * It never answered, and waiting for it is slow: asking on would only repeat that.
   * @param planned requests that it was to be asked; Infinity: time was the bound
   */
  gaveUp(planned: number): boolean {
    const kind = SILENCE.find((failure) => (this.errors[failure] ?? 0) > 0);
    if (this.answered > 0 || kind === undefined) return false;
    if (this.requests < planned) {
      const of = Number.isFinite(planned) ? ` of ${planned}` : "";
      const note = `gave up after request ${this.requests}${of}: not one was answered`;
      const says = this.examples[kind];
      this.examples[kind] = says === undefined ? note : `${says}; ${note}`;
    }
    return true;
  }

  #addWarmup(samples: SampleColumns): void {
    this.warmupRequests += samples.length;
    for (let i = 0; i < samples.length; i++) {
      // `requests` and `errors` are about the measured part; here the failed are those that neither histogram has.
      if (failureOf(samples.status[i] as number) !== undefined) continue;
      const latencyNs = (samples.endNs[i] as number) - (samples.startNs[i] as number);
      const first = this.#reuse && samples.ordinal[i] === 0;
      (first ? this.warmupFirst : this.warmupRest).record(latencyNs);
    }
  }

  #addMeasured(round: number, samples: SampleColumns): void {
    const latencies = new Float64Array(samples.length);
    let answered = 0;
    for (let i = 0; i < samples.length; i++) {
      const status = samples.status[i] as number;
      const failure = failureOf(status);
      this.requests++;
      if (failure !== undefined) this.#addFailure(samples, i, failure);
      else {
        this.answers[status === STATUS_MISS ? "miss" : "value"]! += 1;
        latencies[answered++] = this.#addAnswer(samples, i);
      }
    }
    this.answered += answered;
    if (answered > 0) this.#blocks.set(round, blockOf(round, latencies.subarray(0, answered)));
  }

  #addAnswer(samples: SampleColumns, i: number): number {
    const start = samples.startNs[i] as number;
    const intended = samples.intendedNs[i] as number;
    const latencyNs = (samples.endNs[i] as number) - start;
    const firstByteNs = (samples.firstByteNs[i] as number) - start;
    const lagNs = start - (samples.readyNs[i] as number);
    this.latency.record(latencyNs);
    this.ttfb.record(firstByteNs);
    this.lag.record(lagNs);
    const wireNs = samples.wireNs[i] as number;
    const turnNs = samples.turnNs[i] as number;
    const wholeNs = samples.wholeNs[i] as number;
    if (!Number.isNaN(wireNs)) this.queue.record(Math.max(0, wireNs - start));
    if (!Number.isNaN(turnNs)) this.behind.record(Math.max(0, turnNs - wholeNs));
    const askedNs = Number.isNaN(turnNs) ? wholeNs : Math.max(wholeNs, turnNs);
    if (this.#openLoop) this.corrected.record((samples.endNs[i] as number) - intended);
    if (this.columns.latencyNs.length < MAX_COLUMN) {
      this.columns.latencyNs.push(latencyNs);
      this.columns.firstByteNs.push(firstByteNs);
      this.columns.thinkNs.push((samples.firstByteNs[i] as number) - askedNs);
      this.columns.heldNs.push(samples.heldNs[i] as number);
      this.columns.ackDelayNs.push(samples.ackDelayNs[i] as number);
      this.columns.lagNs.push(lagNs);
      this.columns.waitNs.push(start - intended);
      this.columns.queueNs.push(wireNs - start);
      this.columns.windowNs.push(samples.windowNs[i] as number);
    }
    return latencyNs;
  }

  #addFailure(samples: SampleColumns, i: number, failure: string): void {
    this.errors[failure] = (this.errors[failure] ?? 0) + 1;
    // A request that never got its answer waited at least this long: leaving it out would flatter the target.
    const lowerBound = failure === "unsent" || failure === "timeout";
    if (this.#openLoop && lowerBound) {
      this.corrected.record((samples.endNs[i] as number) - (samples.intendedNs[i] as number));
    }
  }
}

/** @param latenciesNs at least one; they are sorted in place */
function blockOf(round: number, latenciesNs: Float64Array): Block {
  latenciesNs.sort();
  const count = latenciesNs.length;
  const at = (quantile: number) => Math.round(latenciesNs[Math.ceil(quantile * count) - 1] as number);
  const sumNs = latenciesNs.reduce((sum, latencyNs) => sum + latencyNs, 0);
  return { round, requests: count, meanNs: sumNs / count, p50Ns: at(0.5), p90Ns: at(0.9), p99Ns: at(0.99) };
}
