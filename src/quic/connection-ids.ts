/** Connection IDs that we give out (RFC 9000 section 5.1). */
import { randomBytes } from "node:crypto";
import type { NativeConnection } from "./binding.js";

/** Long enough not to be guessed, and what a server needs to know of a short header, which does not tell. */
export const CONNECTION_ID_BYTES = 16;

export const newConnectionId = (): Uint8Array => randomBytes(CONNECTION_ID_BYTES);

/**
 * Gives the peer as many as it takes: each new path needs one of its own.
 * @returns those that are new
 */
export function issueConnectionIds(native: NativeConnection): Uint8Array[] {
  const issued: Uint8Array[] = [];
  while (native.sourceCidsLeft() > 0) {
    const id = newConnectionId();
    try {
      native.newSourceCid(id, BigInt(`0x${randomBytes(16).toString("hex")}`), false);
    } catch {
      break;
    }
    issued.push(id);
  }
  return issued;
}
