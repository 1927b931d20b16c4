/** Writes a request piece by piece, each piece in a system call of its own (TLS: in records of its own). */
import type { TimelineEvent } from "../../report/model.js";
import type { SocketOptions } from "../../sockets/socket-options.js";
import { Alarm, nowNs } from "../clock.js";
import type { Behaviour } from "../probe.js";
import type { NetConnection } from "./net-connection.js";

export interface WritePlan {
  /** The request, cut. */
  readonly pieces: readonly Uint8Array[];
  /** Write system calls that a piece takes (TLS: records). */
  readonly writesOf: readonly number[];
  readonly behaviour: Behaviour;
  /** null: this platform has none; then `behaviour` asks for none of them. */
  readonly options: SocketOptions | null;
}

/**
 * The proof that a piece travelled alone in its write: Node queues a write behind one that the kernel has not taken whole, and
 * sends the queue in one writev (under TLS: in one record). So a piece is only written when `writableLength` is 0, that is when
 * all before it is with the kernel; else its turn comes with the callback of the write before.
 */
export class PieceWriter {
  readonly #plan: WritePlan;
  readonly #onDone: (() => void) | undefined;
  readonly #quickack: boolean | undefined;
  /** Something is left to do once a piece is with the kernel, so writes get a callback. */
  readonly #follow: boolean;
  readonly #gap = new Alarm(() => this.#advance());
  #connection: NetConnection | null = null;
  #blocked = false;
  #written = 0;
  /** When each piece was written, on `nowNs()`. */
  readonly #writeNs: Float64Array;
  /** Write system calls of the request. */
  writes = 0;

  /** @param onDone called when the last piece has been written, also from within `begin` */
  constructor(plan: WritePlan, onDone?: () => void) {
    const { quickack, cork } = plan.behaviour;
    this.#plan = plan;
    this.#onDone = onDone;
    this.#quickack = quickack === "default" ? undefined : quickack === "on";
    this.#follow = plan.pieces.length > 1 || cork || this.#quickack !== undefined;
    this.#writeNs = new Float64Array(plan.pieces.length);
  }

  /** The last piece has been written. */
  get done(): boolean {
    return this.#written === this.#plan.pieces.length;
  }

  /** When the last piece was written, on `nowNs()`; NaN: it was not. */
  get wholeNs(): number {
    return this.done ? (this.#writeNs[this.#written - 1] as number) : Number.NaN;
  }

  /** Nothing of the next request has been written. */
  reset(): void {
    this.#written = 0;
    this.writes = 0;
  }

  /** Writes the first piece in this call. */
  begin(connection: NetConnection): void {
    this.#connection = connection;
    this.reset();
    if (this.#plan.behaviour.cork) this.#plan.options?.setCork(connection.fd, true);
    this.#advance();
  }

  /** The callback of a write: all that was written is with the kernel, unless more was written since. */
  taken(): void {
    if (this.#blocked) this.#advance();
  }

  /** Bytes came: TCP_QUICKACK is not sticky, the kernel falls back by itself (tcp(7)), so it is set anew after each read. */
  received(connection: NetConnection): void {
    if (this.#quickack !== undefined) this.#plan.options?.setQuickAck(connection.fd, this.#quickack);
  }

  /** The writes of the request, with times from `startNs` on. */
  events(startNs: number): TimelineEvent[] {
    return this.#plan.pieces.map((piece, index) => ({
      atNs: Math.round((this.#writeNs[index] as number) - startNs),
      event: "write",
      piece: index + 1,
      bytes: piece.length,
      source: "user",
    }));
  }

  /** Nothing more is written. */
  stop(): void {
    this.#gap.cancel();
    this.#blocked = false;
    this.#connection = null;
  }

  /** Writes the next piece, and those behind it that can follow at once. */
  #advance(): void {
    const connection = this.#connection;
    if (connection === null) return;
    const { stream } = connection;
    const { pieces, writesOf, behaviour } = this.#plan;
    for (;;) {
      this.#blocked = this.#follow && stream.writableLength !== 0;
      if (this.#blocked) return;
      const at = this.#written;
      if (at === pieces.length) break;
      this.#written = at + 1;
      this.writes += writesOf[at] as number;
      const now = nowNs();
      this.#writeNs[at] = now;
      if (this.#follow) stream.write(pieces[at] as Uint8Array, connection.taken);
      else stream.write(pieces[at] as Uint8Array);
      if (behaviour.gapNs > 0 && at + 1 < pieces.length) {
        this.#gap.set(now + behaviour.gapNs);
        return;
      }
    }
    if (behaviour.cork) this.#plan.options?.setCork(connection.fd, false);
    this.received(connection);
    this.#onDone?.();
  }
}
