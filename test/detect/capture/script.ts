/** Flow events written by hand: a small script of what a tracker would tell, for detectors and services alike. Times in milliseconds. */
import type {
  Exchange,
  Flow,
  FlowControlStall,
  FlowObserver,
  Hold,
  LateAck,
  PacketNote,
  Resend,
  Side,
  WindowStall,
} from "../../../src/capture/flows/flow-events.js";
import { type CaptureAnalysis, type CaptureOptions, captureAnalysis } from "../../../src/detect/capture/conclude.js";
import { CAPTURE_DETECTORS, type CaptureDetectors } from "../../../src/detect/capture/registry.js";
import { reportBase } from "../../../src/report/base.js";
import {
  type CaptureSource,
  type DetectorOutcome,
  type Finding,
  type FindingCode,
  type Report,
  reportSchema,
} from "../../../src/report/model.js";

export const CLIENT: Side = 0;
export const SERVER: Side = 1;
const MS = 1e6;

type Open<T> = { -readonly [K in keyof T]: T[K] };
export type OpenFlow = Open<Omit<Flow, "nagleOff">> & { nagleOff: [boolean, boolean] };

let lastId = 0;

/** The client is `a`. */
export function flow(with_: Partial<OpenFlow> = {}): OpenFlow {
  lastId++;
  return {
    id: lastId,
    slot: lastId,
    a: { address: "10.0.0.9", port: 40_000 + (lastId % 20_000) },
    b: { address: "10.0.0.1", port: 11_211 },
    client: CLIENT,
    handshakeSeen: true,
    protocol: "memcached",
    vantage: "client",
    startNs: 0,
    endNs: 0,
    packets: 0,
    bytes: 100,
    handshakeRttNs: 0.2 * MS,
    legNs: [0.01 * MS, 0.2 * MS],
    mss: [1448, 1448],
    nagleOff: [false, false],
    exchanges: 0,
    ...with_,
  };
}

export interface ExchangeWords {
  atMs?: number;
  latencyMs?: number;
  serverMs?: number;
  holds?: readonly Hold[];
  resends?: readonly Resend[];
  windowStalls?: readonly WindowStall[];
  flowControlStalls?: readonly FlowControlStall[];
  requestSegments?: number;
  requestBytes?: number;
  smallRequestSegments?: number;
  answerSegments?: number;
  answerBytes?: number;
  packets?: readonly PacketNote[];
}

/** One whole exchange; what is not said is calm: 1 ms, one segment each way. */
export function exchange(on: OpenFlow, words: ExchangeWords = {}): Exchange {
  const { atMs = 0, latencyMs = 1, serverMs = 0, holds = [], resends = [], windowStalls = [] } = words;
  const { flowControlStalls = [] } = words;
  on.exchanges++;
  const latencyNs = latencyMs * MS;
  const startNs = atMs * MS;
  const senderHold = Math.min(latencyNs, sum(holds.map((hold) => hold.heldNs)));
  const loss = Math.min(latencyNs - senderHold, sum(resends.map((resend) => resend.waitedNs)));
  const window = Math.min(latencyNs - senderHold - loss, sum(windowStalls.map((stall) => stall.closedNs)));
  const server = serverMs * MS;
  const notes = words.packets ?? [
    { number: 1, atNs: startNs, from: CLIENT, bytes: 100, flags: 24 },
    { number: 2, atNs: startNs + latencyNs, from: SERVER, bytes: 50, flags: 24 },
  ];
  return {
    flow: on,
    slot: on.slot,
    quiet: false,
    client: CLIENT,
    fullRequest: on.mss[CLIENT],
    fullAnswer: on.mss[SERVER],
    number: on.exchanges,
    startNs,
    endNs: startNs + latencyNs,
    latencyNs,
    breakdownNs: {
      network: latencyNs - senderHold - loss - window - server,
      senderHold,
      loss,
      window,
      server,
      transfer: 0,
    },
    requestBytes: words.requestBytes ?? 100,
    answerBytes: words.answerBytes ?? 50,
    requestSegments: words.requestSegments ?? 1,
    answerSegments: words.answerSegments ?? 1,
    smallRequestSegments: words.smallRequestSegments ?? 0,
    packets: [notes[0]?.number ?? 1, notes.at(-1)?.number ?? 2],
    holds,
    resends,
    windowStalls,
    flowControlStalls,
    behindNs: 0,
    recentPackets: () => notes,
    earlyAck: () => earlyAckOf(notes),
  };
}

/** Of notes of one exchange: an ACK of the server between the client's last byte and its own first. */
function earlyAckOf(notes: readonly PacketNote[]): ReturnType<Exchange["earlyAck"]> {
  const answer = notes.findIndex(({ from, bytes }) => from === SERVER && bytes > 0);
  const before = notes.slice(0, Math.max(0, answer));
  const asked = before.findLastIndex(({ from, bytes }) => from === CLIENT && bytes > 0);
  const ack = before.slice(asked + 1).find(({ from }) => from === SERVER);
  const [first, last] = [notes[answer], before[asked]];
  if (first === undefined || last === undefined || ack === undefined) return null;
  return { afterRequestNs: ack.atNs - last.atNs, beforeAnswerNs: first.atNs - ack.atNs };
}

export function hold(
  on: OpenFlow,
  words: { atMs?: number; delayMs?: number; sender?: Side; packet?: number; prompt?: boolean } = {},
): Hold {
  const { atMs = 0, delayMs = 41, sender = CLIENT, packet = 1 } = words;
  return {
    flow: on,
    sender,
    packets: [packet, packet + 1, packet + 2],
    smallBytes: 10,
    releasedBytes: 90,
    atNs: atMs * MS,
    ackDelayNs: delayMs * MS,
    heldNs: delayMs * MS,
    prompt: words.prompt ?? true,
  };
}

/** @param words atMs is when the original was sent */
export function resend(
  on: OpenFlow,
  words: {
    kind?: Resend["kind"];
    atMs?: number;
    waitedMs?: number;
    sender?: Side;
    original?: number | null;
    bytes?: number;
  } = {},
): Resend {
  const { kind = "rto", atMs = 0, waitedMs = 201, sender = CLIENT, original = 1, bytes = 100 } = words;
  return {
    flow: on,
    sender,
    kind,
    packets: [original, 2],
    atNs: (atMs + waitedMs) * MS,
    bytes,
    waitedNs: waitedMs * MS,
    duplicateAcks: kind === "fast-retransmit" ? 3 : 0,
  };
}

export const windowStall = (
  on: OpenFlow,
  words: { atMs?: number; closedMs?: number; receiver?: Side } = {},
): WindowStall => ({
  flow: on,
  receiver: words.receiver ?? SERVER,
  packets: [5, 9],
  atNs: (words.atMs ?? 0) * MS,
  closedNs: (words.closedMs ?? 300) * MS,
});

export const lateAck = (on: OpenFlow, delayMs: number, receiver: Side = SERVER): LateAck => ({
  flow: on,
  slot: on.slot,
  client: on.client,
  receiver,
  packets: [1, 2],
  atNs: 0,
  ackDelayNs: delayMs * MS,
});

/** Tells a whole exchange as a tracker does: what happens in it first, then that it has ended. */
export function tell(observer: FlowObserver, ended: Exchange): void {
  for (const one of ended.holds) observer.hold?.(one);
  for (const one of ended.resends) observer.resend?.(one);
  for (const one of ended.windowStalls) observer.windowStall?.(one);
  observer.exchange?.(ended);
}

export function begin(observer: FlowObserver, with_: Partial<OpenFlow> = {}): OpenFlow {
  const begun = flow(with_);
  observer.flowStarted?.(begun);
  if (begun.handshakeSeen && begun.handshakeRttNs !== null) observer.handshake?.(begun, begun.handshakeRttNs);
  return begun;
}

const SOURCE: Omit<CaptureSource, "flowsShown"> = {
  kind: "capture",
  file: "script",
  format: "pcap",
  linkTypes: ["EN10MB"],
  packets: 10,
  tcpPackets: 10,
  bytes: 1000,
  durationNs: 1e9,
  firstPacketAt: null,
  truncated: null,
  skipped: {},
  dropped: null,
  flowsSeen: 1,
  flowsEvicted: 0,
  filter: null,
  interrupted: false,
};

const ENVIRONMENT = { os: "test", kernel: "test", node: "20", cpus: 1, tickHz: null };

export function analysis(
  options: Partial<CaptureOptions> = {},
  detectors: CaptureDetectors = CAPTURE_DETECTORS,
): CaptureAnalysis {
  return captureAnalysis({ slowServerNs: 5 * MS, flowsShown: 10, evidence: 3, ...options }, detectors);
}

/** The report of what a script told, held against the schema. */
export function reportOf(tells: (observer: FlowObserver) => void, options: Partial<CaptureOptions> = {}): Report {
  const all = analysis(options);
  tells(all.observer);
  return concluded(all);
}

export function concluded(all: CaptureAnalysis): Report {
  const report = all.conclude(SOURCE, reportBase(new Date(0), ENVIRONMENT, "0"));
  expectBreakdowns(report);
  return reportSchema.parse(report);
}

/** The parts of a latency add up to it. */
function expectBreakdowns(report: Report): void {
  for (const { breakdownNs, latency } of report.runs) {
    if (breakdownNs === undefined) continue;
    const parts = sum(Object.values(breakdownNs));
    if (Math.abs(parts - latency.mean * latency.count) > latency.count) throw new Error(`parts add up to ${parts}`);
  }
}

export const findingsOf = (report: Report, code: FindingCode): Finding[] =>
  report.findings.filter((finding) => finding.code === code);

export function outcomeOf(report: Report, code: FindingCode): DetectorOutcome {
  const outcome = report.detectors.find((one) => one.code === code);
  if (outcome === undefined) throw new Error(`no outcome of ${code}`);
  return outcome;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
