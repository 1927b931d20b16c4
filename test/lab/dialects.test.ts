import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DIALECTS, type DialectKind } from "../../src/lab/dialects.js";
import { labOptions } from "../../src/lab/options.js";
import { RequestBuffer } from "../../src/lab/request-buffer.js";
import { ms } from "../../src/units/duration.js";
import { client, hit, lab, VALUE_100 } from "./client.js";

/** What a server of this kind says to these chunks, up to where it closes. */
function answers(kind: DialectKind, chunks: readonly Uint8Array[]): string {
  const value = Buffer.from("value");
  const dialect = DIALECTS[kind]({ options: labOptions(), value, requests: 0, acknowledgeAtOnce: undefined });
  const buffer = new RequestBuffer();
  let said = "";
  for (const chunk of chunks) {
    buffer.append(Buffer.from(chunk));
    for (let reply = dialect.next(buffer); reply !== undefined; reply = dialect.next(buffer)) {
      said += reply.build(reply.closes).toString("latin1");
      if (reply.closes) return `${said}<close>`;
    }
  }
  return said;
}

const say = (kind: DialectKind, text: string): string => answers(kind, [Buffer.from(text, "latin1")]);

/** Pipelined requests of each kind, and all that must come back. */
const CONVERSATIONS: Readonly<Record<DialectKind, { asks: string; says: string }>> = {
  memcached: {
    asks: "get a\r\nget missing-1\r\nset k 0 0 5\r\nhe\r\nl\r\nset q 0 0 1 noreply\r\nx\r\nversion\r\nget b\r\n",
    says: `${hit("a")}END\r\nSTORED\r\nVERSION netlat-lab\r\n${hit("b")}`,
  },
  redis: {
    asks: "*2\r\n$3\r\nGET\r\n$1\r\na\r\n\r\nPING\r\n*3\r\n$3\r\nset\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\n*0\r\nGET missing\r\nECHO hi\r\n",
    says: `$100\r\n${VALUE_100}\r\n+PONG\r\n+OK\r\n$-1\r\n$2\r\nhi\r\n`,
  },
  http: {
    asks: "GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST /missing HTTP/1.1\r\ncontent-length: 4\r\n\r\n\r\n\r\nPUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\n\r\nx\r\n0\r\nT: t\r\n\r\nHEAD / HTTP/1.1\r\n\r\n",
    says:
      `HTTP/1.1 200 OK\r\n${fields(100)}${VALUE_100}HTTP/1.1 404 Not Found\r\n${fields(8)}missing\n` +
      `HTTP/1.1 200 OK\r\n${fields(100)}${VALUE_100}HTTP/1.1 200 OK\r\n${fields(100)}`,
  },
  echo: { asks: "anything\u0000\u00ff at all", says: "anything\u0000\u00ff at all" },
};

function fields(length: number): string {
  return `Server: netlat-lab\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`;
}

describe.each(Object.keys(DIALECTS) as DialectKind[])("lab %s", (kind) => {
  const { asks, says } = CONVERSATIONS[kind];

  it("answers pipelined requests in order", async () => {
    const asker = await client(await lab(kind));
    await asker.write([asks]);
    expect(await asker.until(says.length)).toBe(says);
  });

  it("answers requests that arrive byte by byte", async () => {
    const asker = await client(await lab(kind));
    await asker.write([...asks]);
    expect(await asker.until(says.length)).toBe(says);
  });

  it("answers a client that has ended its side, then ends too", async () => {
    const asker = await client(await lab(kind, { thinkNs: ms(2) }));
    asker.socket.end(Buffer.from(asks, "latin1"));
    expect(await asker.untilEnd()).toBe(says);
  });

  it("survives any bytes, cut anywhere, and says the same however they are cut", () => {
    const noise = fc.uint8Array({ maxLength: 200 });
    const nearly = fc
      .tuple(
        fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }),
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 4 }),
      )
      .map(([pieces, flips]) => {
        const bytes = Buffer.from(pieces.join(""), "latin1");
        for (const flip of flips) if (flip < bytes.length) bytes[flip] = (bytes[flip] as number) ^ 0x21;
        return new Uint8Array(bytes);
      });
    fc.assert(
      fc.property(
        fc.oneof(noise, nearly),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
        (bytes, sizes) => {
          const chunks: Uint8Array[] = [];
          for (let at = 0, n = 0; at < bytes.length; n++) {
            const size = sizes[n % sizes.length] as number;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(answers(kind, chunks)).toBe(answers(kind, [bytes]));
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Words that lead a parser into each of its states. */
const PIECES = [
  "get a\r\n",
  "set k 0 0 3\r\n",
  "abc\r\n",
  "*2\r\n",
  "$3\r\n",
  "GET\r\n",
  "$-1\r\n",
  "*99999\r\n",
  "POST / HTTP/1.1\r\n",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "\r\n",
  "5\r\n",
  "0\r\n",
  "\n",
  "\r",
  "x".repeat(300),
];

describe("what is not understood", () => {
  it("memcached refuses as memcached does", () => {
    expect(say("memcached", "nonsense\r\n")).toBe("ERROR\r\n");
    expect(say("memcached", "get\r\n")).toBe("ERROR\r\n");
    expect(say("memcached", `get ${"k".repeat(251)}\r\n`)).toBe("CLIENT_ERROR bad command line format\r\n");
    expect(say("memcached", "set k 0 0 -1\r\n")).toBe("CLIENT_ERROR bad command line format\r\n");
    expect(say("memcached", "set k 0 0 3\r\nabcde")).toBe("CLIENT_ERROR bad data chunk\r\n");
    expect(say("memcached", "k".repeat(2049))).toBe("CLIENT_ERROR line too long\r\n<close>");
    expect(say("memcached", "quit\r\nget a\r\n")).toBe("<close>");
  });

  it("memcached throws a value away that is too large, and goes on", () => {
    const chunk = Buffer.alloc(1024 ** 2, "x");
    const chunks = [
      Buffer.from(`set k 0 0 ${65 * chunk.length}\r\n`),
      ...Array<Buffer>(65).fill(chunk),
      Buffer.from("\r\nversion\r\n"),
    ];
    expect(answers("memcached", chunks)).toBe("SERVER_ERROR object too large for cache\r\nVERSION netlat-lab\r\n");
  });

  it("memcached gives several keys, without the missing ones", () => {
    expect(say("memcached", "gets a missing b\r\n")).toBe(
      "VALUE a 0 5 1\r\nvalue\r\nVALUE b 0 5 1\r\nvalue\r\nEND\r\n",
    );
  });

  it("redis refuses as redis does", () => {
    expect(say("redis", "NOPE\r\n")).toBe("-ERR unknown command 'NOPE'\r\n");
    expect(say("redis", "get\r\n")).toBe("-ERR wrong number of arguments for 'get' command\r\n");
    expect(say("redis", "*1\r\n:3\r\n")).toBe("-ERR Protocol error: expected '$', got ':'\r\n<close>");
    expect(say("redis", "*1\r\n$x\r\n")).toBe("-ERR Protocol error: invalid bulk length\r\n<close>");
    expect(say("redis", "*2000\r\n")).toBe("-ERR Protocol error: invalid multibulk length\r\n<close>");
    expect(say("redis", "QUIT\r\nPING\r\n")).toBe("+OK\r\n<close>");
  });

  it("redis does not promise memory for a request of 128 MiB", () => {
    const half = 64 * 1024 ** 2;
    const request = [
      Buffer.from(`*3\r\n$3\r\nSET\r\n$${half - 3}\r\n`),
      Buffer.alloc(half - 3),
      Buffer.from("\r\n$1\r\n"),
    ];
    expect(answers("redis", request)).toBe("-ERR Protocol error: invalid bulk length\r\n<close>");
  });

  it("http refuses as servers do", () => {
    expect(say("http", "hello\r\n\r\n")).toMatch(/^HTTP\/1.1 400 Bad Request\r\n.*Connection: close\r\n\r\n<close>$/s);
    expect(say("http", "GET / HTTP/1.1\r\nno field\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
    expect(say("http", "GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
    expect(say("http", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nsize\r\n")).toMatch(/^HTTP\/1.1 400 /);
    expect(say("http", `GET / HTTP/1.1\r\nA: ${"a".repeat(17_000)}`)).toMatch(/^HTTP\/1.1 431 /);
    expect(say("http", `GET / HTTP/1.1\r\n${"A: a\r\n".repeat(300)}`)).toMatch(/^HTTP\/1.1 431 /);
  });

  it("http closes when it is asked to, and for an old client that did not ask to stay", () => {
    expect(say("http", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).toMatch(
      /Connection: close\r\n\r\nvalue<close>$/,
    );
    expect(say("http", "GET / HTTP/1.0\r\n\r\n")).toMatch(/Connection: close\r\n\r\nvalue<close>$/);
    expect(say("http", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")).toMatch(
      /Connection: keep-alive\r\n\r\nvalue$/,
    );
    expect(say("http", "GET http://x/missing HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1.1 404 /);
  });
});
