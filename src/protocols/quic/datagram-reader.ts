/**
 * Takes a connection's datagrams apart: headers, keys, payloads, in the order in which they can be opened. What comes of it stands
 * in its fields, which `QuicConversation` shows.
 */
import type { KeyLog } from "../tls/key-log.js";
import type { Sender } from "../tls/plaintext.js";
import { End } from "./end.js";
import type { QuicEmit } from "./events.js";
import { FrameReceiver } from "./frame-receiver.js";
import { QuicHandshake } from "./handshake.js";
import { isKnownVersion, type QuicVersion, VERSION } from "./names.js";
import { Openers } from "./openers.js";
import { isFault, type PacketHead, readHead } from "./packet-head.js";
import { retryIsGenuine } from "./packet-keys.js";
import { type OpenedPacket, PhasedOpener } from "./protection.js";
import { SpinBit } from "./spin.js";
import type { HandshakeTimes } from "./state.js";

/** Coalesced packets in one datagram; nobody sends more than four. */
const MOST_COALESCED = 16;
/** Packets that came ahead of what opens them. */
const MOST_PENDING = 64;
const MOST_PENDING_BYTES = 256 * 1024;

interface Pending {
  readonly from: Sender;
  readonly bytes: Uint8Array;
  readonly atNs: number;
}

type Times = { -readonly [K in keyof HandshakeTimes]: HandshakeTimes[K] };

export class DatagramReader {
  readonly #emit: QuicEmit;
  readonly ends: Readonly<Record<Sender, End>> = { client: new End(), server: new End() };
  readonly openers: Openers;
  readonly receiver: FrameReceiver;
  readonly spin = new SpinBit();
  handshake = new QuicHandshake();
  #pending: Pending[] = [];
  #pendingBytes = 0;
  clientVersion: number | undefined;
  serverVersion: QuicVersion | undefined;
  /** Destination Connection ID of the client's first Initial, which a Retry answers. */
  #originalDcid: Uint8Array | undefined;
  readonly times: Times = {
    firstInitialNs: undefined,
    versionNegotiationNs: undefined,
    retryNs: undefined,
    serverInitialNs: undefined,
    serverFinishedNs: undefined,
    clientFinishedNs: undefined,
    lastClientHandshakeNs: undefined,
    firstClientOneRttNs: undefined,
    firstServerOneRttNs: undefined,
    doneNs: undefined,
  };
  /** What the server offered in Version Negotiation; empty: there was none. */
  versionsNegotiated: readonly number[] = [];
  /** Whether the integrity tag of the Retry fits; undefined: there was none, or it could not be checked. */
  retryGenuine: boolean | undefined;
  /** Bytes at the end of datagrams that are no packet, or more packets than are read. */
  strayBytes = 0;
  /** The client has begun another connection from the same port: its packets are not read. */
  anotherBegan = false;

  constructor(keyLog: KeyLog | undefined, emit: QuicEmit) {
    this.#emit = emit;
    this.openers = new Openers(keyLog);
    this.receiver = new FrameReceiver(this.ends, emit);
  }

  /**
   * Takes a datagram, in the order of the capture.
   * @param datagram UDP payload; not kept, it may lie in a buffer that is used again
   * @param atNs integer nanoseconds since any origin
   */
  push(from: Sender, datagram: Uint8Array, atNs: number): void {
    const end = this.ends[from];
    end.datagrams++;
    end.bytes += datagram.length;
    let at = 0;
    for (let count = 0; at < datagram.length && count < MOST_COALESCED; count++) {
      if (at > 0 && !this.#goesOn(from, datagram, at)) break;
      const segmentEnd = this.#segmentEnd(from, datagram, at);
      const next = this.#packet(from, datagram.subarray(0, segmentEnd), at, atNs, true);
      if (next === undefined) break;
      if (next === segmentEnd && segmentEnd < datagram.length) {
        end.datagrams++;
        count = 0;
      }
      at = next;
    }
    this.strayBytes += datagram.length - at;
    if (this.#pending.length > 0) this.#retryPending();
  }

  /**
   * Where the datagram ends that a packet with a short header fills up. With what was captured, but for a capture ahead of
   * segmentation (UDP_SEGMENT of Linux, on loopback or at the sender): there several datagrams look like one, each with the same
   * connection ID at its start.
   */
  #segmentEnd(from: Sender, bytes: Uint8Array, at: number): number {
    if (isLong(bytes, at)) return bytes.length;
    const idStart = at + 1;
    const idBytes = this.ends[from === "client" ? "server" : "client"].ids.lengthAt(bytes, idStart);
    if (idBytes < LEAST_TELLING_ID_BYTES) return bytes.length;
    const id = bytes.subarray(idStart, idStart + idBytes);
    const again = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(id, idStart + idBytes);
    return again === -1 || isLong(bytes, again - 1) ? bytes.length : again - 1;
  }

  /**
   * Whether another packet begins there. All of a datagram have one connection ID, and what has another is to be ignored (RFC 9000
   * section 12.2): some fill up their datagrams with random bytes, as others do with zeros.
   */
  #goesOn(from: Sender, datagram: Uint8Array, at: number): boolean {
    if (isPadding(datagram, at)) return false;
    const { ids } = this.ends[from === "client" ? "server" : "client"];
    const first = readHead(datagram, 0, ids.lengthAt(datagram, 1));
    const next = readHead(datagram, at, ids.lengthAt(datagram, at + 1));
    return !isFault(first) && !isFault(next) && Buffer.compare(first.dcid, next.dcid) === 0;
  }

  /** @returns where the packet ends; undefined: it is none */
  #packet(from: Sender, bytes: Uint8Array, at: number, atNs: number, first: boolean): number | undefined {
    const peer = this.ends[from === "client" ? "server" : "client"];
    const head = readHead(bytes, at, peer.ids.lengthAt(bytes, at + 1));
    if (isFault(head)) return undefined;
    if (first) {
      this.ends[from].count(head.type, head.end - head.start);
      this.#notes(from, head, atNs);
    }
    switch (head.type) {
      case "version-negotiation":
        this.#negotiated(from, head, atNs);
        break;
      case "retry":
        this.#retried(from, bytes, head, atNs);
        break;
      case "unknown-version":
        break;
      case "initial":
        this.#initial(from, bytes, head, atNs);
        break;
      default:
        this.#protected(from, bytes, head, atNs, first);
    }
    return head.end;
  }

  /** What headers alone tell. */
  #notes(from: Sender, head: PacketHead, atNs: number): void {
    const times = this.times;
    if (from === "client") {
      if (head.version !== undefined) this.clientVersion = head.version;
      if (head.type === "initial" || head.type === "unknown-version") times.firstInitialNs ??= atNs;
      else if (head.type === "handshake") this.#clientHandshake(atNs);
      else if (head.type === "1-rtt") times.firstClientOneRttNs ??= atNs;
    } else if (head.type === "initial") times.serverInitialNs ??= atNs;
    else if (head.type === "1-rtt") times.firstServerOneRttNs ??= atNs;
  }

  /** What comes behind the first short header is only the Finished sent again, unless a client sends 1-RTT ahead of it. */
  #clientHandshake(atNs: number): void {
    const { firstClientOneRttNs, lastClientHandshakeNs } = this.times;
    if (firstClientOneRttNs === undefined || lastClientHandshakeNs === undefined)
      this.times.lastClientHandshakeNs = atNs;
  }

  #negotiated(from: Sender, head: PacketHead, atNs: number): void {
    if (from !== "server" || this.times.serverInitialNs !== undefined) return;
    this.times.versionNegotiationNs ??= atNs;
    this.versionsNegotiated = head.versions;
    this.ends.server.opened(head.type);
    this.#emit({ type: "version-negotiation", atNs, versions: head.versions });
    this.#startOver();
  }

  /** The client begins again, with another hello. */
  #startOver(): void {
    this.#originalDcid = undefined;
    this.openers.restart(undefined);
    this.handshake = new QuicHandshake();
    for (const end of Object.values(this.ends)) end.restart();
  }

  /** Only the first counts (RFC 9000 section 17.2.5.2). */
  #retried(from: Sender, bytes: Uint8Array, head: PacketHead, atNs: number): void {
    const { version, scid } = head;
    if (from !== "server" || scid === undefined || this.times.retryNs !== undefined || !isKnownVersion(version ?? 0))
      return;
    this.times.retryNs = atNs;
    this.ends.server.opened("retry");
    const original = this.#originalDcid;
    this.retryGenuine =
      original && retryIsGenuine(version as QuicVersion, bytes.subarray(head.start, head.end), original);
    this.#emit({ type: "retry", atNs, tokenBytes: head.token.length, genuine: this.retryGenuine });
    if (this.retryGenuine === false) return;
    this.openers.restart(scid);
    this.handshake.restart();
    this.ends.client.spaces.initial.arrived();
  }

  #initial(from: Sender, bytes: Uint8Array, head: PacketHead, atNs: number): void {
    const version = head.version as QuicVersion;
    const openers = this.openers;
    if (from === "client" && openers.initialDcid === undefined) openers.restart(head.dcid);
    if (from === "client") this.#originalDcid ??= Uint8Array.from(head.dcid);
    const { largest } = this.ends[from].spaces.initial;
    let packet = openers.openInitial(from, version, bytes, head, largest);
    if (packet === undefined && from === "client") packet = this.#initialAnew(version, bytes, head);
    if (packet !== undefined) this.#opened(from, head, packet, atNs);
  }

  /** Behind a Retry that the capture misses, keys come from this packet's own connection ID. */
  #initialAnew(version: QuicVersion, bytes: Uint8Array, head: PacketHead): OpenedPacket | undefined {
    const before = this.openers.initialDcid;
    this.openers.restart(head.dcid);
    const packet = this.openers.openInitial("client", version, bytes, head, -1);
    const isAnother = packet !== undefined && this.handshake.serverHello !== undefined;
    this.anotherBegan ||= isAnother;
    if (packet !== undefined && !isAnother) return packet;
    this.openers.restart(before);
    return undefined;
  }

  #protected(from: Sender, bytes: Uint8Array, head: PacketHead, atNs: number, first: boolean): void {
    const level = head.type as "0-rtt" | "handshake" | "1-rtt";
    const { application, handshake } = this.ends[from].spaces;
    const opener = this.anotherBegan ? undefined : this.openers.of(from, level, this.#versionOf(head), this.handshake);
    if (opener === undefined) {
      if (first) this.#wait(from, bytes, head, atNs);
      if (first && level === "1-rtt") this.#spun(from, head.spin, atNs);
      return;
    }
    const updates = opener instanceof PhasedOpener ? opener.updates : 0;
    const space = level === "handshake" ? handshake : application;
    const packet = opener.open(bytes, head, space.largest);
    if (first && level === "1-rtt" && (packet === undefined || packet.packetNumber > space.largest)) {
      this.#spun(from, head.spin, atNs);
    }
    if (packet === undefined) return;
    if (opener instanceof PhasedOpener && opener.updates > updates) {
      this.#emit({ type: "key-update", atNs, from, updates: opener.updates });
    }
    this.#opened(from, head, packet, atNs);
  }

  #versionOf(head: PacketHead): QuicVersion {
    const version = head.version ?? this.serverVersion ?? this.clientVersion ?? 0;
    return isKnownVersion(version) ? version : VERSION.v1;
  }

  #spun(from: Sender, bit: boolean, atNs: number): void {
    const rttNs = this.spin.push(from, bit, atNs);
    if (rttNs !== undefined) this.#emit({ type: "spin-rtt", atNs, from, rttNs });
  }

  #opened(from: Sender, head: PacketHead, packet: OpenedPacket, atNs: number): void {
    const end = this.ends[from];
    end.opened(head.type);
    if (head.scid !== undefined) {
      end.ids.add(head.scid, 0);
      if (from === "server") this.serverVersion = head.version as QuicVersion;
    }
    const done = this.receiver.receive(from, head, packet, this.handshake, atNs);
    if (done) this.times.doneNs ??= atNs;
    const { client, server } = this.handshake.finishedNs;
    this.times.clientFinishedNs ??= client;
    this.times.serverFinishedNs ??= server;
  }

  /** Keeps a packet that came ahead of the hello, or of its line in the key log. */
  #wait(from: Sender, bytes: Uint8Array, { start, end }: PacketHead, atNs: number): void {
    const mayStillCome = this.openers.hasKeyLog && this.openers.initialDcid !== undefined && !this.anotherBegan;
    const size = end - start;
    if (!mayStillCome || this.#pending.length === MOST_PENDING || this.#pendingBytes + size > MOST_PENDING_BYTES)
      return;
    this.#pendingBytes += size;
    this.#pending.push({ from, bytes: Uint8Array.prototype.slice.call(bytes, start, end), atNs });
  }

  #retryPending(): void {
    if (this.openers.secrets(this.handshake) === undefined) return;
    const waiting = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const packet of waiting) {
      const { from, bytes, atNs } = packet;
      const head = readHead(bytes, 0, this.ends[from === "client" ? "server" : "client"].ids.lengthAt(bytes, 1));
      if (isFault(head) || head.type === "initial") continue;
      const level = head.type as "0-rtt" | "handshake" | "1-rtt";
      if (this.openers.of(from, level, this.#versionOf(head), this.handshake) === undefined) {
        this.#pending.push(packet);
        this.#pendingBytes += bytes.length;
      } else this.#packet(from, bytes, 0, atNs, false);
    }
  }
}

/** The high bit tells long headers from short ones (RFC 8999 section 5). */
const isLong = (bytes: Uint8Array, at: number): boolean => ((bytes[at] ?? 0) & 0x80) !== 0;

/** Found once more in encrypted bytes by chance: never, for as long an ID as this. */
const LEAST_TELLING_ID_BYTES = 6;

/** quiche fills a datagram up with zeros behind its last packet, in place of PADDING frames inside of it. */
function isPadding(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return start < bytes.length;
}
