/** One server address and port: what was asked of it and what that took, in figures that do not grow with the capture. */
import type { Breakdown } from "../../report/model.js";
import { LogCounts } from "../../stats/log-counts.js";
import type { CaptureProtocol, Exchange, Flow, Side } from "../flows/flow-events.js";
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
  /** Handshakes, SYN to the last ACK. */
  readonly connect = new LogCounts();
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
  readonly #protocols = new Map<CaptureProtocol, number>();

  constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  get exchanges(): number {
    return this.latency.count;
  }

  /** What most of its connections speak; unknown when none is recognised. */
  get protocol(): CaptureProtocol {
    let most: CaptureProtocol = "unknown";
    let count = 0;
    for (const [protocol, connections] of this.#protocols) {
      if (connections > count && protocol !== "unknown") [most, count] = [protocol, connections];
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

  /** A connection has had its first exchange, in this protocol. */
  speaks(protocol: CaptureProtocol): void {
    this.#protocols.set(protocol, (this.#protocols.get(protocol) ?? 0) + 1);
  }

  exchange({ startNs, endNs, latencyNs }: Exchange, parts: Breakdown, lostNs: number): void {
    this.latency.record(latencyNs);
    this.inFlight.add(startNs, endNs);
    this.lostNs += lostNs;
    const sums = this.breakdownNs;
    sums.network += parts.network;
    sums.senderHold += parts.senderHold;
    sums.loss += parts.loss;
    sums.window += parts.window;
    sums.server += parts.server;
    sums.transfer += parts.transfer;
    if (startNs < this.firstStartNs) this.firstStartNs = startNs;
    if (startNs > this.lastStartNs) this.lastStartNs = startNs;
    if (endNs > this.lastEndNs) this.lastEndNs = endNs;
  }
}

/** The server's side; where nobody knows, the end with the lower port (RFC 6335: ephemeral ports are the high ones). */
export function serverSide(flow: Flow): Side {
  if (flow.client !== null) return flow.client === 0 ? 1 : 0;
  return flow.a.port <= flow.b.port ? 0 : 1;
}

export const roleOf = (flow: Flow, side: Side): "client" | "server" =>
  side === serverSide(flow) ? "server" : "client";

export function endpointOf(flow: Flow): string {
  const { address, port } = serverSide(flow) === 0 ? flow.a : flow.b;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * What a reset broke off: a request that had no answer yet, a connection that was refused (RFC 9293 section 3.5.3), or nothing.
 * A refused connection has carried no data.
 */
export function brokenBy(flow: Flow, by: Side, duringExchange: boolean): "cut" | "refused" | null {
  if (!duringExchange) return null;
  return flow.bytes === 0 && flow.exchanges === 0 && by === serverSide(flow) ? "refused" : "cut";
}
