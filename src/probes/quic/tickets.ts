/** Session tickets: what a later connection resumes with, within a run and, where the user names a file, across runs. */
import { readFileSync, writeFileSync } from "node:fs";
import { usageError } from "../../errors.js";

/** What the file says that it is. */
const FORMAT = "netlat QUIC sessions 1";

export class Tickets {
  readonly #path: string | undefined;
  readonly #server: string;
  #latest: Uint8Array | undefined;
  #changed = false;

  /**
   * @param server what a ticket is good for, such as `localhost 127.0.0.1:443 h3`
   * @throws NetlatError (exit 2) when there is such a file and it cannot be read
   */
  constructor(path: string | undefined, server: string) {
    this.#path = path;
    this.#server = server;
    const kept = path === undefined ? undefined : readFile(path)[server];
    if (kept !== undefined) this.#latest = Buffer.from(kept, "base64");
  }

  get latest(): Uint8Array | undefined {
    return this.#latest;
  }

  keep(ticket: Uint8Array | undefined): void {
    if (ticket === undefined) return;
    this.#latest = ticket;
    this.#changed = true;
  }

  /** @throws NetlatError (exit 2) when the file cannot be written */
  save(): void {
    if (this.#path === undefined || this.#latest === undefined || !this.#changed) return;
    const sessions = { ...readFile(this.#path), [this.#server]: Buffer.from(this.#latest).toString("base64") };
    try {
      // Whoever has a ticket can pretend to be this client.
      writeFileSync(this.#path, `${JSON.stringify({ format: FORMAT, sessions }, null, 1)}\n`, { mode: 0o600 });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw usageError(`--session-file ${this.#path}: cannot be written (${code}); name a file that you may write to`);
    }
  }
}

function readFile(path: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return {};
    throw usageError(`--session-file ${path}: cannot be read (${code}); name a file that you may read, or a new one`);
  }
  try {
    const { format, sessions } = JSON.parse(text) as { format?: unknown; sessions?: unknown };
    if (format === FORMAT && typeof sessions === "object" && sessions !== null) {
      return Object.fromEntries(Object.entries(sessions).filter(([, ticket]) => typeof ticket === "string"));
    }
  } catch {
    // Said below.
  }
  throw usageError(
    `--session-file ${path}: is not a file of sessions that netlat wrote; name another one, or a new one`,
  );
}
