import { chownSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePeer, tcp, type Work } from "./definition.js";
import { installed } from "./installed.js";
import { writeSite } from "./site.js";

type Ports = "tls" | "h2c";

interface ApacheOptions {
  /** H2MaxSessionStreams; its own default is 100. */
  readonly maxConcurrentStreams?: number;
  /** H2WindowSize in bytes: the window of a stream for request bodies; its own default is 65535. */
  readonly windowBytes?: number;
}

const MODULES = "/usr/lib/apache2/modules";

/** h2 and HTTP/1.1 over TLS; HTTP/1.1 and h2 with prior knowledge or Upgrade on one port in clear text. */
export const apache = definePeer<Ports, ApacheOptions>({
  needs: ["apache2", "setpriv", "openssl", `${MODULES}/mod_http2.so`],
  ports: ["tls", "h2c"],
  prepare(work, options) {
    const conf = join(work.folder, "apache.conf");
    const site = writeSite(work.folder, "apache", { post: "posted\n" });
    writeFileSync(conf, config(work, site, options));
    return [{ ...asNobody(work.folder, conf), ready: [tcp(work, "tls"), tcp(work, "h2c")] }];
  },
});

const NOBODY = 65534;

/**
 * Apache refuses to serve as root; when it changed its user itself, the kill at the parent's death would be undone.
 * -X: one process, so that nothing is left when it is killed.
 */
function asNobody(folder: string, conf: string): { program: string; args: string[] } {
  const args = ["-X", "-f", conf];
  if (process.getuid?.() !== 0) return { program: "apache2", args };
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  for (const path of [folder, ...all]) chownSync(path, NOBODY, NOBODY);
  const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--pdeathsig=KILL"];
  return { program: "setpriv", args: [...identity, installed("apache2") as string, ...args] };
}

/** `/post` is a file: Apache reads and drops the body of a POST to one before it answers. */
function config(work: Work<Ports>, site: string, options: ApacheOptions): string {
  const { folder, address, ports, certificate } = work;
  const modules = ["mpm_event", "authz_core", "mime", "dir", "ssl", "http2", "socache_shmcb"];
  const streams = options.maxConcurrentStreams;
  const window = options.windowBytes;
  return `
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/apache.pid
ErrorLog ${folder}/error.log
DefaultRuntimeDir ${folder}
Mutex file:${folder}
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")}
TypesConfig /dev/null
ThreadsPerChild 64
MaxRequestWorkers 64
KeepAliveTimeout 60
MaxKeepAliveRequests 0
H2Push off
${streams === undefined ? "" : `H2MaxSessionStreams ${streams}`}
${window === undefined ? "" : `H2WindowSize ${window}`}
DocumentRoot ${site}
DirectoryIndex index.html
SSLSessionCache shmcb:${folder}/sessions(512000)
Listen ${address}:${ports.tls}
Listen ${address}:${ports.h2c}
Protocols h2c http/1.1
<VirtualHost ${address}:${ports.tls}>
  Protocols h2 http/1.1
  SSLEngine on
  SSLCertificateFile ${certificate.certFile}
  SSLCertificateKeyFile ${certificate.keyFile}
</VirtualHost>
`;
}
