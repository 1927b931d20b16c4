/** The numbers of QUIC and their names (RFC 9000 sections 17 and 20, RFC 9369, RFC 9368). */
import { parseAlert } from "../tls/alerts.js";

export const VERSION = {
  /** RFC 9000. */
  v1: 0x00000001,
  /** RFC 9369. */
  v2: 0x6b3343cf,
} as const;
/** The versions whose packets can be opened. */
export type QuicVersion = (typeof VERSION)[keyof typeof VERSION];

/** Whether packets of the version can be opened. */
export const isKnownVersion = (version: number): version is QuicVersion =>
  version === VERSION.v1 || version === VERSION.v2;

/** Such as `v1`, `v2`, `draft-29`; another as `0x709a50c4`; one that is only offered so that servers stay tolerant, as `grease`. */
export function quicVersionName(version: number): string {
  if (version === VERSION.v1) return "v1";
  if (version === VERSION.v2) return "v2";
  if (version >>> 8 === 0xff0000) return `draft-${version & 0xff}`;
  if ((version & 0x0f0f0f0f) === 0x0a0a0a0a) return "grease";
  return `0x${version.toString(16).padStart(8, "0")}`;
}

export type PacketType =
  | "initial"
  | "0-rtt"
  | "handshake"
  | "retry"
  | "version-negotiation"
  | "1-rtt"
  /** A long header of a version that is not known here: only the connection IDs can be read (RFC 8999). */
  | "unknown-version";

/** Packet number spaces (RFC 9000 section 12.3). */
export type Space = "initial" | "handshake" | "application";

const TRANSPORT_ERRORS = [
  "NO_ERROR",
  "INTERNAL_ERROR",
  "CONNECTION_REFUSED",
  "FLOW_CONTROL_ERROR",
  "STREAM_LIMIT_ERROR",
  "STREAM_STATE_ERROR",
  "FINAL_SIZE_ERROR",
  "FRAME_ENCODING_ERROR",
  "TRANSPORT_PARAMETER_ERROR",
  "CONNECTION_ID_LIMIT_ERROR",
  "PROTOCOL_VIOLATION",
  "INVALID_TOKEN",
  "APPLICATION_ERROR",
  "CRYPTO_BUFFER_EXCEEDED",
  "KEY_UPDATE_ERROR",
  "AEAD_LIMIT_REACHED",
  "NO_VIABLE_PATH",
  "VERSION_NEGOTIATION_ERROR",
] as const;
/** CRYPTO_ERROR carries a TLS alert in its low byte (RFC 9001 section 4.8). */
const FIRST_CRYPTO_ERROR = 0x100;
const FATAL = 2;

/** Such as `FLOW_CONTROL_ERROR`, `CRYPTO_ERROR (handshake_failure)`; an unknown code as `0x1f`. */
export function transportErrorName(code: number): string {
  if (code >= FIRST_CRYPTO_ERROR && code <= FIRST_CRYPTO_ERROR + 0xff) {
    return `CRYPTO_ERROR (${parseAlert(Uint8Array.of(FATAL, code - FIRST_CRYPTO_ERROR))?.name})`;
  }
  // The list has no gap up to NO_VIABLE_PATH (0x10); VERSION_NEGOTIATION_ERROR (RFC 9368) is 0x11.
  return TRANSPORT_ERRORS[code] ?? `0x${code.toString(16)}`;
}
