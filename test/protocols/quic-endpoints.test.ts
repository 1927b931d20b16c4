/** Endpoints over QUIC: `h3://`, `quic://`, `doq://`, and `https://` with `--http3`. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { type EndpointOptions, parseEndpoint } from "../../src/protocols/endpoint.js";
import { bytesOf } from "./reading.js";

function refusal(text: string, options?: EndpointOptions): string {
  try {
    parseEndpoint(text, options);
  } catch (error) {
    if (error instanceof NetlatError && error.exitCode === 2) return error.message;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe("where to connect", () => {
  it.each([
    ["h3://h/a", {}, 443, ["h3"]],
    ["h3://[::1]:8443/", {}, 8443, ["h3"]],
    ["h3://h", { alpn: ["h3-29", "h3"] }, 443, ["h3-29", "h3"]],
    ["h3://h", { httpVersion: "3" }, 443, ["h3"]],
    ["https://h/", { httpVersion: "3" }, 443, ["h3"]],
    ["quic://h:7?alpn=echo", {}, 7, ["echo"]],
    ["quic://h:7?alpn=a,b", {}, 7, ["a", "b"]],
    ["quic://h:7?alpn=echo", { alpn: ["other"] }, 7, ["other"]],
    ["quic://h:7", { alpn: ["echo"] }, 7, ["echo"]],
    ["doq://h", {}, 853, ["doq"]],
  ] as [string, EndpointOptions, number, string[]][])("%s %j", (endpoint, options, port, alpn) => {
    expect(parseEndpoint(endpoint, options)).toMatchObject({ endpoint, port, transport: "quic", alpn });
  });

  it.each([
    ["quic://h", {}, "quic://h: the port is missing; write quic://HOST:PORT"],
    [
      "quic://[::1]:7",
      {},
      "quic://[::1]:7: a QUIC connection names its protocol (ALPN); give --alpn NAME, or write quic://[::1]:7?alpn=NAME",
    ],
    ["quic://h:7?alpn=", {}, "?alpn : not names of protocols; write one such as h3, or several as h3,h3-29"],
    ["quic://h:7?x=1", {}, "?x=1: a quic:// endpoint takes ?alpn=NAME alone; say what to send with --send"],
    ["https://h", { alpn: ["h3"] }, "--alpn: is for QUIC; add --http3, or write h3://"],
    [
      "tcp://h:1",
      { alpn: ["x"] },
      "--alpn does not fit tcp:// endpoints; it is for https:// and h3:// and quic:// and doq://",
    ],
  ] as [string, EndpointOptions, string][])("%s %j is refused", (endpoint, options, message) => {
    expect(refusal(endpoint, options)).toBe(message);
  });
});

describe("h3://", () => {
  it("asks as https:// does", () => {
    const { request } = parseEndpoint("h3://example.com:8443/a?b", {
      headers: ["Accept: text/html"],
      body: bytesOf("x"),
    });
    expect(request).toEqual({
      protocol: "h3",
      method: "POST",
      path: "/a?b",
      authority: "example.com:8443",
      headers: [
        ["user-agent", "netlat"],
        ["accept", "text/html"],
      ],
      body: bytesOf("x"),
    });
    expect(parseEndpoint("h3://example.com/").request).toEqual(
      parseEndpoint("https://example.com/", { httpVersion: "3" }).request,
    );
  });

  it.each([
    ["h3://h", { httpVersion: "2" }, "--http2 does not fit h3:// endpoints; write https://"],
    ["h3://h", { httpVersion: "1.1" }, "--http1.1 does not fit h3:// endpoints; write https://"],
    [
      "http://h",
      { httpVersion: "3" },
      "--http3 does not fit http:// endpoints: QUIC is always encrypted; write h3:// or https://",
    ],
    [
      "h2c://h",
      { httpVersion: "3" },
      "--http3 does not fit h2c:// endpoints: QUIC is always encrypted; write h3:// or https://",
    ],
    ["h3://h", { headers: ["Host: x"] }, "--header Host: HTTP/3 has :authority in its place; leave it out"],
    [
      "h3://h",
      { headers: ["Connection: close"] },
      "--header Connection: speaks of one HTTP/1.1 connection and is forbidden in HTTP/3; leave it out",
    ],
    ["h3://h", { send: "x" }, "--send does not fit h3:// endpoints; it is for tcp:// and tls:// and quic://"],
  ] as [string, EndpointOptions, string][])("%s %j is refused", (endpoint, options, message) => {
    expect(refusal(endpoint, options)).toBe(message);
  });
});

describe("quic://", () => {
  const request = (options: EndpointOptions) => parseEndpoint("quic://h:7?alpn=x", options).request;

  it("takes what comes until the stream's end for the answer, unless --expect says otherwise", () => {
    expect(request({})).toEqual({ protocol: "raw", send: bytesOf("ping\n"), expect: { until: "end" } });
    expect(request({ payloadBytes: 3 })).toEqual({ protocol: "raw", send: bytesOf("xxx"), expect: { until: "end" } });
    expect(request({ send: "a", expect: "line" })).toMatchObject({ send: bytesOf("a"), expect: { until: "line" } });
  });
});

describe("doq://", () => {
  it.each([
    ["doq://h", ".", "NS"],
    ["doq://h/", ".", "NS"],
    ["doq://h/.?type=soa", ".", "SOA"],
    ["doq://h/example.com", "example.com", "A"],
    ["doq://h/example.com.?type=AAAA", "example.com", "AAAA"],
    ["doq://h/_443._tcp.Example.com?type=TYPE52", "_443._tcp.Example.com", "TYPE52"],
  ])("%s", (endpoint, name, type) => {
    expect(parseEndpoint(endpoint).request).toEqual({ protocol: "dns", name, type });
  });

  it.each([
    ["doq://h/a..b", /^name a\.\.b: not a domain name; write labels of at most 63 /],
    [`doq://h/${"a".repeat(64)}`, /not a domain name/],
    [`doq://h/${"a.".repeat(128)}`, /not a domain name/],
    ["doq://h/m%C3%BCnchen.de", /^name münchen\.de: not a domain name; .*\(other scripts as xn--\.\.\.\)$/],
    ["doq://h/a?type=B", /^\?type=B: not a type of DNS records; write A, NS, .*, ANY or TYPE with its number/],
    ["doq://h/a?type=TYPE65536", /not a type of DNS records/],
    ["doq://h/a?x=A", /^\?x=A: a doq:\/\/ endpoint takes \?type=TYPE alone$/],
    ["doq://h/a#b", /^#b: a doq:\/\/ endpoint takes no fragment; leave it out$/],
  ])("%s is refused", (endpoint, message) => {
    expect(refusal(endpoint)).toMatch(message);
  });

  it("refuses in one sentence or asks, whatever stands in the URL", () => {
    fc.assert(
      fc.property(fc.constantFrom("h3", "quic", "doq"), fc.webPath(), fc.string(), (scheme, path, query) => {
        try {
          expect(parseEndpoint(`${scheme}://h:1${path}?${query}`, { alpn: ["x"] }).transport).toBe("quic");
        } catch (error) {
          expect(error).toBeInstanceOf(NetlatError);
          expect((error as NetlatError).message).toMatch(/^[^\n]{1,400}$/);
        }
      }),
    );
  });
});
