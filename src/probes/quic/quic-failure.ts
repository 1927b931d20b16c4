/** What the end of a QUIC connection means for a sample: the kind of failure, and one line with the remedy. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { transportErrorName } from "../../protocols/quic/names.js";
import type { ConnectionEnd } from "../../quic/application.js";
import type { Failure } from "../samples.js";

export interface QuicTrouble {
  readonly failure: Failure;
  readonly says: string;
  /** The server had closed before our request reached it: it may be asked again. */
  readonly closedIdle: boolean;
}

export interface TroubleContext {
  readonly host: string;
  readonly servername: string | undefined;
  readonly alpn: readonly string[];
  /** Name of an application's error code. */
  readonly errorName: (code: number) => string;
  /** DER, the server's own first; undefined: none came. */
  readonly certificates: readonly Uint8Array[] | undefined;
}

/** CRYPTO_ERROR (RFC 9001 section 4.8) with alerts of RFC 8446 section 6. */
const CRYPTO_ERROR = 0x100;
const ALERT = {
  badCertificate: 42,
  expired: 45,
  unknownCa: 48,
  internalError: 80,
  unrecognizedName: 112,
  certificateRequired: 116,
  noProtocol: 120,
} as const;

const SOCKET: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  EPERM: "unreachable",
  EACCES: "unreachable",
};

/** Such as EMSGSIZE: errno's names. */
const SYSTEM_CODE = /^E[A-Z0-9]+$/;

export function troubleOf(end: ConnectionEnd, context: TroubleContext): QuicTrouble {
  const trouble = (failure: Failure, says: string, closedIdle = false): QuicTrouble => ({ failure, says, closedIdle });
  if (end.by === "socket") {
    const says =
      end.reason === "ECONNREFUSED"
        ? "nothing listens on that UDP port (ICMP port unreachable); does the server speak QUIC there?"
        : SYSTEM_CODE.test(end.reason)
          ? `the system cannot send there: ${end.reason}`
          : `QUIC's engine cannot begin a connection there: ${end.reason}`;
    return trouble(SOCKET[end.reason] ?? "unreachable", says);
  }
  if (end.by === "idle") {
    const says = "nothing was heard from the server for the idle timeout";
    return end.wasEstablished ? trouble("closed", says, true) : trouble("timeout", says);
  }
  const alert = end.application ? undefined : alertOf(end.code);
  if (alert !== undefined) return trouble("tls", tlsSays(end, alert, context));
  const by = end.by === "peer" ? "the server closed the connection" : "netlat closed the connection";
  const name = end.application ? context.errorName(end.code) : transportErrorName(end.code);
  const says = `${by}: ${name}${end.reason === "" ? "" : ` (${end.reason})`}`;
  if (end.by === "us" && !end.wasEstablished) return trouble("malformed", says);
  return trouble(end.wasEstablished ? "closed" : "refused", says, end.by === "peer" && end.wasEstablished);
}

const alertOf = (code: number): number | undefined =>
  code >= CRYPTO_ERROR && code <= CRYPTO_ERROR + 0xff ? code - CRYPTO_ERROR : undefined;

function tlsSays(end: ConnectionEnd, alert: number, context: TroubleContext): string {
  if (end.by === "us") return ourDoubt(alert, context);
  if (alert === ALERT.noProtocol) {
    return `the server does not speak ${context.alpn.join(" or ")} (TLS alert no_application_protocol); name what it speaks with --alpn`;
  }
  if (alert === ALERT.certificateRequired) {
    return "the server asks for a client certificate (TLS alert certificate_required); give --cert FILE and --key FILE";
  }
  if (alert === ALERT.internalError || alert === ALERT.unrecognizedName) {
    const name = context.servername ?? context.host;
    return `the server ended the TLS handshake (${transportErrorName(end.code)}): most likely it has no certificate for ${name}; ask for a name that it has with --servername NAME`;
  }
  return `the server ended the TLS handshake (${transportErrorName(end.code)}); if it asks for a client certificate, give --cert FILE and --key FILE`;
}

/** We did not like the server's certificate: why? */
function ourDoubt(alert: number, { host, servername, certificates }: TroubleContext): string {
  const [der] = certificates ?? [];
  const certificate = der === undefined ? undefined : new X509Certificate(der);
  if (alert === ALERT.expired) {
    return `the server's certificate is not valid today (${certificate?.validFrom} to ${certificate?.validTo}); renew it, or skip the check with --insecure`;
  }
  const name = servername ?? host;
  if (certificate !== undefined && !isFor(certificate, name)) {
    return `the server's certificate is for another name: ${name} is not among ${certificate.subjectAltName ?? certificate.subject}; ask for one of its names with --servername NAME, or skip the check with --insecure`;
  }
  if (alert === ALERT.unknownCa || alert === ALERT.badCertificate) {
    return "the server's certificate is not trusted: no CA that we know has signed it; give its CA with --ca FILE, or skip the check with --insecure";
  }
  return `the TLS handshake failed on our side (TLS alert ${alert})`;
}

/** Whether a certificate names who was asked for (RFC 6125). */
export const isFor = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
