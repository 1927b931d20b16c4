/**
 * XXH64 with seed 0 (xxHash, doc/xxhash_spec.md), whose lower half is zstd's frame checksum (RFC 8878 3.1.1). It runs over every byte
 * of a capture, so its stripes are reckoned in pairs of 32-bit numbers; the end, once per frame, is in BigInt.
 */

const PRIME1 = 0x9e3779b185ebca87n;
const PRIME2 = 0xc2b2ae3d27d4eb4fn;
const PRIME3 = 0x165667b19e3779f9n;
const PRIME4 = 0x85ebca77c2b2ae63n;
const PRIME5 = 0x27d4eb2f165667c5n;
const STRIPE_BYTES = 32;

/** A 64-bit product or sum cannot be returned without allocating: its upper half stands here, its lower half is returned. */
let upper = 0;

function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const middle = ((Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16)) >>> 0;
  const other = ((Math.imul(a0, b1) >>> 0) + (middle & 0xffff)) >>> 0;
  upper = (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16) + Math.imul(aLow, bHigh) + Math.imul(aHigh, bLow)) | 0;
  return Math.imul(aLow, bLow);
}

/** One lane takes 8 bytes: rotl(lane + input * PRIME2, 31) * PRIME1. `lanes` holds low and high halves in turn. */
function takeLane(lanes: Int32Array, at: number, inputHigh: number, inputLow: number): void {
  const productLow = multiply(inputHigh, inputLow, 0xc2b2ae3d, 0x27d4eb4f);
  const low = (lanes[at]! + productLow) | 0;
  const carry = low >>> 0 < productLow >>> 0 ? 1 : 0;
  const high = (lanes[at + 1]! + upper + carry) | 0;
  const rotatedHigh = (high << 31) | (low >>> 1);
  const rotatedLow = (low << 31) | (high >>> 1);
  lanes[at] = multiply(rotatedHigh, rotatedLow, 0x9e3779b1, 0x85ebca87);
  lanes[at + 1] = upper;
}

export class Xxh64 {
  readonly #lanes = new BigUint64Array([u64(PRIME1 + PRIME2), PRIME2, 0n, u64(-PRIME1)]);
  readonly #halves = new Int32Array(this.#lanes.buffer);
  readonly #rest = new Uint8Array(STRIPE_BYTES);
  #restBytes = 0;
  #bytes = 0;

  update(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    let pos = 0;
    if (this.#restBytes > 0) {
      pos = Math.min(STRIPE_BYTES - this.#restBytes, bytes.length);
      this.#rest.set(bytes.subarray(0, pos), this.#restBytes);
      this.#restBytes += pos;
      if (this.#restBytes < STRIPE_BYTES) return;
      this.#stripes(this.#rest, 0);
    }
    pos = this.#stripes(bytes, pos);
    this.#rest.set(bytes.subarray(pos));
    this.#restBytes = bytes.length - pos;
  }

  /** Takes all whole stripes from `from` on; returns where they end. */
  #stripes(bytes: Uint8Array, from: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lanes = this.#halves;
    let pos = from;
    for (; pos + STRIPE_BYTES <= bytes.length; pos += STRIPE_BYTES) {
      takeLane(lanes, 0, view.getInt32(pos + 4, true), view.getInt32(pos, true));
      takeLane(lanes, 2, view.getInt32(pos + 12, true), view.getInt32(pos + 8, true));
      takeLane(lanes, 4, view.getInt32(pos + 20, true), view.getInt32(pos + 16, true));
      takeLane(lanes, 6, view.getInt32(pos + 28, true), view.getInt32(pos + 24, true));
    }
    return pos;
  }

  digest(): bigint {
    let hash = u64((this.#bytes >= STRIPE_BYTES ? this.#converged() : PRIME5) + BigInt(this.#bytes));
    const rest = new DataView(this.#rest.buffer, 0, this.#restBytes);
    let pos = 0;
    for (; pos + 8 <= this.#restBytes; pos += 8) {
      hash = u64(rotl(hash ^ round(0n, rest.getBigUint64(pos, true)), 27n) * PRIME1 + PRIME4);
    }
    for (; pos + 4 <= this.#restBytes; pos += 4) {
      hash = u64(rotl(hash ^ u64(BigInt(rest.getUint32(pos, true)) * PRIME1), 23n) * PRIME2 + PRIME3);
    }
    for (; pos < this.#restBytes; pos++) {
      hash = u64(rotl(hash ^ u64(BigInt(rest.getUint8(pos)) * PRIME5), 11n) * PRIME1);
    }
    hash = u64((hash ^ (hash >> 33n)) * PRIME2);
    hash = u64((hash ^ (hash >> 29n)) * PRIME3);
    return hash ^ (hash >> 32n);
  }

  /** The lower half. */
  digest32(): number {
    return Number(this.digest() & 0xffff_ffffn);
  }

  #converged(): bigint {
    const [one, two, three, four] = this.#lanes as unknown as [bigint, bigint, bigint, bigint];
    let hash = u64(rotl(one, 1n) + rotl(two, 7n) + rotl(three, 12n) + rotl(four, 18n));
    for (const lane of this.#lanes) hash = u64((hash ^ round(0n, lane)) * PRIME1 + PRIME4);
    return hash;
  }
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotl(value: bigint, bits: bigint): bigint {
  return u64(value << bits) | (value >> (64n - bits));
}

function round(lane: bigint, input: bigint): bigint {
  return u64(rotl(u64(lane + input * PRIME2), 31n) * PRIME1);
}
