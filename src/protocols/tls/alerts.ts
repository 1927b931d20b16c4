/** Names of alerts (RFC 8446 section 6, RFC 5246 section 7.2, RFC 7301). */

export interface TlsAlert {
  readonly level: "warning" | "fatal";
  readonly code: number;
  /** As the RFCs name it, such as `handshake_failure`; `alert 200` where they do not. */
  readonly name: string;
}

const FATAL = 2;
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, "close_notify"],
  [10, "unexpected_message"],
  [20, "bad_record_mac"],
  [22, "record_overflow"],
  [40, "handshake_failure"],
  [42, "bad_certificate"],
  [43, "unsupported_certificate"],
  [44, "certificate_revoked"],
  [45, "certificate_expired"],
  [46, "certificate_unknown"],
  [47, "illegal_parameter"],
  [48, "unknown_ca"],
  [49, "access_denied"],
  [50, "decode_error"],
  [51, "decrypt_error"],
  [70, "protocol_version"],
  [71, "insufficient_security"],
  [80, "internal_error"],
  [86, "inappropriate_fallback"],
  [90, "user_canceled"],
  [100, "no_renegotiation"],
  [109, "missing_extension"],
  [110, "unsupported_extension"],
  [112, "unrecognized_name"],
  [113, "bad_certificate_status_response"],
  [115, "unknown_psk_identity"],
  [116, "certificate_required"],
  [120, "no_application_protocol"],
]);

/** @param bytes an alert's content in the clear @returns undefined: it is none */
export function parseAlert(bytes: Uint8Array): TlsAlert | undefined {
  const [level, code] = bytes;
  if (bytes.length !== 2 || level === undefined || code === undefined) return undefined;
  return { level: level === FATAL ? "fatal" : "warning", code, name: NAMES.get(code) ?? `alert ${code}` };
}
