import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePeer, tcp, type Work } from "./definition.js";
import { backend, writeSite } from "./site.js";

type Ports = "http1" | "tls" | "h2c";

interface HaproxyOptions {
  /** tune.h2.max-concurrent-streams; its own default is 100. */
  readonly maxConcurrentStreams?: number;
}

/** HTTP/1.1 in clear text; h2 and HTTP/1.1 over TLS; h2 in clear text with prior knowledge (`proto h2`). */
export const haproxy = definePeer<Ports, HaproxyOptions>({
  needs: ["haproxy", "openssl"],
  ports: ["http1", "tls", "h2c"],
  prepare(work, options) {
    const behind = backend(work.folder, writeSite(work.folder, "haproxy's backend"));
    const conf = join(work.folder, "haproxy.cfg");
    writeFileSync(conf, config(work, behind.socket, options));
    const ready = [tcp(work, "http1"), tcp(work, "tls"), tcp(work, "h2c")];
    return [behind.command, { program: "haproxy", args: ["-db", "-f", conf], ready }];
  },
});

/**
 * `/` and `/post` it answers itself, but only when the body is there too (`http-buffer-request`), as a server that needs it
 * would; all else comes from the backend.
 */
function config({ address, ports, certificate }: Work<Ports>, socket: string, options: HaproxyOptions): string {
  const streams = options.maxConcurrentStreams;
  return `
global
  maxconn 4096
  ${streams === undefined ? "" : `tune.h2.max-concurrent-streams ${streams}`}
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout http-keep-alive 60s
frontend netlat
  bind ${address}:${ports.http1}
  bind ${address}:${ports.tls} ssl crt ${certificate.bothFile} alpn h2,http/1.1
  bind ${address}:${ports.h2c} proto h2
  option http-buffer-request
  http-request return status 200 content-type text/plain string "hello from haproxy\\n" if { path / /post }
  default_backend site
backend site
  server node unix@${socket}
`;
}
