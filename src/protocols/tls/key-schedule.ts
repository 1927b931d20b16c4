/**
 * From the secrets of a key log to the keys of records: the last steps of the key schedules of TLS 1.3 (RFC 8446 section 7) and
 * TLS 1.2 (RFC 5246 section 6.3). What comes before them, the key exchange, is what the key log spares us.
 */
import { createHmac } from "node:crypto";
import type { CipherSuite } from "./cipher-suites.js";

/** What one end's records are protected with: the AEAD's key, and the part of the nonce that is derived. */
export interface WriteKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

type Hash = CipherSuite["hash"];

const TLS13_IV_BYTES = 12;
const HASH_BYTES: Readonly<Record<Hash, number>> = { sha256: 32, sha384: 48 };

const hmac = (hash: Hash, key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): Buffer => {
  const digest = createHmac(hash, key);
  for (const part of parts) digest.update(part);
  return digest.digest();
};

/**
 * HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
 * @param label without its prefix `tls13 `
 * @param length in bytes
 */
export function expandLabel(hash: Hash, secret: Uint8Array, label: string, length: number): Uint8Array {
  const full = Buffer.from(`tls13 ${label}`, "latin1");
  const info = Uint8Array.of(length >> 8, length & 0xff, full.length, ...full, 0);
  const blocks: Buffer[] = [];
  let last: Buffer = Buffer.alloc(0);
  for (let have = 0; have < length; have += last.length) {
    last = hmac(hash, secret, last, info, Uint8Array.of(blocks.length + 1));
    blocks.push(last);
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** Key and IV of a traffic secret (RFC 8446 section 7.3). */
export function trafficKeys(suite: CipherSuite, secret: Uint8Array): WriteKeys {
  return {
    key: expandLabel(suite.hash, secret, "key", suite.keyBytes),
    iv: expandLabel(suite.hash, secret, "iv", TLS13_IV_BYTES),
  };
}

/** The traffic secret behind a KeyUpdate (RFC 8446 section 7.2). */
export function nextTrafficSecret(suite: CipherSuite, secret: Uint8Array): Uint8Array {
  return expandLabel(suite.hash, secret, "traffic upd", HASH_BYTES[suite.hash]);
}

/** Whether a secret has the length that the suite's hash gives. */
export function fitsSuite(suite: CipherSuite, secret: Uint8Array): boolean {
  return secret.length === HASH_BYTES[suite.hash];
}

/** The pseudorandom function of TLS 1.2, P_hash (RFC 5246 section 5). @param length in bytes */
export function prf(hash: Hash, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const labelled = Buffer.concat([Buffer.from(label, "latin1"), seed]);
  const blocks: Buffer[] = [];
  let a: Buffer = labelled;
  for (let have = 0; have < length; have += HASH_BYTES[hash]) {
    a = hmac(hash, secret, a);
    blocks.push(hmac(hash, secret, a, labelled));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/**
 * Both ends' keys from the master secret (RFC 5246 section 6.3; AEAD suites have no MAC keys).
 * The IV is the salt of 4 bytes with AES-GCM (RFC 5288 section 3), the whole nonce's 12 with ChaCha20 (RFC 7905 section 2).
 */
export function keyBlock(
  suite: CipherSuite,
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): { readonly client: WriteKeys; readonly server: WriteKeys } {
  const ivBytes = suite.aead === "chacha20-poly1305" ? 12 : 4;
  const seed = Buffer.concat([serverRandom, clientRandom]);
  const block = prf(suite.hash, master, "key expansion", seed, 2 * (suite.keyBytes + ivBytes));
  let at = 0;
  const take = (count: number): Uint8Array => {
    at += count;
    return block.subarray(at - count, at);
  };
  const [clientKey, serverKey] = [take(suite.keyBytes), take(suite.keyBytes)];
  const [clientIv, serverIv] = [take(ivBytes), take(ivBytes)];
  return { client: { key: clientKey, iv: clientIv }, server: { key: serverKey, iv: serverIv } };
}
