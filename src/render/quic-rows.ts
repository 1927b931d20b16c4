/** What happened in the connections of QUIC, as cells of text and labelled lines: for the table and for Markdown. */
import type { HistogramData, QuicFacts, Run } from "../report/model.js";
import { formatDuration } from "../units/duration.js";
import { formatSize } from "../units/size.js";
import { counted, percent, whole } from "./counting.js";
import type { Factors } from "./factors.js";
import { type Fact, type SharedFact, sharedFacts } from "./shared-facts.js";

type Counts = Readonly<Record<string, number>>;

export interface QuicRun {
  readonly run: Run;
  readonly quic: QuicFacts;
}

/** The runs over QUIC in which a datagram was seen at all. */
export const quicRuns = (runs: readonly Run[]): QuicRun[] =>
  runs.flatMap((run) => (run.quic === undefined || isBlank(run.quic) ? [] : [{ run, quic: run.quic }]));

const isBlank = ({ datagrams, connections }: QuicFacts): boolean =>
  datagrams.client.datagrams + datagrams.server.datagrams + connections.opened === 0;

/** A column of numbers; where no run has one it is left out. */
export interface QuicColumn {
  readonly head: string;
  /** null: this run does not know. */
  readonly of: (one: QuicRun) => string | null;
  /** What the head does not say. */
  readonly means?: string;
  /** The last of these goes first when there is no room. */
  readonly spare?: true;
}

const time = (data: HistogramData | null | undefined, pick: "min" | "p50" | "p99"): string | null =>
  data == null || data.count === 0 ? null : formatDuration(data[pick]);

/** Whole microseconds: a path's round trip is worth more than three digits. */
const micros = (data: HistogramData | null, pick: "min" | "p50" | "p99"): string | null =>
  data === null || data.count === 0 ? null : `${whole(Math.round(data[pick] / 1e3))} us`;

/** How long things took. */
export const TIME_COLUMNS: readonly QuicColumn[] = [
  { head: "handshake p50", of: ({ quic }) => time(quic.handshake.total, "p50") },
  {
    head: "RTT min",
    of: ({ quic }) => micros(quic.rtt, "min"),
    means: "RTT: by the datagrams' own times, the ACK delay taken out",
  },
  { head: "p50", of: ({ quic }) => micros(quic.rtt, "p50") },
  { head: "p99", of: ({ quic }) => micros(quic.rtt, "p99"), spare: true },
  { head: "spin p50", of: ({ quic }) => micros(quic.spinRtt, "p50"), means: "spin: by the spin bit" },
];

export const ACK_HEADS = ["ACKs of", "p50", "p99", "max", "advertised", "above"];
export const ACKS_LEGEND =
  "ACKs: how long an end says that it held them back; advertised: its max_ack_delay; above: ACKs held back for longer";

/** A row for each end of a run whose ACKs were read; our own where they are late enough to matter, or the run is the only one. */
export function ackRows(runs: readonly QuicRun[], none: string): { one: QuicRun; row: string[] }[] {
  return runs.flatMap((one) =>
    (["server", "client"] as const).flatMap((end) => {
      const delay = one.quic.ackDelay[end];
      if (delay === null || delay.claimed.count === 0) return [];
      if (end === "client" && runs.length > 1 && delay.claimed.p99 < NOTED_NS) return [];
      const { claimed, advertisedNs, over } = delay;
      const times = [claimed.p50, claimed.p99, claimed.max].map(formatDuration);
      const most = advertisedNs === null ? none : formatDuration(advertisedNs);
      return [{ one, row: [end, ...times, most, `${whole(over)} of ${whole(claimed.count)}`] }];
    }),
  );
}

const NOTED_NS = 1e6;

type Loss = NonNullable<QuicFacts["loss"]["client"]>;

const lostOf = ({ lost, spurious, notSeen = 0 }: Loss): number => Math.max(0, lost - spurious) + notSeen;

const both =
  (of: (loss: Loss) => string) =>
  ({ quic }: QuicRun): string | null => {
    const { client, server } = quic.loss;
    if (client === null && server === null) return null;
    return [client, server].map((loss) => (loss === null ? "?" : of(loss))).join("/");
  };

/** What was sent, and what became of it: the client's before the server's. */
export const PACKET_COLUMNS: readonly QuicColumn[] = [
  {
    head: "datagrams",
    means: "client's/server's",
    of: ({ quic: { datagrams } }) => `${whole(datagrams.client.datagrams)}/${whole(datagrams.server.datagrams)}`,
  },
  {
    head: "lost",
    of: both((loss) => whole(lostOf(loss))),
    means: "lost: never acknowledged, or never seen",
  },
  { head: "of packets", of: both((loss) => percent(lostOf(loss) / Math.max(1, loss.sent + (loss.notSeen ?? 0)))) },
  {
    head: "overtaken",
    of: both(({ spurious }) => whole(spurious)),
    means: "overtaken: taken for lost, then acknowledged",
    spare: true,
  },
  {
    head: "sent again",
    of: both(({ resentBytes }) => formatSize(resentBytes)),
    means: "sent again: bytes of streams",
    spare: true,
  },
  {
    head: "goodput",
    of: ({ quic }) =>
      quic.goodputBytesPerSecond === 0 ? null : `${formatSize(Math.round(quic.goodputBytesPerSecond))}/s`,
    means: "goodput: content of the answers, while any was awaited",
  },
  {
    head: "cwnd",
    means: "cwnd: our congestion window at most",
    of: ({ quic: { congestionWindowBytes } }) =>
      congestionWindowBytes === null ? null : formatSize(congestionWindowBytes.most),
    spare: true,
  },
];

/** Those that any run has a number for. */
export const told = (columns: readonly QuicColumn[], runs: readonly QuicRun[]): QuicColumn[] =>
  columns.filter(({ of }) => runs.some((one) => of(one) !== null));

/** What the columns mean, in one line; empty: they speak for themselves. */
export const legendOf = (columns: readonly QuicColumn[]): string =>
  columns.flatMap(({ means }) => (means === undefined ? [] : [means])).join("; ");

const ORDER = [
  "spoken",
  "connections",
  "streams",
  "requests",
  "0-RTT",
  "detours",
  "HTTP/3",
  "migration",
  "failed",
  "closed",
  "unread",
];

/** Facts in words, in reading order; what is the same for all runs is said once. */
export const quicFacts = (runs: readonly QuicRun[], factors: Factors): SharedFact[] =>
  sharedFacts(
    runs.map(({ run, quic }) => ({ run, facts: factsOf(quic) })),
    ORDER,
    factors,
  );

function factsOf(quic: QuicFacts): Fact[] {
  const { connections, streams, opened } = quic;
  return [
    ["spoken", spokenWords(quic)],
    ["connections", `${whole(connections.opened)} opened, ${whole(connections.mostActive)} at once at most`],
    ...fact(
      "streams",
      streams.opened > 0,
      `${whole(streams.opened)} opened, ${whole(streams.mostActive)} at once at most`,
    ),
    ...lossFacts(quic),
    ...earlyFacts(quic),
    ...detourFacts(quic),
    ...h3Facts(quic),
    ...migrationFacts(quic),
    ...listFact("failed", connections.failed, "connections: "),
    ...listFact("failed", streams.failed, "streams: "),
    ...listFact("closed", quic.closes, ""),
    ...fact(
      "unread",
      opened.packets < opened.of,
      `${whole(opened.of - opened.packets)} of ${counted(opened.of, "packet")} could not be decrypted${opened.says === "" ? "" : `: ${opened.says}`}`,
    ),
  ];
}

const fact = (label: string, so: boolean, text: string): Fact[] => (so ? [[label, text]] : []);

function spokenWords({ versions, alpn, suites, sni }: QuicFacts): string {
  const parts = [versions, alpn, suites].map((counts) => namesOf(counts)).filter((names) => names !== "");
  const asked = namesOf(sni);
  return [...(parts.length === 0 ? ["nothing was agreed on"] : parts), ...(asked === "" ? [] : [`for ${asked}`])].join(
    ", ",
  );
}

/** The only one needs no number. */
function namesOf(counts: Counts): string {
  const named = Object.entries(counts).filter(([, count]) => count > 0);
  if (named.length === 1) return named[0]?.[0] ?? "";
  return named.map(([name, count]) => `${name} (${whole(count)})`).join(" ");
}

function lossFacts({ lossDelay }: QuicFacts): Fact[] {
  if (lossDelay === undefined || lossDelay.hit.count === 0) return [];
  const { hit, spared } = lossDelay;
  const others = spared.count === 0 ? "" : `; the other ${whole(spared.count)}: ${formatDuration(spared.p50)}`;
  return [
    [
      "requests",
      `${whole(hit.count)} had bytes that went again: p50 ${formatDuration(hit.p50)}, p99 ${formatDuration(hit.p99)}${others}`,
    ],
  ];
}

function earlyFacts({ earlyData, connections }: QuicFacts): Fact[] {
  const { offered, accepted, rejected, resumed, rejectionCost } = earlyData;
  if (offered + resumed === 0) return [];
  const later =
    rejectionCost === null || rejectionCost.count === 0
      ? ""
      : `, sent again ${formatDuration(rejectionCost.p50)} (p50) later`;
  const parts = [
    `sent on ${whole(offered)} of ${counted(connections.opened, "connection")}`,
    ...(accepted > 0 ? [`${whole(accepted)} accepted`] : []),
    ...(rejected > 0 ? [`${whole(rejected)} rejected${later}`] : []),
    ...(offered > accepted + rejected ? [`of ${whole(offered - accepted - rejected)} it was not seen`] : []),
    `${whole(resumed)} resumed a session`,
  ];
  return [["0-RTT", parts.join("; ")]];
}

function detourFacts({ handshake, connections }: QuicFacts): Fact[] {
  const parts = [
    ...(handshake.retries > 0 ? [`Retry on ${whole(handshake.retries)}`] : []),
    ...(handshake.versionNegotiations > 0 ? [`Version Negotiation on ${whole(handshake.versionNegotiations)}`] : []),
    ...(handshake.helloRetries > 0 ? [`HelloRetryRequest on ${whole(handshake.helloRetries)}`] : []),
  ];
  return fact("detours", parts.length > 0, `${parts.join(", ")} of ${counted(connections.opened, "connection")}`);
}

function h3Facts({ h3 }: QuicFacts): Fact[] {
  if (h3 === null) return [];
  const settings = Object.entries(h3.serverSettings).map(([name, value]) => `${name} ${value}`);
  const parts = [
    settings.length === 0 ? "SETTINGS without a value" : settings.join(", "),
    ...(h3.goaways > 0 ? [counted(h3.goaways, "GOAWAY")] : []),
    ...(h3.qpackInstructions > 0 ? [`${counted(h3.qpackInstructions, "instruction")} of QPACK's dynamic table`] : []),
  ];
  return [["HTTP/3", parts.join("; ")]];
}

/** More would hide the rest. */
const MIGRATIONS = 3;

function migrationFacts({ migrations }: QuicFacts): Fact[] {
  const words = migrations.slice(0, MIGRATIONS).map(({ afterRequests, validatedNs, lostRequests, says }): Fact => {
    const path = validatedNs === null ? [] : [`the new path valid after ${formatDuration(validatedNs)}`];
    const lost = lostRequests === 0 ? [] : [`${counted(lostRequests, "request")} lost`];
    const parts = [...path, ...lost, ...(says === "" ? [] : [says])];
    const text = parts.length === 0 ? "the new path was never validated" : parts.join("; ");
    return ["migration", `after ${counted(afterRequests, "request")}: ${text}`];
  });
  const more = migrations.length - MIGRATIONS;
  return more > 0 ? [...words, ["migration", `and ${whole(more)} more`]] : words;
}

function listFact(label: string, counts: Counts, before: string): Fact[] {
  const named = Object.entries(counts).filter(([, count]) => count > 0);
  if (named.length === 0) return [];
  return [[label, before + named.map(([name, count]) => `${name} (${whole(count)})`).join(", ")]];
}
