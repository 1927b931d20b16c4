/** One server address and port: what was asked of it and what that took, in figures that do not grow with the capture. */
import type { Breakdown } from "../../report/model.js";
import { LogCounts } from "../../stats/log-counts.js";
import { type CaptureProtocol, type Flow, isInQuic, type Side } from "../flows/flow-events.js";
import type { QuicTally } from "../quic/quic-tally.js";
import { InFlight } from "./in-flight.js";

export type BreakdownSums = { -readonly [Part in keyof Breakdown]: number };

export const noBreakdown = (): BreakdownSums => ({
  network: 0,
  senderHold: 0,
  loss: 0,
  window: 0,
  server: 0,
  transfer: 0,
});

export class Service {
  /** `10.0.0.1:11211`, `[2001:db8::1]:443`, or `other` for all those beyond the bound. */
  readonly endpoint: string;
  readonly latency = new LogCounts();
  exchanges = 0;
  /** Handshakes, SYN to the last ACK. */
  readonly connect = new LogCounts();
  /** How long pipelined requests waited for the answers to earlier ones: of those that did. */
  readonly behind = new LogCounts();
  readonly breakdownNs = noBreakdown();
  readonly inFlight = new InFlight();
  /** Connections from their first to their last packet; known when a flow has ended. */
  readonly open = new InFlight();
  /** Latency that went to holds, loss, closed windows, and to a server slower than the threshold. */
  lostNs = 0;
  connections = 0;
  /** Requests cut off by a reset. */
  cut = 0;
  /** Connections refused by a reset. */
  refused = 0;
  firstStartNs = Number.POSITIVE_INFINITY;
  lastStartNs = 0;
  lastEndNs = 0;
  /** A number of its own among the services of a capture, from 0. */
  readonly place: number;
  /** What happened in its QUIC connections; null: it is a service of TCP. */
  readonly quic: QuicTally | null;
  /** QUIC connections that ended. */
  quicEnded = 0;
  readonly #protocols = new Map<CaptureProtocol, number>();
  /** Of QUIC connections, also of those that were not asked anything that could be read. */
  readonly #spoken = new Map<CaptureProtocol, number>();

  constructor(endpoint: string, place: number, quic: QuicTally | null = null) {
    this.endpoint = endpoint;
    this.place = place;
    this.quic = quic;
  }

  /** What most of its connections speak; unknown when none is recognised. */
  get protocol(): CaptureProtocol {
    let most: CaptureProtocol = this.quic === null ? "unknown" : "quic";
    let count = 0;
    for (const [protocol, connections] of this.quic === null ? this.#protocols : this.#spoken) {
      const isNamed = protocol !== "unknown" && protocol !== "quic";
      if (connections > count && isNamed) [most, count] = [protocol, connections];
    }
    return most;
  }

  /** `memcached 10.0.0.1:11211`; `tcp 10.0.0.1:9000` where the protocol is not known. */
  get id(): string {
    return `${this.protocol === "unknown" ? "tcp" : this.protocol} ${this.endpoint}`;
  }

  /** From the first request to the last answer. */
  get spanNs(): number {
    return Math.max(0, this.lastEndNs - this.firstStartNs);
  }

  /**
   * lambda: requests per second between the first and the last of them. One request, or several at one moment, have no spacing:
   * then per second of the whole span; 0 when that is nothing either.
   */
  get arrivalPerSecond(): number {
    const betweenNs = this.lastStartNs - this.firstStartNs;
    if (this.exchanges > 1 && betweenNs > 0) return (this.exchanges - 1) / (betweenNs / 1e9);
    return this.exchanges > 0 && this.spanNs > 0 ? this.exchanges / (this.spanNs / 1e9) : 0;
  }

  /** L as measured: the number in flight integrated over the span, which is the sum of the latencies, by its length. */
  get meanInFlight(): number {
    return this.spanNs > 0 ? this.inFlight.totalNs / this.spanNs : 0;
  }

  /** Whether anything was asked of it. */
  get asked(): boolean {
    return this.#protocols.size > 0;
  }

  /** A connection has had its first exchange, in this protocol. */
  speaks(protocol: CaptureProtocol): void {
    this.#protocols.set(protocol, (this.#protocols.get(protocol) ?? 0) + 1);
  }

  /** A QUIC connection has ended, and this is what it spoke. */
  ended({ protocol }: Flow): void {
    this.quicEnded++;
    this.#spoken.set(protocol, (this.#spoken.get(protocol) ?? 0) + 1);
  }

  /** Of an exchange this is told at once; the rest is settled later, many at a time. */
  exchange(startNs: number, endNs: number): void {
    this.exchanges++;
    this.inFlight.add(startNs, endNs);
    if (startNs < this.firstStartNs) this.firstStartNs = startNs;
    if (startNs > this.lastStartNs) this.lastStartNs = startNs;
    if (endNs > this.lastEndNs) this.lastEndNs = endNs;
  }

  /** What an exchange lost to holds, losses, closed windows, and to a server slower than the threshold. */
  lost({ senderHold, loss, window }: Breakdown, lostNs: number): void {
    const parts = this.breakdownNs;
    parts.senderHold += senderHold;
    parts.loss += loss;
    parts.window += window;
    this.lostNs += lostNs;
  }

  /**
   * Latencies of exchanges that were told, and the other parts of them.
   * @param buckets of their latencies (LogCounts)
   * @param latency of these, with the least and the most of theirs
   */
  settle(
    { network, server, transfer }: Pick<Breakdown, "network" | "server" | "transfer">,
    buckets: Uint16Array,
    latency: { sum: number; min: number; max: number },
  ): void {
    const parts = this.breakdownNs;
    parts.network += network;
    parts.server += server;
    parts.transfer += transfer;
    this.latency.recordBuckets(buckets, latency);
  }
}

/** The server's side; where nobody knows, the end with the lower port (RFC 6335: ephemeral ports are the high ones). */
function serverSide(flow: Flow): Side {
  if (flow.client !== null) return flow.client === 0 ? 1 : 0;
  return flow.a.port <= flow.b.port ? 0 : 1;
}

export const roleOf = (flow: Flow, side: Side): "client" | "server" =>
  side === serverSide(flow) ? "server" : "client";

export function endpointOf(flow: Flow): string {
  const { address, port } = serverSide(flow) === 0 ? flow.a : flow.b;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What tells services apart: one port may be served over TCP and over QUIC. */
export const keyOf = (flow: Flow): string => (isInQuic(flow.protocol) ? `${endpointOf(flow)}/udp` : endpointOf(flow));

/**
 * What a reset broke off: a request that had no answer yet, a connection that was refused (RFC 9293 section 3.5.3), or nothing.
 * A refused connection has carried no data.
 */
export function brokenBy(flow: Flow, by: Side, duringExchange: boolean): "cut" | "refused" | null {
  if (!duringExchange) return null;
  return flow.bytes === 0 && flow.exchanges === 0 && by === serverSide(flow) ? "refused" : "cut";
}
