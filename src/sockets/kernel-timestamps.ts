/**
 * SO_TIMESTAMPING on a TCP socket: when the kernel sent each write, when the peer acknowledged it, and when an answer
 * arrived, without a capture and without root (Documentation/networking/timestamping.rst; include/uapi/linux/net_tstamp.h).
 */
import { type KernelCalls, PinnedMemory } from "./kernel-calls.js";

const SOL_SOCKET = 1;
const SO_TIMESTAMPING = 37; // also the type of the control message that carries the stamps
const SOF_TX_SOFTWARE = 1 << 1;
const SOF_RX_SOFTWARE = 1 << 3;
const SOF_SOFTWARE = 1 << 4;
const SOF_OPT_ID = 1 << 7;
const SOF_TX_ACK = 1 << 9;
const SOF_OPT_TSONLY = 1 << 11;
/** OPT_ID numbers a stamp by the offset of the write's last byte; TSONLY: stamps come without a copy of the packet. */
const FLAGS = SOF_TX_SOFTWARE | SOF_TX_ACK | SOF_RX_SOFTWARE | SOF_SOFTWARE | SOF_OPT_ID | SOF_OPT_TSONLY;

const MSG_DONTWAIT = 0x40;
const MSG_ERRQUEUE = 0x2000;
const SOL_IP = 0;
const IP_RECVERR = 11;
const SOL_IPV6 = 41;
const IPV6_RECVERR = 25;
const SO_EE_ORIGIN_TIMESTAMPING = 4;
const SCM_TSTAMP_SND = 0;
const SCM_TSTAMP_ACK = 2;

// struct msghdr on 64 bit: name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48; mmsghdr adds msg_len.
const MSGHDR_IOV = 16;
const MSGHDR_IOVLEN = 24;
const MSGHDR_CONTROL = 32;
const MSGHDR_CONTROLLEN = 40;
const MSGHDR_BYTES = 56;
const MMSGHDR_BYTES = 64;
const CONTROL_BYTES = 256;
const STAMPS_PER_CALL = 8;
const CLOCK_REALTIME = 0;
const CLOCK_READINGS = 16;

/** Turns on stamps for all writes from now on; false: the kernel refused. The id of a byte is its offset from here. */
export function enableTimestamps(calls: KernelCalls, fd: number): boolean {
  const flags = new Uint8Array(4);
  new DataView(flags.buffer).setUint32(0, FLAGS, true);
  return calls.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, flags, 4) === 0;
}

/** Reads of data with the kernel's arrival time: one recvmsg into one reused buffer. */
export class StampedReceiver {
  readonly buffer: Uint8Array;
  /** Arrival of the last bytes received, CLOCK_REALTIME nanoseconds since `epochSeconds`; NaN: no stamp. */
  arrivedNs = Number.NaN;
  readonly #calls: KernelCalls;
  readonly #data: PinnedMemory;
  readonly #control: PinnedMemory;
  readonly #vector: PinnedMemory;
  readonly #header: PinnedMemory;
  readonly #epochSeconds: number;

  constructor(calls: KernelCalls, size: number, epochSeconds: number) {
    this.#calls = calls;
    this.#epochSeconds = epochSeconds;
    this.#data = new PinnedMemory(calls, size);
    this.#control = new PinnedMemory(calls, CONTROL_BYTES);
    this.#vector = new PinnedMemory(calls, 16);
    this.#header = new PinnedMemory(calls, MSGHDR_BYTES);
    this.buffer = this.#data.bytes;
    this.#vector.view.setBigUint64(0, this.#data.address, true);
    this.#vector.view.setBigUint64(8, BigInt(size), true);
    this.#header.view.setBigUint64(MSGHDR_IOV, this.#vector.address, true);
    this.#header.view.setBigUint64(MSGHDR_IOVLEN, 1n, true);
    this.#header.view.setBigUint64(MSGHDR_CONTROL, this.#control.address, true);
  }

  /** Without stamps: plain recv, a little cheaper. @returns bytes, 0 at the peer's end, -1 (see errno) */
  receive(fd: number, flags: number): number {
    this.arrivedNs = Number.NaN;
    return this.#calls.recv(fd, this.#data.address, this.buffer.length, flags);
  }

  /** @returns bytes, 0 at the peer's end, -1 (see errno) */
  receiveStamped(fd: number, flags: number): number {
    this.#header.view.setUint32(MSGHDR_CONTROLLEN, CONTROL_BYTES, true);
    const received = this.#calls.recvmsg(fd, this.#header.address, flags);
    this.arrivedNs = Number.NaN;
    if (received > 0) {
      const control = this.#control.view;
      const end = this.#header.view.getUint32(MSGHDR_CONTROLLEN, true);
      for (let at = 0; at + 16 <= end; ) {
        const length = control.getUint32(at, true);
        if (length < 16) break;
        if (control.getInt32(at + 8, true) === SOL_SOCKET && control.getInt32(at + 12, true) === SO_TIMESTAMPING) {
          this.arrivedNs = timespecNs(control, at + 16, this.#epochSeconds);
        }
        at += (length + 7) & ~7;
      }
    }
    return received;
  }
}

export interface StampSink {
  /** @param id offset of the write's last byte since enableTimestamps, modulo 2^32; @param atNs since `epochSeconds` */
  onSent(id: number, atNs: number): void;
  onAcknowledged(id: number, atNs: number): void;
}

/** Takes the stamps of writes off a socket's error queue, several with one recvmmsg. */
export class StampQueue {
  readonly #calls: KernelCalls;
  readonly #headers: PinnedMemory;
  readonly #control: PinnedMemory;
  readonly #epochSeconds: number;

  constructor(calls: KernelCalls, epochSeconds: number) {
    this.#calls = calls;
    this.#epochSeconds = epochSeconds;
    this.#headers = new PinnedMemory(calls, MMSGHDR_BYTES * STAMPS_PER_CALL);
    this.#control = new PinnedMemory(calls, CONTROL_BYTES * STAMPS_PER_CALL);
    for (let i = 0; i < STAMPS_PER_CALL; i++) {
      const control = this.#control.address + BigInt(i * CONTROL_BYTES);
      this.#headers.view.setBigUint64(i * MMSGHDR_BYTES + MSGHDR_CONTROL, control, true);
    }
  }

  /** Hands all waiting stamps to the sink. */
  drain(fd: number, sink: StampSink): void {
    const headers = this.#headers.view;
    for (;;) {
      for (let i = 0; i < STAMPS_PER_CALL; i++) {
        headers.setUint32(i * MMSGHDR_BYTES + MSGHDR_CONTROLLEN, CONTROL_BYTES, true);
      }
      const flags = MSG_ERRQUEUE | MSG_DONTWAIT;
      const count = this.#calls.recvmmsg(fd, this.#headers.address, STAMPS_PER_CALL, flags, null);
      for (let i = 0; i < count; i++) this.#read(i, sink);
      if (count < STAMPS_PER_CALL) return;
    }
  }

  #read(index: number, sink: StampSink): void {
    const control = this.#control.view;
    const start = index * CONTROL_BYTES;
    const end = start + this.#headers.view.getUint32(index * MMSGHDR_BYTES + MSGHDR_CONTROLLEN, true);
    let atNs = Number.NaN;
    let kind = -1;
    let id = 0;
    for (let at = start; at + 16 <= end; ) {
      const length = control.getUint32(at, true);
      if (length < 16) break;
      const level = control.getInt32(at + 8, true);
      const type = control.getInt32(at + 12, true);
      if (level === SOL_SOCKET && type === SO_TIMESTAMPING) {
        atNs = timespecNs(control, at + 16, this.#epochSeconds);
      } else if ((level === SOL_IP && type === IP_RECVERR) || (level === SOL_IPV6 && type === IPV6_RECVERR)) {
        // struct sock_extended_err: errno 0, origin 4, type 5, code 6, info 8 (the kind of stamp), data 12 (the id)
        if (control.getUint8(at + 20) === SO_EE_ORIGIN_TIMESTAMPING) {
          kind = control.getUint32(at + 24, true);
          id = control.getUint32(at + 28, true);
        }
      }
      at += (length + 7) & ~7;
    }
    if (kind === SCM_TSTAMP_SND) sink.onSent(id, atNs);
    else if (kind === SCM_TSTAMP_ACK) sink.onAcknowledged(id, atNs);
  }
}

/** Nanoseconds since `epochSeconds`: small enough to be exact in a double. */
function timespecNs(view: DataView, at: number, epochSeconds: number): number {
  return (view.getUint32(at, true) - epochSeconds) * 1e9 + view.getUint32(at + 8, true);
}

/** Reads CLOCK_REALTIME, the clock of the stamps. */
export class WallClock {
  readonly epochSeconds = Math.floor(Date.now() / 1000);
  readonly #calls: KernelCalls;
  readonly #timespec: PinnedMemory;

  constructor(calls: KernelCalls) {
    this.#calls = calls;
    this.#timespec = new PinnedMemory(calls, 16);
  }

  /** The wall clock minus another clock, in nanoseconds: from the tightest of a few readings between two of the other's. */
  offsetFrom(otherNs: () => number): number {
    let tightestNs = Number.POSITIVE_INFINITY;
    let offsetNs = 0;
    for (let i = 0; i < CLOCK_READINGS; i++) {
      const before = otherNs();
      this.#calls.clockGettime(CLOCK_REALTIME, this.#timespec.address);
      const after = otherNs();
      if (after - before >= tightestNs) continue;
      tightestNs = after - before;
      offsetNs = timespecNs(this.#timespec.view, 0, this.epochSeconds) - (before + after) / 2;
    }
    return offsetNs;
  }
}
