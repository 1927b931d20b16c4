/** The header fields of a gRPC call (grpc/doc/PROTOCOL-HTTP2.md, "Requests" and "Responses"). */
import { type HeaderField, headerField } from "../hpack/field.js";
import { encodeGrpcTimeout } from "./timeout.js";

export interface GrpcCall {
  /** Such as `/grpc.health.v1.Health/Check`. */
  readonly path: string;
  readonly scheme: "http" | "https";
  /** Host, and port where it is not the scheme's own. */
  readonly authority: string;
  readonly userAgent: string;
  /** From now to the deadline, in nanoseconds. */
  readonly timeoutNs?: number;
  /** Further metadata as the user typed it. */
  readonly metadata?: readonly (readonly [name: string, value: string])[];
}

export function grpcRequestHeaders(call: GrpcCall): HeaderField[] {
  const fields = [
    headerField(":method", "POST"),
    headerField(":scheme", call.scheme),
    headerField(":path", call.path),
    headerField(":authority", call.authority),
    headerField("te", "trailers"),
  ];
  if (call.timeoutNs !== undefined) fields.push(headerField("grpc-timeout", encodeGrpcTimeout(call.timeoutNs)));
  fields.push(headerField("content-type", "application/grpc"), headerField("user-agent", call.userAgent));
  for (const [name, value] of call.metadata ?? []) fields.push(headerField(name, value));
  return fields;
}

/** What a server answers with before its messages. */
export function grpcResponseHeaders(): HeaderField[] {
  return [headerField(":status", "200"), headerField("content-type", "application/grpc")];
}

/** Whether a response or request is gRPC by its content type (`application/grpc`, with a suffix or parameters). */
export function isGrpcContentType(value: string | undefined): boolean {
  return value !== undefined && /^application\/grpc(?:[+;]|$)/.test(value);
}
