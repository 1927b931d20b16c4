/** The cipher suites by number (IANA "TLS Cipher Suites"): those whose records can be opened, and the names of other common ones. */

export interface CipherSuite {
  readonly name: string;
  readonly version: "TLS 1.2" | "TLS 1.3";
  /** OpenSSL's name. */
  readonly aead: "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";
  /** Of HKDF (RFC 8446 section 7.1) or the PRF (RFC 5246 section 5). */
  readonly hash: "sha256" | "sha384";
  readonly keyBytes: 16 | 32;
}

const AEADS = {
  AES_128_GCM_SHA256: { aead: "aes-128-gcm", hash: "sha256", keyBytes: 16 },
  AES_256_GCM_SHA384: { aead: "aes-256-gcm", hash: "sha384", keyBytes: 32 },
  CHACHA20_POLY1305_SHA256: { aead: "chacha20-poly1305", hash: "sha256", keyBytes: 32 },
} as const;
type Aead = keyof typeof AEADS;

/** RFC 8446 appendix B.4. */
const TLS13: readonly (readonly [number, Aead])[] = [
  [0x1301, "AES_128_GCM_SHA256"],
  [0x1302, "AES_256_GCM_SHA384"],
  [0x1303, "CHACHA20_POLY1305_SHA256"],
];

/** RFC 5288, 5289, 5487, 7905 and 8442. */
const TLS12: readonly (readonly [number, string, Aead])[] = [
  [0x009c, "RSA", "AES_128_GCM_SHA256"],
  [0x009d, "RSA", "AES_256_GCM_SHA384"],
  [0x009e, "DHE_RSA", "AES_128_GCM_SHA256"],
  [0x009f, "DHE_RSA", "AES_256_GCM_SHA384"],
  [0x00a8, "PSK", "AES_128_GCM_SHA256"],
  [0x00a9, "PSK", "AES_256_GCM_SHA384"],
  [0x00aa, "DHE_PSK", "AES_128_GCM_SHA256"],
  [0x00ab, "DHE_PSK", "AES_256_GCM_SHA384"],
  [0xc02b, "ECDHE_ECDSA", "AES_128_GCM_SHA256"],
  [0xc02c, "ECDHE_ECDSA", "AES_256_GCM_SHA384"],
  [0xc02f, "ECDHE_RSA", "AES_128_GCM_SHA256"],
  [0xc030, "ECDHE_RSA", "AES_256_GCM_SHA384"],
  [0xcca8, "ECDHE_RSA", "CHACHA20_POLY1305_SHA256"],
  [0xcca9, "ECDHE_ECDSA", "CHACHA20_POLY1305_SHA256"],
  [0xccaa, "DHE_RSA", "CHACHA20_POLY1305_SHA256"],
  [0xccab, "PSK", "CHACHA20_POLY1305_SHA256"],
  [0xccac, "ECDHE_PSK", "CHACHA20_POLY1305_SHA256"],
  [0xccad, "DHE_PSK", "CHACHA20_POLY1305_SHA256"],
  [0xd001, "ECDHE_PSK", "AES_128_GCM_SHA256"],
  [0xd002, "ECDHE_PSK", "AES_256_GCM_SHA384"],
];

const SUITES: ReadonlyMap<number, CipherSuite> = new Map<number, CipherSuite>([
  ...TLS13.map(([id, aead]): [number, CipherSuite] => [
    id,
    { name: `TLS_${aead}`, version: "TLS 1.3", ...AEADS[aead] },
  ]),
  ...TLS12.map(([id, keys, aead]): [number, CipherSuite] => [
    id,
    { name: `TLS_${keys}_WITH_${aead}`, version: "TLS 1.2", ...AEADS[aead] },
  ]),
]);

const NOT_OPENED: ReadonlyMap<number, string> = new Map([
  [0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"],
  [0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"],
  [0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"],
  [0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"],
  [0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"],
  [0x1304, "TLS_AES_128_CCM_SHA256"],
  [0x1305, "TLS_AES_128_CCM_8_SHA256"],
  [0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"],
  [0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"],
  [0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"],
  [0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"],
  [0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"],
  [0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"],
  [0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"],
  [0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"],
  [0xc09c, "TLS_RSA_WITH_AES_128_CCM"],
  [0xc09d, "TLS_RSA_WITH_AES_256_CCM"],
  [0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"],
  [0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"],
]);

/** @returns undefined: its records cannot be opened here */
export function cipherSuite(id: number): CipherSuite | undefined {
  return SUITES.get(id);
}

/** IANA's name, or the number as `cipher suite 0x1234`. */
export function suiteName(id: number): string {
  const known = SUITES.get(id)?.name ?? NOT_OPENED.get(id);
  return known ?? `cipher suite 0x${id.toString(16).padStart(4, "0")}`;
}
