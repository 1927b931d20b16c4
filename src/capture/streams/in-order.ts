/**
 * What one end sends, in its order: segments that came too early wait, copies are passed over, and bytes that the capture has not got
 * are given up sooner or later. What was cut off by the snap length is missing like any other byte.
 */
import { seqDiff } from "../flows/flow-slab.js";

/** Bytes that wait for a hole to be filled, at most: of one end of one connection. */
const MOST_WAITING = 1 << 20;

/** Takes `bytes[start, end)`, which stand at `position` of the stream; a jump of the position says that bytes are missing. */
export type InOrderSink = (bytes: Uint8Array, start: number, end: number, position: number) => void;

/** Room for waiting bytes that all connections share. */
export interface Room {
  left: number;
}

interface Waiting {
  readonly seq: number;
  /** What was captured of it, and its length on the wire. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

export class InOrder {
  readonly #sink: InOrderSink;
  readonly #room: Room;
  /** The next sequence number (signed), and where in the stream its byte stands. */
  #nextSeq: number;
  #position = 0;
  /** In the order of their sequence numbers. */
  #waiting: Waiting[] = [];
  #waitingBytes = 0;

  /** @param firstSeq sequence number of the stream's first byte, or of the first one known */
  constructor(firstSeq: number, room: Room, sink: InOrderSink) {
    this.#nextSeq = firstSeq | 0;
    this.#room = room;
    this.#sink = sink;
  }

  /** A segment of `length` bytes on the wire, `captured` of which stand at `bytes[start]`. */
  push(seq: number, bytes: Uint8Array, start: number, captured: number, length: number): void {
    if (seqDiff(seq, this.#nextSeq) > 0) {
      this.#wait(seq | 0, bytes.subarray(start, start + captured), length);
      return;
    }
    this.#deliver(seq | 0, bytes, start, captured, length);
    this.#drain();
  }

  /** The other end has all bytes below `ack`: those that are missing here will not come any more. */
  acknowledged(ack: number): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (seqDiff(ack, first.seq) < 0) return;
      this.#giveUp(first);
    }
  }

  /** Nothing more will come: gives out what waits. */
  finish(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) this.#giveUp(first);
  }

  #deliver(seq: number, bytes: Uint8Array, start: number, captured: number, length: number): void {
    const known = -seqDiff(seq, this.#nextSeq);
    if (known >= length) return;
    const position = this.#position;
    this.#position += length - known;
    this.#nextSeq = (seq + length) | 0;
    if (known < captured) this.#sink(bytes, start + known, start + captured, position);
  }

  #wait(seq: number, bytes: Uint8Array, length: number): void {
    if (this.#waiting.some((one) => one.seq === seq && one.length >= length)) return;
    // The bytes lie in a buffer that is used again.
    const waiting = { seq, bytes: bytes.slice(), length };
    const behind = this.#waiting.findIndex((one) => seqDiff(one.seq, seq) > 0);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiting);
    this.#waitingBytes += costOf(waiting);
    this.#room.left -= costOf(waiting);
    while ((this.#waitingBytes > MOST_WAITING || this.#room.left < 0) && this.#waiting.length > 0) {
      this.#giveUp(this.#waiting[0] as Waiting);
    }
  }

  /** The bytes ahead of what waits are missing for good. */
  #giveUp({ seq }: Waiting): void {
    this.#position += Math.max(0, seqDiff(seq, this.#nextSeq));
    this.#nextSeq = seq;
    this.#drain();
  }

  #drain(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (seqDiff(first.seq, this.#nextSeq) > 0) return;
      this.#waiting.shift();
      this.#waitingBytes -= costOf(first);
      this.#room.left += costOf(first);
      this.#deliver(first.seq, first.bytes, 0, first.bytes.length, first.length);
    }
  }
}

/** An object costs something even if all its bytes were cut off. */
const costOf = ({ bytes }: Waiting): number => bytes.length + 128;
