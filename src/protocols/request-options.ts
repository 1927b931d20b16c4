/** The flags about a request, and the parts of a URL, as every scheme reads them. */
import { usageError } from "../errors.js";
import type { Location } from "./location.js";
import { printable } from "./printable.js";

export type HttpVersion = "1.1" | "2" | "3";

/** As given on the command line. */
export interface EndpointOptions {
  /** `--send TEXT`, escapes not yet read. */
  readonly send?: string | undefined;
  /** `--send-hex DIGITS`. */
  readonly sendHex?: string | undefined;
  /** `--expect bytes:N|line|until:TEXT|regex:RE`. */
  readonly expect?: string | undefined;
  /** `--payload-size`, in bytes. */
  readonly payloadBytes?: number | undefined;
  /** `--method`. */
  readonly method?: string | undefined;
  /** `--header "Name: value"`, each. */
  readonly headers?: readonly string[] | undefined;
  /** `--data`, `--data-hex`: the body; for gRPC the message. */
  readonly body?: Uint8Array | undefined;
  /** `--http1.1`, `--http2` or `--http3`; undefined: what the scheme says, `https://` as negotiated. */
  readonly httpVersion?: HttpVersion | undefined;
  /** `--alpn`: what QUIC offers, in place of what the scheme says. */
  readonly alpn?: readonly string[] | undefined;
  /** `--deadline`, of gRPC calls, in nanoseconds. */
  readonly deadlineNs?: number | undefined;
  /** `--inline`: Redis inline commands in place of RESP. */
  readonly inline?: boolean | undefined;
}

/** A request is built in memory, whole. */
const MAX_PAYLOAD_BYTES = 64 * 1024 ** 2;

/** @returns `--payload-size`, checked; undefined: not given */
export function payloadOf(options: EndpointOptions, smallest: number): number | undefined {
  const bytes = options.payloadBytes;
  if (bytes === undefined) return undefined;
  if (Number.isInteger(bytes) && bytes >= smallest && bytes <= MAX_PAYLOAD_BYTES) return bytes;
  throw usageError(`--payload-size ${bytes}: write whole bytes from ${smallest} to ${MAX_PAYLOAD_BYTES} (64 MiB)`);
}

/** Percent-decodes a part of a URL. @throws NetlatError (exit 2) */
export function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw usageError(`${what} ${printable(text)}: not percent-encoded UTF-8; write %25 for a % sign`);
  }
}

/** @throws NetlatError (exit 2) where the URL goes on behind what the scheme knows */
export function refuseRest(location: Location, part: "query" | "fragment", remedy: string): void {
  const rest = location[part];
  if (rest === undefined) return;
  const sign = part === "query" ? "?" : "#";
  throw usageError(`${sign}${printable(rest)}: a ${location.scheme}:// endpoint takes no ${part}; ${remedy}`);
}
