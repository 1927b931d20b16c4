/** A flow as observers see it: one object that reads the flow's record, and keeps a copy of it once the flow has ended. */
import type { CaptureProtocol, Flow, FlowEnd, Side, Vantage } from "./flow-events.js";
import { D, F, sideOf, STRIDE } from "./flow-slab.js";
import { addressText } from "./decode/address.js";

/** By the number that stands in the record. */
export const PROTOCOLS = ["unknown", "memcached", "redis", "http1", "h2", "tls", "quic"] as const satisfies readonly CaptureProtocol[];

/** Below this the ends are on one machine, or next to each other: the spacing of a handshake tells nothing. */
const VANTAGE_RTT_NS = 200e3;
/** An end whose leg is at most this share of the round trip is where the capture was taken. */
const AT_THE_END = 0.2;

export class FlowView implements Flow {
  readonly id: number;
  readonly a: FlowEnd;
  readonly b: FlowEnd;
  readonly #table: { readonly slab: Float64Array };
  #at: number;
  /** The record as it was when the flow ended: its place serves another flow by then. */
  #ended: Float64Array | undefined;

  /** @param ends the words of FlowTable.ends; @param slot where its record is while it lives */
  constructor(id: number, ends: readonly number[], table: { readonly slab: Float64Array }, slot: number) {
    this.id = id;
    this.a = end(ends, 0);
    this.b = end(ends, 5);
    this.#table = table;
    this.#at = slot * STRIDE;
  }

  /** The flow is over: what it is told to be does not change any more. */
  freeze(): void {
    this.#ended = this.#table.slab.slice(this.#at, this.#at + STRIDE);
    this.#at = 0;
  }

  get client(): Side | null {
    const client = this.#read(F.client);
    return client < 0 ? null : (client as Side);
  }

  get handshakeSeen(): boolean {
    return !Number.isNaN(this.#read(F.synAt)) || !Number.isNaN(this.#read(F.synAckAt));
  }

  get protocol(): CaptureProtocol {
    return PROTOCOLS[this.#read(F.protocol)] as CaptureProtocol;
  }

  get vantage(): Vantage {
    return vantageOf(this.#read(F.serverLeg), this.#read(F.clientLeg));
  }

  get startNs(): number {
    return this.#read(F.start);
  }

  get endNs(): number {
    return this.#read(F.last);
  }

  get packets(): number {
    return this.#read(F.packets);
  }

  get bytes(): number {
    return this.#read(F.bytes);
  }

  get handshakeRttNs(): number | null {
    const rttNs = this.#read(F.handshakeRtt);
    return Number.isNaN(rttNs) ? null : rttNs;
  }

  get exchanges(): number {
    return this.#read(F.exchanges);
  }

  get legNs(): readonly [number | null, number | null] {
    return [this.#leg(0), this.#leg(1)];
  }

  get mss(): readonly [number, number] {
    const slab = this.#ended ?? this.#table.slab;
    return [fullSize(slab, this.#at, 0), fullSize(slab, this.#at, 1)];
  }

  get nagleOff(): readonly [boolean, boolean] {
    return [this.#read(sideOf(0, 0) + D.nagleOff) === 1, this.#read(sideOf(0, 1) + D.nagleOff) === 1];
  }

  #leg(side: Side): number | null {
    const legNs = this.#read(sideOf(0, side) + D.leg);
    return Number.isFinite(legNs) ? legNs : null;
  }

  #read(field: number): number {
    return (this.#ended ?? this.#table.slab)[this.#at + field] as number;
  }
}

/** Largest payload that a side puts into one segment: the other's MSS less the timestamp option (RFC 7323 appendix A). */
export function fullSize(slab: Float64Array, flow: number, side: Side): number {
  const announced = slab[sideOf(flow, side === 0 ? 1 : 0) + D.announcedMss] as number;
  const me = sideOf(flow, side);
  if (announced > 0) return announced - (slab[me + D.timestamps] === 1 ? 12 : 0);
  return slab[me + D.largest] as number;
}

function vantageOf(serverLegNs: number, clientLegNs: number): Vantage {
  const rttNs = serverLegNs + clientLegNs;
  if (!(rttNs >= VANTAGE_RTT_NS)) return "unknown";
  if (clientLegNs <= AT_THE_END * rttNs) return "client";
  return serverLegNs <= AT_THE_END * rttNs ? "server" : "middle";
}

function end(words: readonly number[], at: number): FlowEnd {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, port = 0] = words.slice(at, at + 5);
  return { address: addressText(w0, w1, w2, w3), port };
}
