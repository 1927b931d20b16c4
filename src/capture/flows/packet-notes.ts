/**
 * The last packets of every flow, for the ladder of an exchange worth showing. One ring for all flows, written from front to back:
 * a ring per flow would cost a cache miss per packet. Each note names the one before it of the same flow; what the ring has
 * overwritten since is forgotten. (`npm run bench -- pcap` watches it.)
 */

import type { Packet } from "../decode/packet.js";
import type { PacketNote, Side } from "./flow-events.js";

/** A power of two: at 100,000 packets per second, the last 2.6 seconds. */
const ROOM = 1 << 18;
const MASK = ROOM - 1;
/** Most notes that a flow is asked for. */
const MOST = 16;

export class PacketNotes {
  readonly #times = new Float64Array(ROOM);
  readonly #numbers = new Uint32Array(ROOM);
  /** Payload, flags, side: 20, 8 and 1 bits. */
  readonly #facts = new Int32Array(ROOM);
  readonly #earlier = new Int32Array(ROOM);
  /** Notes taken so far; 0 stands for none. */
  #taken = 0;

  /** @param earlier what this gave for the flow's packet before; 0: this is its first */
  take(p: Packet, side: Side, earlier: number): number {
    const note = (this.#taken + 1) | 0;
    const at = note & MASK;
    this.#taken = note;
    this.#times[at] = p.atNs;
    this.#numbers[at] = p.number;
    this.#facts[at] = (p.payloadLength << 9) | ((p.flags & 0xff) << 1) | side;
    this.#earlier[at] = earlier;
    return note;
  }

  /** The flow's packets up to the note `last`, oldest first. */
  upTo(last: number): PacketNote[] {
    const notes: PacketNote[] = [];
    for (let note = last; notes.length < MOST && this.#holds(note); note = this.#earlier[note & MASK] as number) {
      const at = note & MASK;
      const facts = this.#facts[at] as number;
      notes.push({
        number: this.#numbers[at] as number,
        atNs: this.#times[at] as number,
        from: (facts & 1) as Side,
        bytes: facts >>> 9,
        flags: (facts >> 1) & 0xff,
      });
    }
    return notes.reverse();
  }

  #holds(note: number): boolean {
    const age = (this.#taken - note) | 0;
    return note !== 0 && age >= 0 && age < ROOM;
  }
}
