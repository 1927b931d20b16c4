/** The messages that say what a connection is: ClientHello, ServerHello, EncryptedExtensions (RFC 8446 section 4, RFC 5246 section 7.4). */
import { printableBytes } from "../printable.js";
import { ByteCursor } from "./byte-cursor.js";

export interface ClientHello {
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  /** In the order of preference; GREASE values (RFC 8701) are left out. */
  readonly cipherSuites: readonly number[];
  /** Server name (RFC 6066 section 3), printable. */
  readonly sni: string | undefined;
  /** Offered protocols (RFC 7301), printable. */
  readonly alpn: readonly string[];
  /** Offered versions, such as 0x0304: of the extension, or the one of the message itself. */
  readonly versions: readonly number[];
  /** Early data follows (RFC 8446 section 4.2.10). */
  readonly earlyData: boolean;
  /** QUIC only (RFC 9001 section 8.2): the extension's content. */
  readonly quicTransportParameters: Uint8Array | undefined;
}

export interface ServerHello {
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compression: number;
  /** What was chosen, such as 0x0304. */
  readonly version: number;
  /** TLS 1.2 only: TLS 1.3 says it in EncryptedExtensions. */
  readonly alpn: string | undefined;
  /** TLS 1.3: a pre-shared key was taken, mostly that of a session resumed. */
  readonly preSharedKey: boolean;
  readonly isRetry: boolean;
}

export interface EncryptedExtensions {
  readonly alpn: string | undefined;
  /** Early data was accepted. */
  readonly earlyData: boolean;
  /** QUIC only (RFC 9001 section 8.2): the extension's content. */
  readonly quicTransportParameters: Uint8Array | undefined;
}

const EXTENSION = {
  serverName: 0,
  alpn: 16,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  quic: 57,
} as const;
const RANDOM_BYTES = 32;
const HOST_NAME = 0;
/** How much of a list is kept. */
const MOST_OFFERED = 64;
/** SHA-256 of "HelloRetryRequest", the random that marks one (RFC 8446 section 4.1.3). */
const RETRY_RANDOM = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex");

/** @param body the message behind its type and length @returns undefined: it is none */
export function parseClientHello(body: Uint8Array): ClientHello | undefined {
  const cursor = new ByteCursor(body);
  const legacyVersion = cursor.uint16();
  const random = cursor.bytes(RANDOM_BYTES);
  const sessionId = cursor.vector8().rest();
  const suites = numbers(cursor.vector16());
  cursor.vector8(); // compression methods
  const extensions = extensionsOf(cursor);
  if (cursor.broken || extensions === undefined) return undefined;
  const versions = numbers(extensions.get(EXTENSION.supportedVersions)?.vector8());
  return {
    random: Uint8Array.from(random),
    sessionId: Uint8Array.from(sessionId),
    cipherSuites: suites,
    sni: serverName(extensions.get(EXTENSION.serverName)),
    alpn: protocols(extensions.get(EXTENSION.alpn)),
    versions: versions.length > 0 ? versions : [legacyVersion],
    earlyData: extensions.has(EXTENSION.earlyData),
    quicTransportParameters: extensions.get(EXTENSION.quic)?.rest(),
  };
}

/** @param body the message behind its type and length @returns undefined: it is none */
export function parseServerHello(body: Uint8Array): ServerHello | undefined {
  const cursor = new ByteCursor(body);
  const legacyVersion = cursor.uint16();
  const random = cursor.bytes(RANDOM_BYTES);
  const sessionId = cursor.vector8().rest();
  const cipherSuite = cursor.uint16();
  const compression = cursor.uint8();
  const extensions = extensionsOf(cursor);
  if (cursor.broken || extensions === undefined) return undefined;
  return {
    random: Uint8Array.from(random),
    sessionId: Uint8Array.from(sessionId),
    cipherSuite,
    compression,
    version: extensions.get(EXTENSION.supportedVersions)?.uint16() ?? legacyVersion,
    alpn: protocols(extensions.get(EXTENSION.alpn))[0],
    preSharedKey: extensions.has(EXTENSION.preSharedKey),
    isRetry: RETRY_RANDOM.equals(random),
  };
}

/** @param body the message behind its type and length @returns undefined: it is none */
export function parseEncryptedExtensions(body: Uint8Array): EncryptedExtensions | undefined {
  const extensions = extensionsOf(new ByteCursor(body));
  if (extensions === undefined) return undefined;
  return {
    alpn: protocols(extensions.get(EXTENSION.alpn))[0],
    earlyData: extensions.has(EXTENSION.earlyData),
    quicTransportParameters: extensions.get(EXTENSION.quic)?.rest(),
  };
}

/** The list at the end of a hello; TLS 1.2 may leave it out. Of an extension that comes twice the first counts. */
function extensionsOf(cursor: ByteCursor): ReadonlyMap<number, ByteCursor> | undefined {
  const found = new Map<number, ByteCursor>();
  if (cursor.left === 0) return found;
  const list = cursor.vector16();
  while (list.left > 0) {
    const type = list.uint16();
    const content = list.vector16();
    if (!found.has(type)) found.set(type, content);
  }
  return cursor.broken || list.broken ? undefined : found;
}

function serverName(extension: ByteCursor | undefined): string | undefined {
  const list = extension?.vector16();
  while (list !== undefined && list.left > 0) {
    const type = list.uint8();
    const name = list.vector16().rest();
    if (type === HOST_NAME && !list.broken) return text(name);
  }
  return undefined;
}

function protocols(extension: ByteCursor | undefined): string[] {
  const names: string[] = [];
  const list = extension?.vector16();
  while (list !== undefined && list.left > 0 && names.length < MOST_OFFERED) {
    const name = list.vector8().rest();
    if (!list.broken && !isGrease(name[0] ?? 0, name[1] ?? 0, name.length)) names.push(text(name));
  }
  return names;
}

function numbers(list: ByteCursor | undefined): number[] {
  const found: number[] = [];
  while (list !== undefined && list.left > 1 && found.length < MOST_OFFERED) {
    const number = list.uint16();
    if (!isGrease(number >> 8, number & 0xff, 2)) found.push(number);
  }
  return found;
}

/** 0x0a0a, 0x1a1a ... 0xfafa: offered so that servers stay tolerant (RFC 8701). */
const isGrease = (high: number, low: number, length: number): boolean =>
  length === 2 && high === low && (low & 0x0f) === 0x0a;

const text = (bytes: Uint8Array): string => printableBytes(bytes, 0, bytes.length);
