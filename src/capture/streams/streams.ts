/**
 * Connections that are read inside: HTTP/2 in clear text, with a key log HTTP/1.1 and HTTP/2 in TLS, and memcached, Redis and HTTP/1.1 in
 * clear text from where their clients send requests ahead of answers (../flows/pipelining.ts). Their exchanges are what is asked and
 * answered there, instead of who speaks in turn. Of the segments of all other connections this is told nothing.
 */
import { printable } from "../../protocols/printable.js";
import type { KeyLog } from "../../protocols/tls/key-log.js";
import type { Sender } from "../../protocols/tls/plaintext.js";
import type { Packet } from "../decode/packet.js";
import type { CaptureProtocol, Flow, FlowObserver, Side } from "../flows/flow-events.js";
import { PROTOCOLS } from "../flows/flow-view.js";
import { ConnectionTap, type TapKind, type TapOwner } from "./connection-tap.js";
import type { Room } from "./in-order.js";
import type { PipelineStart } from "./pipeline-start.js";
import { InsideCounts, type ReadInside } from "./read-inside.js";
import { isPipelined, type Pipelined, type ReadProtocol } from "./reading.js";
import { beginsWithSettings, looksLikeFrames, wantsUpgrade } from "./recognise.js";
import type { StreamExchange, Trouble } from "./stream-exchange.js";

/** Bytes that wait for holes to be filled, of all connections together. */
const ROOM_BYTES = 64 << 20;
/** Connections that are read at once: each keeps header tables and windows. */
const MOST_CONNECTIONS = 20_000;
const NAMES: Readonly<Record<ReadProtocol, string>> = {
  h2: "HTTP/2",
  http1: "HTTP/1.1",
  memcached: "memcached",
  redis: "Redis",
};

/** Where the flows are. */
export interface StreamsOwner {
  /** A hold of this end is to be believed even if its release was not prompt. */
  believesLoose(slot: number, side: Side): boolean;
  view(slot: number): Flow;
  /** Tells of an exchange of the flow. @param quiet nothing was held back, sent again or closed on the flow since the one before */
  tellStream(slot: number, exchange: StreamExchange, quiet: boolean): void;
  readAs(slot: number, protocol: ReadProtocol): void;
  /**
   * The flow is not read inside any more: its exchanges are who speaks in turn, as in any other.
   * @param after what it is left after: exchanges that were told, and the one that seems to run is perhaps one of them
   */
  leave(slot: number, after: "nothing-told" | "exchanges-told", isGap: boolean): void;
}

interface Tapped {
  readonly tap: ConnectionTap;
  readonly client: Side;
  told: number;
  /** It was read before, and is counted. */
  readonly again: boolean;
  /** Something was held back, sent again or closed since the last exchange. */
  eventful: boolean;
}

export class Streams {
  /** Tells on all that the tracker tells; what delays a connection that is read inside is also given to its exchanges. */
  readonly observer: FlowObserver;
  readonly #told: FlowObserver;
  readonly #owner: StreamsOwner;
  readonly #keyLog: KeyLog | undefined;
  readonly #room: Room = { left: ROOM_BYTES };
  readonly #taps = new Map<number, Tapped>();
  readonly #inside = new InsideCounts();

  /** @param keyLog asked when a connection's hellos were read; while it is empty, or undefined, TLS stays closed */
  constructor(told: FlowObserver, owner: StreamsOwner, keyLog: KeyLog | undefined) {
    this.#told = told;
    this.#owner = owner;
    this.#keyLog = keyLog;
    this.observer = this.#listening();
  }

  get readInside(): ReadInside {
    return this.#inside.told;
  }

  /**
   * The first data of a flow's client.
   * @param protocol what it looks like, as an index into PROTOCOLS
   * @returns whether the flow is to be read inside: then `segment` is to be told of all its segments with data, this one included
   */
  begin(slot: number, client: Side, protocol: number, p: Packet): boolean {
    const kind = this.#kindOf(slot, PROTOCOLS[protocol] as CaptureProtocol, p);
    return kind !== undefined && this.#open(slot, client, kind, { client: p.seq, server: p.ack });
  }

  /** Data of a server that was not asked yet: those of HTTP/2 send their SETTINGS as soon as a connection is open. @returns as `begin` */
  greeted(slot: number, client: Side, p: Packet): boolean {
    if (!looksLikeFrames(p)) return false;
    const fromStart = this.#owner.view(slot).handshakeSeen;
    if (fromStart && !beginsWithSettings(p)) return false;
    return this.#open(slot, client, fromStart ? "h2" : "h2-middle", { client: p.ack, server: p.seq });
  }

  /** The flow's client sends requests ahead of answers. @returns as `begin` */
  pipelined(slot: number, { client, kind, firstSeq, eventful, again, outstanding }: PipelineStart): boolean {
    if (!this.#open(slot, client, kind, firstSeq, { eventful, again })) return false;
    if (outstanding !== undefined) this.#taps.get(slot)?.tap.begin(outstanding);
    return true;
  }

  /** The flow's requests are pipelined, and are not told apart. */
  missed(kind: Pipelined): void {
    this.#inside.unread(
      `${NAMES[kind]} is pipelined, and what was asked before is not known: until it pauses, exchanges are told by who speaks in turn`,
    );
  }

  #open(
    slot: number,
    client: Side,
    kind: TapKind,
    firstSeq: Readonly<Record<Sender, number>>,
    { eventful, again } = { eventful: false, again: false },
  ): boolean {
    if (this.#taps.size >= MOST_CONNECTIONS) {
      this.#inside.unread(`only ${MOST_CONNECTIONS} connections are read inside at once`);
      return false;
    }
    const shared = { room: this.#room, keyLog: this.#keyLog };
    const tap = new ConnectionTap(kind, this.#tapOwner(slot, kind, client), firstSeq, shared);
    this.#taps.set(slot, { tap, client, told: 0, eventful, again });
    return true;
  }

  /** A segment with data, after the tracker has dealt with it. */
  segment(slot: number, side: Side, p: Packet): void {
    const tapped = this.#taps.get(slot);
    if (tapped === undefined) return;
    const full = this.#owner.view(slot).mss[side];
    tapped.tap.segment(side === tapped.client ? "client" : "server", p, full === 0 || p.payloadLength % full !== 0);
  }

  /** The flow is about to end. */
  end(slot: number): void {
    this.#taps.get(slot)?.tap.finish();
    this.#taps.delete(slot);
  }

  #kindOf(slot: number, protocol: CaptureProtocol, p: Packet): TapKind | undefined {
    if (protocol === "tls") return (this.#keyLog?.connections ?? 0) > 0 ? "tls" : undefined;
    if (protocol === "h2") return "h2";
    if (protocol === "http1") return wantsUpgrade(p) ? "h2c-upgrade" : undefined;
    const inTheMiddle = protocol === "unknown" && !this.#owner.view(slot).handshakeSeen;
    return inTheMiddle && looksLikeFrames(p) ? "h2-middle" : undefined;
  }

  #tapOwner(slot: number, kind: TapKind, client: Side): TapOwner {
    const sideOf = (sender: Sender): Side => (sender === "client" ? client : client === 0 ? 1 : 0);
    const now = (): { packet: number; atNs: number } => this.#taps.get(slot)?.tap.running.now ?? { packet: 0, atNs: 0 };
    return {
      ended: (exchange) => this.#ended(slot, exchange),
      reads: (protocol) => this.#reads(slot, kind, protocol),
      cannotRead: (reason, isGap) => {
        const { told = 0, again = false } = this.#taps.get(slot) ?? {};
        if (!again || !isGap) this.#inside.unread(reason);
        // What was told already is counted by what was asked, and must not be mixed with anything else. Pipelined requests
        // are asked in turn as well: between two pauses.
        if (told > 0 && !isPipelined(kind)) return;
        this.#taps.delete(slot);
        this.#owner.leave(slot, told > 0 ? "exchanges-told" : "nothing-told", isGap);
      },
      legNs: (of) => this.#owner.view(slot).legNs[sideOf(of)] ?? 0,
      goaway: (from, { debug, ...goaway }) => {
        const flow = this.#owner.view(slot);
        this.#told.goaway?.({ flow, by: sideOf(from), ...now(), ...goaway, debug: printable(debug) });
      },
      waitedForWindow: (from, { closed, opened }) => {
        const event = {
          flow: this.#owner.view(slot),
          sender: sideOf(from),
          packets: [closed.packet, opened.packet, now().packet] as const,
          atNs: closed.atNs,
          closedNs: now().atNs - closed.atNs,
        };
        this.#delayed(event.flow, from, { kind: "flow-control", event });
        this.#told.flowControlStall?.(event);
      },
    };
  }

  #listening(): FlowObserver {
    const told = this.#told;
    const sender = ({ client }: Tapped, side: Side): Sender => (side === client ? "client" : "server");
    return {
      ...passedOn(told),
      hold: (event) => {
        const tapped = this.#taps.get(event.flow.slot);
        if (tapped !== undefined) {
          const believed = event.prompt || this.#owner.believesLoose(event.flow.slot, event.sender);
          this.#delayed(event.flow, sender(tapped, event.sender), { kind: "hold", event, believed });
        }
        told.hold?.(event);
      },
      resend: (event) => {
        const tapped = this.#taps.get(event.flow.slot);
        if (tapped !== undefined) this.#delayed(event.flow, sender(tapped, event.sender), { kind: "resend", event });
        told.resend?.(event);
      },
      windowStall: (event) => {
        const tapped = this.#taps.get(event.flow.slot);
        const from = event.receiver === 0 ? 1 : 0;
        if (tapped !== undefined) this.#delayed(event.flow, sender(tapped, from), { kind: "window", event });
        told.windowStall?.(event);
      },
      reset: (flow, by, packet, atNs, duringExchange) => {
        const running = this.#taps.get(flow.slot)?.tap.running;
        const cut = running === undefined ? duringExchange : duringExchange || running.unanswered > 0;
        told.reset?.(flow, by, packet, atNs, cut);
      },
    };
  }

  #delayed({ slot }: Flow, sender: Sender, trouble: Trouble): void {
    const tapped = this.#taps.get(slot);
    if (tapped === undefined) return;
    tapped.eventful = true;
    tapped.tap.running.delayed(sender, trouble);
  }

  #ended(slot: number, exchange: StreamExchange): void {
    const tapped = this.#taps.get(slot);
    if (tapped === undefined) return;
    const quiet = !tapped.eventful && !exchange.troubled;
    tapped.told++;
    const { kind } = tapped.tap;
    if (tapped.told === 1 && !tapped.again && isPipelined(kind)) this.#inside.read(`pipelined ${NAMES[kind]}`);
    tapped.eventful = false;
    this.#owner.tellStream(slot, exchange, quiet);
  }

  #reads(slot: number, kind: TapKind, protocol: ReadProtocol): void {
    this.#owner.readAs(slot, protocol);
    // Until the server agrees to an upgrade it is HTTP/1.1 as any other; pipelined requests count once one was answered.
    if ((kind !== "h2c-upgrade" && !isPipelined(kind)) || protocol === "h2") {
      this.#inside.read(`${NAMES[protocol]} ${kind === "tls" ? "in TLS" : "in clear text"}`);
    }
  }
}

/** What is told on as it is: as functions of their own, since one of these is called for every exchange. */
function passedOn(told: FlowObserver): FlowObserver {
  const events = ["flowStarted", "handshake", "exchange", "lateAck", "nagleOff", "flowEnded"] as const;
  const heard = events.filter((event) => told[event] !== undefined);
  return Object.fromEntries(heard.map((event) => [event, (told[event] as () => void).bind(told)]));
}
