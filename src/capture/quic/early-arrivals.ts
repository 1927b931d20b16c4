/**
 * 0-RTT packets that have overtaken the Initial packet which begins their connection: kept, few of them and not for long, until that has
 * come (RFC 9001 section 5.7 wants the same of servers).
 */
import type { Packet } from "../decode/packet.js";

export interface EarlyArrival {
  /** A copy; its bytes are its own. */
  readonly packet: Packet;
  readonly datagram: Uint8Array;
}

const MOST = 32;
const KEPT_NS = 1e9;
const V2 = 0x6b;

export class EarlyArrivals {
  #waiting: EarlyArrival[] = [];

  /** @returns how many had to make room, or have waited too long: they will not be taken any more */
  keep(p: Packet, datagram: Uint8Array): number {
    const packet = Object.assign(Object.create(Object.getPrototypeOf(p) as object) as Packet, p);
    const fresh = this.#waiting.filter(({ packet: { atNs } }) => p.atNs - atNs <= KEPT_NS).slice(-(MOST - 1));
    const dropped = this.#waiting.length - fresh.length;
    this.#waiting = [...fresh, { packet, datagram: Uint8Array.from(datagram) }];
    return dropped;
  }

  /** Those of the client whose connection begins with this datagram, in the order they came. */
  take(first: Packet): readonly EarlyArrival[] {
    if (this.#waiting.length === 0) return [];
    const mine = this.#waiting.filter(({ packet }) => isSameWay(packet, first) && first.atNs - packet.atNs <= KEPT_NS);
    this.#waiting = this.#waiting.filter((arrival) => !mine.includes(arrival));
    return mine;
  }

  /** The capture is over. @returns how many were never taken */
  drop(): number {
    const { length } = this.#waiting;
    this.#waiting = [];
    return length;
  }
}

/** @param datagram with a long header of a version that can be opened */
export function isZeroRtt(datagram: Uint8Array): boolean {
  const type = ((datagram[0] ?? 0) >> 4) & 3;
  return type === (datagram[1] === V2 ? 2 : 1);
}

const isSameWay = (a: Packet, b: Packet): boolean =>
  a.srcPort === b.srcPort &&
  a.dstPort === b.dstPort &&
  a.src3 === b.src3 &&
  a.dst3 === b.dst3 &&
  a.src2 === b.src2 &&
  a.dst2 === b.dst2 &&
  a.src1 === b.src1 &&
  a.dst1 === b.dst1 &&
  a.src0 === b.src0 &&
  a.dst0 === b.dst0;
