/** A QUIC server on one UDP socket: finds the connection of each datagram, and accepts, sends back (Retry) or turns away the others. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns";
import { once } from "node:events";
import { isIP } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Ns } from "../units/duration.js";
import type { Application } from "./application.js";
import type { Header, Host, NativeConfig, Quiche } from "./binding.js";
import { QuicConnection } from "./connection.js";
import { CONNECTION_ID_BYTES, issueConnectionIds, newConnectionId } from "./connection-ids.js";
import { widenReceiveBuffer, withoutZone } from "./udp-path.js";

export interface ServerSpec {
  readonly quiche: Quiche;
  /** Asked for each connection, so that connections need not be alike. */
  readonly config: () => NativeConfig;
  readonly host: string;
  readonly port: number;
  /** A fresh one for each connection. */
  readonly application: () => Application;
  /** Let a client prove its address first (RFC 9000 section 8.1.2). */
  readonly retry: boolean;
  readonly ackHoldNs: Ns;
  /** Asked for each datagram: whether it is lost. */
  readonly losesIncoming: () => boolean;
  readonly losesOutgoing: () => boolean;
}

/** RFC 9000 section 14.1: a first datagram that is smaller is no client's. */
const LEAST_INITIAL_BYTES = 1200;
const MAX_CONNECTIONS = 100_000;

export class QuicServer {
  readonly #spec: ServerSpec;
  readonly #socket: Socket;
  readonly #local: Host;
  readonly #connections = new Map<string, QuicConnection>();
  readonly #open = new Set<QuicConnection>();
  /** Seals the tokens of Retry. */
  readonly #secret = randomBytes(32);
  readonly #out = Buffer.alloc(LEAST_INITIAL_BYTES);

  /** @throws the system's error when it cannot listen */
  static async listen(spec: ServerSpec): Promise<QuicServer> {
    const socket = createSocket({ type: spec.host.includes(":") ? "udp6" : "udp4", lookup: lookUp as never });
    try {
      // Heard before it is asked: an address is bound in this very turn, with the look-up below.
      const listening = once(socket, "listening");
      socket.bind(spec.port, spec.host);
      await listening;
    } catch (error) {
      socket.close();
      throw error;
    }
    widenReceiveBuffer(socket);
    return new QuicServer(spec, socket);
  }

  private constructor(spec: ServerSpec, socket: Socket) {
    this.#spec = spec;
    this.#socket = socket;
    const { address, port } = socket.address();
    this.#local = { host: withoutZone(address), port };
    socket.on("message", (datagram, from) => this.#received(datagram, from));
    // A client that has gone is no trouble of ours.
    socket.on("error", () => {});
  }

  get address(): string {
    return this.#socket.address().address;
  }

  get port(): number {
    return this.#local.port;
  }

  get connections(): number {
    return this.#open.size;
  }

  /** Tells the clients, and stops. */
  async close(): Promise<void> {
    for (const connection of [...this.#open]) {
      connection.close(true, 0, "the server ends");
      connection.drop();
    }
    // What a socket was given in this turn goes out at its end.
    await nextTurn();
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #received(datagram: Buffer, from: RemoteInfo): void {
    // Nobody can be answered at port 0 (RFC 768: the source port is optional).
    if (this.#spec.losesIncoming() || from.port === 0) return;
    const peer: Host = { host: withoutZone(from.address), port: from.port };
    const known = this.#connections.get(idOf(datagram));
    if (known !== undefined) {
      known.receive(datagram, peer, this.#local);
      return;
    }
    let header: Header;
    try {
      header = this.#spec.quiche.Header.fromSlice(datagram, CONNECTION_ID_BYTES);
    } catch {
      return;
    }
    this.#greet(header, datagram, peer, from.address.slice(peer.host.length));
  }

  /** @param zone of a link-local address, such as `%eth0` */
  #greet(header: Header, datagram: Buffer, peer: Host, zone: string): void {
    const { quiche, retry } = this.#spec;
    if (header.ty === SHORT || header.ty === VERSION_NEGOTIATION || datagram.length < LEAST_INITIAL_BYTES) return;
    if (!quiche.versionIsSupported(header.version)) {
      const length = quiche.negotiateVersion(header.scid, header.dcid, this.#out);
      this.#send(Buffer.from(this.#out.subarray(0, length)), peer, zone);
      return;
    }
    if (header.ty !== INITIAL || this.#open.size >= MAX_CONNECTIONS) return;
    if (!retry) {
      this.#accept(newConnectionId(), undefined, datagram, peer, zone);
      return;
    }
    const token = header.token ?? new Uint8Array();
    const original = token.length === 0 ? undefined : this.#openToken(token, peer);
    // The ID that we chose in the Retry comes back as the destination: it becomes ours (RFC 9000 section 7.3).
    if (original !== undefined) {
      this.#accept(header.dcid, original, datagram, peer, zone);
      return;
    }
    // A token that is not ours, or another address's, is worth no more than none (section 8.1.3).
    const length = quiche.retry(
      header.scid,
      header.dcid,
      newConnectionId(),
      this.#sealToken(header.dcid, peer),
      header.version,
      this.#out,
    );
    this.#send(Buffer.from(this.#out.subarray(0, length)), peer, zone);
  }

  #accept(id: Uint8Array, original: Uint8Array | undefined, datagram: Buffer, peer: Host, zone: string): void {
    const { quiche, config, application, ackHoldNs } = this.#spec;
    const native = quiche.Connection.accept(id, original, this.#local, peer, config());
    const ids: string[] = [hex(id)];
    const know = (more: readonly Uint8Array[]): void => {
      for (const one of more) {
        ids.push(hex(one));
        this.#connections.set(hex(one), connection);
      }
    };
    const connection = new QuicConnection({
      native,
      application: application(),
      onHandshakeDone: () => know(issueConnectionIds(native)),
      ackHoldNs,
      keepaliveNs: undefined,
      transmit: (bytes, _from, to) => this.#send(Buffer.from(bytes), to, zone),
      onGone: () => {
        this.#open.delete(connection);
        for (const one of ids) this.#connections.delete(one);
      },
    });
    this.#open.add(connection);
    this.#connections.set(hex(id), connection);
    // Until it hears from us the client goes on with the ID that it made up itself.
    const first = idOf(datagram);
    if (first !== "" && first !== hex(id)) {
      ids.push(first);
      this.#connections.set(first, connection);
    }
    connection.receive(datagram, peer, this.#local);
  }

  #send(datagram: Uint8Array, to: Host, zone: string): void {
    if (!this.#spec.losesOutgoing()) this.#socket.send(datagram, to.port, to.host + zone);
  }

  /** The original destination ID, sealed with the address that it is for. */
  #sealToken(original: Uint8Array, peer: Host): Uint8Array {
    return Buffer.concat([this.#seal(original, peer), original]);
  }

  #openToken(token: Uint8Array, peer: Host): Uint8Array | undefined {
    if (token.length <= SEAL_BYTES) return undefined;
    const original = token.subarray(SEAL_BYTES);
    return timingSafeEqual(token.subarray(0, SEAL_BYTES), this.#seal(original, peer)) ? original : undefined;
  }

  #seal(original: Uint8Array, peer: Host): Buffer {
    const seal = createHmac("sha256", this.#secret).update(`${peer.host} ${peer.port} `).update(original);
    return seal.digest().subarray(0, SEAL_BYTES);
  }
}

/** Node looks up where each datagram goes, in a turn of its own; an address needs none. */
function lookUp(
  name: string,
  family: number,
  done: (error: Error | null, address: string, family: number) => void,
): void {
  if (isIP(name) === 0) lookup(name, family, done);
  else done(null, name, family);
}

const SEAL_BYTES = 16;
/** As in quiche's Type. */
const INITIAL = 0;
const VERSION_NEGOTIATION = 4;
const SHORT = 5;

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

/** The destination connection ID, in hexadecimal (RFC 8999 section 5); empty: none can be read. */
function idOf(datagram: Buffer): string {
  const isLong = ((datagram[0] ?? 0) & 0x80) !== 0;
  const start = isLong ? 6 : 1;
  const length = isLong ? (datagram[5] ?? 0) : CONNECTION_ID_BYTES;
  return datagram.length < start + length ? "" : datagram.toString("hex", start, start + length);
}
