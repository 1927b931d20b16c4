/** The keys that packets are protected with (RFC 9001 section 5, RFC 9369 section 3.3). */
import { type Cipher, createCipheriv, createHmac } from "node:crypto";
import { type CipherSuite, cipherSuite } from "../tls/cipher-suites.js";
import { decrypt, xorSequence } from "../tls/epoch.js";
import { expandLabel, fitsSuite } from "../tls/key-schedule.js";
import type { Sender } from "../tls/plaintext.js";
import { type QuicVersion, VERSION } from "./names.js";

const IV_BYTES = 12;
const SAMPLE_BYTES = 16;
const FIVE_ZEROS = new Uint8Array(5);
const AES_128 = cipherSuite(0x1301) as CipherSuite;
const TLS13_SUITES = [0x1301, 0x1302, 0x1303].map((id) => cipherSuite(id) as CipherSuite);

/** HKDF salts of the Initial secrets (RFC 9001 section 5.2, RFC 9369 section 3.3.1). */
const SALTS: Readonly<Record<QuicVersion, Buffer>> = {
  [VERSION.v1]: Buffer.from("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "hex"),
  [VERSION.v2]: Buffer.from("0dede3def700a6db819381be6e269dcbf9bd2ed9", "hex"),
};
const PREFIX: Readonly<Record<QuicVersion, string>> = { [VERSION.v1]: "quic", [VERSION.v2]: "quicv2" };

/** One direction's keys of one encryption level, and of one key phase where that is 1-RTT. */
export class PacketKeys {
  readonly suite: CipherSuite;
  readonly #version: QuicVersion;
  readonly #secret: Uint8Array;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #headerKey: Uint8Array;
  #aes: Cipher | undefined;

  /** @param headerKey of an earlier phase: a key update leaves it as it is (RFC 9001 section 6.1) */
  constructor(version: QuicVersion, suite: CipherSuite, secret: Uint8Array, headerKey?: Uint8Array) {
    const expand = (label: string, length: number) =>
      expandLabel(suite.hash, secret, `${PREFIX[version]} ${label}`, length);
    this.suite = suite;
    this.#version = version;
    this.#secret = secret;
    this.#key = expand("key", suite.keyBytes);
    this.#iv = expand("iv", IV_BYTES);
    this.#headerKey = headerKey ?? expand("hp", suite.keyBytes);
  }

  /** The five bytes that hide the packet number and bits of the first byte (RFC 9001 section 5.4). @param sample 16 bytes */
  headerMask(sample: Uint8Array): Uint8Array {
    if (this.suite.aead === "chacha20-poly1305") {
      return createCipheriv("chacha20", this.#headerKey, sample.subarray(0, SAMPLE_BYTES)).update(FIVE_ZEROS);
    }
    // A block at a time and without padding, ECB has no state: one object serves all packets.
    this.#aes ??= createCipheriv(`aes-${this.suite.keyBytes === 16 ? 128 : 256}-ecb`, this.#headerKey, null);
    return this.#aes.update(sample.subarray(0, SAMPLE_BYTES));
  }

  /** @param sealed ciphertext and tag @returns undefined: the tag does not fit */
  open(packetNumber: number, header: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    return decrypt(this.suite, this.#key, xorSequence(this.#iv, packetNumber), header, sealed);
  }

  /** The keys behind a key update (RFC 9001 section 6). */
  next(): PacketKeys {
    const secret = expandLabel(this.suite.hash, this.#secret, `${PREFIX[this.#version]} ku`, this.#secret.length);
    return new PacketKeys(this.#version, this.suite, secret, this.#headerKey);
  }
}

/** Keys of a secret under every suite that it may be for: the first that opens a packet is the one. */
export function candidateKeys(version: QuicVersion, secret: Uint8Array, suite?: CipherSuite): PacketKeys[] {
  return (suite === undefined ? TLS13_SUITES : [suite])
    .filter((one) => fitsSuite(one, secret))
    .map((one) => new PacketKeys(version, one, secret));
}

/** Both ends' keys of Initial packets. @param dcid Destination Connection ID of the client's first Initial, or of the first behind a Retry */
export function initialKeys(version: QuicVersion, dcid: Uint8Array): Readonly<Record<Sender, PacketKeys>> {
  const secret = createHmac("sha256", SALTS[version]).update(dcid).digest();
  const keys = (label: string) => new PacketKeys(version, AES_128, expandLabel("sha256", secret, label, 32));
  return { client: keys("client in"), server: keys("server in") };
}

/** Keys and nonces that are no secret: they only show that who sent a Retry had seen the Initial (RFC 9001 section 5.8, RFC 9369 section 3.3.3). */
const RETRY: Readonly<Record<QuicVersion, { readonly key: Buffer; readonly nonce: Buffer }>> = {
  [VERSION.v1]: {
    key: Buffer.from("be0c690b9f66575a1d766b54e368c84e", "hex"),
    nonce: Buffer.from("461599d35d632bf2239825bb", "hex"),
  },
  [VERSION.v2]: {
    key: Buffer.from("8fb4b01b56ac48e260fbcbcead7ccc92", "hex"),
    nonce: Buffer.from("d86969bc2d7c6d9990efb04a", "hex"),
  },
};
const TAG_BYTES = 16;

/**
 * Whether a Retry packet answers the client's first Initial.
 * @param packet the whole Retry packet @param originalDcid Destination Connection ID of that Initial
 */
export function retryIsGenuine(version: QuicVersion, packet: Uint8Array, originalDcid: Uint8Array): boolean {
  if (packet.length < TAG_BYTES) return false;
  const { key, nonce } = RETRY[version];
  const pseudoPacket = Buffer.concat([
    Uint8Array.of(originalDcid.length),
    originalDcid,
    packet.subarray(0, packet.length - TAG_BYTES),
  ]);
  return decrypt(AES_128, key, nonce, pseudoPacket, packet.subarray(packet.length - TAG_BYTES)) !== undefined;
}
