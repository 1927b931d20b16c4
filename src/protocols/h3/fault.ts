/** What is wrong with what the peer sent, in the terms of RFC 9114 section 8. */
import type { H3ErrorName } from "./names.js";

export interface H3Fault {
  readonly code: H3ErrorName;
  /** A connection error ends the connection, a stream error ends one request (section 8). */
  readonly scope: "connection" | "stream";
  /** One sentence that names what came and what is allowed, without a full stop; printable. */
  readonly reason: string;
}

export const connectionFault = (code: H3ErrorName, reason: string): H3Fault => ({ code, scope: "connection", reason });
export const streamFault = (code: H3ErrorName, reason: string): H3Fault => ({ code, scope: "stream", reason });
