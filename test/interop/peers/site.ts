import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./definition.js";

/** Sizes of the bodies of /small and /big. */
export const SMALL_BYTES = 64;
export const BIG_BYTES = 10_000_000;

/** Writes the files that every web server serves: /, /small, /big; `more` by name. @returns their folder */
export function writeSite(folder: string, server: string, more: Readonly<Record<string, string>> = {}): string {
  const site = join(folder, "site");
  mkdirSync(site);
  const files = { "index.html": `hello from ${server}\n`, small: "s".repeat(SMALL_BYTES), ...more };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(site, name), text);
  writeFileSync(join(site, "big"), Buffer.alloc(BIG_BYTES, "b"));
  return site;
}

const BACKEND = fileURLToPath(new URL("backend.mjs", import.meta.url));

/**
 * A small HTTP/1.1 server behind those that are proxies: it serves the site and answers a POST when all of its body has come.
 * @returns its process, and the Unix socket on which it listens
 */
export function backend(folder: string, site: string): { readonly command: Command; readonly socket: string } {
  const socket = join(folder, "backend.sock");
  const ready = [{ transport: "unix", path: socket }] as const;
  return { socket, command: { program: process.execPath, args: [BACKEND, socket, site], ready } };
}
