/**
 * A TLS connection as a capture shows it: what the hellos say, and with a key log what was said inside. Bytes go in as they were
 * captured, in order for each end; what the application sent comes out. TLS 1.2 (RFC 5246) and 1.3 (RFC 8446), AEAD suites.
 */
import { parseAlert, type TlsAlert } from "./alerts.js";
import { type CipherSuite, cipherSuite, suiteName } from "./cipher-suites.js";
import { Direction, type DirectionOwner } from "./direction.js";
import { Epoch12, Epoch13 } from "./epoch.js";
import { MESSAGE } from "./handshake-reader.js";
import {
  type ClientHello,
  parseClientHello,
  parseEncryptedExtensions,
  parseServerHello,
  type ServerHello,
} from "./hello.js";
import type { ConnectionSecrets, KeyLog } from "./key-log.js";
import { fitsSuite, keyBlock } from "./key-schedule.js";
import type { Plaintext, Sender } from "./plaintext.js";
import { CUT_HELLO, NO_CLIENT_HELLO, type TlsState, type Verdict } from "./state.js";

const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;
const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0300, "SSL 3.0"],
  [0x0301, "TLS 1.0"],
  [0x0302, "TLS 1.1"],
  [TLS_1_2, "TLS 1.2"],
  [TLS_1_3, "TLS 1.3"],
]);
/** Suites that early data may be under: each of TLS 1.3. */
const EARLY_SUITES = [0x1301, 0x1302, 0x1303].map((id) => cipherSuite(id) as CipherSuite);
const MASTER_BYTES = 48;
const MOST_ALERTS = 8;
const NOTHING: readonly Plaintext[] = Object.freeze([]);

export class TlsSession {
  readonly #keyLog: KeyLog | undefined;
  readonly #ends: Readonly<Record<Sender, Direction>>;
  #plaintexts: Plaintext[] = [];
  #clientHello: ClientHello | undefined;
  #serverHello: ServerHello | undefined;
  #encryptedAlpn: string | undefined;
  #verdict: Verdict | undefined;
  readonly #alerts: (TlsAlert & { readonly from: Sender })[] = [];
  /** What became of early data (0-RTT). */
  earlyData: "none" | "offered" | "accepted" | "rejected" = "none";

  /** @param keyLog asked when the hellos have been read, so that it may still grow; undefined: only the hellos are read */
  constructor(keyLog: KeyLog | undefined) {
    this.#keyLog = keyLog;
    const owner: DirectionOwner = {
      onMessage: (from, type, body) => this.#onMessage(from, type, body),
      onAlert: (from, content) => this.#onAlert(from, content),
      onPlaintext: (plaintext) => this.#plaintexts.push(plaintext),
      onUnreadable: (from) => this.#onUnreadable(from),
    };
    this.#ends = { client: new Direction("client", owner), server: new Direction("server", owner) };
  }

  /**
   * Takes payload as the capture shows it, in the order of its sender's stream; never throws.
   * @param bytes not kept: they may lie in a buffer that is used again
   * @param position of the first byte in its sender's stream, from any origin. A jump ahead says that bytes are missing; what was
   *   pushed before is passed over
   * @returns what became readable by it, in order
   */
  push(from: Sender, bytes: Uint8Array, position: number): readonly Plaintext[] {
    if (this.#verdict !== undefined || bytes.length === 0) return NOTHING;
    this.#ends[from].push(bytes, position);
    if (this.#plaintexts.length === 0) return NOTHING;
    const readable = this.#plaintexts;
    this.#plaintexts = [];
    return readable;
  }

  get state(): TlsState {
    if (this.#verdict !== undefined) return this.#verdict;
    const { client, server } = this.#ends;
    for (const [from, { trouble, helloSeen, missesHelloBytes: misses, neverFits }] of Object.entries(this.#ends)) {
      if (trouble !== undefined && !helloSeen) return misses ? CUT_HELLO : NO_CLIENT_HELLO;
      if (trouble !== undefined) return { state: "damaged", reason: `from the ${from}: ${trouble}` };
      if (neverFits) return { state: "damaged", reason: `from the ${from}: a record does not open with the key log` };
    }
    return { state: client.opened + server.opened > 0 ? "plaintext-known" : "handshake" };
  }

  /** Server name that the client asked for, printable. */
  get sni(): string | undefined {
    return this.#clientHello?.sni;
  }

  /** Protocols that the client offered, such as h2 and http/1.1; printable. */
  get alpnOffered(): readonly string[] {
    return this.#clientHello?.alpn ?? [];
  }

  /** The protocol that the server chose; undefined also while TLS 1.3 hides it. */
  get alpn(): string | undefined {
    return this.#encryptedAlpn ?? this.#serverHello?.alpn;
  }

  /** Such as `TLS 1.3`. */
  get version(): string | undefined {
    return this.#serverHello === undefined ? undefined : versionName(this.#serverHello.version);
  }

  /** IANA's name of the cipher suite. */
  get suite(): string | undefined {
    return this.#serverHello === undefined ? undefined : suiteName(this.#serverHello.cipherSuite);
  }

  /** An earlier session was taken up again (1.3: or another pre-shared key used). */
  get resumed(): boolean {
    const [offered, chosen] = [this.#clientHello, this.#serverHello];
    if (offered === undefined || chosen === undefined) return false;
    if (chosen.version === TLS_1_3) return chosen.preSharedKey;
    return chosen.sessionId.length > 0 && Buffer.compare(chosen.sessionId, offered.sessionId) === 0;
  }

  /** Both ends use the keys of the application. */
  get isSecured(): boolean {
    return this.#ends.client.isSecured && this.#ends.server.isSecured;
  }

  /** The first few, as far as they could be read. */
  get alerts(): readonly (TlsAlert & { readonly from: Sender })[] {
    return this.#alerts;
  }

  #onMessage(from: Sender, type: number, body: Uint8Array): void {
    if (from === "client" && type === MESSAGE.clientHello) this.#offered(parseClientHello(body));
    else if (from === "server" && type === MESSAGE.serverHello) this.#chosen(parseServerHello(body));
    else if (from === "server" && type === MESSAGE.encryptedExtensions) this.#encryptedExtensions(body);
    else if (this.#clientHello === undefined) this.#verdict ??= this.#noClientHello();
  }

  #noClientHello(): Verdict {
    return this.#ends.client.missesHelloBytes ? CUT_HELLO : NO_CLIENT_HELLO;
  }

  #offered(hello: ClientHello | undefined): void {
    if (hello === undefined) {
      this.#verdict ??= { state: "damaged", reason: "the ClientHello cannot be read" };
      return;
    }
    this.#clientHello = hello;
    if (!hello.earlyData) return;
    this.earlyData = "offered";
    const secret = this.#keyLog?.secretsOf(hello.random)?.clientEarly;
    if (secret !== undefined) this.#ends.client.arm(new Epoch13("early", EARLY_SUITES, secret));
  }

  #chosen(hello: ServerHello | undefined): void {
    const offered = this.#clientHello;
    if (offered === undefined) this.#verdict ??= this.#noClientHello();
    else if (hello === undefined) this.#verdict ??= { state: "damaged", reason: "the ServerHello cannot be read" };
    else if (hello.isRetry) this.#retried();
    else {
      this.#serverHello = hello;
      this.#verdict ??= this.#keysFor(offered, hello);
    }
  }

  /** The client begins again with another ClientHello, and early data is lost (RFC 8446 section 4.1.4). */
  #retried(): void {
    if (this.earlyData === "offered") this.earlyData = "rejected";
    this.#ends.client.arm(undefined);
  }

  #keysFor(offered: ClientHello, hello: ServerHello): Verdict | undefined {
    const name = suiteName(hello.cipherSuite);
    const suite = cipherSuite(hello.cipherSuite);
    const version = versionName(hello.version);
    if (suite === undefined || suite.version !== version || hello.compression !== 0) {
      const how = hello.compression === 0 ? "" : " and compression";
      return {
        state: "unsupported-suite",
        reason: `${version} with ${name}${how}: only AEAD suites of TLS 1.2 and 1.3 are read`,
      };
    }
    if (this.#keyLog === undefined) return { state: "no-secret", reason: "no key log was given" };
    const secrets = this.#keyLog.secretsOf(offered.random);
    const armed =
      secrets !== undefined &&
      (hello.version === TLS_1_3 ? this.#arm13(suite, secrets) : this.#arm12(suite, secrets, offered, hello));
    if (armed) return undefined;
    const random = Buffer.from(offered.random.subarray(0, 8)).toString("hex");
    return {
      state: "no-secret",
      reason: `the key log has no ${version} secrets of the connection with client random ${random}...`,
    };
  }

  #arm12(suite: CipherSuite, { master }: ConnectionSecrets, offered: ClientHello, chosen: ServerHello): boolean {
    if (master?.length !== MASTER_BYTES) return false;
    const keys = keyBlock(suite, master, offered.random, chosen.random);
    for (const from of ["client", "server"] as const) this.#ends[from].prepare(new Epoch12(suite, keys[from]));
    return true;
  }

  #arm13(suite: CipherSuite, secrets: ConnectionSecrets): boolean {
    const usable = (secret: Uint8Array | undefined) => (secret && fitsSuite(suite, secret) ? secret : undefined);
    const traffic = { client: usable(secrets.clientTraffic), server: usable(secrets.serverTraffic) };
    if (traffic.client === undefined || traffic.server === undefined) return false;
    const handshake = { client: usable(secrets.clientHandshake), server: usable(secrets.serverHandshake) };
    for (const from of ["client", "server"] as const) {
      const application = new Epoch13("application", [suite], traffic[from] as Uint8Array);
      const secret = handshake[from];
      const first = secret === undefined ? application : new Epoch13("handshake", [suite], secret, application);
      const end = this.#ends[from];
      const early = end.epoch;
      if (from === "client" && early instanceof Epoch13 && early.phase === "early") early.following = first;
      else end.arm(first, secret === undefined || (from === "client" && this.earlyData !== "none"));
    }
    return true;
  }

  #encryptedExtensions(body: Uint8Array): void {
    const extensions = parseEncryptedExtensions(body);
    this.#encryptedAlpn = extensions?.alpn;
    if (this.earlyData === "offered") this.earlyData = extensions?.earlyData ? "accepted" : "rejected";
  }

  #onAlert(from: Sender, content: Uint8Array): void {
    const alert = parseAlert(content);
    if (alert !== undefined && this.#alerts.length < MOST_ALERTS) this.#alerts.push({ ...alert, from });
  }

  /** Early data without its secret is passed over; any other protected record means that a hello is missing. */
  #onUnreadable(from: Sender): void {
    if (this.#clientHello === undefined) this.#verdict ??= this.#noClientHello();
    else if (from === "server" || this.earlyData === "none") {
      this.#verdict ??= { state: "no-handshake", reason: "the ServerHello is not in the capture, or damaged" };
    }
  }
}

const versionName = (version: number): string => VERSIONS.get(version) ?? `version 0x${version.toString(16)}`;
