/** What the parts of the tracker share: the records, the observer, and the rare, rich things that do not fit into a record. */
import { EndedExchange, type Troubles } from "./ended-exchange.js";
import type { FlowObserver, Resend, Side } from "./flow-events.js";
import { F, type FlowSlab, recordOf, STATE } from "./flow-slab.js";
import type { FlowTable } from "./flow-table.js";
import { FlowView } from "./flow-view.js";
import { ToldLateAck } from "./late-ack.js";
import { PacketNotes } from "./packet-notes.js";

export class Tracking {
  readonly observer: FlowObserver;
  readonly slab: FlowSlab;
  readonly notes = new PacketNotes();
  /** The exchange that the observer is told of, and the late ACK. */
  readonly ended = new EndedExchange(this);
  readonly late = new ToldLateAck(this);
  readonly #table: FlowTable;
  readonly #views: (FlowView | undefined)[] = [];
  readonly #troubles: (Troubles | undefined)[] = [];
  readonly #probes = new Map<number, Resend>();
  #lastId = 0;

  constructor(table: FlowTable, observer: FlowObserver) {
    this.#table = table;
    this.slab = table.slab;
    this.observer = observer;
  }

  /** Flows that were seen so far. */
  get flowsSeen(): number {
    return this.#lastId;
  }

  begin(slot: number): void {
    this.#lastId++;
    const view = new FlowView(this.#lastId, this.#table.ends(slot), this.slab, slot);
    this.#views[slot] = view;
    this.#troubles[slot] = undefined;
    this.observer.flowStarted?.(view);
  }

  /** The flow has ended, and its record makes room. */
  end(slot: number): FlowView {
    const view = this.view(slot);
    view.freeze();
    this.#views[slot] = undefined;
    this.#troubles[slot] = undefined;
    this.#probes.delete(2 * slot);
    this.#probes.delete(2 * slot + 1);
    return view;
  }

  /** The flow's object. */
  view(slot: number): FlowView {
    return this.#views[slot] as FlowView;
  }

  troubles(slot: number): Troubles {
    this.slab.ints[recordOf(slot) + F.state]! |= STATE.troubled;
    const known = this.#troubles[slot];
    if (known !== undefined) return known;
    const made: Troubles = { holds: [], resends: [], windowStalls: [] };
    this.#troubles[slot] = made;
    return made;
  }

  /** Takes what has delayed the exchange away from the flow; to be asked only if the record's state says that something has. */
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
}
