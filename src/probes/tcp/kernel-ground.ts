/** What all connections of a kernel lane stand on: calls, buffers, the request, and the lane's ear for what happens. */
import type { Protocol } from "../../protocols/protocol.js";
import { protocolFor } from "../../protocols/registry.js";
import { type KernelCalls, PinnedMemory } from "../../sockets/kernel-calls.js";
import { socketAddress } from "../../sockets/kernel-socket.js";
import { StampedReceiver, StampQueue, WallClock } from "../../sockets/kernel-timestamps.js";
import type { LaneSpec } from "../probe.js";
import type { KernelConnection } from "./kernel-connection.js";

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

export interface LaneEar {
  /** Tell the poller what this connection waits for: 0 nothing any more, 1 to read, 2 to write, 3 both. */
  watch(connection: KernelConnection, interest: 0 | 1 | 2 | 3): void;
  opened(connectNs: number): void;
  /** The request has ended: its fields hold the sample. */
  ended(connection: KernelConnection): void;
  /** It may take the next request; `fd < 0` when it must connect first. */
  free(connection: KernelConnection): void;
}

export interface LaneGround extends LaneEar {
  readonly calls: KernelCalls;
  readonly spec: LaneSpec;
  readonly protocol: Protocol;
  readonly address: Uint8Array;
  readonly request: RequestMemory;
  /** Offset behind each piece; the last is the request's length. */
  readonly pieceEnds: readonly number[];
  readonly timestamps: boolean;
  readonly receiver: StampedReceiver;
  readonly stamps: StampQueue;
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

export function layGround(memory: KernelMemory, spec: LaneSpec, ear: LaneEar): LaneGround {
  const protocol = protocolFor(spec.target.request);
  const request = protocol.request();
  return {
    calls: memory.calls,
    spec,
    protocol,
    address: socketAddress(spec.address, spec.target.port),
    request: new RequestMemory(memory.calls, request),
    pieceEnds: [...spec.behaviour.cuts, request.length],
    timestamps: spec.timestamps,
    receiver: memory.receiver,
    stamps: memory.stamps,
    watch: (connection, interest) => ear.watch(connection, interest),
    opened: (connectNs) => ear.opened(connectNs),
    ended: (connection) => ear.ended(connection),
    free: (connection) => ear.free(connection),
  };
}
