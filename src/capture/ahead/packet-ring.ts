/**
 * A few slots of memory that two threads share: one fills them in turn with bytes of a file and the packets in them, the other takes
 * them in the same order and gives them back. So no packet is copied from thread to thread, and none is an object.
 * (`npm run bench -- pcap` watches it.)
 */
import { mostRows, PacketRows, ROW } from "../packets/packet-rows.js";

/** Small enough that the slots stay in the caches that the threads share. */
export const CHUNK_BYTES = 256 * 1024;
/** Behind the chunk, for a packet that began in the chunk before. */
export const SPARE_BYTES = 256 * 1024 + 64;
const SLOTS = 8;
/**
 * The filler looks for a free slot so often. It is not woken for one that is given back: the system call, and on a busy machine the
 * turn on the core, would be the taker's loss, which has more to do. All slots together last the taker longer than this.
 */
const LOOK_EVERY_MS = 1;

const ROW_BYTES = ROW * Int32Array.BYTES_PER_ELEMENT;
const ROWS = mostRows(CHUNK_BYTES);
const SLOT_BYTES = ROWS * ROW_BYTES + CHUNK_BYTES + SPARE_BYTES;
const HEAD_BYTES = 1024;

/** Places in the head: by slot, its state, rows, segments and datagrams in it, bytes of the file; and whether the taker wants no more. */
const STATE = 0;
const USED = 16;
const PACKETS = 32;
const BYTES = 48;
const STOPPED = 64;
const DATAGRAMS = 80;

const FREE = 0;
const FULL = 1;
/** There is nothing more to come. */
const OVER = 2;

export interface Slot {
  readonly rows: PacketRows;
  /** The chunk, and the spare bytes behind it. */
  readonly bytes: Uint8Array;
}

export interface TakenSlot extends Slot {
  /** Bytes of the file in it. */
  readonly fileBytes: number;
}

export const sharedMemory = (): SharedArrayBuffer => new SharedArrayBuffer(HEAD_BYTES + SLOTS * SLOT_BYTES);

class Ring {
  protected readonly head: Int32Array;
  readonly #slots: readonly Slot[];
  #turn = 0;

  constructor(memory: SharedArrayBuffer) {
    this.head = new Int32Array(memory, 0, HEAD_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.#slots = Array.from({ length: SLOTS }, (_, slot) => {
      const at = HEAD_BYTES + slot * SLOT_BYTES;
      const bytes = new Uint8Array(memory, at + ROWS * ROW_BYTES, CHUNK_BYTES + SPARE_BYTES);
      return { rows: new PacketRows(memory, at, ROWS), bytes };
    });
  }

  protected get turn(): number {
    return this.#turn;
  }

  protected get slot(): Slot {
    return this.#slots[this.#turn] as Slot;
  }

  protected next(): void {
    this.#turn = (this.#turn + 1) % SLOTS;
  }
}

/** The end that fills. It may wait for ever: not for a thread that has other things to do. */
export class RingFiller extends Ring {
  /** A slot to fill, once there is a free one; null: no more are wanted. */
  begin(): Slot | null {
    const at = STATE + this.turn;
    while (Atomics.load(this.head, at) === FULL) Atomics.wait(this.head, at, FULL, LOOK_EVERY_MS);
    if (Atomics.load(this.head, STOPPED) !== 0) return null;
    this.slot.rows.clear();
    return this.slot;
  }

  /** Hands the slot over. @param bytes of the file that are in it */
  filled(bytes: number): void {
    const { rows } = this.slot;
    this.head[USED + this.turn] = rows.used;
    this.head[PACKETS + this.turn] = rows.packets;
    this.head[DATAGRAMS + this.turn] = rows.datagrams;
    this.head[BYTES + this.turn] = bytes;
    this.#tell(FULL);
    this.next();
  }

  /** The last slot was handed over. To be called after `begin`. */
  over(): void {
    this.#tell(OVER);
  }

  #tell(state: number): void {
    Atomics.store(this.head, STATE + this.turn, state);
    Atomics.notify(this.head, STATE + this.turn);
  }
}

/** The end that takes. */
export class RingTaker extends Ring {
  /** The next slot; "over" after the last; null: none is ready within this time. */
  take(waitMs: number): TakenSlot | "over" | null {
    const at = STATE + this.turn;
    if (Atomics.load(this.head, at) === FREE) {
      // It may sleep on this slot, though all are free.
      Atomics.notify(this.head, at);
      Atomics.wait(this.head, at, FREE, waitMs);
    }
    const state = Atomics.load(this.head, at);
    if (state === FREE) return null;
    if (state === OVER) return "over";
    const { rows, bytes } = this.slot;
    rows.used = this.head[USED + this.turn] as number;
    rows.packets = this.head[PACKETS + this.turn] as number;
    rows.datagrams = this.head[DATAGRAMS + this.turn] as number;
    return { rows, bytes, fileBytes: this.head[BYTES + this.turn] as number };
  }

  /** The slot that was taken last may be filled again. */
  giveBack(): void {
    Atomics.store(this.head, STATE + this.turn, FREE);
    this.next();
  }

  /** No more are wanted: the filler finds out with its next slot. */
  stop(): void {
    Atomics.store(this.head, STOPPED, 1);
  }
}
