/** Memory that the kernel reads and writes: one set per worker thread, one request per lane. */
import { type KernelCalls, PinnedMemory } from "../../sockets/kernel-calls.js";
import { StampedReceiver, StampQueue, WallClock } from "../../sockets/kernel-timestamps.js";

const RECEIVE_BYTES = 256 * 1024;

/** One per worker thread: only one lane runs at a time, so all lanes share the memory that the kernel fills. */
export class KernelMemory {
  readonly calls: KernelCalls;
  readonly clock: WallClock;
  readonly receiver: StampedReceiver;
  readonly stamps: StampQueue;

  constructor(calls: KernelCalls) {
    this.calls = calls;
    this.clock = new WallClock(calls);
    this.receiver = new StampedReceiver(calls, RECEIVE_BYTES, this.clock.epochSeconds);
    this.stamps = new StampQueue(calls, this.clock.epochSeconds);
  }
}

/** The request's bytes where the kernel can read them, addressed by offset without an allocation for the offsets in use. */
export class RequestMemory {
  readonly length: number;
  readonly #memory: PinnedMemory;
  readonly #addresses = new Map<number, bigint>();

  constructor(calls: KernelCalls, request: Uint8Array) {
    this.length = request.length;
    this.#memory = new PinnedMemory(calls, Math.max(1, request.length));
    this.#memory.bytes.set(request);
  }

  at(offset: number): bigint {
    let address = this.#addresses.get(offset);
    if (address === undefined) {
      address = this.#memory.address + BigInt(offset);
      this.#addresses.set(offset, address);
    }
    return address;
  }
}
