/** The status codes of gRPC (grpc/doc/statuscodes.md) and how a response tells its own (grpc/doc/PROTOCOL-HTTP2.md). */
import { fieldValue, type HeaderField } from "../hpack/field.js";
import { printable } from "../printable.js";

const NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;
export type GrpcStatusName = (typeof NAMES)[number];

/** Such as `UNAVAILABLE`; a code that gRPC has not as `UNKNOWN` (its specification says so). */
export const grpcStatusName = (code: number): GrpcStatusName => NAMES[code] ?? "UNKNOWN";
export const grpcStatusCode = (name: GrpcStatusName): number => NAMES.indexOf(name);

export interface GrpcStatus {
  readonly code: number;
  readonly name: GrpcStatusName;
  /** What the server said, with its percent encoding undone; printable, "" where it said nothing. */
  readonly message: string;
}

/**
 * The status in trailers, or in headers that are all the response there is (Trailers-Only).
 * @returns undefined where they have none
 */
export function readGrpcStatus(fields: readonly HeaderField[]): GrpcStatus | undefined {
  const status = fieldValue(fields, "grpc-status");
  if (status === undefined) return undefined;
  const code = /^\d{1,3}$/.test(status) ? Number(status) : 2;
  return {
    code,
    name: grpcStatusName(code),
    message: printable(percentDecoded(fieldValue(fields, "grpc-message") ?? "")),
  };
}

/** What a response without grpc-status means, by its HTTP status (grpc/doc/http-grpc-status-mapping.md). */
export function statusOfHttp(httpStatus: number): GrpcStatusName {
  if (httpStatus === 400) return "INTERNAL";
  if (httpStatus === 401) return "UNAUTHENTICATED";
  if (httpStatus === 403) return "PERMISSION_DENIED";
  if (httpStatus === 404) return "UNIMPLEMENTED";
  return [429, 502, 503, 504].includes(httpStatus) ? "UNAVAILABLE" : "UNKNOWN";
}

/** What a stream that was reset means, by its HTTP/2 error (PROTOCOL-HTTP2.md, "HTTP2 Transport Mapping"). */
export function statusOfReset(codeName: string): GrpcStatusName {
  if (codeName === "REFUSED_STREAM") return "UNAVAILABLE";
  if (codeName === "CANCEL") return "CANCELLED";
  if (codeName === "ENHANCE_YOUR_CALM") return "RESOURCE_EXHAUSTED";
  return codeName === "INADEQUATE_SECURITY" ? "PERMISSION_DENIED" : "INTERNAL";
}

/** Trailers of a call. @param message any text; it is percent encoded */
export function grpcTrailers(name: GrpcStatusName, message = ""): HeaderField[] {
  const trailers: HeaderField[] = [{ name: "grpc-status", value: String(grpcStatusCode(name)) }];
  if (message !== "") trailers.push({ name: "grpc-message", value: percentEncoded(message) });
  return trailers;
}

function percentEncoded(text: string): string {
  return Array.from(Buffer.from(text, "utf8"), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}

/** A broken escape stays as it is: a message must never be lost for its encoding. */
function percentDecoded(text: string): string {
  const octets = text.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(octets, "latin1").toString("utf8");
}
