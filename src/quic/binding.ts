/**
 * The one door to quiche, through the sans-I/O binding inside `@matrixai/quic`: an optional package that may be missing, or have no
 * binary for this machine. Its own sockets and promises are not used: they take four times as long per request.
 */
import type { Quiche } from "@matrixai/quic/native/quiche.js";
import type { Config, Connection } from "@matrixai/quic/native/types.js";

export type { Quiche } from "@matrixai/quic/native/quiche.js";
export type { Header, Host, PathStats } from "@matrixai/quic/native/types.js";
export type NativeConnection = Connection;
export type NativeConfig = Config;

/** quiche in `@matrixai/quic` 2: what a report names as the engine. */
export const ENGINE_NAME = "quiche 0.18 (@matrixai/quic 2)";

const NOT_INSTALLED = "the package @matrixai/quic is not installed (npm install @matrixai/quic)";

/**
 * quiche, or why it cannot be had. Loaded on the first call: only QUIC pays for it.
 * NETLAT_WITHOUT_QUIC=1 acts as if it were not installed, to test that everything else works without it.
 */
export async function loadQuiche(): Promise<Quiche | { readonly unavailable: string }> {
  if (process.env.NETLAT_WITHOUT_QUIC === "1") return { unavailable: NOT_INSTALLED };
  try {
    return (await import("@matrixai/quic/native/quiche.js")).default;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return { unavailable: NOT_INSTALLED };
    if (/native bindings|Unsupported/.test(message)) {
      return { unavailable: `@matrixai/quic has no binary for ${process.platform} on ${process.arch}` };
    }
    return { unavailable: `@matrixai/quic does not load (${message.split("\n", 1)[0]})` };
  }
}
