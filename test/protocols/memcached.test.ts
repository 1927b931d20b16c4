import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnswerKind } from "../../src/protocols/protocol.js";
import { protocolFor } from "../../src/protocols/registry.js";
import { anyBytesProperty, chunkingProperty, readOne, readText, textOf } from "./reading.js";

const get = protocolFor({ protocol: "memcached", command: "get", key: "somekey" });

describe("memcached request", () => {
  it("is cut where a client without a buffer writes: word, key, line end", () => {
    expect(textOf(get.request())).toBe("get somekey\r\n");
    expect(get.fields()).toEqual([4, 11]);
  });

  it("asks for the version in two pieces", () => {
    const version = protocolFor({ protocol: "memcached", command: "version" });
    expect(textOf(version.request())).toBe("version\r\n");
    expect(version.fields()).toEqual([7]);
  });

  it("stores a payload as command line, data, line end", () => {
    const set = protocolFor({ protocol: "memcached", command: "set", key: "k", payloadBytes: 5 });
    expect(textOf(set.request())).toBe("set k 0 0 5\r\nxxxxx\r\n");
    expect(set.fields()).toEqual([13, 18]);
  });

  it("has no piece of no bytes", () => {
    const empty = protocolFor({ protocol: "memcached", command: "set", key: "k", payloadBytes: 0 });
    expect(textOf(empty.request())).toBe("set k 0 0 0\r\n\r\n");
    expect(empty.fields()).toEqual([13]);
  });
});

describe("memcached answers", () => {
  it.each([
    ["END\r\n", "miss"],
    ["VALUE somekey 0 3\r\nabc\r\nEND\r\n", "value"],
    ["VALUE somekey 12 0\r\n\r\nEND\r\n", "value"],
    ["VALUE somekey 0 3 88\r\nabc\r\nEND\r\n", "value"],
    ["VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n", "value"],
    ["VALUE k 0 7\r\n\r\nEND\r\n\r\nEND\r\n", "value"],
    ["STORED\r\n", "value"],
    ["NOT_FOUND\r\n", "miss"],
    ["NOT_STORED\r\n", "miss"],
    ["VERSION 1.6.18\r\n", "value"],
  ])("%j is one whole answer: %s", (text, kind) => {
    expect(readOne(get, text)).toEqual({ kind, detail: undefined, closes: undefined });
  });

  it.each(["ERROR\r\n", "CLIENT_ERROR line format\r\n", "SERVER_ERROR out of memory storing object\r\n"])(
    "%j is an error with its text",
    (text) => {
      expect(readOne(get, text)).toMatchObject({ kind: "error", detail: text.trimEnd() });
    },
  );

  it("bounds an error's text to 120 printable characters", () => {
    const { detail } = readOne(get, `SERVER_ERROR \x1b[2J${"long ".repeat(100)}\r\n`);
    expect(detail).toMatch(/^SERVER_ERROR \\x1b\[2Jlong [ -~]*\.\.\.$/);
    expect(detail!.length).toBeLessThanOrEqual(120);
  });

  it("starts afresh after an error in the middle of values", () => {
    expect(readText(get, "VALUE a 0 1\r\n1\r\nSERVER_ERROR oom\r\nEND\r\n")).toMatchObject([
      { kind: "error" },
      { kind: "miss" },
    ]);
  });

  it.each([
    ["HTTP/1.1 400 Bad Request\r\n", 'expected a memcached answer, got "HTTP/1.1 400 Bad Request"'],
    ["\x16\x03", 'expected a memcached answer, got "\\x16\\x03"'],
    ["END\n", 'expected a memcached answer, got "END"'],
    ["\r\n", "expected a memcached answer, got an empty line"],
    ["VALUE k 0\r\n", 'expected a memcached answer, got "VALUE k 0"'],
    ["VALUE k 0 -1\r\n", 'expected a memcached answer, got "VALUE k 0 -1"'],
    ["VALUE k 0 9999999999\r\n", 'expected a memcached answer, got "VALUE k 0 9999999999"'],
    ["VALUE k 0 3\r\nabcdEND\r\n", 'expected CR LF behind the value, got "other bytes"'],
    ["VALUE k 0 3\r\nabc\r\nSTORED\r\n", 'expected a memcached answer, got "STORED"'],
  ])("%j is malformed", (text, malformed) => {
    expect(readText(get, text)).toEqual({ malformed });
  });

  it("does not wait for ever for a line's end", () => {
    expect(readText(get, "E".repeat(3000))).toMatchObject({ malformed: expect.stringContaining('got "EEE') });
  });

  it("an answer cut off by a close is not whole", () => {
    const reader = get.answers();
    expect(reader.push(Buffer.from("VALUE k 0 3\r\nab"), 0, 15).state).toBe("incomplete");
    expect(reader.close().state).toBe("incomplete");
  });

  const data = fc.oneof(
    fc.constantFrom("END\r\n", "\r\n", "VALUE k 0 1\r\n", ""),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => textOf(bytes)),
  );
  const values = fc.array(data, { minLength: 1, maxLength: 3 }).map((list) => ({
    text: `${list.map((value, i) => `VALUE k${i} 0 ${value.length}\r\n${value}\r\n`).join("")}END\r\n`,
    kind: "value" as AnswerKind,
  }));
  const single = fc.constantFrom(
    { text: "END\r\n", kind: "miss" as AnswerKind },
    { text: "STORED\r\n", kind: "value" as AnswerKind },
    { text: "VERSION 1\r\n", kind: "value" as AnswerKind },
    { text: "ERROR\r\n", kind: "error" as AnswerKind },
  );

  it("are the same in any chunks", () => {
    fc.assert(chunkingProperty(get, fc.oneof(values, single)));
  });

  it("never throw, whatever the bytes", () => {
    fc.assert(
      anyBytesProperty(get, ["VALUE k 0 3\r\n", "abc\r\n", "END\r\n", "VALUE ", "STORED\r\n", "SERVER_ERROR \xff"]),
    );
  });
});
