import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { type EndpointOptions, parseEndpoint } from "../../src/protocols/endpoint.js";
import type { RequestSpec } from "../../src/protocols/protocol.js";
import { protocolFor } from "../../src/protocols/registry.js";
import { textOf } from "./reading.js";

const asked = (text: string, options?: EndpointOptions): string =>
  textOf(protocolFor(parseEndpoint(text, options).request).request());

/** The sentence with which an endpoint is refused. */
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
    ["tcp://example.com:7", "example.com", 7, "tcp"],
    ["tls://example.com:443/", "example.com", 443, "tls"],
    ["memcached://127.0.0.1/somekey", "127.0.0.1", 11211, "tcp"],
    ["memcached://my_cache-1.local:11311", "my_cache-1.local", 11311, "tcp"],
    ["redis://[::1]/k", "::1", 6379, "tcp"],
    ["redis://[fe80::1%eth0]:1/k", "fe80::1%eth0", 1, "tcp"],
    ["http://h", "h", 80, "tcp"],
    ["https://h/a", "h", 443, "tls"],
    ["HTTP://H:65535", "H", 65535, "tcp"],
  ])("%s", (endpoint, host, port, transport) => {
    expect(parseEndpoint(endpoint)).toMatchObject({ endpoint, host, port, transport });
  });

  it.each([
    [
      "127.0.0.1:11211",
      "127.0.0.1:11211: not an endpoint; write SCHEME://HOST:PORT, such as memcached://127.0.0.1:11211/somekey",
    ],
    ["", ": not an endpoint; write SCHEME://HOST:PORT, such as memcached://127.0.0.1:11211/somekey"],
    [
      "ftp://h",
      "ftp://h: unknown scheme ftp; accepted are tcp://, tls://, memcached://, redis://, http://, https://, grpc://, grpcs://, h2c://, h3://, quic://, doq:// and lab:KIND",
    ],
    ["tcp://h", "tcp://h: the port is missing; write tcp://HOST:PORT"],
    ["memcached:///k", "memcached:///k: the host is missing; write SCHEME://HOST:PORT"],
    ["tcp://:80", "tcp://:80: the host is missing; write SCHEME://HOST:PORT"],
    ["tcp://h:0", "tcp://h:0: port 0 is not a number from 1 to 65535"],
    ["tcp://h:65536", "tcp://h:65536: port 65536 is not a number from 1 to 65535"],
    ["tcp://h:8o", "tcp://h:8o: port 8o is not a number from 1 to 65535"],
    ["http://h:/x", "http://h:/x: port (empty) is not a number from 1 to 65535"],
    ["tcp://::1:80", "tcp://::1:80: not a host and port; write an IPv6 address in brackets, such as [::1]:11211"],
    [
      "tcp://fe80::1:80",
      "tcp://fe80::1:80: not a host and port; write an IPv6 address in brackets, such as [::1]:11211",
    ],
    ["tcp://[::g]:80", "tcp://[::g]:80: [::g] is not an IPv6 address; write one such as [::1]"],
    [
      "tcp://300.1.1.1:80",
      "tcp://300.1.1.1:80: 300.1.1.1 is not a host; write a name of letters, digits, - and ., an IPv4 address or [IPv6]",
    ],
    [
      "tcp://a b\r\n:80",
      "tcp://a b\\r\\n:80: a b\\r\\n is not a host; write a name of letters, digits, - and ., an IPv4 address or [IPv6]",
    ],
  ])("%j is refused", (endpoint, message) => {
    expect(refusal(endpoint)).toBe(message);
  });

  it.each([
    ["redis://user:secret@h/k", "redis://h/k: AUTH is not supported yet; leave out what stands before the @"],
    ["redis://:se@cret@h", "redis://h: AUTH is not supported yet; leave out what stands before the @"],
    ["redis://:se/cret@h", "redis://h: AUTH is not supported yet; leave out what stands before the @"],
    ["redis://user:se?cret@h", "redis://h: AUTH is not supported yet; leave out what stands before the @"],
    [
      "https://me:secret@h/",
      'https://h/: a user or password in the URL is not supported; write --header "Authorization: ..."',
    ],
    [
      "tcp://me:secret@h:x",
      "tcp://h:x: a user or password in the URL is not supported; leave out what stands before the @",
    ],
    [
      "nope://me:secret@h:x",
      "nope://h:x: unknown scheme nope; accepted are tcp://, tls://, memcached://, redis://, http://, https://, grpc://, grpcs://, h2c://, h3://, quic://, doq:// and lab:KIND",
    ],
    [
      "file:///x",
      "file:///x: unknown scheme file; accepted are tcp://, tls://, memcached://, redis://, http://, https://, grpc://, grpcs://, h2c://, h3://, quic://, doq:// and lab:KIND",
    ],
  ])("%s is refused without its password", (endpoint, message) => {
    expect(refusal(endpoint)).toBe(message);
  });
});

describe("memcached://", () => {
  it.each([
    ["memcached://h/somekey", {}, "get somekey\r\n"],
    ["memcached://h/a/b%3Fc%25", {}, "get a/b?c%\r\n"],
    ["memcached://h", {}, "version\r\n"],
    ["memcached://h/", {}, "version\r\n"],
    ["memcached://h/k", { payloadBytes: 3 }, "set k 0 0 3\r\nxxx\r\n"],
    [`memcached://h/${"k".repeat(250)}`, {}, `get ${"k".repeat(250)}\r\n`],
  ])("%s %j", (endpoint, options, request) => {
    expect(asked(endpoint, options)).toBe(request);
  });

  it.each([
    ["memcached://h/a%20b", {}, /^memcached key a b has a blank or a control character; a key has at most 250 bytes/],
    ["memcached://h/a%0d%0adelete", {}, /^memcached key a\\r\\ndelete has a blank or a control character/],
    [`memcached://h/${"k".repeat(251)}`, {}, /^memcached key k+\.\.\. has 251 bytes;/],
    [`memcached://h/${"%C3%BC".repeat(126)}`, {}, /has 252 bytes;/],
    ["memcached://h/%zz", {}, /^memcached key %zz: not percent-encoded UTF-8; write %25 for a % sign$/],
    ["memcached://h/a?b", {}, /^\?b: a memcached:\/\/ endpoint takes no query; write %3F for a \? in the key$/],
    ["memcached://h/a#b", {}, /^#b: a memcached:\/\/ endpoint takes no fragment; write %23 for a # in the key$/],
    [
      "memcached://h",
      { payloadBytes: 3 },
      /^--payload-size 3 needs a key to store under; write memcached:\/\/HOST:PORT\/KEY$/,
    ],
    [
      "memcached://h/k",
      { payloadBytes: 64 * 1024 ** 2 + 1 },
      /^--payload-size 67108865: write whole bytes from 0 to 67108864/,
    ],
    [
      "memcached://h/k",
      { send: "x" },
      /^--send does not fit memcached:\/\/ endpoints; it is for tcp:\/\/ and tls:\/\/ and quic:\/\/$/,
    ],
    ["memcached://h/k", { inline: true }, /^--inline does not fit memcached:\/\/ endpoints; it is for redis:\/\/$/],
    [
      "memcached://h/k",
      { headers: ["a: b"] },
      /^--header does not fit .* it is for http:\/\/ and https:\/\/ and grpc:\/\/ and grpcs:\/\/ and h2c:\/\/ and h3:\/\/$/,
    ],
  ])("%s %j is refused", (endpoint, options, message) => {
    expect(refusal(endpoint, options)).toMatch(message);
  });

  it("takes options that say nothing", () => {
    expect(asked("memcached://h/k", { headers: [], inline: false, send: undefined })).toBe("get k\r\n");
  });
});

describe("redis://", () => {
  it.each([
    ["redis://h/somekey", {}, "*2\r\n$3\r\nGET\r\n$7\r\nsomekey\r\n"],
    ["redis://h", {}, "*1\r\n$4\r\nPING\r\n"],
    ["redis://h?style=inline", {}, "PING\r\n"],
    ["redis://h/k?style=resp", {}, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"],
    ["redis://h/k", { inline: true }, "GET k\r\n"],
    ["redis://h/a%0d%0ab", { inline: true }, 'GET "a\\x0d\\x0ab"\r\n'],
    ["redis://h/?command=HGET%20a%20%20b&style=inline", {}, "HGET a b\r\n"],
    ["redis://h?command=GET auth", { inline: true }, "GET auth\r\n"],
    ["redis://h/k", { payloadBytes: 2 }, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nxx\r\n"],
  ])("%s %j", (endpoint, options, request) => {
    expect(asked(endpoint, options)).toBe(request);
  });

  it.each([
    [
      "redis://h/k?db=1",
      {},
      /^\?db=1: a redis:\/\/ endpoint accepts \?command=GET%20somekey and \?style=resp or inline/,
    ],
    ["redis://h?command", {}, /^\?command: a redis:\/\/ endpoint accepts/],
    ["redis://h?style=tls", {}, /^\?style=tls: accepted are resp and inline$/],
    ["redis://h?style=resp", { inline: true }, /contradict each other/],
    [
      "redis://h/k?command=PING",
      {},
      /^\?command=PING says all; it takes neither a key in the path nor --payload-size$/,
    ],
    ["redis://h?command=PING", { payloadBytes: 1 }, /^\?command=PING says all/],
    ["redis://h?command=%20", {}, /^\?command= is empty/],
    [
      "redis://h?command=auth%20secret",
      {},
      /^\?command=AUTH is not supported yet; use an endpoint that needs no password$/,
    ],
    ["redis://h?command=HELLO%203%20AUTH%20me%20secret", {}, /^\?command=AUTH is not supported yet/],
    ["redis://h", { payloadBytes: 1 }, /^--payload-size 1 needs a key/],
    ["redis://h/k", { payloadBytes: 65536, inline: true }, /an inline command has at most 65536 bytes/],
    ["redis://h/k", { method: "GET" }, /^--method does not fit redis:\/\/ endpoints/],
  ])("%s %j is refused", (endpoint, options, message) => {
    expect(refusal(endpoint, options)).toMatch(message);
  });
});

describe("http://", () => {
  it.each([
    ["http://h", {}, { method: "GET", path: "/", host: "h", body: new Uint8Array() }],
    ["http://h:80/a?b=c#d", {}, { path: "/a?b=c", host: "h" }],
    ["http://h?q", {}, { path: "/?q" }],
    ["https://h:80/", {}, { host: "h:80" }],
    ["https://h:443/", {}, { host: "h" }],
    ["http://[::1]:8080/", {}, { host: "[::1]:8080" }],
    ["http://[fe80::1%eth0]/", {}, { host: "[fe80::1]" }],
    ["http://h", { payloadBytes: 9 }, { method: "POST", body: new Uint8Array(9).fill(0x78) }],
    ["http://h", { payloadBytes: 9, method: "put" }, { method: "PUT", body: new Uint8Array(9).fill(0x78) }],
    ["http://h", { method: "HEAD" }, { method: "HEAD", body: new Uint8Array() }],
    [
      "http://h",
      { headers: ["X-A:  b c ", "Empty:"] },
      {
        headers: [
          ["X-A", "b c"],
          ["Empty", ""],
        ],
      },
    ],
  ] as [string, EndpointOptions, object][])("%s %j", (endpoint, options, request) => {
    expect(parseEndpoint(endpoint, options).request).toMatchObject({ protocol: "http1", ...request });
  });

  it.each([
    [
      "http://h/a b",
      {},
      /^path \/a b: a blank, control or non-ASCII character in an HTTP path; percent-encode it, such as %20$/,
    ],
    ["http://h/\r\nX: y", {}, /^path \/\\r\\nX: y: a blank/],
    ["http://h/?q=\n", {}, /^path \/\?q=\\n: a blank/],
    ["http://h/ü", {}, /^path \/ü: a blank/],
    ["http://h", { headers: ["nocolon"] }, /^--header nocolon: not a header; write "Name: value"$/],
    ["http://h", { headers: ["a b: c"] }, /^--header a b: c: not a header/],
    ["http://h", { headers: [": c"] }, /not a header/],
    [
      "http://h",
      { headers: ["Authorization: secret\r\nX: y"] },
      /^--header Authorization: a line end or control character in the value; [^s]*$/,
    ],
    ["http://h", { headers: ["content-length: 5"] }, /^--header content-length: netlat frames the request itself/],
    ["http://h", { method: "GET /x" }, /^--method GET \/x: not an HTTP method/],
    ["http://h", { method: "" }, /not an HTTP method/],
    ["http://h", { method: "connect" }, /^--method connect: a tunnel has no answer/],
    ["http://h", { payloadBytes: 1.5 }, /^--payload-size 1.5: write whole bytes/],
    [
      "http://h",
      { expect: "line" },
      /^--expect does not fit http:\/\/ endpoints; it is for tcp:\/\/ and tls:\/\/ and quic:\/\/$/,
    ],
  ] as [string, EndpointOptions, RegExp][])("%s %j is refused", (endpoint, options, message) => {
    expect(refusal(endpoint, options)).toMatch(message);
  });
});

describe("tcp://", () => {
  const line = { until: "line" };
  it.each([
    [{}, "ping\n", line],
    [{ expect: "bytes:5" }, "ping\n", { until: "bytes", count: 5 }],
    [{ send: "a\\r\\n\\t\\0\\x41\\xff\\\\n é" }, "a\r\n\t\0A\xff\\n \xc3\xa9", line],
    [{ sendHex: "70 69\n6E67 0a" }, "ping\n", line],
    [{ payloadBytes: 3 }, "xxx", { until: "bytes", count: 3 }],
    [{ payloadBytes: 3, expect: "line" }, "xxx", line],
    [{ send: "q\\n", expect: "until:END\\r\\n\\xfe" }, "q\n", { until: "text", text: "END\r\n\xfe" }],
    [{ send: "q\\n", expect: "regex:^(OK|ERR:.*)\\n" }, "q\n", { until: "regex", source: "^(OK|ERR:.*)\\n" }],
  ] as [EndpointOptions, string, object][])("%j", (options, send, expected) => {
    const { request } = parseEndpoint("tcp://h:7", options);
    expect(request).toMatchObject({ protocol: "raw", expect: expected });
    expect(asked("tls://h:7", options)).toBe(send);
  });

  it.each([
    [{ send: "" }, /^--send "": nothing to send/],
    [{ send: "a\\q" }, /^--send a\\q: \\q is not an escape; accepted are \\r \\n \\t \\0 \\xNN and \\\\$/],
    [{ send: "a\\xZ1" }, /\\x is not an escape/],
    [{ send: "a\\" }, /: \\ is not an escape/],
    [{ sendHex: "abc" }, /^--send-hex abc: not bytes in hex; write pairs of hex digits, such as 70696e670a$/],
    [{ sendHex: "zz" }, /not bytes in hex/],
    [{ sendHex: "" }, /not bytes in hex/],
    [{ send: "a", sendHex: "00" }, /^--send and --send-hex each say what to send; give one of them$/],
    [{ send: "a", payloadBytes: 5 }, /^--send and --payload-size each say/],
    [{ payloadBytes: 0 }, /^--payload-size 0: write whole bytes from 1 to/],
    [{ expect: "lines" }, /^--expect lines: accepted are bytes:N, line, until:TEXT and regex:RE$/],
    [{ expect: "line:1" }, /^--expect line:1: accepted are/],
    [{ expect: "" }, /^--expect : accepted are/],
    [{ expect: "bytes" }, /^--expect bytes: bytes takes a whole number from 1, such as bytes:5$/],
    [{ expect: "bytes:0" }, /bytes takes a whole number/],
    [{ expect: "bytes:1e3" }, /bytes takes a whole number/],
    [{ expect: "until:" }, /^--expect until:: until takes the text that ends an answer/],
    [{ expect: "until:\\q" }, /^--expect until: \\q: \\q is not an escape/],
    [{ expect: "regex:(" }, /^--expect regex:\(: not a JavaScript regular expression: .*Unterminated group/],
    [{ expect: "regex:.*" }, /matches nothing at all/],
    [{ method: "GET" }, /^--method does not fit tcp:\/\/ endpoints/],
  ] as [EndpointOptions, RegExp][])("%j is refused", (options, message) => {
    expect(refusal("tcp://h:7", options)).toMatch(message);
  });

  it.each([
    ["tcp://h:7/path", /^\/path: a tcp:\/\/ endpoint takes no path; say what to send with --send$/],
    ["tcp://h:7?q", /^\?q: a tcp:\/\/ endpoint takes no query/],
    ["tls://h:7/#f", /^#f: a tls:\/\/ endpoint takes no fragment/],
  ])("%s is refused", (endpoint, message) => {
    expect(refusal(endpoint)).toMatch(message);
  });
});

describe("whatever is typed", () => {
  const scheme = fc.constantFrom("tcp://", "tls://", "memcached://", "redis://", "http://", "https://", "lab:", "");
  const part = fc.oneof(
    fc.constantFrom("h", ":80", "[::1]", "/", "?", "command=", "style=inline", "@", "%", "#", "\r\n", "\x1b[2J", "%0a"),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const text = fc.tuple(scheme, fc.array(part, { maxLength: 6 })).map(([first, rest]) => first + rest.join(""));
  const options = fc.record(
    {
      send: fc.string({ maxLength: 8 }),
      sendHex: fc.stringMatching(/^[0-9a-fg]{0,6}$/),
      expect: fc
        .tuple(fc.constantFrom("bytes:", "until:", "regex:", ""), fc.string({ maxLength: 6 }))
        .map((two) => two.join("")),
      payloadBytes: fc.oneof(fc.nat(100), fc.double()),
      method: fc.string({ maxLength: 6 }),
      headers: fc.array(fc.string({ maxLength: 12 }), { maxLength: 2 }),
      inline: fc.boolean(),
    },
    { requiredKeys: [] },
  );

  it("is a target whose request can be built, or one printable sentence and exit 2", () => {
    let accepted = 0;
    fc.assert(
      fc.property(text, fc.option(options, { nil: undefined, freq: 3 }), (endpoint, given) => {
        try {
          const target = parseEndpoint(endpoint, given);
          accepted++;
          expect(protocolFor(target.request).request().length).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof NetlatError)) throw error;
          expect(error.exitCode).toBe(2);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not reach a terminal
          expect(error.message).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
        }
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("h2c://, and HTTP/2 where it is asked for", () => {
  const text = (body: string) => new TextEncoder().encode(body);

  it.each([
    ["h2c://h/a?b", {}, { method: "GET", path: "/a?b", scheme: "http", authority: "h", body: new Uint8Array() }],
    ["http://h:8080", { httpVersion: "2" }, { scheme: "http", authority: "h:8080", judgedBy: "http" }],
    ["https://h", { httpVersion: "2" }, { scheme: "https", authority: "h" }],
    ["h2c://h", { body: text("x") }, { method: "POST", body: text("x") }],
    [
      "h2c://h",
      { headers: ["X-A: B", "User-Agent: me"] },
      {
        headers: [
          ["accept", "*/*"],
          ["x-a", "B"],
          ["user-agent", "me"],
        ],
      },
    ],
  ] as [string, EndpointOptions, object][])("%s %j", (endpoint, options, request) => {
    expect(parseEndpoint(endpoint, options).request).toMatchObject({ protocol: "h2", ...request });
  });

  it.each([
    ["h2c://h", { httpVersion: "1.1" }, /^--http1\.1 does not fit h2c:\/\//],
    ["h2c://h", { headers: ["Host: x"] }, /^--header Host: HTTP\/2 has :authority in its place/],
    ["h2c://h", { headers: ["Connection: close"] }, /^--header Connection: speaks of one HTTP\/1\.1 connection/],
    ["h2c://h", { headers: ["TE: gzip"] }, /^--header TE: /],
    ["h2c://h", { body: text("x"), payloadBytes: 1 }, /^--payload-size and --data: both make the body/],
    ["memcached://h/k", { httpVersion: "2" }, /^--http1\.1, --http2 or --http3 does not fit memcached:\/\//],
  ] as [string, EndpointOptions, RegExp][])("%s %j is refused", (endpoint, options, message) => {
    expect(refusal(endpoint, options)).toMatch(message);
  });
});

describe("grpc:// and grpcs://", () => {
  const bodyOf = (request: RequestSpec): number[] => ("body" in request ? [...request.body] : []);

  it("asks the standard health check by default", () => {
    const { port, transport, request } = parseEndpoint("grpc://h");
    expect({ port, transport }).toEqual({ port: 50051, transport: "tcp" });
    expect(request).toMatchObject({
      protocol: "h2",
      method: "POST",
      path: "/grpc.health.v1.Health/Check",
      judgedBy: "grpc",
    });
    expect(bodyOf(request)).toEqual([0, 0, 0, 0, 0]);
  });

  it("frames the message, and says the deadline", () => {
    const options = { body: Uint8Array.of(7), deadlineNs: 20e6, headers: ["x-token: t"] };
    const { request } = parseEndpoint("grpcs://h:9/a.B/C", options);
    expect(request).toMatchObject({ scheme: "https", authority: "h:9", path: "/a.B/C" });
    expect(bodyOf(request)).toEqual([0, 0, 0, 0, 1, 7]);
    const headers = request.protocol === "h2" ? Object.fromEntries(request.headers) : {};
    expect(headers).toMatchObject({ te: "trailers", "content-type": "application/grpc", "x-token": "t" });
    expect(headers["grpc-timeout"]).toMatch(/^20(000000n|000u|m)$/);
  });

  it.each([
    ["grpc://h/a.B", {}, /not a gRPC method; write \/pkg\.Service\/Method/],
    ["grpc://h/a.B/C?d", {}, /^\?d: a gRPC method takes no query/],
    ["grpc://h", { headers: ["te: trailers"] }, /^--header te: netlat sets it for gRPC/],
    ["grpc://h", { method: "GET" }, /^--method does not fit grpc:\/\//],
    ["h2c://h", { deadlineNs: 1 }, /^--deadline does not fit h2c:\/\//],
  ] as [string, EndpointOptions, RegExp][])("%s %j is refused", (endpoint, options, message) => {
    expect(refusal(endpoint, options)).toMatch(message);
  });
});
