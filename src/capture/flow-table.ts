/**
 * Which record belongs to a packet: a chained hash over addresses and ports, the same for both directions. At most
 * `maxFlows` records: when all are in use, the one among a few that was silent longest makes room (a CLOCK hand looks at them).
 */
import { F, NOTE_FIELDS, NOTES, resetRecord, STRIDE } from "./flow-slab.js";
import type { Packet } from "./packet.js";

/** Words of a key: the lower end's address, the higher end's, both ports in one. */
const KEY = 9;
const FIRST_CAPACITY = 1024;
/** How many records the hand looks at to make room for one. */
const LOOK_AT = 32;
const DOUBLES_PER_LINE = 8;

export class FlowTable {
  slab: Float64Array;
  notes: Float64Array;
  /** Side of the sender of the packet that was looked up last. */
  side: 0 | 1 = 0;
  /** The packet that was looked up last is the first of its flow. */
  fresh = false;
  used = 0;
  evicted = 0;
  #capacity = 0;
  #keys: Int32Array;
  #next: Int32Array;
  #heads: Int32Array;
  #mask = 0;
  #free: number[] = [];
  #hand = 0;
  readonly #maxFlows: number;
  readonly #onEvict: (slot: number) => void;

  /** @param onEvict told before a record makes room: the flow has ended as far as we can see */
  constructor(maxFlows: number, onEvict: (slot: number) => void) {
    this.#maxFlows = maxFlows;
    this.#onEvict = onEvict;
    this.slab = new Float64Array(0);
    this.notes = new Float64Array(0);
    this.#keys = new Int32Array(0);
    this.#next = new Int32Array(0);
    this.#heads = new Int32Array(0);
    this.#grow(Math.min(FIRST_CAPACITY, maxFlows));
  }

  /** @returns the slot of the packet's flow, a new one where there is none; sets `side` and `fresh` */
  slotOf(p: Packet): number {
    const lower = sourceIsLower(p);
    const a0 = lower ? p.src0 : p.dst0;
    const a1 = lower ? p.src1 : p.dst1;
    const a2 = lower ? p.src2 : p.dst2;
    const a3 = lower ? p.src3 : p.dst3;
    const b0 = lower ? p.dst0 : p.src0;
    const b1 = lower ? p.dst1 : p.src1;
    const b2 = lower ? p.dst2 : p.src2;
    const b3 = lower ? p.dst3 : p.src3;
    const ports = (lower ? p.srcPort * 65536 + p.dstPort : p.dstPort * 65536 + p.srcPort) | 0;
    this.side = lower ? 0 : 1;
    const bucket = hash(a0 ^ a1 ^ a2 ^ a3, b0 ^ b1 ^ b2 ^ b3, ports) & this.#mask;
    const keys = this.#keys;
    for (let slot = this.#heads[bucket] as number; slot >= 0; slot = this.#next[slot] as number) {
      const k = slot * KEY;
      if (
        keys[k + 8] === ports &&
        keys[k + 3] === a3 &&
        keys[k + 7] === b3 &&
        keys[k + 2] === a2 &&
        keys[k + 6] === b2 &&
        keys[k + 1] === a1 &&
        keys[k + 5] === b1 &&
        keys[k] === a0 &&
        keys[k + 4] === b0
      ) {
        this.fresh = false;
        return slot;
      }
    }
    const slot = this.#take();
    const k = slot * KEY;
    const into = this.#keys;
    into[k] = a0;
    into[k + 1] = a1;
    into[k + 2] = a2;
    into[k + 3] = a3;
    into[k + 4] = b0;
    into[k + 5] = b1;
    into[k + 6] = b2;
    into[k + 7] = b3;
    into[k + 8] = ports;
    this.#link(slot);
    resetRecord(this.slab, slot * STRIDE, p.atNs);
    this.fresh = true;
    this.used++;
    return slot;
  }

  /**
   * Reads one word of each cache line that the packet's flow will need, and gives their sum, which means nothing. Called for
   * some packets ahead, so that their cache misses overlap: they are most of what a packet costs when flows are many.
   */
  warm(p: Packet): number {
    const lower = sourceIsLower(p);
    const src = p.src0 ^ p.src1 ^ p.src2 ^ p.src3;
    const dst = p.dst0 ^ p.dst1 ^ p.dst2 ^ p.dst3;
    const ports = (lower ? p.srcPort * 65536 + p.dstPort : p.dstPort * 65536 + p.srcPort) | 0;
    const slot = this.#heads[hash(lower ? src : dst, lower ? dst : src, ports) & this.#mask] as number;
    if (slot < 0) return 0;
    const { slab } = this;
    let sum = (this.#keys[slot * KEY] as number) + (this.#next[slot] as number);
    for (let at = slot * STRIDE, end = at + STRIDE; at < end; at += DOUBLES_PER_LINE) sum += slab[at] as number;
    return sum;
  }

  /** The same two ends begin a new connection. */
  restart(slot: number, atNs: number): void {
    resetRecord(this.slab, slot * STRIDE, atNs);
  }

  /** Words of the flow's ends: address 0 to 3 and port of side 0, then of side 1. */
  ends(slot: number): readonly number[] {
    const k = slot * KEY;
    const ports = this.#keys[k + 8] as number;
    const words = this.#keys.subarray(k, k + 8);
    return [...words.subarray(0, 4), ports >>> 16, ...words.subarray(4, 8), ports & 0xffff];
  }

  /** All records in use. */
  *slots(): Generator<number> {
    for (const head of this.#heads) {
      for (let slot = head; slot >= 0; slot = this.#next[slot] as number) yield slot;
    }
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#capacity < this.#maxFlows) {
      this.#grow(Math.min(this.#capacity * 2, this.#maxFlows));
      return this.#free.pop() as number;
    }
    return this.#evict();
  }

  #evict(): number {
    let victim = this.#hand;
    for (let looked = 0; looked < Math.min(LOOK_AT, this.#capacity); looked++) {
      const last = this.slab[this.#hand * STRIDE + F.last] as number;
      if (last < (this.slab[victim * STRIDE + F.last] as number)) victim = this.#hand;
      this.#hand = (this.#hand + 1) % this.#capacity;
    }
    this.#onEvict(victim);
    this.#unlink(victim);
    this.used--;
    this.evicted++;
    return victim;
  }

  #bucketOf(slot: number): number {
    const k = slot * KEY;
    const [a0, a1, a2, a3, b0, b1, b2, b3, ports] = this.#keys.subarray(k, k + KEY) as unknown as number[];
    return hash(a0! ^ a1! ^ a2! ^ a3!, b0! ^ b1! ^ b2! ^ b3!, ports!) & this.#mask;
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(slot);
    this.#next[slot] = this.#heads[bucket] as number;
    this.#heads[bucket] = slot;
  }

  #unlink(slot: number): void {
    const bucket = this.#bucketOf(slot);
    if (this.#heads[bucket] === slot) {
      this.#heads[bucket] = this.#next[slot] as number;
      return;
    }
    let at = this.#heads[bucket] as number;
    while (this.#next[at] !== slot) at = this.#next[at] as number;
    this.#next[at] = this.#next[slot] as number;
  }

  #grow(capacity: number): void {
    const inUse = [...this.slots()];
    const old = this.#capacity;
    this.slab = widened(this.slab, new Float64Array(capacity * STRIDE));
    this.notes = widened(this.notes, new Float64Array(capacity * NOTES * NOTE_FIELDS));
    this.#keys = widened(this.#keys, new Int32Array(capacity * KEY));
    this.#next = new Int32Array(capacity);
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2))).fill(-1);
    this.#mask = this.#heads.length - 1;
    this.#capacity = capacity;
    for (const slot of inUse) this.#link(slot);
    for (let slot = capacity - 1; slot >= old; slot--) this.#free.push(slot);
  }
}

function widened<A extends Float64Array | Int32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}

function sourceIsLower(p: Packet): boolean {
  if (p.src3 !== p.dst3) return p.src3 < p.dst3;
  if (p.srcPort !== p.dstPort) return p.srcPort < p.dstPort;
  if (p.src2 !== p.dst2) return p.src2 < p.dst2;
  if (p.src1 !== p.dst1) return p.src1 < p.dst1;
  return p.src0 <= p.dst0;
}

/** Mixes well enough that flows which differ in one port or one address bit do not share a bucket. */
function hash(a: number, b: number, ports: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ ports, 0x27d4eb2f);
  return h ^ (h >>> 16);
}
