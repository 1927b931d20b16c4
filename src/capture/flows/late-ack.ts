/** A late ACK as observers see it: one object, filled anew for each, since a capture may have hundreds of thousands. */
import type { Flow, LateAck, Side } from "./flow-events.js";
import { F, type FlowSlab, recordOf, S, ST, STATE, sideOf } from "./flow-slab.js";

interface Records {
  readonly slab: FlowSlab;
  view(slot: number): Flow;
}

export class ToldLateAck implements LateAck {
  slot = 0;
  client: Side | null = null;
  receiver: Side = 0;
  atNs = Number.NaN;
  ackDelayNs = Number.NaN;
  readonly #records: Records;
  #data = 0;
  #ack = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  get flow(): Flow {
    return this.#records.view(this.slot);
  }

  get packets(): readonly [data: number, ack: number] {
    return [this.#data >>> 0, this.#ack >>> 0];
  }

  /** Takes over what the flow's record says of the ACK of `receiver`. */
  fill(slot: number, receiver: Side): void {
    const { ints, times } = this.#records.slab;
    const sender = sideOf(slot, receiver === 0 ? 1 : 0);
    const client = (ints[recordOf(slot) + F.state] as number) & STATE.client;
    this.slot = slot;
    this.client = client === 0 ? null : client === 1 ? 0 : 1;
    this.receiver = receiver;
    this.atNs = times[(sender >> 1) + ST.ackAt] as number;
    const tookNs = this.atNs - (times[(sender >> 1) + ST.sentAt] as number);
    this.ackDelayNs = tookNs - (times[(sideOf(slot, receiver) >> 1) + ST.leg] as number);
    this.#data = ints[sender + S.sentPacket] as number;
    this.#ack = ints[sender + S.ackPacket] as number;
  }
}
