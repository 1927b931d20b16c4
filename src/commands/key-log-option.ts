/** `--keylog`: the secrets that open TLS connections in a capture. */
import { readFileSync } from "node:fs";
import { usageError } from "../errors.js";
import { KeyLog } from "../protocols/tls/key-log.js";
import type { Ui } from "./ui.js";

const WRITERS = "SSLKEYLOGFILE of browsers and curl, or netlat probe --keylog-out, write such files";

/** @throws NetlatError (exit 2) for a file that cannot be read, or has no secret in it */
export function readKeyLog(path: string, ui: Ui): KeyLog {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usageError(`--keylog ${path}: cannot be read (${code}); name a file of TLS secrets: ${WRITERS}`);
  }
  const keyLog = new KeyLog();
  keyLog.add(text);
  const { connections, malformedLines } = keyLog;
  if (connections === 0) throw usageError(`--keylog ${path}: no TLS secrets in it; ${WRITERS}`);
  if (malformedLines > 0) {
    const lines = malformedLines === 1 ? "1 line is" : `${malformedLines} lines are`;
    ui.warn(`--keylog ${path}: ${lines} no secret, and passed over`);
  }
  return keyLog;
}
