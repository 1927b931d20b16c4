/**
 * A QUIC connection (v1 and v2) as its datagrams show it: what the handshake says, and with a key log what was said inside.
 * Datagrams go in as they were captured, or as an endpoint sent and received them; events come out. Sans-I/O, bounded in memory,
 * and it never throws, whatever the bytes.
 */
import type { KeyLog } from "../tls/key-log.js";
import type { Sender } from "../tls/plaintext.js";
import { DatagramReader } from "./datagram-reader.js";
import type { CloseReason, QuicEmit } from "./events.js";
import { type PacketType, quicVersionName, type Space } from "./names.js";
import type { LossCounts } from "./sent-packets.js";
import type { SentParameters } from "./sent-parameters.js";
import type { SpinState } from "./spin.js";
import type { HandshakeTime, HandshakeTimes, PacketCount, QuicState } from "./state.js";
import type { TransportParameters } from "./transport-parameters.js";
import { verdictOf } from "./verdict.js";

export interface QuicConversationOptions {
  /** Asked when it is needed, so that it may still grow. Without it only Initial packets are opened. */
  readonly keyLog?: KeyLog | undefined;
  readonly emit?: QuicEmit;
}

export class QuicConversation {
  readonly #reader: DatagramReader;

  constructor({ keyLog, emit = () => {} }: QuicConversationOptions = {}) {
    this.#reader = new DatagramReader(keyLog, emit);
  }

  /**
   * Takes a datagram, in the order of the capture.
   * @param datagram UDP payload; not kept, it may lie in a buffer that is used again
   * @param atNs integer nanoseconds since any origin
   */
  push(from: Sender, datagram: Uint8Array, atNs: number): void {
    this.#reader.push(from, datagram, atNs);
  }

  /** What the server offered in Version Negotiation; empty: there was none. */
  get versionsNegotiated(): readonly number[] {
    return this.#reader.versionsNegotiated;
  }

  /** Whether the integrity tag of the Retry fits; undefined: there was none, or it could not be checked. */
  get retryGenuine(): boolean | undefined {
    return this.#reader.retryGenuine;
  }

  /** Bytes at the end of datagrams that are no packet, or more packets than are read. */
  get strayBytes(): number {
    return this.#reader.strayBytes;
  }

  /** The client has begun another connection from the same port: its packets are not read. */
  get anotherBegan(): boolean {
    return this.#reader.anotherBegan;
  }

  get state(): QuicState {
    return verdictOf(this.#reader.ends, this.#reader.openers, this.#reader.handshake, this.#reader.clientVersion);
  }

  /** Such as `v1`: what the server speaks; before it has spoken, what the client asked for. */
  get version(): string | undefined {
    const version = this.#reader.serverVersion ?? this.#reader.clientVersion;
    return version === undefined ? undefined : quicVersionName(version);
  }

  /** Server name that the client asked for, printable. */
  get sni(): string | undefined {
    return this.#reader.handshake.clientHello?.sni;
  }

  /** Protocols that the client offered, such as h3; printable. */
  get alpnOffered(): readonly string[] {
    return this.#reader.handshake.clientHello?.alpn ?? [];
  }

  /** The protocol that the server chose; known only with the key log. */
  get alpn(): string | undefined {
    return this.#reader.handshake.encryptedExtensions?.alpn;
  }

  /** IANA's name of the cipher suite. */
  get suite(): string | undefined {
    return this.#reader.handshake.suiteName;
  }

  /** A pre-shared key was taken, mostly that of an earlier session. */
  get resumed(): boolean {
    return this.#reader.handshake.serverHello?.preSharedKey ?? false;
  }

  /** What became of 0-RTT; whether it was accepted is known only with the key log. */
  get earlyData(): "none" | "offered" | "accepted" | "rejected" {
    const { clientHello, encryptedExtensions } = this.#reader.handshake;
    if (!clientHello?.earlyData && this.#reader.ends.client.countOf("0-rtt").packets === 0) return "none";
    if (encryptedExtensions === undefined) return "offered";
    return encryptedExtensions.earlyData ? "accepted" : "rejected";
  }

  /** TLS asked for another key share (HelloRetryRequest): a round trip more. */
  get helloRetry(): boolean {
    return this.#reader.handshake.helloRetry;
  }

  /** Session tickets of the server, with which a later connection can send 0-RTT. */
  get tickets(): number {
    return this.#reader.handshake.tickets;
  }

  /** The client's are known without, the server's only with the key log. */
  transportParameters(from: Sender): TransportParameters | undefined {
    return this.#reader.handshake.parametersOf(from);
  }

  /** The same by the names of RFC 9000, as they were sent. */
  sentTransportParameters(from: Sender): SentParameters | undefined {
    return this.#reader.handshake.sentParameters[from];
  }

  /** A Retry was seen. */
  get retried(): boolean {
    return this.#reader.times.retryNs !== undefined;
  }

  get times(): HandshakeTimes {
    return this.#reader.times;
  }

  /**
   * The time that the handshake took, as the capture point saw it: from the client's first Initial, also where Version Negotiation
   * or Retry came of it, to the client's Finished. At the client that is when the handshake is complete (RFC 9001 section 4.1.1)
   * and the first request may go; at the server it is when it is complete there. Without the key log the end is the client's last
   * Handshake packet ahead of its first short header (or else its first), which carries the Finished, unless that is sent again.
   * undefined: one of the two was not seen.
   */
  get handshakeTime(): HandshakeTime | undefined {
    const { firstInitialNs, clientFinishedNs, lastClientHandshakeNs, firstClientOneRttNs } = this.#reader.times;
    if (firstInitialNs === undefined) return undefined;
    if (clientFinishedNs !== undefined)
      return { startNs: firstInitialNs, endNs: clientFinishedNs, by: "client-finished" };
    if (lastClientHandshakeNs === undefined || firstClientOneRttNs === undefined) return undefined;
    return { startNs: firstInitialNs, endNs: lastClientHandshakeNs, by: "client-handshake-packets" };
  }

  get spin(): SpinState {
    return this.#reader.spin.state;
  }

  /** How the connection was closed, by whom first. */
  get closed(): (CloseReason & { readonly from: Sender }) | undefined {
    return this.#reader.receiver.closed;
  }

  /** What an end sent, by type of packet. */
  packets(from: Sender): Readonly<Partial<Record<PacketType, PacketCount>>> {
    return this.#reader.ends[from].packets;
  }

  datagrams(from: Sender): { readonly datagrams: number; readonly bytes: number } {
    const { datagrams, bytes } = this.#reader.ends[from];
    return { datagrams, bytes };
  }

  /** What became of the packets that an end sent, as far as they could be opened. */
  loss(from: Sender, space?: Space): LossCounts {
    const end = this.#reader.ends[from];
    return space === undefined ? end.loss : end.spaces[space].counts;
  }

  /** 1-RTT packets that an end sent were acknowledged without having been seen: the capture, or the log of datagrams, has not got all. */
  missesPackets(from: Sender): boolean {
    return this.#reader.ends[from].spaces.application.unseenAcknowledged;
  }

  /** Sides of streams of which nothing more is told, because too many were open at once or waited for missing bytes. */
  get streamsGivenUp(): number {
    return this.#reader.receiver.streamsGivenUp;
  }

  /** STREAM bytes that an end sent, and those of them that it had sent before. */
  streamBytes(from: Sender): { readonly bytes: number; readonly resentBytes: number } {
    return this.#reader.receiver.streamBytes(from);
  }

  /** Connection IDs that an end has issued and that are in use, in hexadecimal: the other end sends to them, from any address. */
  connectionIds(from: Sender): readonly string[] {
    return this.#reader.ends[from].ids.all;
  }

  /** Opened packets with frames that cannot be read, and why not; undefined: there are none. */
  damage(from: Sender): { readonly packets: number; readonly reason: string } | undefined {
    const { faults, firstFault } = this.#reader.ends[from];
    return firstFault === undefined ? undefined : { packets: faults, reason: firstFault };
  }
}
