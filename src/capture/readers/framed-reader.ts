import { Delivery } from "../flows/delivery.js";
import type { CaptureReader, CaptureSummary, Damage, RecordSink } from "./record.js";

/** The largest packet that is believed in unless the file's own snap length allows more (tcpdump's MAXIMUM_SNAPLEN). */
const MAX_PACKET_BYTES = 262_144;
/** A snap length above this is taken for nonsense, as are blocks above it (Wireshark's MAX_BLOCK_SIZE). */
export const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** How many captured bytes of one packet are believed in, given the file's snap length (0: none told). */
export function believablePacket(snapLength: number): number {
  return snapLength > MAX_PACKET_BYTES && snapLength < MAX_BLOCK_BYTES ? snapLength : MAX_PACKET_BYTES;
}

/** What is wrong with a packet that claims more bytes than are believed or have room. */
export function unbelievable(number: number, captured: number, believable: number): string {
  return `packet ${number} claims to have ${captured} captured bytes; at most ${believable} are believed`;
}

/**
 * What both formats share: a file is a row of frames, each of which tells its length near its beginning. Frames that lie
 * whole inside a chunk are read in place; one that straddles chunks is put together in the carry, and only that one is copied.
 */
export abstract class FramedReader implements CaptureReader {
  protected readonly delivery: Delivery;
  /** How many bytes from the position that `frames` returned must be there before it is called again. */
  protected need = 1;
  /** How many bytes after the position that `frames` returned are of no interest. */
  protected skip = 0;
  #damage: Damage | null = null;
  #carry = new Uint8Array(0);
  #carried = 0;
  /** Offset in the file of the next byte that is pushed. */
  #offset = 0;

  constructor(sink: RecordSink) {
    this.delivery = new Delivery(sink);
  }

  get finished(): boolean {
    return this.#damage !== null;
  }

  push(chunk: Uint8Array): void {
    const end = chunk.length;
    let pos = 0;
    while (pos < end && this.#damage === null) {
      if (this.skip > 0) pos += this.#passOver(end - pos);
      else if (this.#carried > 0) pos += this.#carryOn(chunk, pos);
      else {
        const read = this.frames(chunk, pos, end, this.#offset + pos);
        if (this.skip === 0) this.#append(chunk, read, end);
        pos = this.skip === 0 ? end : read;
      }
    }
    this.#offset += end;
  }

  end(): CaptureSummary {
    if (this.#damage === null) {
      const left = this.#carried;
      const says = left > 0 || this.skip > 0 ? this.cutOff(left) : this.missing();
      if (says !== null) this.damaged(this.#offset - left, says);
    }
    return this.summary(this.#damage);
  }

  /**
   * Reads every whole frame in `bytes[pos, end)`, whose first byte has the offset `offset` in the file, and returns where it
   * stopped: at a frame that is not whole (then `need` says how much of it must be there, more than is), at bytes to `skip`
   * (then `end` is returned), or at damage. If exactly the `need` of the last call is there, all of it is used up, or more is needed.
   */
  protected abstract frames(bytes: Uint8Array, pos: number, end: number, offset: number): number;
  /** The file ends although the frame that has begun is not whole; `have` of its bytes are there. */
  protected abstract cutOff(have: number): string;
  /** The file ends between two frames: what is wrong with that, or null. */
  protected abstract missing(): string | null;
  protected abstract summary(damage: Damage | null): CaptureSummary;

  protected damaged(atByte: number, says: string): void {
    this.#damage = { atByte, afterPacket: this.delivery.packets, says };
  }

  #passOver(available: number): number {
    const passed = Math.min(this.skip, available);
    this.skip -= passed;
    return passed;
  }

  /** Completes the frame in the carry with bytes of the chunk, as many as it needs; returns how many were taken. */
  #carryOn(chunk: Uint8Array, pos: number): number {
    const taken = Math.min(this.need - this.#carried, chunk.length - pos);
    this.#append(chunk, pos, pos + taken);
    if (this.#carried === this.need) {
      const start = this.#offset + pos + taken - this.#carried;
      if (this.frames(this.#carry, 0, this.#carried, start) > 0) this.#carried = 0;
    }
    return taken;
  }

  /** The carry grows with the bytes that are there, never with what a length field claims. */
  #append(chunk: Uint8Array, from: number, to: number): void {
    const length = this.#carried + to - from;
    if (length > this.#carry.length) {
      const grown = new Uint8Array(Math.max(4096, 2 * length));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(chunk.subarray(from, to), this.#carried);
    this.#carried = length;
  }
}

/** All of `bytes`, for reading numbers of either byte order. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
