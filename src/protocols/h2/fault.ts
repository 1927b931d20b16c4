/** What is wrong with what the peer sent, in the terms of RFC 9113 sections 5.4 and 7. */
import type { ErrorName } from "./names.js";

export interface H2Fault {
  readonly code: ErrorName;
  /** A connection error ends the connection with GOAWAY, a stream error ends one stream with RST_STREAM. */
  readonly scope: "connection" | "stream";
  /** 0: of the connection as a whole. */
  readonly streamId: number;
  /** One sentence that names what came and what is allowed, without a full stop; printable. */
  readonly reason: string;
}

export function connectionFault(code: ErrorName, reason: string, streamId = 0): H2Fault {
  return { code, scope: "connection", streamId, reason };
}

export function streamFault(code: ErrorName, streamId: number, reason: string): H2Fault {
  return { code, scope: "stream", streamId, reason };
}
