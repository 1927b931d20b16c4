/**
 * Which record belongs to a packet: a chained hash over addresses and ports, the same for both directions; the key stands in the
 * record's first line, which the packet needs anyway. At most `maxFlows` records: when all are in use, the one among a few that
 * was silent longest makes room (a CLOCK hand looks at them). Runs for every packet; `npm run bench -- pcap` watches it.
 */

import type { Packet } from "../decode/packet.js";
import { HASH, type PacketRows, ROW } from "../packets/packet-rows.js";
import { mix, sourceIsLower } from "./flow-hash.js";
import { F, FlowSlab, FT, LINE, R, rareOf, recordOf, STATE } from "./flow-slab.js";

const FIRST_CAPACITY = 1024;
/** How many records the hand looks at to make room for one. */
const LOOK_AT = 32;

const { ports: PORTS, low: LOW, high: HIGH, chain: CHAIN, state: STATE_BITS } = F;
const IPV6 = STATE.ipv6;

export class FlowTable {
  readonly slab = new FlowSlab();
  /** What `place` gave last is a flow just seen. */
  fresh = false;
  evicted = 0;
  /** Records of flows that packets are not found by here (QUIC connections), and those of them that are free again. */
  readonly #reserved = new Set<number>();
  readonly #free = new Set<number>();
  #used = 0;
  #capacity = 0;
  #heads = new Int32Array(0);
  #mask = 0;
  #hand = 0;
  readonly #maxFlows: number;
  readonly #onEvict: (slot: number) => void;

  /** @param onEvict told before a record makes room: the flow has ended as far as we can see */
  constructor(maxFlows: number, onEvict: (slot: number) => void) {
    this.#maxFlows = maxFlows;
    this.#onEvict = onEvict;
    this.#grow(Math.min(FIRST_CAPACITY, this.#maxFlows));
  }

  /**
   * Reads a word of each cache line that the packets in these rows are likely to need, and gives their sum, which means nothing. To be
   * called before any of them is dealt with: nothing but loads in a row, so that their cache misses overlap.
   */
  warm(rows: PacketRows, from: number, to: number): number {
    const heads = this.#heads;
    const mask = this.#mask;
    const { ints } = this.slab;
    const hashes = rows.ints;
    let sum = 0;
    for (let row = from; row < to; row += ROW) {
      // A second row has no hash: what is read for it is of no use, and does no harm.
      const slot = heads[(hashes[row + HASH] as number) & mask] as number;
      if (slot < 0) continue;
      const flow = recordOf(slot);
      sum ^=
        (ints[flow] as number) ^
        (ints[flow + LINE] as number) ^
        (ints[flow + 2 * LINE] as number) ^
        (ints[flow + 3 * LINE] as number);
    }
    return sum;
  }

  /** @returns 2 * slot + side of the sender; -1: the flow is not known */
  #find(p: Packet, hash: number): number {
    const { ints } = this.slab;
    const side = sourceIsLower(p) ? 0 : 1;
    const low = side === 0 ? p.src3 : p.dst3;
    const high = side === 0 ? p.dst3 : p.src3;
    const ports = side === 0 ? (p.srcPort << 16) | p.dstPort : (p.dstPort << 16) | p.srcPort;
    const ipv6 = p.version === 6;
    for (let slot = this.#heads[hash & this.#mask] as number; slot >= 0; ) {
      const flow = recordOf(slot);
      if (
        ints[flow + PORTS] === ports &&
        ints[flow + LOW] === low &&
        ints[flow + HIGH] === high &&
        (((ints[flow + STATE_BITS] as number) & IPV6) === 0 ? !ipv6 : ipv6 && this.#sameWords(p, slot, side))
      ) {
        return 2 * slot + side;
      }
      slot = ints[flow + CHAIN] as number;
    }
    return -1;
  }

  /** @returns 2 * slot + side of the sender; a flow not known gets a record, and sets `fresh`. @param hash `hashOf` of it */
  place(p: Packet, hash: number): number {
    const found = this.#find(p, hash);
    this.fresh = found < 0;
    if (found >= 0) return found;
    const slot = this.#take();
    const { ints, rare } = this.slab;
    const flow = recordOf(slot);
    const side = sourceIsLower(p) ? 0 : 1;
    ints[flow + PORTS] = side === 0 ? (p.srcPort << 16) | p.dstPort : (p.dstPort << 16) | p.srcPort;
    ints[flow + LOW] = side === 0 ? p.src3 : p.dst3;
    ints[flow + HIGH] = side === 0 ? p.dst3 : p.src3;
    ints[flow + STATE_BITS] = p.version === 6 ? IPV6 : 0;
    rare.set(
      side === 0 ? [p.src0, p.src1, p.src2, p.dst0, p.dst1, p.dst2] : [p.dst0, p.dst1, p.dst2, p.src0, p.src1, p.src2],
      rareOf(slot) + R.words,
    );
    this.#link(slot);
    this.slab.reset(slot, p.atNs);
    return 2 * slot + side;
  }

  /**
   * A record for a flow that is kept elsewhere, so that it counts and makes room like the others.
   * @returns its slot, to be given back with `release`, unless it is evicted before
   */
  reserve(atNs: number): number {
    const slot = this.#take();
    this.#reserved.add(slot);
    this.slab.ints[recordOf(slot) + STATE_BITS] = 0;
    this.slab.reset(slot, atNs);
    return slot;
  }

  /** A reserved flow was heard of. */
  touch(slot: number, atNs: number): void {
    this.slab.times[(recordOf(slot) >> 1) + FT.last] = atNs;
  }

  release(slot: number): void {
    if (this.#reserved.has(slot)) this.#free.add(slot);
  }

  isReserved(slot: number): boolean {
    return this.#reserved.has(slot);
  }

  /** The same two ends begin a new connection. */
  restart(slot: number, atNs: number): void {
    this.slab.reset(slot, atNs);
  }

  /** Words of the flow's ends: address 0 to 3 and port of side 0, then of side 1. */
  ends(slot: number): readonly number[] {
    const { ints, rare } = this.slab;
    const flow = recordOf(slot);
    const words = rareOf(slot) + R.words;
    const ports = ints[flow + PORTS] as number;
    return [
      ...rare.subarray(words, words + 3),
      ints[flow + LOW] as number,
      ports >>> 16,
      ...rare.subarray(words + 3, words + 6),
      ints[flow + HIGH] as number,
      ports & 0xffff,
    ];
  }

  /** How many records are in use: those in the slots below it. */
  get used(): number {
    return this.#used;
  }

  #take(): number {
    for (const slot of this.#free) return this.#takeFree(slot);
    if (this.#used === this.#capacity) {
      if (this.#capacity === this.#maxFlows) return this.#evict();
      this.#grow(Math.min(this.#capacity * 2, this.#maxFlows));
    }
    return this.#used++;
  }

  #takeFree(slot: number): number {
    this.#free.delete(slot);
    this.#reserved.delete(slot);
    return slot;
  }

  #evict(): number {
    const { times } = this.slab;
    let victim = this.#hand;
    for (let looked = 0; looked < Math.min(LOOK_AT, this.#capacity); looked++) {
      const last = times[(recordOf(this.#hand) >> 1) + FT.last] as number;
      if (last < (times[(recordOf(victim) >> 1) + FT.last] as number)) victim = this.#hand;
      this.#hand = (this.#hand + 1) % this.#capacity;
    }
    this.#onEvict(victim);
    // Who reserved it counts it.
    if (this.#reserved.has(victim)) return this.#takeFree(victim);
    this.evicted++;
    this.#unlink(victim);
    return victim;
  }

  #bucketOf(slot: number): number {
    const { ints, rare } = this.slab;
    const flow = recordOf(slot);
    let ports = ints[flow + PORTS] as number;
    if (((ints[flow + STATE_BITS] as number) & IPV6) !== 0) {
      for (let word = 0; word < 6; word++) ports ^= rare[rareOf(slot) + R.words + word] as number;
    }
    return mix(ints[flow + LOW] as number, ints[flow + HIGH] as number, ports) & this.#mask;
  }

  #sameWords(p: Packet, slot: number, side: 0 | 1): boolean {
    const { rare } = this.slab;
    const source = rareOf(slot) + R.words + 3 * side;
    const destination = rareOf(slot) + R.words + 3 * (1 - side);
    return (
      rare[source] === p.src0 &&
      rare[source + 1] === p.src1 &&
      rare[source + 2] === p.src2 &&
      rare[destination] === p.dst0 &&
      rare[destination + 1] === p.dst1 &&
      rare[destination + 2] === p.dst2
    );
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(slot);
    this.slab.ints[recordOf(slot) + CHAIN] = this.#heads[bucket] as number;
    this.#heads[bucket] = slot;
  }

  #unlink(slot: number): void {
    const { ints } = this.slab;
    const bucket = this.#bucketOf(slot);
    const behind = ints[recordOf(slot) + CHAIN] as number;
    if (this.#heads[bucket] === slot) {
      this.#heads[bucket] = behind;
      return;
    }
    let at = this.#heads[bucket] as number;
    while (ints[recordOf(at) + CHAIN] !== slot) at = ints[recordOf(at) + CHAIN] as number;
    ints[recordOf(at) + CHAIN] = behind;
  }

  #grow(capacity: number): void {
    this.slab.grow(capacity);
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 4))).fill(-1);
    this.#mask = this.#heads.length - 1;
    this.#capacity = capacity;
    for (let slot = 0; slot < this.#used; slot++) if (!this.#reserved.has(slot)) this.#link(slot);
  }
}
