/** How each real server is started in the foreground, on loopback, with nothing outside its own work folder. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type PeerName = "memcached" | "redis" | "nginx" | "haproxy";

interface PeerCommand {
  readonly program: string;
  /** Writes what the server needs into its work folder. @returns the arguments */
  prepare(folder: string, port: number): readonly string[];
}

export const PEERS: Readonly<Record<PeerName, PeerCommand>> = {
  memcached: {
    program: "memcached",
    // As root it insists on -u; it stays root, since a change of user would undo the kill at the parent's death.
    prepare: (_folder, port) => ["-u", "root", "-l", "127.0.0.1", "-p", String(port), "-U", "0", "-m", "64"],
  },
  redis: {
    program: "redis-server",
    prepare: (folder, port) => ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
  },
  nginx: {
    program: "nginx",
    prepare(folder, port) {
      mkdirSync(join(folder, "site"));
      writeFileSync(join(folder, "site", "index.html"), "hello from nginx\n");
      writeFileSync(join(folder, "nginx.conf"), nginxConfig(folder, port));
      return ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")];
    },
  },
  haproxy: {
    program: "haproxy",
    prepare(folder, port) {
      writeFileSync(join(folder, "haproxy.cfg"), haproxyConfig(port));
      return ["-db", "-f", join(folder, "haproxy.cfg")];
    },
  },
};

/**
 * A static site with keep-alive, and `/post`, which takes a body. It is proxied to the same nginx over a Unix socket, because
 * `return` alone would answer before the body has come, and a stall between head and body would not show.
 * One process (`master_process off`), so that nothing is left when it is killed.
 */
function nginxConfig(folder: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ")}
  keepalive_timeout 60s;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port};
    root ${folder}/site;
    location /post { proxy_pass http://unix:${folder}/backend.sock:; }
  }
  server {
    listen unix:${folder}/backend.sock;
    location / { return 200 "posted\\n"; }
  }
}
`;
}

/** Answers every request itself, but only when the body is there too (`http-buffer-request`), as a server that needs it would. */
function haproxyConfig(port: number): string {
  return `
global
  maxconn 512
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout http-keep-alive 60s
  option http-buffer-request
frontend netlat
  bind 127.0.0.1:${port}
  http-request return status 200 content-type text/plain string "hello from haproxy\\n"
`;
}
