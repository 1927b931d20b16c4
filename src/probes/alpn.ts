/** Which HTTP a server chooses over TLS (ALPN, RFC 7301). */
import tls from "node:tls";
import type { Target } from "../protocols/protocol.js";
import type { Ns } from "../units/duration.js";
import type { TlsSettings } from "./probe.js";
import { tlsOptions } from "./tcp/net-tls.js";

/**
 * One TLS handshake that offers both versions, on a connection that is closed after it.
 * @returns undefined when there was no handshake: what is wrong shows when the endpoint is measured
 * @throws NetlatError (exit 2) for a certificate, key or CA that cannot be used
 */
export function negotiatedVersion(
  target: Target,
  settings: TlsSettings,
  timeoutNs: Ns,
): Promise<"1.1" | "2" | undefined> {
  const options = tlsOptions({ target, tls: settings }, ["h2", "http/1.1"]);
  return new Promise((resolve) => {
    const socket = tls.connect({ ...options, host: target.host, port: target.port });
    const done = (version: "1.1" | "2" | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(version);
    };
    const timer = setTimeout(() => done(undefined), timeoutNs / 1e6);
    socket.once("secureConnect", () => done(socket.alpnProtocol === "h2" ? "2" : "1.1"));
    socket.once("error", () => done(undefined));
    socket.once("close", () => done(undefined));
  });
}
