/**
 * UDP of a capture to QUIC connections: recognised by a client's first Initial, which opens without a key log, then followed by their ends,
 * and by connection ID where these change (RFC 9000 section 9) or are shared. Bounded: it keeps a connection's conversation, which
 * is large, only while that lives. Costs what UDP there is, and nothing for TCP.
 */
import type { KeyLog } from "../../protocols/tls/key-log.js";
import type { Packet } from "../decode/packet.js";
import type { FlowObserver } from "../flows/flow-events.js";
import { QuicConnection } from "./connection.js";
import { ConnectionIndex } from "./connection-index.js";
import { EarlyArrivals, isZeroRtt } from "./early-arrivals.js";
import {
  beginsConnection,
  hexOf,
  longHeaderDcid,
  looksLikeLongHeader,
  looksLikeShortHeader,
} from "./first-datagram.js";
import { InsideQuic } from "./inside.js";
import { type Path, Paths } from "./paths.js";

/** Where flows of any kind get their number, and their place among the flows that are kept at once. */
export interface FlowPlaces {
  openElsewhere(atNs: number, onEvicted: () => void): { readonly id: number; readonly slot: number };
  heardElsewhere(slot: number, atNs: number): void;
  endedElsewhere(slot: number): void;
}

type Ending = "closed" | "idle" | "evicted" | "end-of-capture";
/** What became of a datagram. */
type Taken = "quic" | "refused" | "udp" | "quic-without-begin" | "waits";

/** Conversations at once: each keeps keys, streams and packets in flight, 50 KiB and more. */
const MOST_CONNECTIONS = 10_000;
/** Ends without a connection are forgotten after this: what still comes is late. */
const LATE_NS = 10e9;
/** After a close, nothing more comes when three timeouts have passed (RFC 9000 section 10.2): generously. */
const DRAINED_NS = 3e9;
/** An idle connection is over after its idle timeout (RFC 9000 section 10.1), in these bounds: the client's half of it is known. */
const LEAST_IDLE_NS = 30e9;
const MOST_IDLE_NS = 600e9;
/** Datagrams between two looks for those that are over. */
const SWEEP_EVERY = 8_192;
const QUIC_PORTS: readonly number[] = [443, 853, 8443, 4433];
const NS_PER_MS = 1e6;

export class QuicConnections {
  readonly #observer: FlowObserver;
  readonly #places: FlowPlaces;
  readonly #keyLog: KeyLog | undefined;
  readonly #paths = new Paths();
  readonly #living = new Map<number, { readonly connection: QuicConnection; readonly path: Path }>();
  readonly #index = new ConnectionIndex(() => [...this.#living.values()].map(({ connection }) => connection));
  readonly #early = new EarlyArrivals();
  readonly inside = new InsideQuic();
  /** Datagrams of QUIC connections. */
  datagrams = 0;
  /** UDP that is none, or cannot be told. */
  readonly skipped = { udp: 0, "quic-without-begin": 0 };
  /** Connections that had to make room. */
  evicted = 0;
  /** Datagrams of connections that are not wanted. */
  refused = 0;
  #untilSweep = SWEEP_EVERY;

  constructor(observer: FlowObserver, places: FlowPlaces, keyLog: KeyLog | undefined) {
    this.#observer = observer;
    this.#places = places;
    this.#keyLog = keyLog;
  }

  /** Takes a UDP datagram, in the order of the capture. */
  take(p: Packet): void {
    const taken = this.#datagram(p, p.bytes.subarray(p.payloadStart, p.payloadStart + p.payloadCaptured));
    if (taken === "quic") this.datagrams++;
    else if (taken === "refused") this.refused++;
    else if (taken !== "waits") this.skipped[taken]++;
    this.#untilSweep--;
    if (this.#untilSweep === 0) this.#sweep(p.atNs);
  }

  /** The capture is over. */
  finish(): void {
    this.skipped["quic-without-begin"] += this.#early.drop();
    for (const { connection } of [...this.#living.values()]) this.#end(connection, "end-of-capture");
  }

  #datagram(p: Packet, datagram: Uint8Array): Taken {
    const path = this.#paths.find(p) ?? this.#moved(p, datagram);
    if (path === undefined) {
      if (beginsConnection(datagram, p.payloadCaptured < p.payloadLength))
        return this.#begin(this.#paths.add(p), p, datagram);
      if (looksLikeLongHeader(datagram) && isZeroRtt(datagram)) return this.#wait(p, datagram);
      const maybe = QUIC_PORTS.includes(p.srcPort) || QUIC_PORTS.includes(p.dstPort);
      return looksLikeLongHeader(datagram) || (maybe && looksLikeShortHeader(datagram)) ? "quic-without-begin" : "udp";
    }
    path.lastNs = p.atNs;
    const from = path.senderOf(p) as "client" | "server";
    if (from === "client" && this.#beginsAnother(path, p, datagram)) return this.#begin(path, p, datagram);
    if (path.refused) return "refused";
    const connection = ownerOf(path, from, datagram);
    if (connection !== undefined) this.#push(connection, path, from, p, datagram);
    return "quic";
  }

  #wait(p: Packet, datagram: Uint8Array): Taken {
    this.skipped["quic-without-begin"] += this.#early.keep(p, datagram);
    return "waits";
  }

  #push(connection: QuicConnection, path: Path, from: "client" | "server", p: Packet, datagram: Uint8Array): void {
    connection.push(from, p, datagram);
    this.#places.heardElsewhere(connection.slot, p.atNs);
    if (!connection.watch.conversation.anotherBegan || connection.over) return;
    this.#end(connection, "closed");
    this.#begin(path, p, datagram);
  }

  /** A client's Initial to a connection ID that none of the path's connections knows, and that opens by itself. */
  #beginsAnother(path: Path, p: Packet, datagram: Uint8Array): boolean {
    if (!looksLikeLongHeader(datagram)) return false;
    const dcid = longHeaderDcid(datagram);
    const known = path.connections.some((connection) => {
      const { conversation } = connection.watch;
      if (dcid === undefined || connection.firstIds.has(dcid)) return true;
      // Retry and Version Negotiation make a client begin anew in the same connection.
      const beginsAnew =
        conversation.suite === undefined && (conversation.retried || conversation.versionsNegotiated.length > 0);
      if (beginsAnew) connection.firstIds.add(dcid);
      return beginsAnew || conversation.connectionIds("server").includes(dcid);
    });
    return !known && beginsConnection(datagram, p.payloadCaptured < p.payloadLength);
  }

  #begin(path: Path, p: Packet, datagram: Uint8Array): Taken {
    path.lastNs = p.atNs;
    if (this.#living.size >= MOST_CONNECTIONS) this.#makeRoom();
    const place = this.#places.openElsewhere(p.atNs, () => this.#end(connection, "evicted"));
    const connection: QuicConnection = new QuicConnection(place, p, this.#observer);
    const tally = this.#observer.quicStarted?.(connection) ?? null;
    path.refused = tally === null;
    if (tally === null) {
      this.#places.endedElsewhere(place.slot);
      return "refused";
    }
    const hasKeys = this.#keyLog !== undefined && this.#keyLog.connections > 0;
    connection.watchWith(tally, hasKeys ? this.#keyLog : undefined);
    const dcid = longHeaderDcid(datagram);
    if (dcid !== undefined) connection.firstIds.add(dcid);
    path.connections = [...path.connections, connection];
    this.#living.set(connection.slot, { connection, path });
    this.#observer.flowStarted?.(connection);
    this.#push(connection, path, "client", p, datagram);
    for (const early of this.#early.take(p)) {
      this.datagrams++;
      this.#push(connection, path, "client", early.packet, early.datagram);
    }
    return "quic";
  }

  /** A client that goes on from another address or port sends to a connection ID that its server has issued. */
  #moved(p: Packet, datagram: Uint8Array): Path | undefined {
    if (this.#living.size === 0 || !looksLikeShortHeader(datagram)) return undefined;
    const connection = this.#index.find(datagram);
    if (connection === undefined) return undefined;
    const path = this.#paths.add(p);
    path.connections = [connection];
    return path;
  }

  #end(connection: QuicConnection, why: Ending): void {
    const known = this.#living.get(connection.slot);
    if (known === undefined || known.connection !== connection) return;
    connection.over = true;
    if (why === "evicted" && !connection.isClosed) this.evicted++;
    this.#living.delete(connection.slot);
    known.path.connections = known.path.connections.filter((one) => one !== connection);
    connection.finish();
    this.inside.add(connection.watch, connection.cut);
    this.#observer.flowEnded?.(connection, connection.isClosed ? "closed" : why);
    this.#places.endedElsewhere(connection.slot);
  }

  /** The one among the first few that was silent longest. */
  #makeRoom(): void {
    let victim: QuicConnection | undefined;
    let looked = 0;
    for (const { connection } of this.#living.values()) {
      if (victim === undefined || connection.endNs < victim.endNs) victim = connection;
      looked++;
      if (looked === 64) break;
    }
    if (victim !== undefined) this.#end(victim, "evicted");
  }

  #sweep(nowNs: number): void {
    this.#untilSweep = SWEEP_EVERY;
    for (const { connection } of [...this.#living.values()]) {
      const limitNs = connection.isClosed ? DRAINED_NS : idleNsOf(connection);
      if (nowNs - connection.endNs > limitNs) this.#end(connection, "idle");
    }
    this.#paths.forget(({ connections, lastNs }) => connections.every(({ over }) => over) && nowNs - lastNs > LATE_NS);
  }
}

/** Which of the connections of a path a datagram belongs to; undefined: they are over. */
function ownerOf(path: Path, from: "client" | "server", datagram: Uint8Array): QuicConnection | undefined {
  const { connections } = path;
  if (connections.length <= 1) return connections[0]?.over === true ? undefined : connections[0];
  const to = from === "client" ? "server" : "client";
  const living = connections.filter(({ over }) => !over);
  const dcid = longHeaderDcid(datagram);
  const addressed = living.find(({ watch, firstIds }) => {
    if (dcid !== undefined && firstIds.has(dcid)) return true;
    return watch.conversation.connectionIds(to).some((id) => {
      if (dcid !== undefined) return id === dcid;
      return id !== "" && datagram.length > id.length / 2 && hexOf(datagram, 1, id.length / 2) === id;
    });
  });
  return addressed ?? living.at(-1);
}

function idleNsOf({ watch }: QuicConnection): number {
  const timeoutMs = watch.conversation.transportParameters("client")?.maxIdleTimeoutMs ?? 0;
  if (timeoutMs === 0) return MOST_IDLE_NS;
  return Math.min(MOST_IDLE_NS, Math.max(LEAST_IDLE_NS, timeoutMs * NS_PER_MS));
}
