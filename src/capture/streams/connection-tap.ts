/** One connection that is read inside: from its segments to what is asked and answered, through TLS where a key log opens it. */
import type { KeyLog } from "../../protocols/tls/key-log.js";
import type { Plaintext, Sender } from "../../protocols/tls/plaintext.js";
import { TlsSession } from "../../protocols/tls/session.js";
import type { TlsState } from "../../protocols/tls/state.js";
import type { Packet } from "../decode/packet.js";
import { CacheReading, MOST_AHEAD } from "./cache-reading.js";
import { type H2Owner, H2Reading } from "./h2-reading.js";
import { Http1Reading } from "./http1-reading.js";
import { InOrder, type Room } from "./in-order.js";
import { type Moment, Moments } from "./moments.js";
import type { Outstanding } from "./pipeline-start.js";
import { isPipelined, type Pipelined, type Reading, type ReadProtocol } from "./reading.js";
import { Running } from "./running.js";
import type { StreamExchange } from "./stream-exchange.js";

const ACK = 16;
const MOST_EARLY = 64;
const H2_PREFACE = "PRI * HTTP/2.0";
const GAPS = "bytes are missing in the capture: what was asked and answered meanwhile is not told";
const HTTP1_REQUEST = /^[A-Z]{2,20} \S/;

/** How a connection looks from its first bytes: HTTP/2 by its preface, or in its middle; an upgrade to it; TLS; or what it came to be. */
export type TapKind = "h2" | "h2-middle" | "h2c-upgrade" | "tls" | Pipelined;

export interface TapOwner extends H2Owner {
  ended(exchange: StreamExchange): void;
  /** What is spoken inside is known. */
  reads(protocol: ReadProtocol): void;
  /** It cannot be read, or not any further. @param isGap because bytes are missing in the capture */
  cannotRead(reason: string, isGap: boolean): void;
}

interface EarlyData {
  readonly plaintext: Plaintext;
  readonly began: Moment;
}

export class ConnectionTap {
  readonly kind: TapKind;
  readonly running: Running;
  readonly #owner: TapOwner;
  readonly #ends: Readonly<Record<Sender, InOrder>>;
  readonly #wire: Readonly<Record<Sender, Moments>> = { client: new Moments(), server: new Moments() };
  /** Where the next byte of each end stands, in clear text. */
  readonly #next: Record<Sender, number> = { client: 0, server: 0 };
  readonly #tls: TlsSession | undefined;
  #reading: Reading | undefined;
  /** Early data whose fate is not known yet (RFC 8446 section 2.3). */
  #early: EarlyData[] = [];
  #over = false;
  #hasGaps = false;
  /** Its request ends in the next segment, before what is read of that. */
  #ending: StreamExchange | undefined;

  /** @param firstSeq sequence numbers of both ends' first bytes, as far as they are known */
  constructor(
    kind: TapKind,
    owner: TapOwner,
    firstSeq: Readonly<Record<Sender, number>>,
    { room, keyLog }: { readonly room: Room; readonly keyLog: KeyLog | undefined },
  ) {
    this.kind = kind;
    this.#owner = owner;
    this.running = new Running((exchange) => owner.ended(exchange), isPipelined(kind) ? MOST_AHEAD : undefined);
    this.#tls = kind === "tls" ? new TlsSession(keyLog) : undefined;
    const end = (from: Sender): InOrder =>
      new InOrder(firstSeq[from], room, (...bytes) => this.#inOrder(from, ...bytes));
    this.#ends = { client: end("client"), server: end("server") };
    if (kind === "h2" || kind === "h2-middle") this.#read(new H2Reading(this.running, owner, kind === "h2"));
    else if (kind === "h2c-upgrade" || kind === "http1") this.#read(this.#http1());
    else if (kind !== "tls") this.#read(new CacheReading(kind, this.running));
  }

  /** To be told before the first segment. */
  begin(outstanding: Outstanding): void {
    const exchange = this.running.begin(this.#reading?.seed?.(outstanding.method) ?? 0, outstanding.began);
    exchange.wasAsked(outstanding);
    for (const trouble of outstanding.troubles) exchange.delayedBy(trouble);
    if (outstanding.endsInNext) this.#ending = exchange;
  }

  /** What the server chose; undefined: no TLS, or not known. */
  get alpn(): string | undefined {
    return this.#tls?.alpn;
  }

  /** Whether what is asked and answered can be told apart. */
  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  /** A segment with data. @param small it does not fill a segment */
  segment(from: Sender, p: Packet, small: boolean): void {
    if (this.#over) return;
    this.running.now = { packet: p.number, atNs: p.atNs, small };
    if (this.#ending !== undefined) this.running.claimed("client", this.#ending);
    this.#ending = undefined;
    if ((p.flags & ACK) !== 0) this.#ends[from === "client" ? "server" : "client"].acknowledged(p.ack);
    this.#ends[from].push(p.seq, p.bytes, p.payloadStart, p.payloadCaptured, p.payloadLength);
    this.running.settle(from);
    const reason = this.#reading?.trouble ?? unreadable(this.#tls?.state);
    if (reason !== undefined) this.#stop(reason);
  }

  /** The connection is over, or nothing more is seen of it. */
  finish(): void {
    if (this.#over) return;
    for (const end of Object.values(this.#ends)) end.finish();
    const reason = this.#reading?.trouble ?? (this.#hasGaps ? GAPS : undefined);
    this.#close(reason !== undefined);
    if (reason !== undefined) this.#owner.cannotRead(reason, this.#hasGaps);
    else if (this.#reading === undefined)
      this.#owner.cannotRead("nothing was said inside, or nothing of it could be opened", false);
  }

  #close(inTrouble: boolean): void {
    this.#over = true;
    // Whose answers those bytes were that could not be read, nobody knows.
    if (inTrouble && isPipelined(this.kind)) this.running.forgetAll();
    this.#reading?.finish();
  }

  #gap(from: Sender, bytes: number): void {
    this.#hasGaps = true;
    this.#reading?.gap(from, bytes);
  }

  #stop(reason: string): void {
    this.#close(true);
    this.#owner.cannotRead(reason, this.#hasGaps);
  }

  #read(reading: Reading): void {
    this.#reading = reading;
    this.#owner.reads(reading.protocol);
  }

  #http1(): Http1Reading {
    return new Http1Reading(this.running, (rest) => {
      this.#read(new H2Reading(this.running, this.#owner, true, 1));
      if (rest.length > 0) this.#reading?.push("server", rest, 0, rest.length, this.running.now);
    });
  }

  #inOrder(from: Sender, bytes: Uint8Array, start: number, end: number, position: number): void {
    if (this.#tls !== undefined) {
      this.#wire[from].add(position, this.running.now);
      for (const plaintext of this.#tls.push(from, bytes.subarray(start, end), position)) {
        this.#opened(plaintext, this.#tls);
      }
      this.#decideEarly(this.#tls);
      return;
    }
    const missing = position - this.#next[from];
    this.#next[from] = position + end - start;
    if (missing > 0) this.#gap(from, missing);
    this.#reading?.push(from, bytes, start, end, this.running.now);
  }

  #opened(plaintext: Plaintext, tls: TlsSession): void {
    const began = this.#wire[plaintext.from].at(plaintext.start, this.running.now);
    if (plaintext.early && tls.earlyData === "offered") {
      if (this.#early.length < MOST_EARLY) this.#early.push({ plaintext, began });
    } else if (!plaintext.early || tls.earlyData === "accepted") {
      this.#decideEarly(tls);
      this.#say(plaintext, began, tls);
    }
  }

  /** What was rejected is as if it had not been said: the client says it again, if it wants to. */
  #decideEarly(tls: TlsSession): void {
    if (this.#early.length === 0 || tls.earlyData === "offered") return;
    const early = this.#early;
    this.#early = [];
    if (tls.earlyData === "accepted") for (const { plaintext, began } of early) this.#say(plaintext, began, tls);
  }

  #say({ from, bytes, afterLoss }: Plaintext, began: Moment, tls: TlsSession): void {
    if (this.#over) return;
    if (this.#reading === undefined) {
      const protocol = insideOf(tls.alpn, from, bytes);
      if (protocol === "h2") this.#read(new H2Reading(this.running, this.#owner, !afterLoss));
      else if (protocol === "http1") this.#read(this.#http1());
      else {
        this.#stop(protocol);
        return;
      }
    }
    // How much plaintext is missing, records do not tell: at least something.
    if (afterLoss) this.#gap(from, 1);
    this.#reading?.push(from, bytes, 0, bytes.length, began);
  }
}

/** @returns the protocol, or why it is none that is read */
function insideOf(alpn: string | undefined, from: Sender, bytes: Uint8Array): string {
  if (alpn === "h2") return "h2";
  if (alpn === "http/1.1" || alpn === "http/1.0") return "http1";
  if (alpn !== undefined) return `${alpn} inside of TLS is not read, only HTTP/1.1 and HTTP/2`;
  const start = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  if (from === "client" && start.startsWith(H2_PREFACE)) return "h2";
  if (from === "client" && HTTP1_REQUEST.test(start)) return "http1";
  return "what is inside of TLS is neither HTTP/1.1 nor HTTP/2";
}

/** @returns why nothing more can be read of it, in words that fit many connections */
function unreadable(tls: TlsState | undefined): string | undefined {
  switch (tls?.state) {
    case "no-secret":
      return "the key log has no secrets of the connection";
    case "no-handshake":
    case "unsupported-suite":
    case "damaged":
      return tls.reason;
    default:
      return undefined;
  }
}
