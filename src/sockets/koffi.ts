/** The one door to koffi: an optional package that may be missing, or have no binary for this machine. */
import { createRequire } from "node:module";

export type Koffi = typeof import("koffi");

/** Something cannot be had here, with the reason in a few words and the remedy where there is one. */
export interface Unavailable {
  readonly unavailable: string;
}

/**
 * koffi, or why it cannot be had. Loaded on the first call: it costs some 10 ms that `--version` must not pay.
 * NETLAT_WITHOUT_KOFFI=1 acts as if it were not installed, to test that everything works without it.
 */
export function loadKoffi(): Koffi | Unavailable {
  if (process.env.NETLAT_WITHOUT_KOFFI === "1") return { unavailable: NOT_INSTALLED };
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return { unavailable: NOT_INSTALLED };
    return { unavailable: `koffi does not load (${firstLine(error)})` };
  }
}

const NOT_INSTALLED = "koffi is not installed (npm install koffi)";

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n", 1)[0] ?? "";
}
