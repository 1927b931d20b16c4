/** What happened inside the connections of HTTP/2, as cells of text and labelled lines: for the table and for Markdown. */
import type { H2Facts, HistogramData, Run } from "../report/model.js";
import { digits, formatDuration } from "../units/duration.js";
import { formatRate } from "../units/rate.js";
import { formatSize } from "../units/size.js";
import { counted, percent, whole } from "./counting.js";
import type { Factors } from "./factors.js";
import { type Fact, type SharedFact, sharedFacts } from "./shared-facts.js";

type Counts = Readonly<Record<string, number>>;

export interface StreamRun {
  readonly run: Run;
  readonly h2: H2Facts;
}

/** The runs whose requests were streams, and in which anything at all went to and fro. */
export const streamRuns = (runs: readonly Run[]): StreamRun[] =>
  runs.flatMap((run) => (run.h2 === undefined || isBlank(run.h2) ? [] : [{ run, h2: run.h2 }]));

const isBlank = ({ settingsAckNs, serverSettings, goaways, server }: H2Facts): boolean =>
  settingsAckNs === null && Object.keys(serverSettings).length === 0 && goaways.length === 0 && server.count === 0;

/** What a request of a stream spends its time on, in order. */
export interface StreamTime {
  readonly head: string;
  readonly means: string;
  readonly of: (one: StreamRun) => HistogramData | undefined;
}

const TIMES: readonly StreamTime[] = [
  { head: "queue", means: "asked for, until the first byte was written", of: ({ run }) => run.phases.queue },
  { head: "server", means: "written whole, until the first byte of HEADERS", of: ({ h2 }) => h2.server },
  { head: "transfer", means: "from there to the end of the stream", of: ({ h2 }) => h2.transfer },
];

/** The times that any run has and that are not 0 everywhere: most small answers come in one piece. */
export const timesOf = (runs: readonly StreamRun[]): readonly StreamTime[] =>
  TIMES.filter(({ of }) => runs.some((one) => (of(one)?.max ?? 0) > 0));

export function timeText({ of }: StreamTime, one: StreamRun, pick: "p50" | "p99", none: string): string {
  const data = of(one);
  return data === undefined || data.count === 0 ? none : formatDuration(data[pick]);
}

export const timesLegend = (times: readonly StreamTime[]): string =>
  [
    "open: streams at most, of the requests that were there at once",
    ...times.map(({ head, means }) => `${head}: ${means}`),
  ].join("; ");

/** `10 of 100`: streams open at most, of as many requests as we had at once; a bulk transfer beside them is one of both. */
export const openOf = ({ run, h2 }: StreamRun): string =>
  `${h2.mostOpen} of ${h2.streams + (run.factors.bulk === "same" ? 1 : 0)}`;

/** Frames as `sent/received`: of each type that any run saw a column. */
export function frameRows(runs: readonly StreamRun[], none: string): { types: string[]; rows: string[][] } {
  const types = frameTypes(runs);
  const cell = (sent = 0, received = 0): string => (sent + received === 0 ? none : `${whole(sent)}/${whole(received)}`);
  const rows = runs.map(({ h2 }) => types.map((type) => cell(h2.frames.sent[type], h2.frames.received[type])));
  return { types, rows };
}

const USUAL = ["HEADERS", "CONTINUATION", "DATA", "WINDOW_UPDATE", "PING", "SETTINGS", "RST_STREAM", "GOAWAY"];

function frameTypes(runs: readonly StreamRun[]): string[] {
  const seen = new Set(
    runs.flatMap(({ h2 }) => [h2.frames.sent, h2.frames.received].flatMap((counts) => Object.keys(present(counts)))),
  );
  return [...USUAL.filter((type) => seen.delete(type)), ...seen];
}

/** Facts in words, in reading order. */
export const streamFacts = (runs: readonly StreamRun[], factors: Factors): SharedFact[] =>
  sharedFacts(
    runs.map((one) => ({ run: one.run, facts: factsOf(one) })),
    ORDER,
    factors,
  );

const ORDER = [
  "server",
  "ours",
  "streams",
  "L waiting",
  "L on wire",
  "over limit",
  "PING",
  "HPACK",
  "windows",
  "waits",
  "bulk",
  "gRPC",
  "health",
  "resets",
  "GOAWAY",
];

function factsOf(one: StreamRun): Fact[] {
  const { h2, run } = one;
  return [
    ["server", settingsWords(h2)],
    ["ours", listOf(h2.ourSettings)],
    ...limitFacts(h2),
    ...lawFacts(h2),
    ...overLimitFacts(h2),
    ...pingFacts(h2),
    ["HPACK", hpackWords(h2)],
    ...windowFacts(h2, run.requests),
    ...(h2.bulkBytes === undefined || h2.bulkBytes === 0
      ? []
      : [["bulk", `${formatSize(h2.bulkBytes)} beside the requests`] as const]),
    ...countFacts("gRPC", h2.grpc, "status "),
    ...countFacts("health", h2.health, ""),
    ...countFacts("resets", h2.resets, "RST_STREAM "),
    ...goawayFacts(h2),
  ];
}

/** As they were sent, by their names in RFC 9113 section 6.5.2; no defaults filled in. */
function settingsWords({ serverSettings, settingsAckNs }: H2Facts): string {
  const sent = Object.keys(serverSettings).length === 0 ? "SETTINGS without a value" : listOf(serverSettings);
  return settingsAckNs === null ? `${sent}; ours were never acknowledged` : sent;
}

function limitFacts({ streams, streamLimit, mostOpen }: H2Facts): Fact[] {
  if (streams <= (streamLimit ?? Number.POSITIVE_INFINITY)) return [];
  return [
    [
      "streams",
      `${streams} asked for at once on a connection, the server allows ${streamLimit}, ${mostOpen} open at most`,
    ],
  ];
}

/** One request after the other: Little's law has nothing to tell. Below the server's limit nobody waits but for us. */
function lawFacts({ littlesLaw, streams, streamLimit }: H2Facts): Fact[] {
  if (littlesLaw === null || streams === 1) return [];
  const words = (law: (typeof littlesLaw)["queue"]): string =>
    `${formatRate(law.arrivalPerSecond)} x ${formatDuration(law.residenceNs)} = ${digits(law.expected)} (lambda x W), measured ${digits(law.measured)}`;
  const wire: Fact = ["L on wire", words(littlesLaw.wire)];
  if (streams <= (streamLimit ?? Number.POSITIVE_INFINITY)) return [wire];
  return [["L waiting", words(littlesLaw.queue)], wire];
}

function overLimitFacts({ overLimit }: H2Facts): Fact[] {
  return (overLimit ?? []).map(({ asked, beforeAck, answer }): Fact => {
    if (asked === 0) return ["over limit", answer];
    const when = beforeAck ? "before we acknowledged its SETTINGS" : "its SETTINGS acknowledged";
    return ["over limit", `stream ${whole(asked)}, ${when}: ${answer}`];
  });
}

function pingFacts({ ping }: H2Facts): Fact[] {
  if (ping === null) return [];
  return [
    ["PING", `round trip ${formatDuration(ping.p50)} (p50), ${formatDuration(ping.p99)} (p99) of ${whole(ping.count)}`],
  ];
}

function hpackWords({ hpack }: H2Facts): string {
  const saved = ({ fields, wire }: (typeof hpack)["sent"]): string => {
    if (fields === 0) return "nothing";
    const share = 1 - wire / fields;
    const change = share < 0 ? `${percent(-share)} more` : `${percent(share)} saved`;
    return `${whole(fields)} B of fields as ${whole(wire)} B (${change})`;
  };
  return `sent ${saved(hpack.sent)}; received ${saved(hpack.received)}`;
}

function windowFacts({ frames, windowWait }: H2Facts, requests: number): Fact[] {
  const each = (count: number): string => digits(count / Math.max(1, requests));
  const [opened, gave] = [frames.received.WINDOW_UPDATE ?? 0, frames.sent.WINDOW_UPDATE ?? 0];
  const parts = [
    ...(opened > 0 ? [`the server sent ${whole(opened)} WINDOW_UPDATE (${each(opened)} per request)`] : []),
    ...(gave > 0 ? [`we sent ${whole(gave)} WINDOW_UPDATE (${each(gave)} per request)`] : []),
  ];
  const { requests: waited, totalNs, maxNs } = windowWait;
  const waits = `${waited} of ${requests} requests waited for window to send their body: ${formatDuration(totalNs / Math.max(1, waited))} on average, ${formatDuration(maxNs)} at most`;
  return [
    ...(parts.length > 0 ? [["windows", parts.join("; ")] as const] : []),
    ...(waited > 0 ? [["waits", waits] as const] : []),
  ];
}

/** More would hide the rest. */
const GOAWAYS = 3;

function goawayFacts({ goaways }: H2Facts): Fact[] {
  const told = goaways.slice(0, GOAWAYS).map(({ errorCode, debug, afterNs, pings, lastStream, lostStreams }): Fact => {
    const says = debug === "" ? "" : ` "${debug}"`;
    const after = [formatDuration(afterNs), ...(pings > 0 ? [counted(pings, "PING")] : [])].join(" and ");
    const lost = lostStreams === 0 ? "no stream lost" : `${counted(lostStreams, "stream")} to be asked again`;
    return ["GOAWAY", `${errorCode}${says} after ${after}, last stream ${lastStream}, ${lost}`];
  });
  const more = goaways.length - GOAWAYS;
  return more > 0 ? [...told, ["GOAWAY", `and ${whole(more)} more`]] : told;
}

function countFacts(label: string, counts: Counts | undefined, before: string): Fact[] {
  const told = Object.entries(present(counts ?? {})).map(([name, count]) => `${name} ${whole(count)}`);
  return told.length === 0 ? [] : [[label, before + told.join(", ")]];
}

const present = (counts: Counts): Counts => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

const listOf = (settings: Counts): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
