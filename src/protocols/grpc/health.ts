/**
 * The standard health check, `grpc.health.v1.Health/Check` (grpc/doc/health-checking.md). Its two messages have one field each,
 * number 1, so the few lines of protobuf that they need are here.
 */
export const HEALTH_CHECK_PATH = "/grpc.health.v1.Health/Check";

const STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;
export type HealthStatus = (typeof STATUSES)[number];

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;

/** HealthCheckRequest. @param service "" asks for the server as a whole */
export function healthRequest(service = ""): Uint8Array {
  if (service === "") return new Uint8Array(0);
  const name = Buffer.from(service, "utf8");
  return Buffer.concat([Buffer.from([(1 << 3) | LENGTH_DELIMITED, ...varint(name.length)]), name]);
}

/** HealthCheckResponse. */
export function healthResponse(status: HealthStatus): Uint8Array {
  return Uint8Array.of((1 << 3) | VARINT, STATUSES.indexOf(status));
}

/** Reads a HealthCheckRequest. @returns the service asked for, or undefined where the bytes are not such a message */
export function readHealthRequest(bytes: Uint8Array): string | undefined {
  let service = "";
  const ok = readFields(bytes, (field, _value, start, end) => {
    if (field === 1 && start >= 0) service = Buffer.from(bytes.subarray(start, end)).toString("utf8");
  });
  return ok ? service : undefined;
}

/** Reads a HealthCheckResponse. @returns undefined where the bytes are not such a message; a status that is not known is `UNKNOWN` */
export function readHealthResponse(bytes: Uint8Array): HealthStatus | undefined {
  let status = 0;
  const ok = readFields(bytes, (field, value, start) => {
    if (field === 1 && start < 0) status = value;
  });
  return ok ? (STATUSES[status] ?? "UNKNOWN") : undefined;
}

/** @param each gets a number, or where `start` is not -1 the bytes `[start, end)`. @returns whether the message was whole */
function readFields(
  bytes: Uint8Array,
  each: (field: number, value: number, start: number, end: number) => void,
): boolean {
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at);
    if (key === undefined || key.value < 8) return false;
    const field = Math.floor(key.value / 8);
    const wire = key.value % 8;
    at = key.end;
    if (wire === FIXED32 || wire === FIXED64) {
      at += wire === FIXED32 ? 4 : 8;
      if (at > bytes.length) return false;
      continue;
    }
    const number = wire === VARINT || wire === LENGTH_DELIMITED ? readVarint(bytes, at) : undefined;
    if (number === undefined) return false;
    at = number.end;
    if (wire === VARINT) {
      each(field, number.value, -1, -1);
    } else {
      if (number.value > bytes.length - at) return false;
      each(field, 0, at, at + number.value);
      at += number.value;
    }
  }
  return true;
}

function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  let unit = 1;
  for (let at = start; at < bytes.length && at < start + MAX_VARINT_BYTES; at++) {
    value += (bytes[at]! & 127) * unit;
    unit *= 128;
    if (bytes[at]! < 128) return { value, end: at + 1 };
  }
  return undefined;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
