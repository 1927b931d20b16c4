/** The work behind `netlat pcap`: from the file to flows, exchanges, findings and the report. */

import { availableParallelism } from "node:os";
import { fileToReadAhead, readAhead } from "../capture/ahead/read-ahead.js";
import type { FlowFilter } from "../capture/filter/filter.js";
import { parseFilter } from "../capture/filter/filter-parser.js";
import { filtered, packetTest } from "../capture/filter/filtering.js";
import type { FlowObserver } from "../capture/flows/flow-events.js";
import { CapturePipeline } from "../capture/pipeline.js";
import { readCapture, readerMaker } from "../capture/readers/formats.js";
import { linkTypeName } from "../capture/readers/link-types.js";
import type { CaptureSummary, SecretsSink } from "../capture/readers/record.js";
import { type CaptureSource, openCapture } from "../capture/source.js";
import { type CaptureAnalysis, captureAnalysis } from "../detect/capture/conclude.js";
import { EXIT, NetlatError, usageError } from "../errors.js";
import { KeyLog } from "../protocols/tls/key-log.js";
import { captureProgressLine } from "../render/progress.js";
import { reportBase } from "../report/base.js";
import type { Report, CaptureSource as SourceFacts } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { readKeyLog } from "./key-log-option.js";
import type { PcapOptions } from "./pcap-options.js";
import type { Ui } from "./ui.js";

/** A flow that says nothing for this long, and then goes on without a SYN, is told as another one. */
const IDLE_NS = 600e9;
const PROGRESS_EVERY_MS = 100;

/** @throws NetlatError: exit 2 for a filter that cannot be read, exit 3 where nothing could be read */
export async function analyse(file: string, options: PcapOptions, ui: Ui): Promise<Report> {
  const startedAt = new Date();
  const filter = filterOf(options);
  const makeReader = await readerMaker(options.reader);
  const { signal } = ui.interrupt;
  const source = await openCapture(file, { signal });
  const analysis = captureAnalysis({
    slowServerNs: options.threshold,
    flowsShown: options.flows,
    evidence: options.slowest,
  });
  const keyLog = options.keylog === undefined ? new KeyLog() : readKeyLog(options.keylog, ui);
  const onSecrets: SecretsSink = (body, littleEndian) => keyLog.addDecryptionSecrets(body, littleEndian);
  const resends: Record<string, number> = {};
  const observer = countingResends(analysis.observer, resends);
  const span = { fromNs: options.from ?? Number.NEGATIVE_INFINITY, toNs: options.to ?? Number.POSITIVE_INFINITY };
  const pipeline = new CapturePipeline(filter === undefined ? observer : filtered(observer, filter), {
    ...span,
    maxFlows: options.maxFlows,
    idleNs: IDLE_NS,
    accepts: filter === undefined ? undefined : packetTest(filter, "tcp"),
    acceptsDatagram: filter === undefined ? undefined : packetTest(filter, "udp"),
    keyLog,
  });
  const ticker = new Ticker(source, pipeline, analysis, options, ui);
  const tick = (): void => ticker.tick();
  const ahead = options.reader === "netlat" ? fileToReadAhead(source, availableParallelism()) : null;
  const summary =
    ahead === null
      ? await readCapture(source, makeReader(pipeline.sink, onSecrets), () => {
          pipeline.flush();
          tick();
        })
      : await readAhead(ahead, pipeline, { ...span, signal, onChunk: tick, onSecrets });
  pipeline.finish();
  ui.progress.clear();
  if (summary.packets === 0 && summary.damage !== null) {
    throw new NetlatError(EXIT.unreadableInput, `${source.name}: ${summary.damage.says}`);
  }
  const base = reportBase(startedAt, ui.environment(), ui.version);
  const facts = factsOf(file, summary, pipeline, filter, signal.aborted, options);
  return analysis.conclude({ ...facts, resends }, base);
}

function countingResends(observer: FlowObserver, counts: Record<string, number>): FlowObserver {
  return {
    ...observer,
    resend(resend) {
      counts[resend.kind] = (counts[resend.kind] ?? 0) + 1;
      observer.resend?.(resend);
    },
  };
}

/** `--filter` and `--service` as one. @throws NetlatError (exit 2) */
function filterOf({ filter, service, from, to }: PcapOptions): FlowFilter | undefined {
  if (from !== undefined && to !== undefined && from >= to) {
    throw usageError(
      `--from ${formatDuration(from)}: is not before --to ${formatDuration(to)}; the capture's start is 0s`,
    );
  }
  const parts = [filter, service === undefined ? undefined : serviceFilter(service)].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? undefined : parseFilter(parts.map((part) => `(${part})`).join(" and "));
}

/** `11211`, `10.0.0.1:11211` or `[::1]:11211` in the words of the filter. */
function serviceFilter(service: string): string {
  if (/^\d{1,5}$/.test(service)) return `port ${service}`;
  if (/^(\[[0-9a-fA-F:.]+\]|[0-9.]+):\d{1,5}$/.test(service)) return service;
  throw usageError(
    `--service ${service}: not a server; write its address and port, such as 10.0.0.1:11211, or its port`,
  );
}

function factsOf(
  file: string,
  summary: CaptureSummary,
  pipeline: CapturePipeline,
  filter: FlowFilter | undefined,
  interrupted: boolean,
  options: PcapOptions,
): Omit<SourceFacts, "flowsShown"> {
  const left = pipeline.filtered > 0 ? { "outside of the filter or the time span": pipeline.filtered } : {};
  return {
    kind: "capture",
    file,
    format: summary.variant,
    linkTypes: summary.linkTypes.map(linkTypeName),
    packets: summary.packets,
    tcpPackets: pipeline.tcpPackets,
    ...(pipeline.quic.datagrams > 0 ? { quicDatagrams: pipeline.quic.datagrams } : {}),
    bytes: summary.capturedBytes,
    durationNs: Math.max(0, summary.durationNs),
    firstPacketAt: summary.firstPacketEpochNs === null ? null : isoTime(summary.firstPacketEpochNs),
    truncated: summary.damage,
    skipped: { ...summary.skipped, ...pipeline.skipped(), ...left },
    dropped: summary.dropped,
    flowsSeen: pipeline.tracker.flowsSeen,
    flowsEvicted: pipeline.tracker.flowsEvicted + pipeline.quic.evicted,
    filter: [options.filter, options.service].filter((part) => part !== undefined).join("; ") || filter?.text || null,
    interrupted,
    ...insideOf(pipeline),
  };
}

/** What was read inside of connections, where there was anything to read. */
function insideOf({ tracker, quic }: CapturePipeline): Pick<SourceFacts, "inside"> {
  const read = { ...tracker.readInside.read, ...quic.inside.read };
  const unread = { ...tracker.readInside.unread, ...quic.inside.unread };
  return Object.keys(read).length + Object.keys(unread).length === 0 ? {} : { inside: { read, unread } };
}

/** `2026-11-21T20:17:00.123456789Z`. */
function isoTime(epochNs: bigint): string {
  const seconds = Number(epochNs / 1_000_000_000n);
  const fraction = String(epochNs % 1_000_000_000n).padStart(9, "0");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** The live line on a terminal, and with `--every` a sentence now and then wherever standard error goes. */
class Ticker {
  readonly #source: CaptureSource;
  readonly #pipeline: CapturePipeline;
  readonly #analysis: CaptureAnalysis;
  readonly #everyMs: number;
  readonly #ui: Ui;
  readonly #startMs = performance.now();
  #lineAtMs = 0;
  #sentenceAtMs: number;

  constructor(
    source: CaptureSource,
    pipeline: CapturePipeline,
    analysis: CaptureAnalysis,
    { every }: PcapOptions,
    ui: Ui,
  ) {
    this.#source = source;
    this.#pipeline = pipeline;
    this.#analysis = analysis;
    this.#everyMs = every === undefined ? Number.POSITIVE_INFINITY : every / 1e6;
    this.#sentenceAtMs = this.#startMs + this.#everyMs;
    this.#ui = ui;
  }

  get #quicWords(): string {
    const { datagrams } = this.#pipeline.quic;
    return datagrams === 0 ? "" : `${datagrams} QUIC datagrams, `;
  }

  tick(): void {
    const nowMs = performance.now();
    if (nowMs >= this.#sentenceAtMs) {
      this.#sentenceAtMs = nowMs + this.#everyMs;
      const { exchanges, stalls, p50Ns, p99Ns } = this.#analysis.soFar();
      const seconds = Math.round((nowMs - this.#startMs) / 1000);
      const latency = exchanges === 0 ? "" : `, p50 ${formatDuration(p50Ns)}, p99 ${formatDuration(p99Ns)}`;
      this.#ui.warn(
        `after ${seconds} s: ${this.#pipeline.tcpPackets} TCP packets, ${this.#quicWords}${this.#pipeline.tracker.flowsSeen} flows, ` +
          `${exchanges} exchanges${latency}, ${stalls} stalls`,
      );
    }
    if (nowMs < this.#lineAtMs) return;
    this.#lineAtMs = nowMs + PROGRESS_EVERY_MS;
    const { exchanges, stalls } = this.#analysis.soFar();
    const line = captureProgressLine(
      {
        packets: this.#pipeline.tcpPackets + this.#pipeline.quic.datagrams,
        bytes: this.#source.bytesRead,
        totalBytes: this.#source.sizeBytes,
        flows: this.#pipeline.tracker.flowsSeen,
        exchanges,
        stalls,
        elapsedSeconds: (nowMs - this.#startMs) / 1000,
      },
      this.#ui.terminal("stderr"),
    );
    this.#ui.progress.show(line);
  }
}
