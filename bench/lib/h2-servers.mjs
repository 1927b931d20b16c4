/** nginx and nghttpd for the bench, each over TLS and in clear text, with one small file. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placed } from "./placement.mjs";
import { freePort, installed, serverOnPort } from "./processes.mjs";

/** @returns the servers that are installed, and how to stop them all */
export async function startH2Servers(placement) {
  const folder = mkdtempSync(join(tmpdir(), "netlat-bench-h2-"));
  chmodSync(folder, 0o755);
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-keyout", keyFile, "-out", certFile, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
  ]);
  const site = join(folder, "www");
  mkdirSync(site);
  writeFileSync(join(site, "small"), "x".repeat(64));
  const started = [];
  const list = [];
  const work = { folder, site, keyFile, certFile, placement };
  for (const [name, start] of Object.entries({ nginx, nghttpd })) {
    if (!installed(name)) {
      console.log(`${name} is not installed: left out`);
      continue;
    }
    const { ports, processes } = await start(work);
    started.push(...processes);
    list.push({ name, ports, certFile });
  }
  return {
    list,
    async stop() {
      await Promise.all(started.map(({ stop }) => stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function nginx({ folder, site, keyFile, certFile, placement }) {
  const ports = { h2c: await freePort(), tls: await freePort() };
  const conf = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    conf,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  keepalive_requests 10000000;
  ssl_certificate ${certFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.3;
  server { listen 127.0.0.1:${ports.h2c} http2; root ${site}; }
  server { listen 127.0.0.1:${ports.tls} ssl http2; root ${site}; }
}
`,
  );
  const words = placed(placement, "server", ["nginx", "-p", folder, "-e", join(folder, "error.log"), "-c", conf]);
  return { ports, processes: [await serverOnPort(words[0], words.slice(1), ports.h2c)] };
}

async function nghttpd({ site, keyFile, certFile, placement }) {
  const ports = { h2c: await freePort(), tls: await freePort() };
  const common = ["nghttpd", "-a", "127.0.0.1", "-d", site];
  const start = (port, more) => {
    const [command, ...words] = placed(placement, "server", [...common, ...more]);
    return serverOnPort(command, words, port);
  };
  return {
    ports,
    processes: [
      await start(ports.h2c, ["--no-tls", String(ports.h2c)]),
      await start(ports.tls, [String(ports.tls), keyFile, certFile]),
    ],
  };
}
