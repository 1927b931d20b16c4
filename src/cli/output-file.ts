import { realpathSync } from "node:fs";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { usageError } from "../errors.js";

/**
 * Writes a file as a whole: a reader sees the old text or the new one, never a half. What is not a plain file (/dev/stdout, a pipe) is
 * written to directly, and so is a file whose folder takes no new ones.
 * @param option what the file was named by, such as `--output`
 * @throws NetlatError (exit 2)
 */
export async function writeOutputFile(path: string, text: string, option: string): Promise<void> {
  try {
    const existing = await stat(path).catch(() => undefined);
    if (existing !== undefined && !existing.isFile()) await writeFile(path, text);
    else await replaceFile(existing === undefined ? path : realpathSync(path), text, existing?.mode);
  } catch (cause) {
    throw usageError(
      `${option} ${path}: cannot be written (${whyUnwritten(cause)})`,
      "name a file in a folder that exists and that you may write to",
    );
  }
}

async function replaceFile(path: string, text: string, mode: number | undefined): Promise<void> {
  const draft = `${path}.${process.pid}.draft`;
  try {
    await writeFile(draft, text, mode === undefined ? {} : { mode });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    if (mode === undefined) throw error;
    await writeFile(path, text);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such folder",
  ENOTDIR: "part of the path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "read-only file system",
  ENOSPC: "no space left",
  EDQUOT: "the quota is used up",
};

/** What the system said of a failed write, in a few words. */
export function whyUnwritten(cause: unknown): string {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}
