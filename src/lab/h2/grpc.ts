/** gRPC calls (grpc/doc/PROTOCOL-HTTP2.md): the standard health service, and an echo for every other unary method. */
import { grpcResponseHeaders, isGrpcContentType } from "../../protocols/grpc/call.js";
import {
  HEALTH_CHECK_PATH,
  type HealthStatus,
  healthResponse,
  readHealthRequest,
} from "../../protocols/grpc/health.js";
import { frameGrpcMessage, type GrpcMessage, GrpcMessageReader } from "../../protocols/grpc/messages.js";
import { type GrpcStatusName, grpcTrailers } from "../../protocols/grpc/status.js";
import { parseGrpcTimeout } from "../../protocols/grpc/timeout.js";
import { fieldValue, type HeaderField } from "../../protocols/hpack/field.js";
import type { LabOptions } from "../options.js";
import { type Answer, bare, type Call } from "./call.js";

/** Answers at once and keeps the stream open for news, of which the lab has none. */
const HEALTH_WATCH_PATH = "/grpc.health.v1.Health/Watch";

export function grpcCall(fields: readonly HeaderField[], options: LabOptions): Call {
  const refusal = refusalOf(fields);
  if (refusal !== undefined) return { refusal, answer: () => refusal };
  const path = fieldValue(fields, ":path") ?? "";
  const timeout = fieldValue(fields, "grpc-timeout");
  const reader = new GrpcMessageReader();
  const messages: GrpcMessage[] = [];
  let malformed: string | undefined;
  return {
    timeoutNs: timeout === undefined ? undefined : parseGrpcTimeout(timeout),
    expired: failure("DEADLINE_EXCEEDED", "the lab was still thinking at the deadline"),
    take(bytes, start, end) {
      const more = reader.push(bytes, start, end);
      if ("malformed" in more) malformed = more.malformed;
      else if (messages.length < 2) messages.push(...more);
    },
    answer() {
      if (malformed !== undefined) return failure("INTERNAL", malformed);
      if (reader.partial) return failure("INTERNAL", "the request ends inside a message");
      const [message, second] = messages;
      if (message === undefined || second !== undefined) {
        return failure(
          "INTERNAL",
          `a unary call has one message; this one has ${message === undefined ? "none" : "more"}`,
        );
      }
      if (message.compressed) return failure("UNIMPLEMENTED", "the lab takes no compressed messages");
      return methodAnswer(path, message.bytes, options);
    },
  };
}

/** What no method gets to see, refused as grpc-go does. */
function refusalOf(fields: readonly HeaderField[]): Answer | undefined {
  const contentType = fieldValue(fields, "content-type");
  if (!isGrpcContentType(contentType)) {
    const said = contentType === undefined ? "no content-type" : `content-type ${contentType}`;
    return failure("INVALID_ARGUMENT", `${said}; it is application/grpc`, "415");
  }
  if (fieldValue(fields, ":method") !== "POST") return failure("INTERNAL", "the method of a gRPC call is POST", "405");
  const timeout = fieldValue(fields, "grpc-timeout");
  if (timeout !== undefined && parseGrpcTimeout(timeout) === undefined) {
    return failure("INTERNAL", `grpc-timeout ${timeout}: not a number of at most eight digits and a unit`);
  }
  return undefined;
}

function methodAnswer(path: string, message: Uint8Array, options: LabOptions): Answer {
  if (path === HEALTH_CHECK_PATH || path === HEALTH_WATCH_PATH) return health(message, path === HEALTH_WATCH_PATH);
  if (options.grpcUnimplemented || path.startsWith("/missing")) return failure("UNIMPLEMENTED", `no method ${path}`);
  return success(message);
}

/** All services are well, but those that start with `missing` are not there (grpc/doc/health-checking.md). */
function health(message: Uint8Array, watches: boolean): Answer {
  const service = readHealthRequest(message);
  if (service === undefined) return failure("INTERNAL", "not a HealthCheckRequest");
  const isMissing = service.startsWith("missing");
  if (isMissing && !watches) return failure("NOT_FOUND", `no service ${service}`);
  const status: HealthStatus = isMissing ? "SERVICE_UNKNOWN" : "SERVING";
  const answer = success(healthResponse(status));
  return watches ? { headers: answer.headers, content: answer.content, staysOpen: true } : answer;
}

function success(message: Uint8Array): Answer {
  return { headers: grpcResponseHeaders(), content: [frameGrpcMessage(message)], trailers: grpcTrailers("OK") };
}

/** Header fields alone, "Trailers-Only". */
function failure(name: GrpcStatusName, message: string, httpStatus = "200"): Answer {
  const [, contentType] = grpcResponseHeaders();
  const headers = [{ name: ":status", value: httpStatus }, contentType as HeaderField, ...grpcTrailers(name, message)];
  return bare(headers);
}
