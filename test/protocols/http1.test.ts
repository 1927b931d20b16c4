import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnswerKind } from "../../src/protocols/protocol.js";
import { protocolFor } from "../../src/protocols/registry.js";
import { anyBytesProperty, bytesOf, chunkingProperty, readChunks, readOne, readText, textOf } from "./reading.js";

const http = (method = "GET", bodyBytes = 0, headers: [string, string][] = []) =>
  protocolFor({
    protocol: "http1",
    method,
    path: "/a?b=c",
    host: "example.com:8080",
    headers,
    body: new Uint8Array(bodyBytes).fill(0x78),
  });
const get = http();

describe("HTTP/1 request", () => {
  const head = "GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: netlat\r\nAccept: */*\r\n";

  it("without a body is cut into request line, headers, blank line", () => {
    expect(textOf(get.request())).toBe(`${head}\r\n`);
    expect(get.fields()).toEqual([21, head.length]);
  });

  it("with a body is cut behind the head", () => {
    const post = http("POST", 5);
    const text = `${head.replace("GET", "POST")}Content-Length: 5\r\n\r\nxxxxx`;
    expect(textOf(post.request())).toBe(text);
    expect(post.fields()).toEqual([text.length - 5]);
  });

  it("says that a POST has no body", () => {
    expect(textOf(http("POST").request())).toContain("\r\nContent-Length: 0\r\n");
    expect(textOf(get.request())).not.toContain("Content-Length");
  });

  it("lets a given header replace the default one", () => {
    const text = textOf(
      http("GET", 0, [
        ["host", "other"],
        ["X-A", "1"],
        ["X-A", "2"],
      ]).request(),
    );
    expect(text).toBe(
      "GET /a?b=c HTTP/1.1\r\nUser-Agent: netlat\r\nAccept: */*\r\nhost: other\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
    );
  });
});

describe("HTTP/1 answers", () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  it.each([
    [`${ok}Content-Length: 5\r\n\r\nhello`, "value", false],
    [`${ok}content-LENGTH:5 \r\n\r\nhello`, "value", false],
    [`${ok}Content-Length: 0\r\n\r\n`, "value", false],
    [`${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, "value", false],
    [`${ok}Content-Length: 2\r\nConnection: close\r\n\r\nxx`, "value", true],
    [`${ok}Connection: Upgrade, CLOSE\r\nContent-Length: 2\r\n\r\nxx`, "value", true],
    [`${ok}Connection: close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n`, "value", true],
    ["HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nxx", "value", true],
    ["HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nxx", "value", false],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n`, "value", false],
    [`${ok}Transfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n`, "value", false],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n`, "value", false],
    [
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`,
      "value",
      false,
    ],
    ["HTTP/1.1 204 No Content\r\n\r\n", "value", false],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", "value", false],
    ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "value", false],
    ["HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", "value", false],
    ["HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", "miss", false],
    ["HTTP/1.1 410\r\nContent-Length: 0\r\n\r\n", "miss", false],
    ["HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "value", false],
    [`${ok}X-Folded: a\r\n b: c\r\n\td\r\nContent-Length: 1\r\n\r\nx`, "value", false],
  ])("%j is one whole answer: %s, closes %s", (text, kind, closes) => {
    expect(readOne(get, text)).toEqual({ kind, detail: undefined, closes });
  });

  it.each([
    ["HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503 Service Unavailable"],
    ["HTTP/1.1 400\r\nContent-Length: 0\r\n\r\n", "400"],
  ])("%j is an error that says so", (text, detail) => {
    expect(readOne(get, text)).toMatchObject({ kind: "error", detail });
  });

  it("an answer to HEAD has no body", () => {
    expect(readOne(http("HEAD"), `${ok}Content-Length: 500\r\n\r\n`).kind).toBe("value");
    expect(readOne(http("HEAD"), `${ok}Transfer-Encoding: chunked\r\n\r\n`).kind).toBe("value");
  });

  it.each([
    `${ok}\r\nanything\r\n`,
    "HTTP/1.0 200 OK\r\nServer: old\r\n\r\nbody",
    `${ok}Transfer-Encoding: gzip\r\n\r\nbody`,
  ])("%j ends with the close", (text) => {
    const reader = get.answers();
    expect(readChunks(reader, [bytesOf(text)])).toEqual([]);
    expect(reader.close()).toEqual({ state: "complete", end: 0, kind: "value", closes: true });
  });

  it("an answer cut off by a close is not whole", () => {
    const reader = get.answers();
    readChunks(reader, [bytesOf(`${ok}Content-Length: 5\r\n\r\nhel`)]);
    expect(reader.close().state).toBe("incomplete");
  });

  it.each([
    ["SSH-2.0-OpenSSH_9.2\r\n", 'expected an HTTP/1 status line, got "SSH-2.0-OpenSSH_9.2"'],
    ["\x15\x03\x01", 'expected an HTTP/1 status line, got "\\x15\\x03\\x01"'],
    [
      "\x00\x00\x12\x04\x00\x00\x00\x00\x00",
      'expected an HTTP/1 status line; this port speaks HTTP/2 (h2c:// or --http2), got "\\x00\\x00\\x12\\x04\\x00\\x00\\x00\\x00\\x00"',
    ],
    ["HTTP/2 200\r\n", 'expected an HTTP/1 status line, got "HTTP/2 200"'],
    ["HTTP/1.1 20\r\n", 'expected an HTTP/1 status line, got "HTTP/1.1 20"'],
    ["HTTP/1.1 2000\r\n", 'expected an HTTP/1 status line, got "HTTP/1.1 2000"'],
    ["HTTP/1.1 099 x\r\n", 'expected an HTTP/1 status line, got "HTTP/1.1 099 x"'],
    ["HTTP/1.x 200 x\r\n", 'expected an HTTP/1 status line, got "HTTP/1.x 200 x"'],
    [`${ok}no colon\r\n`, 'expected a header line, got "no colon"'],
    [`${ok}Content-Length : 5\r\n`, 'expected a header line, got "Content-Length : 5"'],
    [`${ok}Content-Length: -5\r\n`, 'expected one Content-Length, got "Content-Length: -5"'],
    [`${ok}Content-Length: 5x\r\n`, 'expected one Content-Length, got "Content-Length: 5x"'],
    [`${ok}Content-Length:\r\n`, 'expected one Content-Length, got "Content-Length:"'],
    [`${ok}Content-Length: 5\r\nContent-Length: 6\r\n`, 'expected one Content-Length, got "Content-Length: 6"'],
    [`${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, 'expected a chunk size, got "xyz"'],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n\r\n`, "expected a chunk size, got an empty line"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n`, 'expected a chunk size, got "fffffffffffffff"'],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n`, 'expected CR LF behind a chunk, got "other bytes"'],
  ])("%j is malformed", (text, malformed) => {
    expect(readText(get, text)).toEqual({ malformed });
  });

  it.each([
    ["many headers", `X-Header: ${"v".repeat(100)}\r\n`.repeat(700)],
    ["one header without an end", `X-Header: ${"v".repeat(70_000)}`],
  ])("a head beyond 64 KiB is malformed: %s", (_, headers) => {
    const chunks = bytesOf(`${ok}${headers}`);
    const pieces = Array.from({ length: Math.ceil(chunks.length / 1000) }, (_, i) =>
      chunks.subarray(i * 1000, i * 1000 + 1000),
    );
    expect(readChunks(get.answers(), pieces)).toMatchObject({
      malformed: expect.stringContaining("at most 65536 bytes"),
    });
    expect(readChunks(get.answers(), [chunks])).toMatchObject({
      malformed: expect.stringContaining("at most 65536 bytes"),
    });
  });

  it("a head just under 64 KiB, then the next one, are read", () => {
    const text = `${ok}X-Long: ${"v".repeat(65_000)}\r\nContent-Length: 0\r\n\r\n`;
    expect(readText(get, text + text)).toMatchObject([{ kind: "value" }, { kind: "value", end: 2 * text.length }]);
  });

  it("the bound is on each head and on the trailers, not on their sum", () => {
    const long = `X-Long: ${"v".repeat(40_000)}\r\n`;
    const interim = `HTTP/1.1 103 Early Hints\r\n${long}\r\n`;
    const text = `${interim}${interim}${ok}${long}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${long}\r\n`;
    expect(readText(get, text + text)).toMatchObject([{ end: text.length }, { end: 2 * text.length }]);
  });

  it("an answer says nothing about the next one", () => {
    const none = "Content-Length: 0\r\n\r\n";
    const text = `${ok}Connection: close\r\n${none}${ok}${none}HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${none}HTTP/1.0 200 OK\r\n${none}`;
    expect(readText(get, text)).toMatchObject([
      { closes: true },
      { closes: false },
      { closes: false },
      { closes: true },
    ]);
  });

  it("a line is judged without what an earlier, longer one left", () => {
    expect(readOne(get, `${ok}X: ${",".repeat(100)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`).kind).toBe(
      "value",
    );
    expect(readText(get, `${ok}X${"-".repeat(20)}:\r\nno colon\r\n`)).toMatchObject({ malformed: expect.any(String) });
  });

  const body = fc.uint8Array({ maxLength: 60 }).map(textOf);
  const status = fc.constantFrom<[string, AnswerKind]>(
    ["200 OK", "value"],
    ["404 Not Found", "miss"],
    ["500 Oops", "error"],
  );
  const interim = fc.constantFrom("", "HTTP/1.1 100 Continue\r\n\r\n");
  const extra = fc.constantFrom("", "Server: x\r\n", "Connection: close\r\n", "X:\r\n folded\r\n");
  const framed = fc.oneof(
    body.map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`),
    fc
      .tuple(fc.array(body, { maxLength: 4 }), fc.constantFrom("", "Trailer: x\r\n"), fc.constantFrom("", ";a=b"))
      .map(([chunks, trailer, extension]) => {
        const parts = chunks.filter((chunk) => chunk !== "");
        const coded = parts.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`).join("");
        return `Transfer-Encoding: chunked\r\n\r\n${coded}0\r\n${trailer}\r\n`;
      }),
  );

  it("are the same in any chunks", () => {
    const answer = fc.tuple(interim, status, extra, framed).map(([before, [line, kind], header, rest]) => ({
      text: `${before}HTTP/1.1 ${line}\r\n${header}${rest}`,
      kind,
    }));
    fc.assert(chunkingProperty(get, answer));
  });

  it("never throw, whatever the bytes", () => {
    const words = [
      ok,
      "HTTP/1.1 ",
      "Content-Length: ",
      "Transfer-Encoding: chunked\r\n",
      "\r\n\r\n",
      "a: b\r\n",
      "5;x\r\n",
      ":",
    ];
    fc.assert(anyBytesProperty(get, words));
  });
});
