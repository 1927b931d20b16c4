/** A flow as observers see it: one object that reads the flow's record, and keeps what it said once the flow has ended. */

import { addressText } from "../decode/address.js";
import type { CaptureProtocol, Flow, FlowEnd, Side, Vantage } from "./flow-events.js";
import { BIT, F, type FlowSlab, FT, R, rareOf, recordOf, S, ST, STATE, sideOf } from "./flow-slab.js";
import { vantageOf } from "./vantage.js";

/** By the number that stands in the record. */
export const PROTOCOLS = [
  "unknown",
  "memcached",
  "redis",
  "http1",
  "h2",
  "tls",
  "quic",
] as const satisfies readonly CaptureProtocol[];

/** What the record tells; the rest never changes. */
type Facts = Omit<Flow, "id" | "slot" | "a" | "b">;

export class FlowView implements Flow {
  readonly id: number;
  readonly slot: number;
  readonly a: FlowEnd;
  readonly b: FlowEnd;
  #facts: Facts;

  /** @param ends the words of FlowTable.ends; @param slot where its record is while it lives */
  constructor(id: number, ends: readonly number[], slab: FlowSlab, slot: number) {
    this.id = id;
    this.slot = slot;
    this.a = end(ends, 0);
    this.b = end(ends, 5);
    this.#facts = new LiveFacts(slab, slot);
  }

  /** The flow is over, and its record may serve another: what it is told to be does not change any more. */
  freeze(): void {
    const { client, handshakeSeen, protocol, vantage, startNs, endNs, packets, bytes } = this;
    const { handshakeRttNs, legNs, mss, nagleOff, exchanges } = this;
    this.#facts = {
      client,
      handshakeSeen,
      protocol,
      vantage,
      startNs,
      endNs,
      packets,
      bytes,
      handshakeRttNs,
      legNs,
      mss,
      nagleOff,
      exchanges,
    };
  }

  get client(): Side | null {
    return this.#facts.client;
  }
  get handshakeSeen(): boolean {
    return this.#facts.handshakeSeen;
  }
  get protocol(): CaptureProtocol {
    return this.#facts.protocol;
  }
  get vantage(): Vantage {
    return this.#facts.vantage;
  }
  get startNs(): number {
    return this.#facts.startNs;
  }
  get endNs(): number {
    return this.#facts.endNs;
  }
  get packets(): number {
    return this.#facts.packets;
  }
  get bytes(): number {
    return this.#facts.bytes;
  }
  get handshakeRttNs(): number | null {
    return this.#facts.handshakeRttNs;
  }
  get legNs(): readonly [number | null, number | null] {
    return this.#facts.legNs;
  }
  get mss(): readonly [number, number] {
    return this.#facts.mss;
  }
  get nagleOff(): readonly [boolean, boolean] {
    return this.#facts.nagleOff;
  }
  get exchanges(): number {
    return this.#facts.exchanges;
  }
}

class LiveFacts implements Facts {
  readonly #slab: FlowSlab;
  readonly #slot: number;

  constructor(slab: FlowSlab, slot: number) {
    this.#slab = slab;
    this.#slot = slot;
  }

  get client(): Side | null {
    const client = (this.#flow(F.state) & STATE.client) - 1;
    return client < 0 ? null : (client as Side);
  }

  get handshakeSeen(): boolean {
    return !Number.isNaN(this.#rare(R.synAt)) || !Number.isNaN(this.#rare(R.synAckAt));
  }

  get protocol(): CaptureProtocol {
    return PROTOCOLS[(this.#flow(F.state) & STATE.protocolMask) >> STATE.protocolShift] as CaptureProtocol;
  }

  get vantage(): Vantage {
    return vantageOf(this.#rare(R.serverLeg), this.#rare(R.clientLeg));
  }

  get startNs(): number {
    return this.#rare(R.start);
  }

  get endNs(): number {
    return this.#slab.times[(recordOf(this.#slot) >> 1) + FT.last] as number;
  }

  get packets(): number {
    return this.#flow(F.packets) >>> 0;
  }

  get bytes(): number {
    return this.#slab.times[(recordOf(this.#slot) >> 1) + FT.bytes] as number;
  }

  get handshakeRttNs(): number | null {
    const rttNs = this.#rare(R.handshakeRtt);
    return Number.isNaN(rttNs) ? null : rttNs;
  }

  get exchanges(): number {
    return this.#flow(F.exchanges) >>> 0;
  }

  get legNs(): readonly [number | null, number | null] {
    return [this.#leg(0), this.#leg(1)];
  }

  get mss(): readonly [number, number] {
    return [this.#flow(F.full), this.#flow(F.full + 1)];
  }

  get nagleOff(): readonly [boolean, boolean] {
    return [this.#has(0, BIT.nagleOff), this.#has(1, BIT.nagleOff)];
  }

  #leg(side: Side): number | null {
    const legNs = this.#slab.times[(sideOf(this.#slot, side) >> 1) + ST.leg] as number;
    return Number.isFinite(legNs) ? legNs : null;
  }

  #has(side: Side, bit: number): boolean {
    return ((this.#slab.ints[sideOf(this.#slot, side) + S.bits] as number) & bit) !== 0;
  }

  #flow(field: number): number {
    return this.#slab.ints[recordOf(this.#slot) + field] as number;
  }

  #rare(field: number): number {
    return this.#slab.rare[rareOf(this.#slot) + field] as number;
  }
}

function end(words: readonly number[], at: number): FlowEnd {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, port = 0] = words.slice(at, at + 5);
  return { address: addressText(w0, w1, w2, w3), port };
}
