import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePeer, tcp, type Work } from "./definition.js";
import { backend, writeSite } from "./site.js";

type Ports = "tls" | "h2c";

interface H2oOptions {
  /** http2-max-concurrent-requests-per-connection: how many it works on at once. Its SETTINGS say 100 streams, whatever this is. */
  readonly maxConcurrentRequests?: number;
}

/** h2 and HTTP/1.1 over TLS; HTTP/1.1 and h2 with prior knowledge or Upgrade on one port in clear text. */
export const h2o = definePeer<Ports, H2oOptions>({
  needs: ["h2o", "openssl"],
  ports: ["tls", "h2c"],
  prepare(work, options) {
    const site = writeSite(work.folder, "h2o");
    const behind = backend(work.folder, site);
    const conf = join(work.folder, "h2o.yaml");
    writeFileSync(conf, config(work, site, behind.socket, options));
    return [behind.command, { program: "h2o", args: ["-c", conf], ready: [tcp(work, "tls"), tcp(work, "h2c")] }];
  },
});

/** One thread, as root (a change of user would undo the kill at the parent's death), no stapling. Its YAML may have a key twice. */
function config(work: Work<Ports>, site: string, socket: string, options: H2oOptions): string {
  const { address, ports, certificate, folder } = work;
  const requests = options.maxConcurrentRequests;
  return `
user: root
num-threads: 1
pid-file: ${folder}/h2o.pid
error-log: ${folder}/error.log
temp-buffer-path: ${folder}
http1-request-timeout: 60
http2-idle-timeout: 60
${requests === undefined ? "" : `http2-max-concurrent-requests-per-connection: ${requests}`}
listen:
  host: ${address}
  port: ${ports.tls}
  ssl:
    certificate-file: ${certificate.certFile}
    key-file: ${certificate.keyFile}
    ocsp-update-interval: 0
listen:
  host: ${address}
  port: ${ports.h2c}
hosts:
  default:
    paths:
      /post:
        proxy.reverse.url: "http://[unix:${socket}]/"
      /:
        file.dir: ${site}
`;
}
