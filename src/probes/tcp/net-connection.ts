/** One TCP connection, with TLS on it or not, from connecting to being dropped. */
import net from "node:net";
import tls from "node:tls";
import { fdOf } from "../../sockets/socket-options.js";
import { nowNs } from "../clock.js";
import type { LaneSpec } from "../probe.js";
import type { KeyLogFile } from "./key-log-file.js";
import { closedInHandshake, type Stage, type Trouble, troubleOf } from "./net-failure.js";

/** What a connection tells its session, until it is dropped. */
export interface ConnectionOwner {
  /** TCP is established; with TLS the handshake starts now. */
  onConnect(connection: NetConnection): void;
  /** Requests may be written. */
  onOpen(connection: NetConnection): void;
  onBytes(connection: NetConnection, chunk: Uint8Array, length: number): void;
  /** A write's callback. */
  onTaken(connection: NetConnection): void;
  /** The peer closed its side. */
  onEnd(connection: NetConnection): void;
  onError(connection: NetConnection, trouble: Trouble): void;
}

/** What all connections of a lane share. */
export interface ConnectionPlan {
  readonly spec: LaneSpec;
  /** undefined: plain TCP. */
  readonly tls: tls.ConnectionOptions | undefined;
  /** The session that the next connection offers to resume; undefined: none does. */
  readonly tlsSession?: { latest: Buffer | undefined } | undefined;
  /** Told of each connection's secrets. */
  readonly keyLog?: KeyLogFile | undefined;
}

export class NetConnection {
  readonly #owner: ConnectionOwner;
  readonly #inner: net.Socket;
  #live = true;
  #stage: Stage = "connecting";
  readonly startedNs: number;
  connectedNs = Number.NaN;
  /** The TLS handshake resumed an earlier session. */
  resumed = false;
  /** The TLS handshake was over. */
  secureNs = Number.NaN;
  /** Requests are written here: the TLS socket, or the TCP socket itself. */
  stream: net.Socket;
  /** -1: the platform has none, or it is not connected. */
  fd = -1;
  /** Requests begun on it. */
  requests = 0;
  /** Bytes came that no request asked for. */
  stray = false;
  /** Passed to write(): one closure per connection, none per request. */
  readonly taken = (): void => {
    if (this.#live) this.#owner.onTaken(this);
  };

  /**
   * Starts connecting.
   * @param buffer plain TCP is read into it, over and over; a reader must keep nothing of it
   */
  constructor(plan: ConnectionPlan, buffer: Uint8Array, owner: ConnectionOwner) {
    const { address, family, target, behaviour } = plan.spec;
    this.#owner = owner;
    const callback = (length: number, chunk: Uint8Array): boolean => {
      if (this.#live) owner.onBytes(this, chunk, length);
      return true;
    };
    this.startedNs = nowNs();
    this.#inner = net.connect({
      host: address,
      port: target.port,
      family,
      ...(plan.tls === undefined ? { onread: { buffer, callback } } : {}),
    });
    this.stream = this.#inner;
    this.#listen(this.#inner);
    this.#inner.once("connect", () => {
      if (!this.#live) return;
      this.connectedNs = nowNs();
      this.#inner.setNoDelay(!behaviour.nagle);
      this.fd = fdOf(this.#inner) ?? -1;
      owner.onConnect(this);
      if (plan.tls === undefined) this.#open();
      else this.#handshake(plan.tls, plan);
    });
  }

  /** The kernel still has the socket: its descriptor can be asked. After an error Node has closed it already. */
  get hasDescriptor(): boolean {
    return this.fd >= 0 && !this.stream.destroyed && !this.#inner.destroyed;
  }

  /** The owner hears no more of it. */
  silence(): void {
    this.#live = false;
  }

  /** Closes at once. */
  drop(): void {
    this.silence();
    this.stream.destroy();
    this.#inner.destroy();
  }

  #handshake(options: tls.ConnectionOptions, { keyLog, tlsSession }: ConnectionPlan): void {
    this.#stage = "handshaking";
    const session = tlsSession?.latest;
    const secure = tls.connect({ ...options, ...(session === undefined ? {} : { session }), socket: this.#inner });
    // TLS 1.3 sends its tickets behind the handshake, often several; each may be used once (RFC 8446 section 4.6.1).
    if (tlsSession !== undefined) {
      secure.on("session", (ticket: Buffer) => {
        tlsSession.latest = ticket;
      });
    }
    if (keyLog !== undefined) secure.on("keylog", (line: Buffer) => keyLog.add(line));
    this.stream = secure;
    this.#listen(secure);
    secure.on("data", (chunk: Buffer) => {
      if (this.#live) this.#owner.onBytes(this, chunk, chunk.length);
    });
    secure.once("secureConnect", () => {
      this.secureNs = nowNs();
      this.resumed = secure.isSessionReused();
      // The client's Finished is written in this turn of the loop; it is none of the segments of a request.
      if (this.#live) setImmediate(() => this.#live && this.#open());
    });
  }

  #open(): void {
    this.#stage = "open";
    this.#owner.onOpen(this);
  }

  #listen(socket: net.Socket): void {
    socket.on("error", (error) => {
      if (this.#live) this.#owner.onError(this, troubleOf(error, this.#stage));
    });
    const ended = (): void => {
      if (!this.#live) return;
      if (this.#stage === "handshaking") this.#owner.onError(this, closedInHandshake);
      else this.#owner.onEnd(this);
    };
    socket.on("end", ended);
    socket.on("close", ended);
  }
}
