/** What `grpc://` and `grpcs://` endpoints ask: a unary call, by default of the standard health check. */
import { usageError } from "../errors.js";
import { HEALTH_CHECK_PATH, healthRequest } from "./grpc/health.js";
import { frameGrpcMessage } from "./grpc/messages.js";
import { encodeGrpcTimeout } from "./grpc/timeout.js";
import { authorityOf, parseHeader, streamHeader } from "./http-request.js";
import type { Location } from "./location.js";
import { printable } from "./printable.js";
import type { RequestSpec } from "./protocol.js";
import type { EndpointOptions } from "./request-options.js";

/** The headers that make a request a gRPC call; no other value is of use. */
const RESERVED = new Set(["content-type", "te", "grpc-timeout", "grpc-encoding"]);

/** `/pkg.Service/Method` with the bytes of `--data`; without a method `grpc.health.v1.Health/Check`. */
export function grpcRequest(location: Location, options: EndpointOptions): RequestSpec {
  const path = callPath(location);
  const headers = (options.headers ?? []).map(parseHeader).map((header) => streamHeader(header));
  const taken = headers.find(([name]) => RESERVED.has(name));
  if (taken !== undefined) throw usageError(`--header ${taken[0]}: netlat sets it for gRPC; leave it out`);
  const deadline =
    options.deadlineNs === undefined ? [] : [["grpc-timeout", encodeGrpcTimeout(options.deadlineNs)] as const];
  const message = options.body ?? (path === HEALTH_CHECK_PATH ? healthRequest() : new Uint8Array());
  return {
    protocol: "h2",
    method: "POST",
    path,
    scheme: location.scheme === "grpcs" ? "https" : "http",
    authority: authorityOf(location),
    headers: [
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["user-agent", "netlat"],
      ...deadline,
      ...headers,
    ],
    body: frameGrpcMessage(message),
    judgedBy: "grpc",
  };
}

function callPath({ path, query }: Location): string {
  if (query !== undefined) throw usageError(`?${printable(query)}: a gRPC method takes no query; leave it out`);
  if (path === "" || path === "/") return HEALTH_CHECK_PATH;
  if (/^\/[\w.]+\/\w+$/.test(path)) return path;
  throw usageError(
    `path ${printable(path)}: not a gRPC method; write /pkg.Service/Method, such as ${HEALTH_CHECK_PATH}`,
  );
}
