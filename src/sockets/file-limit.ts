/** How many files this process may have open: each connection is one. */
import { readFileSync } from "node:fs";

/** The soft RLIMIT_NOFILE, which Node raises to the hard one at its start; null: not known here (proc(5) is Linux's). */
export function openFileLimit(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}
