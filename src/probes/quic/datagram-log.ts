/**
 * The datagrams of a lane's connections as they passed their sockets, in the order of time, kept until a block is over: opening
 * packets takes longer than sending them, and must not be part of what is measured.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { QuicTally } from "../../capture/quic/quic-tally.js";
import type { QuicWatch } from "../../capture/quic/quic-watch.js";
import { KeyLog } from "../../protocols/tls/key-log.js";

/** Kept at most. */
const MAX_BYTES = 64 * 1024 ** 2;
/** Read in one go: what is to be acknowledged meanwhile waits no longer than a busy end's own timer would make it. */
const SLICE_MS = 1;

interface Entry {
  readonly connection: ConnectionLog;
  readonly from: "client" | "server";
  readonly datagram: Uint8Array;
  readonly atNs: number;
}

interface End {
  readonly ends: ConnectionLog;
}

export class DatagramLog {
  readonly #tally: QuicTally;
  readonly #onKeys: (lines: string) => void;
  #folder: string | undefined;
  #connections = 0;
  #keptBytes = 0;
  #entries: (Entry | End)[] = [];
  /** Datagrams that were not kept: what they carried is not in the facts. */
  missed = 0;

  /** @param onKeys gets the connections' secrets, as lines of a key log file */
  constructor(tally: QuicTally, onKeys: (lines: string) => void) {
    this.#tally = tally;
    this.#onKeys = onKeys;
  }

  begin(): ConnectionLog {
    this.#folder ??= newFolder();
    return new ConnectionLog(this, join(this.#folder, `${this.#connections++}.keys`));
  }

  /** @param datagram is kept. @returns false: there is no room */
  note(connection: ConnectionLog, from: "client" | "server", datagram: Uint8Array, atNs: number): boolean {
    if (this.#keptBytes + datagram.length > MAX_BYTES) return false;
    this.#keptBytes += datagram.length;
    this.#entries.push({ connection, from, datagram, atNs: Math.round(atNs) });
    return true;
  }

  ended(connection: ConnectionLog): void {
    this.#entries.push({ ends: connection });
  }

  /** Reads what was kept, with pauses in which other connections are served, and keeps it no longer. */
  async read(): Promise<void> {
    const entries = this.#entries;
    this.#entries = [];
    this.#keptBytes = 0;
    let pauseAtMs = 0;
    for (const entry of entries) {
      // Also ahead of the first: the last answer is not acknowledged yet, and a server that waits for that sends it again.
      if (performance.now() >= pauseAtMs) {
        await new Promise((resume) => setImmediate(resume));
        pauseAtMs = performance.now() + SLICE_MS;
      }
      if ("ends" in entry) this.#end(entry.ends);
      else this.#push(entry);
    }
  }

  close(): void {
    if (this.#folder !== undefined) removeFolder(this.#folder);
    this.#folder = undefined;
  }

  #push({ connection, from, datagram, atNs }: Entry): void {
    const watch = this.#watch(connection);
    this.#takeKeys(connection);
    watch.push(from, datagram, atNs);
  }

  #watch(connection: ConnectionLog): QuicWatch {
    connection.watch ??= this.#tally.watch({ keyLog: connection.keyLog });
    return connection.watch;
  }

  #end(connection: ConnectionLog): void {
    // Also of a connection of which no datagram was kept: its secrets may have been asked for.
    this.#takeKeys(connection);
    if (connection.watch !== undefined) this.#tally.end(connection.watch);
    rmSync(connection.keyLogPath, { force: true });
  }

  /** A connection's secrets are all known once it is established, but for key updates, which are derived. */
  #takeKeys(connection: ConnectionLog): void {
    if (connection.hasAllKeys) return;
    let text = "";
    try {
      text = readFileSync(connection.keyLogPath, "latin1");
    } catch {
      // Nothing was agreed upon yet.
    }
    const fresh = text.slice(connection.keysRead);
    connection.keysRead = text.length;
    connection.hasAllKeys = connection.established;
    if (fresh === "") return;
    connection.keyLog.add(fresh);
    this.#onKeys(fresh);
  }
}

/** There are secrets in them: none may stay behind when the program ends on an error or a second Ctrl-C. */
const folders = new Set<string>();

function newFolder(): string {
  if (folders.size === 0) process.on("exit", removeFolders);
  const folder = mkdtempSync(join(tmpdir(), "netlat-quic-"));
  folders.add(folder);
  return folder;
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
  if (folders.size === 0) process.off("exit", removeFolders);
}

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

export class ConnectionLog {
  readonly keyLogPath: string;
  readonly keyLog = new KeyLog();
  readonly #log: DatagramLog;
  watch: QuicWatch | undefined;
  keysRead = 0;
  hasAllKeys = false;
  established = false;
  /** Once something is missing, what follows could only be misread. */
  #broken = false;

  constructor(log: DatagramLog, keyLogPath: string) {
    this.#log = log;
    this.keyLogPath = keyLogPath;
  }

  note(from: "client" | "server", datagram: Uint8Array, atNs: number): void {
    this.#broken ||= !this.#log.note(this, from, datagram, atNs);
    if (this.#broken) this.#log.missed++;
  }

  end(): void {
    this.#log.ended(this);
  }
}
