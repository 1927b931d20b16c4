/** A client's connection over real UDP: a socket of its own, and another one when it migrates. */
import type { Ns } from "../units/duration.js";
import type { Application } from "./application.js";
import type { NativeConfig, Quiche } from "./binding.js";
import { QuicConnection } from "./connection.js";
import { issueConnectionIds, newConnectionId } from "./connection-ids.js";
import { UdpPath, type UdpPeer } from "./udp-path.js";

export interface ClientSpec {
  readonly quiche: Quiche;
  readonly config: NativeConfig;
  readonly peer: UdpPeer;
  /** SNI, and the name that the certificate is checked against; undefined: neither. */
  readonly servername: string | undefined;
  readonly application: Application;
  readonly ackHoldNs: Ns;
  readonly keepaliveNs: Ns | undefined;
  /** Of an earlier connection to the same server, from `ticket`. */
  readonly ticket: Uint8Array | undefined;
  /** The connection's secrets are written there as they come (NSS key log format). */
  readonly keyLogPath: string | undefined;
  /** It will: the server then needs connection IDs of ours to spare. */
  readonly migrates: boolean;
  /** Told before the first flight goes, which may call the application already. */
  readonly onClient?: (client: QuicClient) => void;
  /** Each datagram as it passes the socket; its bytes are not used again. `atNs`: on the clock of `performance.now()`. */
  readonly onDatagram: (from: "client" | "server", datagram: Uint8Array, atNs: number) => void;
}

export class QuicClient {
  readonly connection: QuicConnection;
  readonly #spec: ClientSpec;
  readonly #paths: UdpPath[];
  #resuming = false;
  /** Just before the first Initial was made. */
  startedNs = Number.NaN;

  /**
   * Opens a socket and sends the first flight.
   * @throws the system's error when there is no socket or no route, quiche's when it does not take the server's name
   */
  static async start(spec: ClientSpec): Promise<QuicClient> {
    let client: QuicClient | undefined;
    const path = await UdpPath.open(spec.peer, {
      onDatagram: (datagram, from, atNs) => client?.received(datagram, from, atNs),
      onTrouble: (error) => client?.connection.fail(error.code ?? error.message),
    });
    try {
      client = new QuicClient(spec, path);
    } catch (error) {
      path.close();
      throw error;
    }
    spec.onClient?.(client);
    client.startedNs = performance.now() * 1e6;
    client.connection.start(client.#resuming);
    return client;
  }

  private constructor(spec: ClientSpec, path: UdpPath) {
    this.#spec = spec;
    this.#paths = [path];
    const { quiche, config, servername, ticket, keyLogPath } = spec;
    const native = quiche.Connection.connect(servername, newConnectionId(), path.local, path.peer, config);
    if (keyLogPath !== undefined) native.setKeylog(keyLogPath);
    if (ticket !== undefined) {
      try {
        native.setSession(ticket);
        this.#resuming = true;
      } catch {
        // Of another engine or version: a full handshake it is.
      }
    }
    this.connection = new QuicConnection({
      native,
      application: spec.application,
      ackHoldNs: spec.ackHoldNs,
      keepaliveNs: spec.keepaliveNs,
      transmit: (datagram, from) => this.#transmit(datagram, from.port),
      onHandshakeDone: () => {
        if (spec.migrates) issueConnectionIds(native);
      },
      onGone: () => this.#closeSockets(),
    });
  }

  /** What a later connection can resume with; undefined: the server has sent none yet. */
  get ticket(): Uint8Array | undefined {
    return this.connection.native.session() ?? undefined;
  }

  get localPort(): number {
    return (this.#paths.at(-1) as UdpPath).local.port;
  }

  /**
   * Goes on from a new local port (RFC 9000 section 9.2). `onPath` of the application tells when the peer has validated it.
   * @returns undefined; or why it cannot be done, in words
   */
  async migrate(): Promise<string | undefined> {
    const { native } = this.connection;
    if (native.stats().peerDisableActiveMigration) return "the server forbids it (disable_active_migration)";
    if (native.availableDcids() === 0) return "the server has given no spare connection ID";
    const path = await UdpPath.open(this.#spec.peer, {
      onDatagram: (datagram, from, atNs) => this.received(datagram, from, atNs),
      onTrouble: (error) => this.connection.fail(error.code ?? error.message),
    });
    if (this.connection.closed) {
      path.close();
      return "the connection has ended";
    }
    this.#paths.push(path);
    try {
      // The probe is what the time to validate is measured on; what is asked meanwhile goes the new way already.
      native.probePath(path.local, path.peer);
      native.migrateSource(path.local);
    } catch (error) {
      this.#paths.pop()?.close();
      return `the engine refuses (${(error as Error).message})`;
    }
    this.connection.flush();
    return undefined;
  }

  /** @param atNs when it was read */
  received(datagram: Uint8Array, path: UdpPath, atNs: number): void {
    // quiche decrypts in place.
    this.#spec.onDatagram("server", Buffer.from(datagram), atNs);
    this.connection.receive(datagram, path.peer, path.local);
  }

  #transmit(datagram: Uint8Array, port: number): void {
    // The socket may keep it for a while, and whoever looks on too.
    const copy = Buffer.from(datagram);
    const path = this.#paths.find(({ local }) => local.port === port) ?? (this.#paths.at(-1) as UdpPath);
    this.#spec.onDatagram("client", copy, performance.now() * 1e6);
    path.send(copy);
  }

  #closeSockets(): void {
    for (const path of this.#paths) path.close();
  }
}
