/** Opens packets: header protection off, packet number decoded, payload decrypted (RFC 9001 sections 5.3 and 5.4). */
import type { PacketHead } from "./packet-head.js";
import type { PacketKeys } from "./packet-keys.js";

/** A packet without its header protection. */
interface Bared {
  readonly packetNumber: number;
  readonly keyPhase: boolean;
  /** What the AEAD authenticates beside the payload. */
  readonly header: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface OpenedPacket {
  readonly packetNumber: number;
  /** Short header: which keys of two protect it (RFC 9001 section 6). */
  readonly keyPhase: boolean;
  /** Frames; the caller's own. */
  readonly payload: Uint8Array;
}

const MAX_NUMBER_BYTES = 4;
const SAMPLE_BYTES = 16;
const LONG = 0x80;
const KEY_PHASE = 0x04;

/**
 * The full packet number that is nearest to the one expected (RFC 9000 appendix A.3).
 * @param largest the largest number opened so far in the space, or -1
 */
export function decodePacketNumber(largest: number, truncated: number, bytes: number): number {
  const expected = largest + 1;
  const window = 2 ** (8 * bytes);
  const candidate = expected - (expected % window) + truncated;
  if (candidate <= expected - window / 2 && candidate + window < 2 ** 53) return candidate + window;
  if (candidate > expected + window / 2 && candidate >= window) return candidate - window;
  return candidate;
}

/** @returns undefined: the packet is too short to hold a sample */
function bare(datagram: Uint8Array, head: PacketHead, keys: PacketKeys, largest: number): Bared | undefined {
  const { start, numberAt, end } = head;
  const sampleAt = numberAt + MAX_NUMBER_BYTES;
  if (sampleAt + SAMPLE_BYTES > end) return undefined;
  const mask = keys.headerMask(datagram.subarray(sampleAt, sampleAt + SAMPLE_BYTES));
  const isLong = (datagram[start]! & LONG) !== 0;
  const first = datagram[start]! ^ (mask[0]! & (isLong ? 0x0f : 0x1f));
  const numberBytes = (first & 3) + 1;
  const payloadAt = numberAt + numberBytes;
  const header = Uint8Array.prototype.slice.call(datagram, start, payloadAt);
  header[0] = first;
  let truncated = 0;
  for (let i = 0; i < numberBytes; i++) {
    const byte = datagram[numberAt + i]! ^ mask[1 + i]!;
    header[numberAt - start + i] = byte;
    truncated = truncated * 256 + byte;
  }
  return {
    packetNumber: decodePacketNumber(largest, truncated, numberBytes),
    keyPhase: !isLong && (first & KEY_PHASE) !== 0,
    header,
    sealed: datagram.subarray(payloadAt, end),
  };
}

/** @param largest the largest packet number opened so far in the packet's space, or -1 @returns undefined: the keys do not fit */
export function openPacket(
  datagram: Uint8Array,
  head: PacketHead,
  keys: PacketKeys,
  largest: number,
): OpenedPacket | undefined {
  const bared = bare(datagram, head, keys, largest);
  return bared === undefined ? undefined : opened(bared, keys);
}

function opened({ packetNumber, keyPhase, header, sealed }: Bared, keys: PacketKeys): OpenedPacket | undefined {
  const payload = keys.open(packetNumber, header, sealed);
  return payload === undefined ? undefined : { packetNumber, keyPhase, payload };
}

/** What opens one direction's packets of one encryption level. */
export interface Opener {
  /** @param largest as of `openPacket` */
  open(datagram: Uint8Array, head: PacketHead, largest: number): OpenedPacket | undefined;
}

/** Initial, Handshake, 0-RTT: one set of keys, at first perhaps of several suites. */
export class LevelOpener implements Opener {
  #candidates: readonly PacketKeys[];

  constructor(candidates: readonly PacketKeys[]) {
    this.#candidates = candidates;
  }

  open(datagram: Uint8Array, head: PacketHead, largest: number): OpenedPacket | undefined {
    for (const keys of this.#candidates) {
      const packet = openPacket(datagram, head, keys, largest);
      if (packet === undefined) continue;
      if (this.#candidates.length > 1) this.#candidates = [keys];
      return packet;
    }
    return undefined;
  }
}

/** 1-RTT: keys change whenever an end likes, and the key phase bit tells (RFC 9001 section 6). */
export class PhasedOpener implements Opener {
  readonly #candidates: readonly PacketKeys[];
  #previous: PacketKeys | undefined;
  #current: PacketKeys | undefined;
  #next: PacketKeys | undefined;
  #phase = false;
  /** Key updates so far. */
  updates = 0;

  constructor(candidates: readonly PacketKeys[]) {
    this.#candidates = candidates;
  }

  open(datagram: Uint8Array, head: PacketHead, largest: number): OpenedPacket | undefined {
    const current = this.#current;
    if (current === undefined) return this.#first(datagram, head, largest);
    const bared = bare(datagram, head, current, largest);
    if (bared === undefined) return undefined;
    if (bared.keyPhase === this.#phase) return opened(bared, current);
    // The other bit is that of the phase behind, or of a straggler of the one before.
    if (this.#previous !== undefined && bared.packetNumber < largest) {
      const late = opened(bared, this.#previous);
      if (late !== undefined) return late;
    }
    this.#next ??= current.next();
    const packet = opened(bared, this.#next);
    if (packet !== undefined) this.#advance(current, this.#next);
    return packet;
  }

  /** The first packet tells the suite; a capture that begins late may miss any number of updates, of which one is tried. */
  #first(datagram: Uint8Array, head: PacketHead, largest: number): OpenedPacket | undefined {
    for (const keys of this.#candidates) {
      for (const phase of [false, true]) {
        const tried = phase ? keys.next() : keys;
        const packet = openPacket(datagram, head, tried, largest);
        if (packet === undefined || packet.keyPhase !== phase) continue;
        this.#current = tried;
        this.#phase = phase;
        this.updates = Number(phase);
        return packet;
      }
    }
    return undefined;
  }

  #advance(current: PacketKeys, next: PacketKeys): void {
    this.#previous = current;
    this.#current = next;
    this.#next = undefined;
    this.#phase = !this.#phase;
    this.updates++;
  }
}
