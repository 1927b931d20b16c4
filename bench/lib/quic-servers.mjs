/** gtlsserver, caddy and the lab for the bench of QUIC: HTTP/3 with one small file and one of 10 MB. */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placed } from "./placement.mjs";
import { freePort, installed, serverOnPort, serverThatPrints } from "./processes.mjs";

export const BIG_BYTES = 10_000_000;
const STARTERS = { gtlsserver, caddy };
/** gtlsserver writes a line for each datagram that comes behind a close. */
const QUIC = { answers: speaksQuic, stderr: "ignore" };

/** @returns { ports by name of those that are installed, stop } */
export async function startQuicServers(placement) {
  const folder = mkdtempSync(join(tmpdir(), "netlat-bench-quic-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-keyout", keyFile, "-out", certFile, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
  ]);
  const site = join(folder, "www");
  mkdirSync(site);
  writeFileSync(join(site, "small"), "x".repeat(64));
  writeFileSync(join(site, "big"), Buffer.alloc(BIG_BYTES, "x"));
  const ports = {};
  const started = [];
  for (const [name, command] of Object.entries(STARTERS)) {
    if (!installed(name)) {
      console.log(`${name} is not installed: left out`);
      continue;
    }
    ports[name] = await freePort();
    const words = placed(placement, "server", command({ folder, site, keyFile, certFile, port: ports[name] }));
    started.push(await serverOnPort(words[0], words.slice(1), ports[name], QUIC));
  }
  return {
    ports,
    /** gtlsserver that allows one stream at a time. */
    async oneStreamAtOnce() {
      const port = await freePort();
      const more = ["--max-streams-bidi=1"];
      const words = placed(placement, "server", gtlsserver({ site, keyFile, certFile, port, more }));
      return serverOnPort(words[0], words.slice(1), port, QUIC);
    },
    async stop() {
      await Promise.all(started.map(({ stop }) => stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function gtlsserver({ site, keyFile, certFile, port, more = [] }) {
  return ["gtlsserver", "-q", "-d", site, ...more, "127.0.0.1", String(port), keyFile, certFile];
}

function caddy({ folder, site, keyFile, certFile, port }) {
  const conf = join(folder, "Caddyfile");
  writeFileSync(
    conf,
    `{
  admin off
  auto_https off
  storage file_system ${folder}/storage
  log {
    output discard
  }
  servers {
    protocols h1 h2 h3
  }
}
https://:${port} {
  bind 127.0.0.1
  root * ${site}
  file_server
  tls ${certFile} ${keyFile}
}
`,
  );
  return ["caddy", "run", "--config", conf, "--adapter", "caddyfile"];
}

/** `netlat serve h3`. @returns { port, pid, stop } */
export async function startLab(netlat, placement) {
  const serve = [process.execPath, netlat, "serve", "h3", "--big-size", String(BIG_BYTES)];
  const [command, ...words] = placed(placement, "server", serve);
  const { said, pid, stop } = await serverThatPrints(command, words, "ignore");
  return { port: Number(/:(\d+)/.exec(said)[1]), pid, stop };
}

/** A first packet of a version that nobody speaks is answered with Version Negotiation (RFC 9000 section 6.1). */
async function speaksQuic(port) {
  const packet = Buffer.alloc(1200);
  packet.writeUInt32BE(0xc01a2a3a, 0);
  packet.writeUInt16BE(0x4a08, 4);
  const socket = createSocket("udp4");
  socket.on("error", () => {});
  const answered = new Promise((done) => {
    socket.once("message", () => done(true));
    setTimeout(done, 200, false);
  });
  socket.send(packet, port, "127.0.0.1");
  try {
    return await answered;
  } finally {
    socket.close();
  }
}
