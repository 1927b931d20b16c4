/** The keys that one direction's records are protected with for a while, and how they open a record. */
import { type CipherGCMTypes, createDecipheriv } from "node:crypto";
import type { CipherSuite } from "./cipher-suites.js";
import { fitsSuite, nextTrafficSecret, trafficKeys, type WriteKeys } from "./key-schedule.js";
import { RECORD, type TlsRecord } from "./record-reader.js";

/** What a record says once it is open. The bytes are the caller's own. */
export interface Content {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface Epoch {
  readonly phase: "early" | "handshake" | "application";
  readonly version: CipherSuite["version"];
  /** @returns undefined: the keys, or the sequence number, do not fit */
  open(record: TlsRecord, sequence: number): Content | undefined;
  /** The epoch behind this one. */
  next(): Epoch | undefined;
}

const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const EXPLICIT_NONCE_BYTES = 8;

/** TLS 1.3 (RFC 8446 section 5.2). */
export class Epoch13 implements Epoch {
  readonly version = "TLS 1.3";
  readonly phase: Epoch["phase"];
  readonly #secret: Uint8Array;
  #ciphers: readonly (readonly [CipherSuite, WriteKeys])[];
  /** What follows it, where that is not the secret that a KeyUpdate derives. */
  following: Epoch | undefined;

  /**
   * @param suites more than one for early data, whose suite no message in the clear names: the first that opens a record it is
   * @param following the application's epoch behind the handshake's
   */
  constructor(phase: Epoch["phase"], suites: readonly CipherSuite[], secret: Uint8Array, following?: Epoch) {
    this.phase = phase;
    this.#secret = secret;
    this.#ciphers = suites
      .filter((suite) => fitsSuite(suite, secret))
      .map((suite) => [suite, trafficKeys(suite, secret)] as const);
    this.following = following;
  }

  open({ type, header, fragment }: TlsRecord, sequence: number): Content | undefined {
    if (type !== RECORD.applicationData || fragment.length <= TAG_BYTES) return undefined;
    for (const cipher of this.#ciphers) {
      const [suite, { key, iv }] = cipher;
      const inner = decrypt(suite, key, xorSequence(iv, sequence), header, fragment);
      if (inner === undefined) continue;
      if (this.#ciphers.length > 1) this.#ciphers = [cipher];
      return unpadded(inner);
    }
    return undefined;
  }

  next(): Epoch | undefined {
    const [cipher] = this.#ciphers;
    if (this.following === undefined && this.phase === "application" && cipher !== undefined) {
      this.following = new Epoch13("application", [cipher[0]], nextTrafficSecret(cipher[0], this.#secret));
    }
    return this.following;
  }
}

/** TLS 1.2 with an AEAD (RFC 5246 section 6.2.3.3). */
export class Epoch12 implements Epoch {
  readonly version = "TLS 1.2";
  readonly phase = "application";
  readonly #suite: CipherSuite;
  readonly #keys: WriteKeys;

  constructor(suite: CipherSuite, keys: WriteKeys) {
    this.#suite = suite;
    this.#keys = keys;
  }

  open({ type, header, fragment }: TlsRecord, sequence: number): Content | undefined {
    const { key, iv } = this.#keys;
    const isExplicit = this.#suite.aead !== "chacha20-poly1305";
    const sealed = isExplicit ? fragment.subarray(EXPLICIT_NONCE_BYTES) : fragment;
    if (sealed.length < TAG_BYTES) return undefined;
    const nonce = isExplicit
      ? Buffer.concat([iv, fragment.subarray(0, EXPLICIT_NONCE_BYTES)])
      : xorSequence(iv, sequence);
    const length = sealed.length - TAG_BYTES;
    const data = new Uint8Array(8 + header.length);
    writeSequence(data, 0, sequence);
    data.set(header, 8);
    data[11] = length >> 8;
    data[12] = length & 0xff;
    const bytes = decrypt(this.#suite, key, nonce, data, sealed);
    return bytes === undefined ? undefined : { type, bytes };
  }

  next(): undefined {
    return undefined;
  }
}

/** Opens an AEAD. @param sealed ciphertext and tag @param data what is authenticated beside it @returns undefined: the tag does not fit */
export function decrypt(
  suite: CipherSuite,
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(suite.aead as CipherGCMTypes, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(data, { plaintextLength: length });
    decipher.setAuthTag(sealed.subarray(length));
    const bytes = decipher.update(sealed.subarray(0, length));
    decipher.final(); // throws where the tag does not fit; an AEAD in counter mode has no last block
    return bytes;
  } catch {
    return undefined;
  }
}

function writeSequence(bytes: Uint8Array, at: number, sequence: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(at, Math.floor(sequence / 2 ** 32));
  view.setUint32(at + 4, sequence % 2 ** 32);
}

/** The nonce of RFC 8446 section 5.3 and RFC 7905 section 2. */
export function xorSequence(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  writeSequence(nonce, NONCE_BYTES - 8, sequence);
  for (let i = 0; i < NONCE_BYTES; i++) nonce[i]! ^= iv[i] ?? 0;
  return nonce;
}

/** TLSInnerPlaintext: content, its type, zeros. */
function unpadded(inner: Uint8Array): Content | undefined {
  let end = inner.length;
  while (end > 0 && inner[end - 1] === 0) end--;
  return end === 0 ? undefined : { type: inner[end - 1]!, bytes: inner.subarray(0, end - 1) };
}
