/** Whether an answer is a value, a miss or an error: by its HTTP status, or by gRPC's. */

import { readHealthResponse } from "../../protocols/grpc/health.js";
import { GrpcMessageReader } from "../../protocols/grpc/messages.js";
import { readGrpcStatus } from "../../protocols/grpc/status.js";
import { fieldValue, type HeaderField } from "../../protocols/hpack/field.js";
import { printable } from "../../protocols/printable.js";
import type { StreamRequest } from "../../protocols/protocol.js";
import { STATUS_MISS, STATUS_VALUE, statusOf } from "../samples.js";

export interface Judged {
  /** As in SampleColumns. */
  readonly status: number;
  /** For a failure: what the server said, one line. */
  readonly says: string;
  /** The name of gRPC's status; undefined: HTTP, or none came. */
  readonly grpc?: string;
}

const VALUE: Judged = { status: STATUS_VALUE, says: "" };
const MISS: Judged = { status: STATUS_MISS, says: "" };
const OK_CALL: Judged = { status: STATUS_VALUE, says: "", grpc: "OK" };

/**
 * @param response the final HEADERS. @param trailers empty when there are none
 */
export function judgeAnswer(
  judgedBy: StreamRequest["judgedBy"],
  response: readonly HeaderField[],
  trailers: readonly HeaderField[],
): Judged {
  const status = fieldValue(response, ":status") ?? "";
  if (judgedBy === "grpc") return judgeCall(status, response, trailers);
  if (/^[23]\d\d$/.test(status)) return VALUE;
  if (status === "404" || status === "410") return MISS;
  return { status: statusOf("error-answer"), says: `HTTP status ${printable(status)}` };
}

/** The status stands in the trailers, or in a response of headers alone. */
function judgeCall(status: string, response: readonly HeaderField[], trailers: readonly HeaderField[]): Judged {
  const told = readGrpcStatus(trailers) ?? readGrpcStatus(response);
  if (told === undefined) {
    const says = `no gRPC status, HTTP status ${printable(status)}: is it a gRPC server?`;
    return { status: statusOf("error-answer"), says };
  }
  if (told.name === "OK") return OK_CALL;
  if (told.name === "NOT_FOUND") return { ...MISS, grpc: told.name };
  const says = `gRPC status ${told.name}${told.message === "" ? "" : `: ${told.message}`}`;
  return { status: statusOf("error-answer"), says, grpc: told.name };
}

/** What a health check's message says, such as `SERVING`; undefined: it is none. */
export function healthOf(content: Uint8Array): string | undefined {
  const messages = new GrpcMessageReader().push(content);
  const message = "malformed" in messages ? undefined : messages[0];
  return message === undefined ? undefined : readHealthResponse(message.bytes);
}
