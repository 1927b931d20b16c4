/**
 * Key log files, as SSLKEYLOGFILE of browsers and curl, `openssl -keylogfile`, Node's `keylog` event and `--keylog-out` write them
 * (RFC 9850): a line per secret, `LABEL <client random> <secret>` in hexadecimal. The client random names the connection.
 */

/** What opens one connection's records. */
export interface ConnectionSecrets {
  /** TLS 1.2: the master secret, 48 bytes. */
  readonly master?: Uint8Array;
  readonly clientEarly?: Uint8Array;
  readonly clientHandshake?: Uint8Array;
  readonly serverHandshake?: Uint8Array;
  /** The first application traffic secret; KeyUpdate derives the next ones from it. */
  readonly clientTraffic?: Uint8Array;
  readonly serverTraffic?: Uint8Array;
}

const LABELS: ReadonlyMap<string, keyof ConnectionSecrets> = new Map([
  ["CLIENT_RANDOM", "master"],
  ["CLIENT_EARLY_TRAFFIC_SECRET", "clientEarly"],
  ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "clientHandshake"],
  ["SERVER_HANDSHAKE_TRAFFIC_SECRET", "serverHandshake"],
  ["CLIENT_TRAFFIC_SECRET_0", "clientTraffic"],
  ["SERVER_TRAFFIC_SECRET_0", "serverTraffic"],
]);

/** A line of any label, also of those that open no records, such as EXPORTER_SECRET. */
const LINE = /^([A-Z][A-Z0-9_]*) ([0-9A-Fa-f]{64}) ((?:[0-9A-Fa-f]{2}){1,128})$/;
/** "TLSK", the type of secrets that are a TLS key log (draft-ietf-opsawg-pcapng, Decryption Secrets Block). */
const TLS_KEY_LOG = 0x544c534b;

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

export class KeyLog {
  readonly #secrets = new Map<string, ConnectionSecrets>();
  /** Lines that are neither a secret, nor a comment, nor empty. */
  malformedLines = 0;

  /** Connections that it has a secret for. */
  get connections(): number {
    return this.#secrets.size;
  }

  /** Adds the lines of a key log file. Lines of other labels are passed over. */
  add(text: string): void {
    for (const raw of text.split("\n")) {
      const line = raw.trim();
      if (line === "" || line.startsWith("#")) continue;
      const [, label = "", random = "", secret = ""] = LINE.exec(line) ?? [];
      if (label === "") this.malformedLines++;
      else this.#put(LABELS.get(label), random.toLowerCase(), secret);
    }
  }

  /**
   * Adds what a pcapng Decryption Secrets Block carries, if that is a TLS key log.
   * @param body the block behind its type and length, up to its options or its end
   * @param littleEndian byte order of the section
   * @returns whether it was a TLS key log
   */
  addDecryptionSecrets(body: Uint8Array, littleEndian: boolean): boolean {
    if (body.length < 8) return false;
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    if (view.getUint32(0, littleEndian) !== TLS_KEY_LOG) return false;
    const end = Math.min(body.length, 8 + view.getUint32(4, littleEndian));
    this.add(Buffer.from(body.subarray(8, end)).toString("latin1"));
    return true;
  }

  /** @param clientRandom the 32 bytes of the ClientHello */
  secretsOf(clientRandom: Uint8Array): ConnectionSecrets | undefined {
    return this.#secrets.get(hex(clientRandom));
  }

  #put(kind: keyof ConnectionSecrets | undefined, random: string, secret: string): void {
    if (kind === undefined) return;
    this.#secrets.set(random, { ...this.#secrets.get(random), [kind]: Buffer.from(secret, "hex") });
  }
}
