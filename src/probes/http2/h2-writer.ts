/** Writes frames, each piece of a request in a system call of its own where a split was asked for (TLS: in a record of its own). */
import { FRAME } from "../../protocols/h2/names.js";
import type { OutFrame, Output } from "../../protocols/h2/outbox.js";
import { Alarm, nowNs } from "../clock.js";
import type { NetConnection } from "../tcp/net-connection.js";
import type { H2Plan } from "./h2-plan.js";

interface Piece {
  readonly bytes: Uint8Array;
  /** The stream whose request begins with this piece, and the one whose request ends with it; 0: none. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  /** The next piece belongs to the same request: a pause (`--gap`) stands between them. */
  readonly pause: boolean;
}

/** Told around each write. `nowNs` is the clock just before the system call. */
export interface Written {
  /** The first byte of a stream's request is being written. */
  began(streamId: number, nowNs: number): void;
  /** Its last byte. @param writes system calls that the request took */
  ended(streamId: number, nowNs: number, writes: number): void;
}

/**
 * A split is real only when each piece is with the kernel before the next is written: Node joins what it has to queue into one
 * writev. So a piece goes out when `writableLength` is 0, else with the callback of the write before (as in net-writer.ts).
 */
export class H2Writer {
  readonly #plan: H2Plan;
  readonly #connection: NetConnection;
  readonly #written: Written;
  readonly #quickack: boolean | undefined;
  readonly #apart: boolean;
  readonly #gap = new Alarm(() => {
    this.#pausing = false;
    this.#advance();
  });
  /** Between two pieces (`--gap`): neither a write that was taken nor a new frame may cut it short. */
  #pausing = false;
  #queue: Piece[] = [];
  #writes = 0;
  #stopped = false;

  constructor(plan: H2Plan, connection: NetConnection, written: Written) {
    const { quickack, cork, cuts } = plan.behaviour;
    this.#plan = plan;
    this.#connection = connection;
    this.#written = written;
    this.#quickack = quickack === "default" ? undefined : quickack === "on";
    this.#apart = cuts.length > 0 || cork || this.#quickack !== undefined;
  }

  /** Bytes that wait in this process. */
  get backlog(): number {
    return this.#connection.stream.writableLength;
  }

  write(output: Output): void {
    if (this.#apart) this.#queue.push(...this.#pieces(output));
    else this.#queue.push(whole(output.bytes, output.frames));
    this.#advance();
  }

  /** The callback of a write. */
  taken(): void {
    this.#advance();
  }

  received(): void {
    if (this.#quickack !== undefined) this.#plan.options?.setQuickAck(this.#connection.fd, this.#quickack);
  }

  stop(): void {
    this.#stopped = true;
    this.#gap.cancel();
    this.#queue = [];
  }

  #advance(): void {
    const { stream, fd } = this.#connection;
    const { behaviour, options } = this.#plan;
    while (!this.#stopped && !this.#pausing) {
      if (this.#apart && stream.writableLength !== 0) return;
      const piece = this.#queue.shift();
      if (piece === undefined) return;
      if (behaviour.cork && piece.begins.length > 0) options?.setCork(fd, true);
      const now = nowNs();
      for (const id of piece.begins) {
        this.#writes = 0;
        this.#written.began(id, now);
      }
      this.#writes++;
      if (this.#apart) stream.write(piece.bytes, this.#connection.taken);
      else stream.write(piece.bytes);
      for (const id of piece.ends) this.#written.ended(id, now, this.#writes);
      if (behaviour.cork && piece.ends.length > 0) options?.setCork(fd, false);
      if (piece.ends.length > 0) this.received();
      if (piece.pause && behaviour.gapNs > 0) {
        this.#pausing = true;
        this.#gap.set(now + behaviour.gapNs);
        return;
      }
    }
  }

  /** Requests that are here whole are cut as asked; all else, such as a body that had to wait for window, goes as it comes. */
  #pieces({ bytes, frames }: Output): Piece[] {
    const pieces: Piece[] = [];
    for (let from = 0; from < frames.length; ) {
      const first = frames[from] as OutFrame;
      let to = from + 1;
      while (to < frames.length && frames[to]?.streamId === first.streamId) to++;
      const own = frames.slice(from, to);
      const [start, end] = [first.start, (own.at(-1) as OutFrame).end];
      const isRequest = first.type === FRAME.HEADERS && end - start === this.#plan.requestBytes;
      if (isRequest) pieces.push(...this.#cut(bytes.subarray(start, end), first.streamId));
      else pieces.push(whole(bytes.subarray(start, end), own));
      from = to;
    }
    return pieces;
  }

  #cut(request: Uint8Array, streamId: number): Piece[] {
    const edges = [0, ...this.#plan.behaviour.cuts, request.length];
    const last = edges.length - 2;
    return edges.slice(1).map((end, at) => ({
      bytes: request.subarray(edges[at], end),
      begins: at === 0 ? [streamId] : [],
      ends: at === last ? [streamId] : [],
      pause: at < last,
    }));
  }
}

const END_STREAM = 0x1;

function whole(bytes: Uint8Array, frames: readonly OutFrame[]): Piece {
  const begins = frames.filter(({ type }) => type === FRAME.HEADERS).map(({ streamId }) => streamId);
  const ends = frames
    .filter(({ type, flags }) => (type === FRAME.HEADERS || type === FRAME.DATA) && (flags & END_STREAM) !== 0)
    .map(({ streamId }) => streamId);
  return { bytes, begins, ends, pause: false };
}
