/** Chromium without a window: a page as the browser has it, over HTTP/3 and nothing else. */
import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { installed } from "./installed.js";

export interface BrowserRun {
  /** The page's text. */
  readonly text: string;
  /** What the server said on its control stream, by the browser's names such as SETTINGS_MAX_FIELD_SECTION_SIZE. */
  readonly settings: Readonly<Record<string, number>>;
  /** Header fields of answers over HTTP/3, as `name: value`. */
  readonly answers: readonly (readonly string[])[];
}

/**
 * Opens `https://localhost:port/path`. @throws Error when the browser does not come back in 30 seconds
 * @param certificate PEM: what the server has, which the browser takes as it is
 */
export async function browse(port: number, path: string, certificate: string): Promise<BrowserRun> {
  const program = installed("chromium");
  if (program === undefined) throw new Error("chromium is not installed; scripts/peers.sh installs it");
  const folder = mkdtempSync(join(tmpdir(), "netlat-chromium-"));
  const log = join(folder, "net-log.json");
  try {
    const { stdout } = await promisify(execFile)(
      program,
      [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", `--user-data-dir=${folder}`],
        ...[`--origin-to-force-quic-on=localhost:${port}`, "--host-resolver-rules=MAP localhost 127.0.0.1"],
        ...[`--ignore-certificate-errors-spki-list=${keyHash(certificate)}`, `--log-net-log=${log}`, "--dump-dom"],
        `https://localhost:${port}${path}`,
      ],
      { timeout: 30_000 },
    );
    return { text: stdout.replace(/<[^>]*>/g, "").trim(), ...readNetLog(readFileSync(log, "utf8")) };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

const keyHash = (certificate: string): string =>
  createHash("sha256")
    .update(new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");

interface NetLog {
  readonly constants: { readonly logEventTypes: Readonly<Record<string, number>> };
  readonly events: readonly { readonly type: number; readonly params?: Readonly<Record<string, unknown>> }[];
}

/** The log's last bracket may be missing: the browser ends as soon as it has printed the page. */
function readNetLog(text: string): Pick<BrowserRun, "settings" | "answers"> {
  const { constants, events } = JSON.parse(
    /\]\s*\}\s*$/.test(text) ? text : `${text.trimEnd().replace(/,$/, "")}]}`,
  ) as NetLog;
  const named = (name: string) =>
    events.flatMap(({ type, params }) =>
      type === constants.logEventTypes[name] && params !== undefined ? [params] : [],
    );
  return {
    settings: Object.assign({}, ...named("HTTP3_SETTINGS_RECEIVED")),
    answers: named("HTTP3_HEADERS_DECODED").map(({ headers }) => headers as string[]),
  };
}
