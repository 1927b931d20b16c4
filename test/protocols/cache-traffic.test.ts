/** Requests and answers of memcached and Redis as a capture shows them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemcachedReplies } from "../../src/protocols/memcached-replies.js";
import { MemcachedRequests } from "../../src/protocols/memcached-requests.js";
import { RespAnswers } from "../../src/protocols/resp-reader.js";
import { RespRequests } from "../../src/protocols/resp-requests.js";
import { bytesOf } from "./reading.js";

interface Reader {
  push(
    chunk: Uint8Array,
    start: number,
    end: number,
  ): { state: "incomplete" } | { state: "complete"; end: number; expects?: string } | { state: "malformed" };
}

/** Ends, and what is expected behind each; pushed in chunks. */
function read(
  reader: Reader,
  bytes: Uint8Array,
  cuts: readonly number[] = [],
): { ends: unknown[]; malformed: boolean } {
  const ends: unknown[] = [];
  const edges = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
  for (let i = 1; i < edges.length; i++) {
    for (let at = edges[i - 1] as number; at < (edges[i] as number); ) {
      const state = reader.push(bytes, at, edges[i] as number);
      if (state.state === "malformed") return { ends, malformed: true };
      if (state.state === "incomplete") break;
      if (state.end <= at) throw new Error("no progress");
      ends.push(state.expects === undefined ? state.end : [state.end, state.expects]);
      at = state.end;
    }
  }
  return { ends, malformed: false };
}

const READERS = {
  "memcached requests": () => new MemcachedRequests(),
  "memcached answers": () => new MemcachedReplies(),
  "Redis requests": () => new RespRequests(),
  "Redis answers with pushes": () => new RespAnswers("told"),
} as const;
type Name = keyof typeof READERS;

/** Messages in a row, and what the client may expect behind each. */
const STREAMS: Readonly<Record<Name, readonly (readonly [text: string, expects?: string])[]>> = {
  "memcached requests": [
    ["get a\r\n", "answer"],
    ["gets a b c\r\n", "answer"],
    ["set a 0 0 5\r\nab\r\nc\r\n", "answer"],
    ["cas a 0 0 2 77\r\nzz\r\n", "answer"],
    ["set a 0 0 2 noreply\r\nzz\r\n", "nothing"],
    ["delete a noreply\r\n", "nothing"],
    ["incr n 1\r\n", "answer"],
    ["ms a 3 T0\r\nabc\r\n", "answer"],
    ["mg a v k\r\n", "answer"],
    ["mn\r\n", "answer"],
    ["stats slabs\r\n", "answer"],
    ["mg quick q\r\n", "no-order"],
    ["md quiet T0 q\r\n", "no-order"],
    ["lru_crawler metadump all\r\n", "no-order"],
    ["quit\r\n", "nothing"],
  ],
  "memcached answers": [
    ["STORED\r\n"],
    ["END\r\n"],
    ["VALUE a 0 5\r\nab\r\nc\r\nVALUE b 0 0 17\r\n\r\nEND\r\n"],
    ["12\r\n"],
    ["VA 4 t30\r\nEND\r\r\n"],
    ["HD O1\r\n"],
    ["EN\r\n"],
    ["MN\r\n"],
    ["STAT pid 1\r\nSTAT uptime 2\r\nEND\r\n"],
    ["CLIENT_ERROR bad data chunk\r\n"],
    ["VERSION 1.6\r\n"],
  ],
  "Redis requests": [
    ["*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "answer"],
    ["*3\r\n$3\r\nset\r\n$1\r\na\r\n$4\r\n\r\n\r\n\r\n", "answer"],
    ["PING\r\n", "answer"],
    ["\r\n*0\r\nget a\n", "answer"],
    ["*2\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n", "no-order"],
    ["*3\r\n$6\r\nCLIENT\r\n$5\r\nreply\r\n$3\r\nOFF\r\n", "no-order"],
    ["*3\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$0\r\n\r\n", "answer"],
    ["monitor\r\n", "no-order"],
    ["*1\r\n$8\r\nSHUTDOWN\r\n", "nothing"],
  ],
  "Redis answers with pushes": [
    ["+OK\r\n"],
    ["$-1\r\n"],
    [">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n"],
    ["|1\r\n+ttl\r\n:3\r\n$1\r\na\r\n"],
    [">0\r\n"],
    ["*2\r\n*0\r\n%1\r\n+a\r\n:1\r\n"],
    ["-ERR no\r\n"],
  ],
};

describe.each(Object.keys(READERS) as Name[])("%s", (name) => {
  const messages = STREAMS[name];
  const bytes = bytesOf(messages.map(([text]) => text).join(""));
  let at = 0;
  const ends = messages.map(([text, expects]) => {
    at += text.length;
    return expects === undefined ? at : [at, expects];
  });

  it("each ends where it ends, in any chunks", () => {
    expect(read(READERS[name](), bytes)).toEqual({ ends, malformed: false });
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        expect(read(READERS[name](), bytes, cuts)).toEqual({ ends, malformed: false });
      }),
    );
  });

  it("any bytes end in a state, also behind good ones, and what is malformed stays so", () => {
    const noise = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constantFrom(...messages.map(([t]) => bytesOf(t)))),
    );
    fc.assert(
      fc.property(noise, fc.array(fc.nat(200)), (parts, cuts) => {
        const reader = READERS[name]();
        const { malformed } = read(reader, Buffer.concat(parts), cuts);
        if (malformed) expect(read(reader, bytes).malformed).toBe(true);
      }),
    );
  });
});

it.each([
  ["memcached requests", "\x80\x00\x00\x01"],
  ["memcached requests", "hello\r\n"],
  ["memcached requests", "set a 0 0 x\r\n"],
  ["memcached requests", "set a 0 0 2\r\nabc\r\n"],
  ["memcached answers", "\x81\x00"],
  ["memcached answers", "VALUE a 0 x\r\n"],
  ["memcached answers", "HELLO\r\n"],
  ["Redis requests", "*1\r\n+PING\r\n"],
  ["Redis requests", "*1\r\n$4\r\nPINGS\r\n"],
  ["Redis requests", "\x00\x01\r\n"],
] as const)("malformed %s: %j", (name, text) => expect(read(READERS[name](), bytesOf(text)).malformed).toBe(true));
