import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnswerKind, Expectation } from "../../src/protocols/protocol.js";
import { protocolFor } from "../../src/protocols/registry.js";
import { anyBytesProperty, bytesOf, chunkingProperty, readChunks, readText, textOf } from "./reading.js";

const raw = (send: string, expect: Expectation = { until: "line" }) =>
  protocolFor({ protocol: "raw", send: bytesOf(send), expect });

describe("raw request", () => {
  it.each([
    ["get somekey\r\n", ["get ", "somekey", "\r\n"]],
    ["ping\n", ["ping", "\n"]],
    ["a b c\n", ["a ", "b c", "\n"]],
    ["EHLO\r\nMAIL FROM\r\n", ["EHLO\r\nMAIL FROM", "\r\n"]],
    ["word \n", ["word ", "\n"]],
    ["\r\n", ["\r\n"]],
    ["\n", ["\n"]],
    ["\0\0\0\x05hello", ["\0\0\0\x05", "hello"]],
    ["PING", ["P", "ING"]],
    ["x", ["x"]],
  ])("%j is written in the pieces %j", (send, pieces) => {
    const protocol = raw(send);
    const cuts = [0, ...protocol.fields(), send.length];
    expect(textOf(protocol.request())).toBe(send);
    expect(cuts.slice(1).map((cut, i) => send.slice(cuts[i], cut))).toEqual(pieces);
  });
});

const ends = (expect: Expectation, stream: string): number[] => {
  const answers = readText(raw("x", expect), stream);
  if ("malformed" in answers) throw new Error(answers.malformed);
  return answers.map(({ end }) => end);
};

describe("raw answers", () => {
  it("bytes:N counts", () => {
    expect(ends({ until: "bytes", count: 3 }, "abcdefgh")).toEqual([3, 6]);
  });

  it("line ends at LF", () => {
    expect(ends({ until: "line" }, "a\r\n\nbc")).toEqual([3, 4]);
  });

  it("until:TEXT finds a text whose beginning it has just seen", () => {
    expect(ends({ until: "text", text: "aab" }, "aaab aabaab")).toEqual([4, 8, 11]);
    expect(ends({ until: "text", text: "abab" }, "abaabab ababab")).toEqual([7, 12]);
  });

  it("until:TEXT compares bytes", () => {
    expect(ends({ until: "text", text: "\xff\0" }, "\xff\xff\0.")).toEqual([3]);
  });

  it("regex:RE ends at the end of its match", () => {
    expect(ends({ until: "regex", source: "(OK|ERR [^\\r]*)\\r\\n" }, "note OK\r\nERR no\r\nO")).toEqual([9, 17]);
  });

  it("the end of the stream ends whatever came before it, and nothing at all is a miss", () => {
    const reader = raw("x", { until: "end" }).answers();
    expect(reader.push(bytesOf("abc"), 0, 3)).toEqual({ state: "incomplete" });
    expect(reader.close()).toEqual({ state: "complete", end: 0, kind: "value" });
    expect(reader.close()).toEqual({ state: "complete", end: 0, kind: "miss" });
  });

  it("regex:RE sees the last 64 KiB", () => {
    const reader = raw("x", { until: "regex", source: "a[^b]*b" }).answers();
    const chunk = bytesOf("-".repeat(60_000));
    expect(readChunks(reader, [bytesOf("a"), chunk, chunk, bytesOf("b")])).toEqual([]);
    expect(readChunks(reader, [bytesOf("ab")])).toMatchObject([{ end: 2 }]);
  });

  it("regex:RE makes progress where it matches nothing, or only what came before", () => {
    expect(ends({ until: "regex", source: "(?=a)" }, "xaa")).toEqual([]);
    const reader = raw("x", { until: "regex", source: "a(?=b)" }).answers();
    expect(readChunks(reader, [bytesOf("a"), bytesOf("bc")])).toMatchObject([{ end: 2 }]);
  });

  it("a close does not end an answer", () => {
    for (const expect_ of [{ until: "line" }, { until: "bytes", count: 9 }, { until: "text", text: "x" }] as const) {
      expect(raw("x", expect_).answers().close().state).toBe("incomplete");
    }
  });

  const value: AnswerKind = "value";
  const line = fc.stringMatching(/^[ab\r]{0,6}$/).map((text) => ({ text: `${text}\n`, kind: value }));
  const ended = fc.stringMatching(/^[ab]{0,6}$/).map((text) => ({ text: `${text}aaba.\r\n`, kind: value }));
  it.each<[string, Expectation, fc.Arbitrary<{ text: string; kind: AnswerKind }>]>([
    [
      "bytes",
      { until: "bytes", count: 4 },
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((b) => ({ text: textOf(b), kind: value })),
    ],
    ["line", { until: "line" }, line],
    ["text", { until: "text", text: "aaba.\r\n" }, ended],
    ["regex", { until: "regex", source: "a+ba\\.\\r\\n" }, ended],
  ])("%s: the same in any chunks, never throwing", (_, expect_, answer) => {
    fc.assert(chunkingProperty(raw("x", expect_), answer));
    fc.assert(anyBytesProperty(raw("x", expect_), ["aaba.\r\n", "a"]));
  });

  it("until:TEXT agrees with indexOf", () => {
    const text = fc.stringMatching(/^[ab]{1,6}$/);
    fc.assert(
      fc.property(text, fc.stringMatching(/^[ab]{0,60}$/), (needle, stream) => {
        const expected: number[] = [];
        for (let at = stream.indexOf(needle); at >= 0; at = stream.indexOf(needle, at + needle.length))
          expected.push(at + needle.length);
        expect(ends({ until: "text", text: needle }, stream)).toEqual(expected);
      }),
    );
  });
});

describe("fields of every protocol", () => {
  const word = fc.string({ minLength: 1, maxLength: 12 });
  const spec = fc.oneof(
    word.map((key) => ({ protocol: "memcached", command: "get", key }) as const),
    fc
      .record({ key: word, payloadBytes: fc.nat(50) })
      .map((set) => ({ protocol: "memcached", command: "set", ...set }) as const),
    fc
      .record({ style: fc.constantFrom("resp" as const, "inline" as const), words: fc.array(word, { minLength: 1 }) })
      .map((rest) => ({ protocol: "redis", ...rest }) as const),
    fc
      .record({ method: fc.constantFrom("GET", "POST"), body: fc.uint8Array({ maxLength: 30 }) })
      .map((rest) => ({ protocol: "http1", path: "/", host: "h", headers: [], ...rest }) as const),
    fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((send) => ({ protocol: "raw", send, expect: { until: "line" } }) as const),
  );

  it("ascend, lie inside the request, and the request is the same on every call", () => {
    fc.assert(
      fc.property(spec, (request) => {
        const protocol = protocolFor(request);
        const cuts = [0, ...protocol.fields(), protocol.request().length];
        for (let i = 1; i < cuts.length; i++) expect(cuts[i]).toBeGreaterThan(cuts[i - 1]!);
        expect(protocol.request()).toEqual(protocolFor(request).request());
        expect(protocol.name).toBe(request.protocol);
      }),
    );
  });
});
