/** What `http://` and `https://` endpoints ask. */
import { usageError } from "../errors.js";
import type { Location } from "./location.js";
import { printable } from "./printable.js";
import type { RequestSpec } from "./protocol.js";
import { type EndpointOptions, payloadOf } from "./request-options.js";

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** They frame the request, which is netlat's to do. */
const FRAMING = new Set(["content-length", "transfer-encoding"]);

/** `GET path`; with a payload `POST` unless the method says otherwise. */
export function httpRequest(location: Location, options: EndpointOptions): RequestSpec {
  const bodyBytes = payloadOf(options, 0);
  return {
    protocol: "http1",
    method: methodOf(options.method ?? (bodyBytes === undefined ? "GET" : "POST")),
    path: pathOf(location),
    host: hostHeader(location),
    headers: (options.headers ?? []).map(parseHeader),
    bodyBytes: bodyBytes ?? 0,
  };
}

function methodOf(text: string): string {
  const method = text.toUpperCase();
  if (!TOKEN.test(method))
    throw usageError(`--method ${printable(text)}: not an HTTP method; write one such as GET, HEAD or POST`);
  if (method === "CONNECT")
    throw usageError(`--method ${text}: a tunnel has no answer to measure; write one such as GET, HEAD or POST`);
  return method;
}

function pathOf(location: Location): string {
  const path = `${location.path === "" ? "/" : location.path}${location.query === undefined ? "" : `?${location.query}`}`;
  if (/^[!-~]+$/.test(path)) return path;
  throw usageError(
    `path ${printable(path)}: a blank, control or non-ASCII character in an HTTP path; percent-encode it, such as %20`,
  );
}

function hostHeader(location: Location): string {
  // A zone (fe80::1%eth0) means something on this machine only (RFC 6874 section 1).
  const host = location.host.includes(":") ? `[${location.host.replace(/%.*$/, "")}]` : location.host;
  const defaultPort = location.scheme === "https" ? 443 : 80;
  return location.port === undefined || location.port === defaultPort ? host : `${host}:${location.port}`;
}

function parseHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(colon, 0));
  if (!TOKEN.test(name)) throw usageError(`--header ${printable(text)}: not a header; write "Name: value"`);
  const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  // The value may be a secret: it is not shown.
  if ([...value].some((character) => (character < " " && character !== "\t") || character === "\x7f")) {
    throw usageError(`--header ${name}: a line end or control character in the value; write "Name: value" on one line`);
  }
  if (FRAMING.has(name.toLowerCase())) {
    throw usageError(`--header ${name}: netlat frames the request itself; use --payload-size for a body`);
  }
  return [name, value];
}
