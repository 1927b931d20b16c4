/** The keys of a connection as they become known: of Initial packets from its first bytes, of all others from the key log. */
import type { ConnectionSecrets, KeyLog } from "../tls/key-log.js";
import type { Sender } from "../tls/plaintext.js";
import type { QuicHandshake } from "./handshake.js";
import type { QuicVersion } from "./names.js";
import type { PacketHead } from "./packet-head.js";
import { candidateKeys, initialKeys } from "./packet-keys.js";
import { LevelOpener, type OpenedPacket, type Opener, PhasedOpener } from "./protection.js";

type Protected = "0-rtt" | "handshake" | "1-rtt";

const SECRET: Readonly<Record<Protected, Readonly<Record<Sender, keyof ConnectionSecrets | undefined>>>> = {
  "0-rtt": { client: "clientEarly", server: undefined },
  handshake: { client: "clientHandshake", server: "serverHandshake" },
  "1-rtt": { client: "clientTraffic", server: "serverTraffic" },
};

export class Openers {
  readonly #keyLog: KeyLog | undefined;
  readonly #initial = new Map<QuicVersion, Readonly<Record<Sender, Opener>>>();
  readonly #others = new Map<string, Opener>();
  /** What the Initial secrets come from. */
  initialDcid: Uint8Array | undefined;

  constructor(keyLog: KeyLog | undefined) {
    this.#keyLog = keyLog;
  }

  /** Destination Connection ID of the client's first Initial, or of the first behind a Retry or a Version Negotiation. */
  restart(dcid: Uint8Array | undefined): void {
    this.initialDcid = dcid === undefined ? undefined : Uint8Array.from(dcid);
    this.#initial.clear();
  }

  /** @param largest as of `openPacket` */
  openInitial(
    from: Sender,
    version: QuicVersion,
    datagram: Uint8Array,
    head: PacketHead,
    largest: number,
  ): OpenedPacket | undefined {
    if (this.initialDcid === undefined) return undefined;
    let keys = this.#initial.get(version);
    if (keys === undefined) {
      const { client, server } = initialKeys(version, this.initialDcid);
      keys = { client: new LevelOpener([client]), server: new LevelOpener([server]) };
      this.#initial.set(version, keys);
    }
    return keys[from].open(datagram, head, largest);
  }

  /** @returns undefined: there is no secret for it, at least not yet */
  of(from: Sender, level: Protected, version: QuicVersion, handshake: QuicHandshake): Opener | undefined {
    const key = `${from} ${level} ${version}`;
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const name = SECRET[level][from];
    const secret = name === undefined ? undefined : this.secrets(handshake)?.[name];
    if (secret === undefined) return undefined;
    // Early data has the suite of an earlier connection.
    const candidates = candidateKeys(version, secret, level === "0-rtt" ? undefined : handshake.suite);
    const opener = level === "1-rtt" ? new PhasedOpener(candidates) : new LevelOpener(candidates);
    this.#others.set(key, opener);
    return opener;
  }

  /** Of the connection, as far as the key log has them. */
  secrets({ clientHello }: QuicHandshake): ConnectionSecrets | undefined {
    return clientHello === undefined ? undefined : this.#keyLog?.secretsOf(clientHello.random);
  }

  get hasKeyLog(): boolean {
    return this.#keyLog !== undefined;
  }
}
