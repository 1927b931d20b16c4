/**
 * The last packets of every flow, for the ladder of an exchange worth showing. One ring for all flows, written from front to back:
 * a ring per flow would cost a cache miss per packet. Each note names the one before it of the same flow; what the ring has
 * overwritten since is forgotten. (`npm run bench -- pcap` watches it.)
 */

import type { Packet } from "../decode/packet.js";
import type { EarlyAck, PacketNote, Side } from "./flow-events.js";

/** A power of two: at 100,000 packets per second, the last 2.6 seconds. */
const ROOM = 1 << 18;
const MASK = ROOM - 1;
/** Most notes that a flow is asked for. */
const MOST = 16;

/** A note is 32 bytes: a time, and in the view of 32-bit integers the packet's number, its facts, and the note before. */
const STRIDE = 4;
const INTS = 2 * STRIDE;
const NUMBER = 2;
/** Payload, flags, side: 20, 8 and 1 bits. */
const FACTS = 3;
const EARLIER = 4;

export class PacketNotes {
  readonly #times = new Float64Array(ROOM * STRIDE);
  readonly #ints = new Int32Array(this.#times.buffer);
  /** Notes taken so far; 0 stands for none. */
  #taken = 0;

  /** @param earlier what this gave for the flow's packet before; 0: this is its first */
  take(p: Packet, side: Side, earlier: number): number {
    const note = (this.#taken + 1) | 0;
    const at = note & MASK;
    this.#taken = note;
    this.#times[at * STRIDE] = p.atNs;
    const ints = this.#ints;
    ints[at * INTS + NUMBER] = p.number;
    ints[at * INTS + FACTS] = (p.payloadLength << 9) | ((p.flags & 0xff) << 1) | side;
    ints[at * INTS + EARLIER] = earlier;
    return note;
  }

  /** The packets of a flow, its last 16 at most, with numbers from `first` to `last`, oldest first. @param newest its last note */
  between(newest: number, first: number, last: number): PacketNote[] {
    const notes: PacketNote[] = [];
    for (let note = newest, n = 0; n < MOST && this.#holds(note, first); note = this.#earlier(note), n++) {
      const number = this.#number(note);
      if (number > last) continue;
      const facts = this.#facts(note);
      notes.push({
        number,
        atNs: this.#times[(note & MASK) * STRIDE] as number,
        from: (facts & 1) as Side,
        bytes: facts >>> 9,
        flags: (facts >> 1) & 0xff,
      });
    }
    return notes.reverse();
  }

  /** Of the exchange that these packets are: the ACK between the request's last byte and the answer's first, if there was one. */
  earlyAck(newest: number, first: number, last: number, client: Side): EarlyAck | null {
    let [askedNs, ackNs, answerNs] = [Number.NaN, Number.NaN, Number.NaN];
    // Back in time: what was found between a request's last byte and an answer's first counts for the earliest of these.
    for (let note = newest, n = 0; n < MOST && this.#holds(note, first); note = this.#earlier(note), n++) {
      if (this.#number(note) > last) continue;
      const facts = this.#facts(note);
      const atNs = this.#times[(note & MASK) * STRIDE] as number;
      const hasData = facts >>> 9 > 0;
      if ((facts & 1) !== client) {
        if (hasData) [askedNs, ackNs, answerNs] = [Number.NaN, Number.NaN, atNs];
        else if (Number.isNaN(askedNs)) ackNs = atNs;
      } else if (hasData && Number.isNaN(askedNs)) askedNs = atNs;
    }
    const afterRequestNs = ackNs - askedNs;
    const beforeAnswerNs = answerNs - ackNs;
    return Number.isNaN(afterRequestNs + beforeAnswerNs) ? null : { afterRequestNs, beforeAnswerNs };
  }

  #number(note: number): number {
    return (this.#ints[(note & MASK) * INTS + NUMBER] as number) >>> 0;
  }

  #facts(note: number): number {
    return this.#ints[(note & MASK) * INTS + FACTS] as number;
  }

  #earlier(note: number): number {
    return this.#ints[(note & MASK) * INTS + EARLIER] as number;
  }

  /** Whether the note is there still, and of a packet with this number or a later one. */
  #holds(note: number, first: number): boolean {
    const age = (this.#taken - note) | 0;
    return note !== 0 && age >= 0 && age < ROOM && this.#number(note) >= first;
  }
}
