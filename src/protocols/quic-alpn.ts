/** Which protocols a QUIC endpoint offers (ALPN, RFC 7301): there is no QUIC connection without one. */
import { usageError } from "../errors.js";
import type { Location } from "./location.js";
import { printable } from "./printable.js";
import type { RequestSpec } from "./protocol.js";
import type { EndpointOptions } from "./request-options.js";

/** RFC 9114 section 3.1, RFC 9250 section 4.1.1. */
const OF_REQUEST: Readonly<Record<string, string>> = { h3: "h3", dns: "doq" };

/** @returns at least one; the first is that of the request. @throws NetlatError (exit 2) where nothing says */
export function alpnOf(location: Location, { protocol }: RequestSpec, options: EndpointOptions): readonly string[] {
  const written = protocol === "raw" ? alpnInUrl(location) : undefined;
  if (options.alpn !== undefined) return options.alpn;
  if (written !== undefined) return written;
  const own = OF_REQUEST[protocol];
  if (own !== undefined) return [own];
  const place = `quic://${location.host.includes(":") ? `[${location.host}]` : location.host}:${location.port}`;
  throw usageError(
    `${place}: a QUIC connection names its protocol (ALPN); give --alpn NAME, or write ${place}?alpn=NAME`,
  );
}

function alpnInUrl({ query }: Location): readonly string[] | undefined {
  if (query === undefined) return undefined;
  const pairs = [...new URLSearchParams(query)];
  const [key, names = ""] = pairs[0] ?? [];
  if (pairs.length === 1 && key === "alpn") return parseAlpn(names, "?alpn");
  throw usageError(`?${printable(query)}: a quic:// endpoint takes ?alpn=NAME alone; say what to send with --send`);
}

/**
 * Reads `h3` or `h3,h3-29`, each once, in the order given.
 * @throws NetlatError (exit 2)
 */
export function parseAlpn(text: string, name: string): readonly string[] {
  const names = text.split(",").map((word) => word.trim());
  // Any octets are allowed; printable ones are what people type, and what anybody has registered.
  if (names.every((one) => /^[!-~]{1,255}$/.test(one))) return [...new Set(names)];
  throw usageError(`${name} ${printable(text)}: not names of protocols; write one such as h3, or several as h3,h3-29`);
}
