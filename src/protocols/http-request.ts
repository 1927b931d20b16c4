/** What `http://`, `https://`, `h2c://` and `h3://` endpoints ask. */
import { usageError } from "../errors.js";
import type { Location } from "./location.js";
import { filler } from "./pieces.js";
import { printable } from "./printable.js";
import type { RequestSpec } from "./protocol.js";
import { type EndpointOptions, type HttpVersion, payloadOf } from "./request-options.js";

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SECURE = new Set(["https", "grpcs", "h3"]);
/** They frame the request, which is netlat's to do. */
const FRAMING = new Set(["content-length", "transfer-encoding"]);

/** `GET path`; with a body `POST` unless the method says otherwise. HTTP/2 or HTTP/3 where the scheme or a flag says so. */
export function httpRequest(location: Location, options: EndpointOptions): RequestSpec {
  const body = bodyOf(options);
  const method = methodOf(options.method ?? (body === undefined ? "GET" : "POST"));
  const path = pathOf(location);
  const headers = (options.headers ?? []).map(parseHeader);
  const version = versionOf(location, options);
  if (version === "1.1") {
    return { protocol: "http1", method, path, host: authorityOf(location), headers, body: body ?? new Uint8Array() };
  }
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const defaults = [["user-agent", "netlat"] as const, ["accept", "*/*"] as const].filter(([name]) => !given.has(name));
  const request = {
    method,
    path,
    authority: authorityOf(location),
    headers: [...defaults, ...headers.map((header) => streamHeader(header, `HTTP/${version}`))],
    body: body ?? new Uint8Array(),
  };
  if (version === "3") return { protocol: "h3", ...request };
  const scheme = location.scheme === "https" ? "https" : "http";
  return { protocol: "h2", ...request, scheme, judgedBy: "http" };
}

/** Schemes that say which version they are. */
const VERSION_OF: Readonly<Record<string, HttpVersion>> = { h2c: "2", h3: "3" };

function versionOf({ scheme }: Location, { httpVersion }: EndpointOptions): HttpVersion {
  const own = VERSION_OF[scheme];
  if (httpVersion === "3" && scheme !== "https" && scheme !== "h3") {
    throw usageError(`--http3 does not fit ${scheme}:// endpoints: QUIC is always encrypted; write h3:// or https://`);
  }
  if (own !== undefined && httpVersion !== undefined && httpVersion !== own) {
    const remedy = scheme === "h3" ? "https://" : "http://";
    throw usageError(`--http${httpVersion} does not fit ${scheme}:// endpoints; write ${remedy}`);
  }
  return own ?? httpVersion ?? "1.1";
}

/** `--data`, else `--payload-size` bytes of filler. @returns undefined: no body */
function bodyOf(options: EndpointOptions): Uint8Array | undefined {
  const bytes = payloadOf(options, 0);
  if (bytes === undefined) return options.body;
  if (options.body !== undefined) throw usageError("--payload-size and --data: both make the body; give one of them");
  return filler(bytes);
}

/** Connection-specific header fields make a request malformed (RFC 9113 section 8.2.2, RFC 9114 4.2); names are in lower case. */
const CONNECTION_FIELDS = new Set(["connection", "proxy-connection", "keep-alive", "upgrade"]);

export function streamHeader([name, value]: readonly [string, string], version = "HTTP/2"): readonly [string, string] {
  const lower = name.toLowerCase();
  if (lower === "host") throw usageError(`--header Host: ${version} has :authority in its place; leave it out`);
  if (CONNECTION_FIELDS.has(lower) || (lower === "te" && value !== "trailers")) {
    throw usageError(
      `--header ${name}: speaks of one HTTP/1.1 connection and is forbidden in ${version}; leave it out`,
    );
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
