import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnswerKind } from "../../src/protocols/protocol.js";
import { protocolFor } from "../../src/protocols/registry.js";
import { anyBytesProperty, bytesOf, chunkingProperty, readChunks, readOne, readText, textOf } from "./reading.js";

const get = protocolFor({ protocol: "redis", style: "resp", words: ["GET", "somekey"] });
const inline = (...words: string[]) => protocolFor({ protocol: "redis", style: "inline", words });

describe("redis request", () => {
  it("RESP is cut in front of each bulk string's header", () => {
    expect(textOf(get.request())).toBe("*2\r\n$3\r\nGET\r\n$7\r\nsomekey\r\n");
    expect(get.fields()).toEqual([4, 13]);
  });

  it("RESP counts bytes, not characters", () => {
    const words = ["GET", "schlüssel\r\n"];
    const request = protocolFor({ protocol: "redis", style: "resp", words }).request();
    expect(Buffer.from(request).toString()).toBe("*2\r\n$3\r\nGET\r\n$12\r\nschlüssel\r\n\r\n");
  });

  it("inline is cut into command word, arguments, line end", () => {
    const request = inline("SET", "k", "v");
    expect(textOf(request.request())).toBe("SET k v\r\n");
    expect(request.fields()).toEqual([4, 7]);
    expect(inline("PING").fields()).toEqual([4]);
  });

  it.each([
    ["a b", '"a b"'],
    ["", '""'],
    ['say "hi"\\', '"say \\"hi\\"\\\\"'],
    ["a\r\nDEL x", '"a\\x0d\\x0aDEL x"'],
    ["ü", '"\\xc3\\xbc"'],
    ["*1", '"*1"'],
    ["it's", '"it\'s"'],
    ["a*b[c]~", "a*b[c]~"],
  ])("inline word %j is written %s", (word, written) => {
    expect(textOf(inline("GET", word).request())).toBe(`GET ${written}\r\n`);
  });
});

describe("redis answers", () => {
  it.each([
    ["+PONG\r\n", "value"],
    ["+\r\n", "value"],
    [":-1\r\n", "value"],
    ["$7\r\nmyvalue\r\n", "value"],
    ["$0\r\n\r\n", "value"],
    ["$2\r\n\r\n\r\n", "value"],
    ["$-1\r\n", "miss"],
    ["*-1\r\n", "miss"],
    ["_\r\n", "miss"],
    ["*0\r\n", "value"],
    ["*2\r\n$-1\r\n-ERR inner\r\n", "value"],
    ["*2\r\n*2\r\n:1\r\n*0\r\n$1\r\nx\r\n", "value"],
    ["%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n", "value"],
    ["~1\r\n#t\r\n", "value"],
    [",3.14\r\n", "value"],
    [",inf\r\n", "value"],
    ["(3492890328409238509324850943850943825024385\r\n", "value"],
    ["=15\r\ntxt:Some string\r\n", "value"],
    ["|1\r\n+key-popularity\r\n*2\r\n$1\r\na\r\n,0.19\r\n*1\r\n:2\r\n", "value"],
    ["*3\r\n:1\r\n|1\r\n+ttl\r\n:3600\r\n:2\r\n|0\r\n:3\r\n", "value"],
    [">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n$-1\r\n", "miss"],
    [">0\r\n+OK\r\n", "value"],
  ])("%j is one whole answer: %s", (text, kind) => {
    expect(readOne(get, text)).toEqual({ kind, detail: undefined, closes: undefined });
  });

  it.each([
    ["-ERR unknown command 'foo'\r\n", "ERR unknown command 'foo'"],
    ["-NOAUTH Authentication required.\r\n", "NOAUTH Authentication required."],
    ["!21\r\nSYNTAX invalid syntax\r\n", "SYNTAX invalid syntax"],
    ["!0\r\n\r\n", ""],
  ])("%j is an error with its text", (text, detail) => {
    expect(readOne(get, text)).toMatchObject({ kind: "error", detail });
  });

  it("bounds a bulk error's text", () => {
    const { detail } = readOne(get, `!500\r\n${"e".repeat(500)}\r\n`);
    expect(detail).toBe(`${"e".repeat(117)}...`);
  });

  it("keeps a bulk error's text that comes byte by byte", () => {
    const bytes = [...bytesOf("!21\r\nSYNTAX invalid syntax\r\n")].map((byte) => Uint8Array.of(byte));
    expect(readChunks(get.answers(), bytes)).toMatchObject([{ kind: "error", detail: "SYNTAX invalid syntax" }]);
  });

  it("forgets an error with its answer", () => {
    expect(readText(get, "-ERR a\r\n!1\r\nb\r\n+OK\r\n-ERR c\r\n")).toMatchObject([
      { kind: "error", detail: "ERR a" },
      { kind: "error", detail: "b" },
      { kind: "value", detail: undefined },
      { kind: "error", detail: "ERR c" },
    ]);
  });

  it.each([
    "HTTP/1.1 400 Bad Request\r\n",
    "\r\n",
    "+OK\n",
    ":x\r\n",
    ":\r\n",
    "#x\r\n",
    "_x\r\n",
    "$x\r\n",
    "$-2\r\n",
    "$99999999999\r\n",
    "*99999999999\r\n",
    "%-1\r\n",
    "*1\r\n>1\r\n+x\r\n",
    "*1\r\n".repeat(129),
  ])("%j is malformed", (text) => {
    expect(readText(get, text)).toMatchObject({ malformed: expect.stringMatching(/^expected a Redis answer, got /) });
  });

  it("a bulk string longer than it said is malformed", () => {
    expect(readText(get, "$3\r\nabcd\r\n")).toEqual({
      malformed: 'expected CR LF behind a bulk string, got "other bytes"',
    });
  });

  it("follows 128 levels", () => {
    expect(readOne(get, `${"*1\r\n".repeat(128)}:1\r\n`).kind).toBe("value");
  });

  interface Reply {
    readonly text: string;
    readonly kind: AnswerKind;
  }
  const text = fc.stringMatching(/^[ -~]{0,20}$/);
  const binary = fc.uint8Array({ maxLength: 30 }).map(textOf);
  const { reply } = fc.letrec<{ reply: Reply; leaf: Reply; nested: Reply }>((tie) => ({
    leaf: fc.oneof(
      text.map((value) => ({ text: `+${value}\r\n`, kind: "value" as const })),
      text.map((value) => ({ text: `-${value}\r\n`, kind: "error" as const })),
      fc.integer().map((value) => ({ text: `:${value}\r\n`, kind: "value" as const })),
      binary.map((value) => ({ text: `$${value.length}\r\n${value}\r\n`, kind: "value" as const })),
      binary.map((value) => ({ text: `!${value.length}\r\n${value}\r\n`, kind: "error" as const })),
      fc.constantFrom<Reply>(
        { text: "$-1\r\n", kind: "miss" },
        { text: "_\r\n", kind: "miss" },
        { text: "#f\r\n", kind: "value" },
      ),
    ),
    nested: fc
      .tuple(fc.constantFrom("*", "~", "%"), fc.array(tie("reply"), { maxLength: 4 }), tie("leaf"))
      .map(([type, elements, last]) => {
        const list = type === "%" && elements.length % 2 === 1 ? [...elements, last] : elements;
        const count = type === "%" ? list.length / 2 : list.length;
        return { text: `${type}${count}\r\n${list.map((element) => element.text).join("")}`, kind: "value" as const };
      }),
    reply: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("nested")),
  }));
  const outOfBand = fc.constantFrom("", ">1\r\n+pushed\r\n", "|1\r\n+a\r\n*1\r\n_\r\n");

  it("are the same in any chunks, with pushes and attributes in front", () => {
    const answer = fc.tuple(outOfBand, reply).map(([before, { text, kind }]) => ({ text: before + text, kind }));
    fc.assert(chunkingProperty(get, answer));
  });

  it("never throw, whatever the bytes", () => {
    fc.assert(
      anyBytesProperty(get, [
        "*2\r\n",
        "$3\r\n",
        "abc\r\n",
        "-ERR",
        "!5\r\n",
        "%1\r\n",
        "|1\r\n",
        ">1\r\n",
        "_\r\n",
        ":",
      ]),
    );
  });
});
