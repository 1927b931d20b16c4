/** What the parts of the tracker share: the records, the observer, and the rare, rich things that do not fit into a record. */
import type { KeyLog } from "../../protocols/tls/key-log.js";
import { isPipelined, type ReadProtocol } from "../streams/reading.js";
import type { BegunRequest } from "../streams/requests-in.js";
import type { StreamExchange } from "../streams/stream-exchange.js";
import { Streams, type StreamsOwner } from "../streams/streams.js";
import { EndedExchange, type Troubles } from "./ended-exchange.js";
import type { CaptureProtocol, FlowObserver, Resend, Side } from "./flow-events.js";
import { F, type FlowSlab, OF_EXCHANGE, RS, rareSideOf, recordOf, STATE } from "./flow-slab.js";
import type { FlowTable } from "./flow-table.js";
import { FlowView, PROTOCOLS } from "./flow-view.js";
import { ToldLateAck } from "./late-ack.js";
import { PacketNotes } from "./packet-notes.js";

/** Prompt holds for each that was not. */
const PROMPT_PER_LOOSE = 2;

export class Tracking implements StreamsOwner {
  readonly observer: FlowObserver;
  readonly slab: FlowSlab;
  readonly notes = new PacketNotes();
  /** Flows that are read inside. */
  readonly streams: Streams;
  /** By slot: requests that are looked at, and go on (./pipelining.ts). */
  readonly begun = new Map<number, BegunRequest>();
  /** The exchange that the observer is told of, and the late ACK. */
  readonly ended = new EndedExchange(this);
  readonly late = new ToldLateAck(this);
  readonly #table: FlowTable;
  readonly #views: (FlowView | undefined)[] = [];
  readonly #troubles: (Troubles | undefined)[] = [];
  readonly #probes = new Map<number, Resend>();
  #lastId = 0;

  constructor(table: FlowTable, observer: FlowObserver, keyLog: KeyLog | undefined) {
    this.#table = table;
    this.slab = table.slab;
    this.streams = new Streams(observer, this, keyLog);
    this.observer = this.streams.observer;
  }

  /** Flows that were seen so far. */
  get flowsSeen(): number {
    return this.#lastId;
  }

  nextId(): number {
    this.#lastId++;
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
    this.begun.delete(slot);
    this.#probes.delete(2 * slot);
    this.#probes.delete(2 * slot + 1);
    return view;
  }

  /** The flow's object. */
  view(slot: number): FlowView {
    return this.#views[slot] as FlowView;
  }

  tellStream(slot: number, exchange: StreamExchange, quiet: boolean): void {
    this.slab.ints[recordOf(slot) + F.exchanges]! += 1;
    if (this.observer.exchange === undefined) return;
    this.ended.fillFrom(slot, exchange, quiet);
    this.observer.exchange(this.ended);
  }

  readAs(slot: number, protocol: ReadProtocol): void {
    const state = recordOf(slot) + F.state;
    const { ints } = this.slab;
    ints[state] =
      ((ints[state] as number) & ~STATE.protocolMask) | (PROTOCOLS.indexOf(protocol) << STATE.protocolShift);
  }

  /** Holds of this end whose release was not prompt are believed in the breakdown: it has shown enough prompt ones. */
  believesLoose(slot: number, side: Side): boolean {
    const { rare } = this.slab;
    const mine = rareSideOf(slot, side);
    return (rare[mine + RS.promptHolds] as number) >= PROMPT_PER_LOOSE * (rare[mine + RS.looseHolds] as number);
  }

  leave(slot: number, after: "nothing-told" | "exchanges-told", isGap: boolean): void {
    const state = recordOf(slot) + F.state;
    const { ints } = this.slab;
    ints[state]! &= ~STATE.readInside;
    if (after === "exchanges-told") {
      ints[state]! &= ~OF_EXCHANGE;
      this.takeTroubles(slot);
    }
    // Behind a gap it can be read again once it has paused.
    const protocol = PROTOCOLS[
      ((ints[state] as number) & STATE.protocolMask) >> STATE.protocolShift
    ] as CaptureProtocol;
    if (isGap && isPipelined(protocol))
      ints[state]! |= STATE.pipelinable | STATE.outOfStep | STATE.asksAhead | STATE.readAgain;
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
