/** HTTP/1.1 requests (RFC 9112). */
import { Http1Answers } from "./http1-reader.js";
import { protocolOf, utf8 } from "./pieces.js";
import type { Protocol, RequestSpec } from "./protocol.js";

type Http1Spec = Extract<RequestSpec, { protocol: "http1" }>;

/** Methods whose request says `Content-Length: 0` when it has no body (RFC 9110 8.6). */
const BODY_EXPECTED = new Set(["POST", "PUT", "PATCH"]);

/**
 * Pieces of a request with a body: the head, the body: two buffers, two writes, the usual case. Of one without: the request
 * line, the headers, the blank line that ends the head, as a client prints them that writes line by line in three steps.
 * A header given in `spec.headers` replaces the default of the same name.
 */
export function http1(spec: Http1Spec): Protocol {
  const requestLine = `${spec.method} ${spec.path} HTTP/1.1\r\n`;
  const headers = headersOf(spec)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const pieces =
    spec.body.length > 0
      ? [utf8(`${requestLine}${headers}\r\n`), spec.body]
      : [utf8(requestLine), utf8(headers), utf8("\r\n")];
  return protocolOf("http1", pieces, () => new Http1Answers(spec.method));
}

function headersOf(spec: Http1Spec): (readonly [string, string])[] {
  const defaults: (readonly [string, string])[] = [
    ["Host", spec.host],
    ["User-Agent", "netlat"],
    ["Accept", "*/*"],
  ];
  if (spec.body.length > 0 || BODY_EXPECTED.has(spec.method)) {
    defaults.push(["Content-Length", String(spec.body.length)]);
  }
  const given = new Set(spec.headers.map(([name]) => name.toLowerCase()));
  return [...defaults.filter(([name]) => !given.has(name.toLowerCase())), ...spec.headers];
}
