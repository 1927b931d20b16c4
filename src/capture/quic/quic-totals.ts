/** What can be counted of QUIC connections, added up. Plain data: a copy takes those that still live, for a moment. */
import type { QuicState } from "../../protocols/quic/state.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { QuicFacts } from "../../report/quic-model.js";
import type { QuicWatch } from "./quic-watch.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Loss = Record<keyof NonNullable<QuicFacts["loss"]["client"]>, number>;
type Counts = Map<string, number>;

const ENDS: readonly Sender[] = ["client", "server"];
const NO_LOSS: Loss = { sent: 0, acknowledged: 0, lost: 0, spurious: 0, ratio: 0, notSeen: 0, resentBytes: 0 };
/** Names that are counted apart: peers choose some of them. */
const MOST_NAMES = 64;
const NS_PER_MS = 1e6;

export const newTotals = () => ({
  versions: new Map() as Counts,
  alpn: new Map() as Counts,
  suites: new Map() as Counts,
  sni: new Map() as Counts,
  failed: new Map() as Counts,
  closes: new Map() as Counts,
  opened: 0,
  packets: 0,
  /** Why packets were not opened, by connections. */
  unread: new Map() as Counts,
  retries: 0,
  versionNegotiations: 0,
  helloRetries: 0,
  early: { offered: 0, accepted: 0, rejected: 0, resumed: 0 },
  loss: { client: undefined, server: undefined } as Record<Sender, Loss | undefined>,
  datagrams: { client: { datagrams: 0, bytes: 0 }, server: { datagrams: 0, bytes: 0 } },
  /** Of the last connection that showed them. */
  parameters: { client: null, server: null } as Mutable<QuicFacts["transportParameters"]>,
  advertisedNs: { client: null, server: null } as Record<Sender, number | null>,
  h3: false,
  serverSettings: {} as Readonly<Record<string, number>>,
  goaways: 0,
  qpackInstructions: 0,
});
export type QuicTotals = ReturnType<typeof newTotals>;

/** Adds a connection as it stands. @param over it is: what it did not come to, it failed to */
export function addConnection(totals: QuicTotals, watch: QuicWatch, over: boolean): void {
  addNames(totals, watch);
  addHandshake(totals, watch);
  for (const end of ENDS) addEnd(totals, watch, end);
  addOpened(totals, watch);
  if (over && watch.failure !== undefined) bump(totals.failed, watch.failure);
  if (watch.closedBy !== undefined) bump(totals.closes, watch.closedBy);
  totals.h3 ||= watch.h3Seen;
  totals.serverSettings = watch.serverSettings ?? totals.serverSettings;
  totals.goaways += watch.goaways;
  totals.qpackInstructions += watch.qpackInstructions;
}

/** @param counts bounded: beyond it, names are `others` */
export function bump(counts: Counts, name: string): void {
  const known = counts.has(name) || counts.size < MOST_NAMES ? name : "others";
  counts.set(known, (counts.get(known) ?? 0) + 1);
}

function addNames(totals: QuicTotals, { conversation, protocol }: QuicWatch): void {
  const { version, sni, suite, alpnOffered } = conversation;
  if (version !== undefined) bump(totals.versions, version);
  if (sni !== undefined) bump(totals.sni, sni);
  if (suite !== undefined) bump(totals.suites, suite);
  if (protocol !== undefined) bump(totals.alpn, protocol);
  else if (alpnOffered.length > 0) bump(totals.alpn, `one of ${alpnOffered.join(", ")}`);
}

function addHandshake(totals: QuicTotals, { conversation, earlyData }: QuicWatch): void {
  if (conversation.retried) totals.retries++;
  if (conversation.times.versionNegotiationNs !== undefined) totals.versionNegotiations++;
  if (conversation.helloRetry) totals.helloRetries++;
  if (conversation.resumed) totals.early.resumed++;
  if (earlyData !== "none") totals.early.offered++;
  if (earlyData === "accepted" || earlyData === "rejected") totals.early[earlyData]++;
}

function addEnd(totals: QuicTotals, watch: QuicWatch, end: Sender): void {
  const { conversation } = watch;
  const { datagrams, bytes } = conversation.datagrams(end);
  totals.datagrams[end].datagrams += datagrams;
  totals.datagrams[end].bytes += bytes;
  const parameters = conversation.sentTransportParameters(end);
  if (parameters !== undefined) totals.parameters[end] = { ...parameters };
  const { maxAckDelayMs } = conversation.transportParameters(end) ?? {};
  if (maxAckDelayMs !== undefined) totals.advertisedNs[end] = maxAckDelayMs * NS_PER_MS;
  const loss = watch.loss(end);
  if (loss === undefined) return;
  const sum = totals.loss[end] ?? { ...NO_LOSS };
  sum.sent += loss.ackEliciting;
  sum.acknowledged += loss.acknowledged;
  sum.lost += loss.lost + loss.spurious;
  sum.spurious += loss.spurious;
  sum.notSeen += loss.notSeen;
  sum.resentBytes += loss.resentBytes;
  sum.ratio = sum.sent === 0 ? 0 : (sum.lost - sum.spurious) / sum.sent;
  totals.loss[end] = sum;
}

function addOpened(totals: QuicTotals, { conversation }: QuicWatch): void {
  let packets = 0;
  let opened = 0;
  for (const end of ENDS) {
    for (const count of Object.values(conversation.packets(end))) {
      packets += count.packets;
      opened += count.opened;
    }
  }
  totals.packets += packets;
  totals.opened += opened;
  if (opened === packets) return;
  bump(totals.unread, whyUnread(conversation.state));
}

/** For many connections at once: what is different in each is left out. */
export function whyUnread(state: QuicState): string {
  if (!("reason" in state)) return "some packets do not open: damaged, cut off, or come too early";
  return state.reason.replace(/the key log has no 1-RTT secrets of .*/, "the key log has no 1-RTT secrets of it");
}
