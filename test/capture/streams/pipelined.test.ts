/** Requests ahead of answers in clear text: real captures beside what their clients wrote down, and connections by hand. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import type { ReadInside } from "../../../src/capture/streams/read-inside.js";
import { Conversation, type ConversationFields } from "../conversation.js";
import { sumOf, trackerOf } from "../tracker/observe.js";
import { readInside, SeenInside } from "./read.js";

const MS = 1e6;
const CAPTURES = ["memcached-batch", "memcached-window", "redis-batch", "redis-window"] as const;

interface Truth {
  readonly requests: number;
  readonly others?: number;
  readonly us?: readonly number[];
}

const truthOf = (name: string): Truth =>
  JSON.parse(
    readFileSync(new URL(`../../../fixtures/captures/pipelined/${name}.truth.json`, import.meta.url), "utf8"),
  ) as Truth;

function isSound({ exchanges, flows, ended }: SeenInside): void {
  for (const { latencyNs, breakdownNs, behindNs, requestSegments, answerSegments } of exchanges) {
    expect(latencyNs).toBeGreaterThanOrEqual(0);
    expect(behindNs).toBeGreaterThanOrEqual(0);
    expect(behindNs).toBeLessThanOrEqual(latencyNs);
    expect(Object.values(breakdownNs).every((part) => part >= 0)).toBe(true);
    expect(Math.abs(sumOf(breakdownNs) - latencyNs)).toBeLessThanOrEqual(1e-6 * latencyNs + 1);
    expect(Math.min(requestSegments, answerSegments)).toBeGreaterThan(0);
  }
  expect(ended).toHaveLength(flows.length);
}

describe("captures of real pipelining", () => {
  it.each(CAPTURES)("%s: every request is an exchange, and takes what the client measured", (name) => {
    const { requests, others = 0, us = [] } = truthOf(name);
    const { seen, inside } = readInside(`pipelined/${name}.pcap`);
    isSound(seen);
    const main = seen.exchanges.filter(({ flow }) => flow.exchanges > others);
    expect(main).toHaveLength(requests);
    expect(seen.exchanges).toHaveLength(requests + others);
    expect(inside).toEqual({
      read: { [name.startsWith("redis") ? "pipelined Redis" : "pipelined memcached"]: 1 },
      unread: {},
    });
    // One by one, in the order of the answers: the client's clock runs from before its write until it has looked at the answer.
    const overUs = main.map(({ latencyNs }, at) => (us[at] as number) - latencyNs / 1000);
    expect(Math.min(...overUs)).toBeGreaterThan(-1);
    expect(overUs.toSorted((a, b) => a - b)[overUs.length >> 1]).toBeLessThan(500);
  });

  it.each(["redis-batch", "redis-window"])("%s: who is slow, and who only stands behind it", (name) => {
    const { seen } = readInside(`pipelined/${name}.pcap`);
    const late = seen.exchanges.filter(({ latencyNs }) => latencyNs >= 25 * MS);
    const slow = late.filter(({ behindNs, latencyNs }) => latencyNs - behindNs >= 25 * MS);
    // Every 40th of 160 sleeps for 30 ms; from one to seven stand behind each.
    expect(slow).toHaveLength(4);
    expect(late.length).toBeGreaterThan(slow.length);
    for (const { breakdownNs } of slow) expect(breakdownNs.server).toBeGreaterThan(25 * MS);
  });

  it("redis-benchmark -P 16", () => {
    const { seen, inside } = readInside("pipelined/redis-benchmark.pcap");
    isSound(seen);
    expect(seen.exchanges).toHaveLength(truthOf("redis-benchmark").requests);
    expect(inside).toEqual({ read: { "pipelined Redis": 5 }, unread: {} });
  });

  it("netlat's own probe with --pipeline 8, in one piece and in several, with and without Nagle's algorithm", () => {
    const { seen, inside } = readInside("pipelined/http1.pcap");
    isSound(seen);
    expect(seen.flows.map(({ exchanges }) => exchanges)).toEqual([40, 40, 40, 40]);
    expect(inside).toEqual({ read: { "pipelined HTTP/1.1": 4 }, unread: {} });
    const held = seen.stalled.filter(({ breakdownNs }) => breakdownNs.senderHold > 35 * MS);
    expect(new Set(held.map(({ flow }) => flow.id)).size).toBe(1);
    expect(held.length).toBeGreaterThan(20);
  });

  it("in the middle of a connection that never pauses it is said, and told by who speaks in turn", () => {
    const { seen, inside } = readInside("pipelined/redis-benchmark.pcap", { without: (packet) => packet < 40 });
    isSound(seen);
    expect(Object.keys(inside.unread)).toEqual([expect.stringContaining("what was asked before is not known")]);
    expect(seen.exchanges.length).toBeLessThan(truthOf("redis-benchmark").requests);
  });

  it("a snap length that cuts payloads: said, and never more exchanges than requests", () => {
    for (const name of CAPTURES) {
      const { requests, others = 0 } = truthOf(name);
      const { seen, inside } = readInside(`pipelined/${name}.pcap`, { snap: 90 });
      isSound(seen);
      expect(seen.exchanges.length).toBeLessThanOrEqual(requests + others);
      expect(Object.keys(inside.unread).length).toBeGreaterThan(0);
    }
  });

  it("packets that the capture lacks: never more exchanges than requests", () => {
    fc.assert(
      fc.property(fc.constantFrom(...CAPTURES), fc.uniqueArray(fc.nat(200), { maxLength: 5 }), (name, gone) => {
        const { seen } = readInside(`pipelined/${name}.pcap`, { without: (packet) => gone.includes(packet) });
        const { requests, others = 0 } = truthOf(name);
        isSound(seen);
        expect(seen.exchanges.length).toBeLessThanOrEqual(requests + others);
      }),
      { numRuns: 60 },
    );
  });
});

function seenOf(script: Conversation, bytesOf?: (packet: Packet) => void): { seen: SeenInside; inside: ReadInside } {
  const seen = new SeenInside();
  const tracker = trackerOf(seen);
  const packet = new Packet();
  for (const record of script.records()) {
    if (decode(record, packet) !== "tcp") continue;
    bytesOf?.(packet);
    tracker.packet(packet);
  }
  tracker.finish();
  isSound(seen);
  return { seen, inside: tracker.readInside };
}

function opened(port: number, fields: ConversationFields = {}): Conversation {
  const script = new Conversation({ server: { port }, ...fields }).handshake();
  return script.wait(MS);
}

const latencies = ({ seen }: { seen: SeenInside }): number[] => seen.exchanges.map(({ latencyNs }) => latencyNs / MS);
const VALUE = "VALUE a 0 2\r\nzz\r\nEND\r\n";
const resp = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

describe("connections by hand", () => {
  it("three requests in one segment, answered in two: three exchanges, and how long each stood behind", () => {
    const script = opened(11_211);
    script.send("client", "get a\r\nget b\r\nget c\r\n");
    script.wait(5 * MS).send("server", `${VALUE}END`);
    script.wait(2 * MS).send("server", `\r\n${VALUE}`);
    const read = seenOf(script);
    expect(latencies(read)).toEqual([5, 7, 7]);
    expect(read.seen.exchanges.map(({ behindNs }) => behindNs / MS)).toEqual([0, 5, 7]);
    expect(read.inside).toEqual({ read: { "pipelined memcached": 1 }, unread: {} });
  });

  it("a request while one is unanswered: each from its own first byte", () => {
    const script = opened(6379);
    script.send("client", resp("GET", "a"));
    script.wait(MS).send("client", resp("GET", "b"));
    script.wait(MS).send("client", resp("GET", "c"));
    script.wait(4 * MS).send("server", "$1\r\nx\r\n");
    script.wait(MS).send("server", "$1\r\nx\r\n$-1\r\n");
    expect(latencies(seenOf(script))).toEqual([6, 6, 5]);
  });

  it("a request that ends in the segment in which the next begins", () => {
    const script = opened(80);
    script.send("client", "GET /a HTTP/1.1\r\n");
    script.wait(MS).send("client", "Host: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    script.wait(3 * MS).send("server", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 204 No Content\r\n\r\n");
    const read = seenOf(script);
    expect(latencies(read)).toEqual([4, 3]);
    expect(read.seen.exchanges[0]).toMatchObject({ requestSegments: 2, smallRequestSegments: 1 });
  });

  it("HTTP: interim answers, chunks, HEAD, no body, and one that ends with the connection", () => {
    const script = opened(80);
    const asks = ["GET /1", "HEAD /2", "GET /3", "DELETE /4", "GET /5"];
    script.send("client", asks.map((line) => `${line} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
    script.wait(MS).send("server", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    script.wait(MS).send("server", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    script.wait(MS).send("server", "0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
    script
      .wait(MS)
      .send("server", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    script.wait(MS).send("server", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the");
    script.wait(MS).send("server", " end");
    script.fin("server");
    script.fin("client");
    expect(latencies(seenOf(script))).toEqual([3, 3, 4, 4, 6]);
  });

  it("a connection that is upgraded is left at once", () => {
    const script = opened(80);
    const upgrade = "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    script.send("client", `GET / HTTP/1.1\r\n\r\n${upgrade}`);
    script.wait(MS).send("server", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x02hi");
    script.wait(MS).send("client", "\x81\x82aaaahi");
    script.wait(MS).send("server", "\x81\x02yo");
    const read = seenOf(script);
    expect(latencies(read)).toEqual([1, 1]);
    expect(Object.keys(read.inside.unread)).toEqual([expect.stringContaining("101 Switching Protocols")]);
  });

  it("a set without an answer is no exchange; what Nagle's algorithm held back behind it began when it was held", () => {
    const script = opened(11_211);
    for (let i = 0; i < 3; i++) {
      script.send("client", "set a 0 0 2 noreply\r\nzz\r\n");
      script.wait(40 * MS).ack("server");
      script.send("client", "get a\r\n");
      script.wait(MS).send("server", VALUE);
      script.wait(10 * MS);
    }
    const read = seenOf(script);
    expect(latencies(read)).toEqual([41, 41, 41]);
    for (const { breakdownNs, holds } of read.seen.exchanges) {
      expect(holds).toHaveLength(1);
      expect(breakdownNs.senderHold).toBeCloseTo(40 * MS, -3);
    }
  });

  it("Redis' pushes are no answers; subscriptions and monitors end the matching", () => {
    const script = opened(6379);
    script.send("client", resp("GET", "a") + resp("GET", "b"));
    script.wait(MS).send("server", ">2\r\n+invalidate\r\n*1\r\n+a\r\n");
    script.wait(MS).send("server", "+x\r\n>2\r\n+invalidate\r\n*1\r\n+b\r\n+y\r\n");
    script.wait(MS).send("server", ">2\r\n+invalidate\r\n_\r\n");
    script.wait(MS).send("client", resp("GET", "c") + resp("SUBSCRIBE", "news"));
    script.wait(MS).send("server", "*3\r\n+message\r\n+news\r\n+1\r\n");
    const read = seenOf(script);
    expect(latencies(read)).toEqual([2, 2]);
    expect(Object.keys(read.inside.unread)).toEqual([expect.stringContaining("subscriptions")]);
  });

  it("damaged bytes, and a protocol that is another: who speaks in turn, and it is said", () => {
    const script = opened(11_211);
    script.send("client", "get a\r\n\x80\x00\x00\x03");
    script.wait(2 * MS).send("server", "\x81\x00");
    script.wait(MS).send("client", "\x80\x00");
    script.wait(3 * MS).send("server", "\x81\x00");
    const read = seenOf(script);
    expect(latencies(read)).toEqual([2, 3]);
    expect(read.inside).toEqual({ read: {}, unread: { [Object.keys(read.inside.unread)[0] as string]: 1 } });
  });

  it("an answer that the capture lacks: nothing is told of those whose it may be, and after a pause it goes on", () => {
    const script = opened(6379);
    const two = resp("GET", "a") + resp("GET", "b");
    script.send("client", two);
    script.wait(MS).send("server", ":1\r\n:2\r\n");
    script.wait(MS).send("client", two);
    script.wait(MS).send("server", ":1\r\n:2\r\n", { unseen: true });
    script.wait(MS).send("client", two);
    script.wait(MS).send("server", ":1\r\n:2\r\n");
    // The next segment's ACK shows that something is missing.
    script.wait(MS).send("client", two);
    script.wait(MS).send("server", ":1\r\n:2\r\n");
    script.wait(100 * MS).send("client", two);
    script.wait(3 * MS).send("server", ":1\r\n:2\r\n");
    const read = seenOf(script);
    expect(latencies(read)).toEqual([1, 1, 3, 3]);
    expect(read.inside).toEqual({
      read: { "pipelined Redis": 1 },
      unread: { "bytes of redis are missing in the capture": 1 },
    });
  });

  it("from the middle: read once the connection has paused, and until then as it was", () => {
    const script = new Conversation({ server: { port: 6379 } });
    const two = resp("GET", "a") + resp("GET", "b");
    for (const pauseMs of [1, 1, 60, 1]) {
      script.send("client", two);
      script.wait(MS).send("server", ":1\r\n:2\r\n");
      script.wait(pauseMs * MS);
    }
    const read = seenOf(script);
    expect(latencies(read)).toEqual([1, 1, 1, 1, 1]);
    expect(Object.keys(read.inside.unread)).toEqual([expect.stringContaining("what was asked before is not known")]);
  });

  it("an answer that nobody has asked for, behind others: it is said", () => {
    const script = opened(11_211);
    script.send("client", "get a\r\nget b\r\n");
    script.wait(MS).send("server", "END\r\nEND\r\nEND\r\n");
    expect(Object.keys(seenOf(script).inside.unread)).toEqual([expect.stringContaining("nobody has asked for")]);
  });
});

/** Requests and their answers, of each protocol. */
const DIALOGUES = {
  11211: [
    ["get a\r\n", VALUE],
    ["set abc 0 0 12\r\n123456789012\r\n", "STORED\r\n"],
    ["get none here\r\n", "END\r\n"],
    ["mg a v\r\n", "VA 2\r\nzz\r\n"],
  ],
  6379: [
    [resp("GET", "a"), "$2\r\nzz\r\n"],
    [resp("MSET", "a", "1", "b", "2"), "+OK\r\n"],
    ["PING\r\n", "+PONG\r\n"],
    [resp("LRANGE", "l", "0", "-1"), "*2\r\n$1\r\na\r\n$-1\r\n"],
  ],
  80: [
    ["GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ["HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"],
    ["POST /c HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
    ["GET /d HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"],
  ],
} as const;
const PORTS = [11_211, 6379, 80] as const;
const dialogue = fc.tuple(fc.constantFrom(...PORTS), fc.array(fc.nat(3), { minLength: 2, maxLength: 12 }));

/** The text in pieces. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const edges = [...new Set([0, ...cuts.map((cut) => cut % text.length), text.length])].sort((a, b) => a - b);
  return edges.slice(1).map((edge, at) => text.slice(edges[at], edge));
}

/** When each of the texts begins or ends, if they are said one after the other in pieces of 0.1 ms each. */
function timesOf(texts: readonly string[], cut: readonly string[], startNs: number, edge: "first" | "last"): number[] {
  let [at, piece, upTo] = [0, 0, cut[0]?.length ?? 0];
  return texts.map((text) => {
    const byte = edge === "first" ? at : at + text.length - 1;
    while (byte >= upTo) upTo += cut[++piece]?.length ?? Number.POSITIVE_INFINITY;
    at += text.length;
    return startNs + piece * 0.1 * MS;
  });
}

describe("any dialogue", () => {
  it("requests at once and answers at once, in any pieces: each is an exchange from its first byte to its last", () => {
    fc.assert(
      fc.property(dialogue, fc.array(fc.nat(500)), fc.array(fc.nat(500)), ([port, kinds], askCuts, answerCuts) => {
        const said = kinds.map((kind) => DIALOGUES[port][kind] as readonly [string, string]);
        const script = opened(port);
        const [asks, answers] = [said.map(([ask]) => ask), said.map(([, answer]) => answer)];
        const [askPieces, answerPieces] = [pieces(asks.join(""), askCuts), pieces(answers.join(""), answerCuts)];
        const askedNs = timesOf(asks, askPieces, script.nowNs, "first");
        for (const piece of askPieces) {
          script.send("client", piece);
          script.wait(0.1 * MS);
        }
        script.wait(5 * MS);
        const answeredNs = timesOf(answers, answerPieces, script.nowNs, "last");
        for (const piece of answerPieces) {
          script.send("server", piece);
          script.wait(0.1 * MS);
        }
        const { seen, inside } = seenOf(script);
        expect(seen.exchanges.map(({ startNs }) => Math.round(startNs))).toEqual(askedNs.map(Math.round));
        expect(seen.exchanges.map(({ endNs }) => Math.round(endNs))).toEqual(answeredNs.map(Math.round));
        expect(inside.unread).toEqual({});
      }),
      { numRuns: 200 },
    );
  });

  it("one request at a time, in any pieces: it is as it always was, and nothing is read inside", () => {
    fc.assert(
      fc.property(dialogue, fc.array(fc.nat(200)), ([port, kinds], cuts) => {
        const script = opened(port);
        const expected: [number, number][] = [];
        for (const kind of kinds) {
          const [ask, answer] = DIALOGUES[port][kind] as readonly [string, string];
          const startNs = script.nowNs;
          for (const piece of pieces(ask, cuts)) {
            script.send("client", piece);
            script.wait(0.1 * MS);
          }
          script.wait(2 * MS).send("server", answer);
          expected.push([startNs, script.nowNs]);
          script.wait(MS);
        }
        const { seen, inside } = seenOf(script);
        expect(seen.exchanges.map(({ startNs, endNs }) => [startNs, endNs].map(Math.round))).toEqual(
          expected.map((pair) => pair.map(Math.round)),
        );
        expect(inside).toEqual({ read: {}, unread: {} });
      }),
      { numRuns: 200 },
    );
  });

  it("with any bytes written over it: nothing is thrown, and never more exchanges than requests", () => {
    const change = fc.record({
      packet: fc.nat(12),
      at: fc.nat(200),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(dialogue, fc.nat(3), fc.array(change, { maxLength: 5 }), ([port, kinds], ahead, changes) => {
        const script = opened(port);
        for (let at = 0; at < kinds.length; at += ahead + 1) {
          const some = kinds
            .slice(at, at + ahead + 1)
            .map((kind) => DIALOGUES[port][kind] as readonly [string, string]);
          for (const [ask] of some) script.send("client", ask);
          for (const [, answer] of some) script.wait(MS).send("server", answer);
        }
        const { seen } = seenOf(script, (p) => {
          for (const { packet, at, bytes } of changes) {
            const room = p.payloadCaptured - at;
            if (packet === p.number - 4 && room > 0) p.bytes.set(bytes.subarray(0, room), p.payloadStart + at);
          }
        });
        expect(seen.ended).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
});
