/** TLS as a lane asks for it. */
import { isIP } from "node:net";
import tls from "node:tls";
import { usageError } from "../../errors.js";
import type { LaneSpec } from "../probe.js";

/**
 * @param alpn protocols to offer (RFC 7301), the first preferred; empty: none
 * @throws NetlatError (exit 2) for a certificate, key or CA that cannot be used
 */
export function tlsOptions(spec: Pick<LaneSpec, "target" | "tls">, alpn: readonly string[]): tls.ConnectionOptions {
  const { host } = spec.target;
  const settings = spec.tls;
  // RFC 6066 3: a literal address is no server name; the certificate is checked against `host` then.
  const servername = settings?.servername ?? (isIP(host) ? "" : host);
  return {
    host,
    servername,
    rejectUnauthorized: !(settings?.insecure ?? false),
    secureContext: secureContext(settings),
    ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
  };
}

/** Where a lane that resumes keeps its last session; undefined: it does not resume. */
export const resumable = (spec: LaneSpec): { latest: Buffer | undefined } | undefined =>
  spec.tls?.resume === true ? { latest: undefined } : undefined;

/** One for all connections of a lane: reading the certificates takes longer than a handshake. */
function secureContext(settings: LaneSpec["tls"]): tls.SecureContext {
  const { ca, cert, key } = settings ?? {};
  try {
    return tls.createSecureContext({ ca, cert, key });
  } catch (error) {
    const given = Object.entries({ "--ca": ca, "--cert": cert, "--key": key }).flatMap(([name, pem]) =>
      pem ? [name] : [],
    );
    throw usageError(
      `${given.join(", ")}: cannot be used for TLS (${(error as Error).message}); give PEM files that belong together`,
    );
  }
}
