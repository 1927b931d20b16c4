import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePeer, quic, tcp, type Work } from "./definition.js";
import { backend, writeSite } from "./site.js";

type Ports = "tls" | "h2c";

interface CaddyOptions {
  /** Asks for a client certificate, and takes its own. */
  readonly clientAuth?: boolean;
}

/**
 * h3 (with 0-RTT), h2 and HTTP/1.1 on the port `tls`; HTTP/1.1 and h2 with prior knowledge or Upgrade on `h2c`. Its HTTP/2 comes
 * from Go's x/net/http2, its QUIC from quic-go. 2.6 cannot set MAX_CONCURRENT_STREAMS: 250.
 */
export const caddy = definePeer<Ports, CaddyOptions>({
  needs: ["caddy", "openssl"],
  ports: ["tls", "h2c"],
  prepare(work, { clientAuth = false }) {
    const site = writeSite(work.folder, "caddy");
    const behind = backend(work.folder, site);
    const conf = join(work.folder, "Caddyfile");
    writeFileSync(conf, config(work, site, behind.socket, clientAuth));
    const ready = [tcp(work, "tls"), tcp(work, "h2c"), quic(work, "tls")];
    const args = ["run", "--config", conf, "--adapter", "caddyfile"];
    return [behind.command, { program: "caddy", args, ready }];
  },
});

/** With client certificates it holds the name in the request against SNI, which its HTTP/3 does not know: 421. */
const STRICT_OFF = "strict_sni_host insecure_off";

function config(
  { folder, address, ports, certificate }: Work<Ports>,
  site: string,
  socket: string,
  clientAuth: boolean,
): string {
  const ask = `{
    client_auth {
      mode require_and_verify
      trusted_ca_cert_file ${certificate.certFile}
    }
  }`;
  const names = [...new Set(["localhost", "127.0.0.1", address])];
  const handlers = `
  bind ${address}
  root * ${site}
  reverse_proxy /post unix/${socket}
  file_server`;
  return `
{
  admin off
  auto_https disable_redirects
  skip_install_trust
  storage file_system ${folder}/storage
  servers {
    protocols h1 h2 h2c h3
    ${clientAuth ? STRICT_OFF : ""}
  }
}
${names.map((name) => `https://${name}:${ports.tls}`).join(", ")} {${handlers}
  tls ${certificate.certFile} ${certificate.keyFile} ${clientAuth ? ask : ""}
}
http://:${ports.h2c} {${handlers}
}
`;
}
