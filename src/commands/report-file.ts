import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { EXIT, NetlatError } from "../errors.js";
import type { Report } from "../report/model.js";
import { parseReport } from "../report/parse.js";

/**
 * Reads a saved report; `-` is standard input.
 * @throws NetlatError (exit 3) that names the file and what is wrong with it
 */
export async function readReportFile(path: string): Promise<Report> {
  const saved = await readSavedFile(
    path,
    "name a report that netlat wrote with --format json, or - for standard input",
  );
  return parseReport(saved.text, saved.name);
}

/**
 * Reads a file as text; `-` is standard input.
 * @param hint what to name instead, when it cannot be read
 * @throws NetlatError (exit 3) that names the file and what is wrong with it
 */
export async function readSavedFile(path: string, hint: string): Promise<{ name: string; text: string }> {
  const name = path === "-" ? "standard input" : path;
  const content = await (path === "-" ? text(process.stdin) : readFile(path, "utf8")).catch((cause) => {
    throw new NetlatError(EXIT.unreadableInput, `${name}: ${reason(cause)}`, { hint, cause });
  });
  return { name, text: content };
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "is a directory";
  if (code === "EACCES" || code === "EPERM") return "may not be read (permission denied)";
  return message;
}
