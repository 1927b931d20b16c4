/** What the parts of the tracker share: the records, the observer, and the rare, rich things that do not fit into a record. */
import type { FlowObserver, Hold, PacketNote, Resend, Side, WindowStall } from "./flow-events.js";
import { F, NOTE_FIELDS, NOTES, STRIDE } from "./flow-slab.js";
import type { FlowTable } from "./flow-table.js";
import { FlowView } from "./flow-view.js";

/** What has delayed the exchange that runs on a flow. */
export interface Troubles {
  readonly holds: Hold[];
  readonly resends: Resend[];
  readonly windowStalls: WindowStall[];
}

export class Tracking {
  readonly observer: FlowObserver;
  readonly #table: FlowTable;
  readonly #views: (FlowView | undefined)[] = [];
  readonly #troubles: (Troubles | undefined)[] = [];
  readonly #probes = new Map<number, Resend>();
  #lastId = 0;

  constructor(table: FlowTable, observer: FlowObserver) {
    this.#table = table;
    this.observer = observer;
  }

  /** Flows that were seen so far. */
  get flowsSeen(): number {
    return this.#lastId;
  }

  begin(slot: number): void {
    this.#views[slot] = undefined;
    this.#troubles[slot] = undefined;
    this.#probes.delete(2 * slot);
    this.#probes.delete(2 * slot + 1);
    this.#lastId++;
    const view = new FlowView(this.#lastId, this.#table.ends(slot), this.#table, slot);
    this.#views[slot] = view;
    this.observer.flowStarted?.(view);
  }

  /** The flow's object. */
  view(slot: number): FlowView {
    return this.#views[slot] as FlowView;
  }

  troubles(slot: number): Troubles {
    const known = this.#troubles[slot];
    if (known !== undefined) return known;
    const made: Troubles = { holds: [], resends: [], windowStalls: [] };
    this.#troubles[slot] = made;
    return made;
  }

  /** Takes what has delayed the exchange away from the flow; undefined: nothing has. */
  takeTroubles(slot: number): Troubles | undefined {
    const troubles = this.#troubles[slot];
    this.#troubles[slot] = undefined;
    return troubles;
  }

  /** A resend whose meaning the next ACK will tell. */
  waitForAck(slot: number, side: Side, probe: Resend): void {
    this.#probes.set(2 * slot + side, probe);
  }

  takeProbe(slot: number, side: Side): Resend | undefined {
    const probe = this.#probes.get(2 * slot + side);
    this.#probes.delete(2 * slot + side);
    return probe;
  }

  /** The flow's last packets, oldest first. */
  notes(slot: number): PacketNote[] {
    const noted = this.#table.slab[slot * STRIDE + F.noted] as number;
    const count = Math.min(noted, NOTES);
    return Array.from({ length: count }, (_, i) => {
      const at = (slot * NOTES + ((noted - count + i) % NOTES)) * NOTE_FIELDS;
      const packed = this.#table.notes[at + 2] as number;
      return {
        number: this.#table.notes[at] as number,
        atNs: this.#table.notes[at + 1] as number,
        from: (packed & 1) as Side,
        bytes: Math.floor(packed / 512),
        flags: (packed % 512) >> 1,
      };
    });
  }
}
