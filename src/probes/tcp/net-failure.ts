/** What Node's socket errors mean for a sample: the status, and one line for the report. */
import type { Failure } from "../samples.js";
import { outOfFiles } from "./failure-words.js";

export interface Trouble {
  readonly failure: Failure;
  /** One line. */
  readonly says: string;
  /**
   * The peer had closed before our bytes reached it: Linux raises EPIPE, not ECONNRESET, for a reset that follows a FIN
   * (tcp_reset() in CLOSE_WAIT).
   */
  readonly closingRace: boolean;
}

const BY_CODE: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  ECONNABORTED: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENETUNREACH: "unreachable",
  ENETDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  EACCES: "unreachable",
  EPERM: "unreachable",
};

/** How far the connection had come when the error was raised. */
export type Stage = "connecting" | "handshaking" | "open";

const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? "";

export function troubleOf(error: Error, stage: Stage): Trouble {
  const code = codeOf(error);
  if (stage === "handshaking" && code === "ECONNRESET") return closedInHandshake;
  if (stage === "handshaking" || isTls(code)) return { failure: "tls", says: tlsSays(error, code), closingRace: false };
  const failure = BY_CODE[code] ?? (stage === "connecting" ? "unreachable" : "reset");
  return { failure, says: outOfFiles(code) ?? oneLine(error.message), closingRace: code === "EPIPE" };
}

export const closedInHandshake: Trouble = {
  failure: "tls",
  says: "the peer closed the connection during the TLS handshake; does it speak TLS on this port?",
  closingRace: false,
};

// ERR_SSL_ and EPROTO come from the record layer, the rest from the check of the certificate (X509_V_ERR_ of OpenSSL).
const isTls = (code: string): boolean => /^(ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code) || isCertificate(code);

const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)/;
const isCertificate = (code: string): boolean => CERTIFICATE.test(code);

function tlsSays(error: Error, code: string): string {
  const what = oneLine(error.message);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `the server's certificate is for another name: ${what}; ask for one of its names with --servername NAME, or skip the check with --insecure`;
  }
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code)) {
    return `the server's certificate is not valid today: ${what} (${code}); renew it, or skip the check with --insecure`;
  }
  if (isCertificate(code)) {
    return `the server's certificate is not trusted: ${what} (${code}); give its CA with --ca FILE, or skip the check with --insecure`;
  }
  const reason = opensslReason(error);
  if (NO_TLS.test(reason)) return `what the server sent is not TLS (${reason}); does it speak TLS on this port?`;
  if (/no application protocol/i.test(reason)) {
    return "the server speaks none of the protocols that we offer (TLS alert no_application_protocol); it may have no HTTP/2: try https:// with --http1.1";
  }
  if (/alert.*certificate|handshake failure/i.test(reason)) {
    return `the server ended the TLS handshake (${reason}); if it asks for a client certificate, give --cert FILE and --key FILE`;
  }
  return `TLS: ${reason}`;
}

/** What OpenSSL says about bytes that are no TLS record, such as the text of a plain server. */
const NO_TLS = /wrong version number|packet length too long|http request|unknown protocol|record too small/i;

/** Node puts the reason in a property; where that is missing, OpenSSL's line is `…:error:CODE:library:function:reason:file:line:…`. */
function opensslReason(error: Error): string {
  const { reason } = error as Error & { reason?: unknown };
  if (typeof reason === "string" && reason !== "") return oneLine(reason);
  const [, inLine] = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/i.exec(error.message) ?? [];
  return oneLine(inLine ?? error.message);
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, 200);
