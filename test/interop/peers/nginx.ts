import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePeer, tcp, type Work } from "./definition.js";
import { writeSite } from "./site.js";

type Ports = "http1" | "tls" | "h2c";

interface NginxOptions {
  /** http2_max_concurrent_streams; nginx's own default is 128. */
  readonly maxConcurrentStreams?: number;
  /** A time in nginx's notation, such as `2s`: an idle connection is closed after it. */
  readonly keepaliveTimeout?: string;
  /** Requests after which a connection is closed, with GOAWAY. */
  readonly keepaliveRequests?: number;
  /** ssl_protocols; without it 1.2 and 1.3 (nginx 1.22 by itself would take no 1.3). */
  readonly tlsVersions?: string;
}

/** HTTP/1.1 in clear text; h2 and HTTP/1.1 over TLS; h2 in clear text with prior knowledge only, as nginx 1.22 has it. */
export const nginx = definePeer<Ports, NginxOptions>({
  needs: ["nginx", "openssl"],
  ports: ["http1", "tls", "h2c"],
  prepare(work, options) {
    const conf = join(work.folder, "nginx.conf");
    writeFileSync(conf, config(work, writeSite(work.folder, "nginx"), options));
    return [
      {
        program: "nginx",
        args: ["-p", work.folder, "-e", join(work.folder, "error.log"), "-c", conf],
        ready: [tcp(work, "http1"), tcp(work, "tls"), tcp(work, "h2c")],
      },
    ];
  },
});

/**
 * `/post` takes a body. It is proxied to the same nginx over a Unix socket, because `return` alone would answer before the body
 * has come, and a stall between head and body would not show. One process (`master_process off`), so that nothing is left when
 * it is killed.
 */
function config({ folder, address, ports, certificate }: Work<Ports>, site: string, options: NginxOptions): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const streams = options.maxConcurrentStreams;
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ")}
  keepalive_timeout ${options.keepaliveTimeout ?? "60s"};
  keepalive_requests ${options.keepaliveRequests ?? 1000000};
  client_max_body_size 64m;
  ${streams === undefined ? "" : `http2_max_concurrent_streams ${streams};`}
  ssl_certificate ${certificate.certFile};
  ssl_certificate_key ${certificate.keyFile};
  ssl_protocols ${options.tlsVersions ?? "TLSv1.2 TLSv1.3"};
  server {
    listen ${address}:${ports.http1};
    listen ${address}:${ports.tls} ssl http2;
    listen ${address}:${ports.h2c} http2;
    root ${site};
    location /post { proxy_pass http://unix:${folder}/backend.sock:; }
  }
  server {
    listen unix:${folder}/backend.sock;
    location / { return 200 "posted\\n"; }
  }
}
`;
}
