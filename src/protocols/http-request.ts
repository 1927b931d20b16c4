/** What `http://`, `https://` and `h2c://` endpoints ask. */
import { usageError } from "../errors.js";
import type { Location } from "./location.js";
import { filler } from "./pieces.js";
import { printable } from "./printable.js";
import type { RequestSpec } from "./protocol.js";
import { type EndpointOptions, payloadOf } from "./request-options.js";

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SECURE = new Set(["https", "grpcs"]);
/** They frame the request, which is netlat's to do. */
const FRAMING = new Set(["content-length", "transfer-encoding"]);

/** `GET path`; with a body `POST` unless the method says otherwise. HTTP/2 where the scheme or `--http2` says so. */
export function httpRequest(location: Location, options: EndpointOptions): RequestSpec {
  const body = bodyOf(options);
  const method = methodOf(options.method ?? (body === undefined ? "GET" : "POST"));
  const path = pathOf(location);
  const headers = (options.headers ?? []).map(parseHeader);
  if (versionOf(location, options) === "1.1") {
    return { protocol: "http1", method, path, host: authorityOf(location), headers, body: body ?? new Uint8Array() };
  }
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const defaults = [["user-agent", "netlat"] as const, ["accept", "*/*"] as const].filter(([name]) => !given.has(name));
  return {
    protocol: "h2",
    method,
    path,
    scheme: location.scheme === "https" ? "https" : "http",
    authority: authorityOf(location),
    headers: [...defaults, ...headers.map(streamHeader)],
    body: body ?? new Uint8Array(),
    judgedBy: "http",
  };
}

function versionOf({ scheme }: Location, { httpVersion }: EndpointOptions): "1.1" | "2" {
  if (scheme !== "h2c") return httpVersion ?? "1.1";
  if (httpVersion === "1.1") throw usageError("--http1.1 does not fit h2c:// endpoints; write http://");
  return "2";
}

/** `--data`, else `--payload-size` bytes of filler. @returns undefined: no body */
function bodyOf(options: EndpointOptions): Uint8Array | undefined {
  const bytes = payloadOf(options, 0);
  if (bytes === undefined) return options.body;
  if (options.body !== undefined) throw usageError("--payload-size and --data: both make the body; give one of them");
  return filler(bytes);
}

/** Connection-specific header fields make a request malformed (RFC 9113 section 8.2.2); names are in lower case (8.2.1). */
const CONNECTION_FIELDS = new Set(["connection", "proxy-connection", "keep-alive", "upgrade"]);

export function streamHeader([name, value]: readonly [string, string]): readonly [string, string] {
  const lower = name.toLowerCase();
  if (lower === "host") throw usageError("--header Host: HTTP/2 has :authority in its place; leave it out");
  if (CONNECTION_FIELDS.has(lower) || (lower === "te" && value !== "trailers")) {
    throw usageError(`--header ${name}: speaks of one HTTP/1.1 connection and is forbidden in HTTP/2; leave it out`);
  }
  return [lower, value];
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

/** The Host header's value, HTTP/2's :authority. */
export function authorityOf(location: Location): string {
  // A zone (fe80::1%eth0) means something on this machine only (RFC 6874 section 1).
  const host = location.host.includes(":") ? `[${location.host.replace(/%.*$/, "")}]` : location.host;
  const defaultPort = SECURE.has(location.scheme) ? 443 : 80;
  return location.port === undefined || location.port === defaultPort ? host : `${host}:${location.port}`;
}

export function parseHeader(text: string): readonly [string, string] {
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
