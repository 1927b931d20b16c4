import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { H2Client } from "../../../src/protocols/h2/client.js";
import type { H2Connection } from "../../../src/protocols/h2/connection.js";
import * as write from "../../../src/protocols/h2/frame-writer.js";
import { FLAG, FRAME, PREFACE } from "../../../src/protocols/h2/names.js";
import type { ConnectionOptions } from "../../../src/protocols/h2/options.js";
import { H2Server, type ServerOptions } from "../../../src/protocols/h2/server.js";
import { ByteSink } from "../../../src/protocols/hpack/byte-sink.js";
import { HpackEncoder } from "../../../src/protocols/hpack/encoder.js";
import { GET, list, MS, OK, Side } from "./network.js";

type Write = (sink: ByteSink) => void;
const settings: Write = (sink) => write.writeSettings(sink, []);
const encoded = (fields: Parameters<HpackEncoder["encode"]>[0]) => new HpackEncoder({ indexing: false }).encode(fields);
const headers =
  (streamId: number, fields = GET, options: write.HeadersOptions = { endStream: true }): Write =>
  (sink) =>
    write.writeHeaders(sink, streamId, encoded(fields), 16384, options);

function feed(connection: H2Connection, ...frames: Write[]): void {
  const sink = new ByteSink();
  for (const frame of frames) frame(sink);
  connection.receive(sink.bytes, 0, sink.length, MS);
}

/** A server that has had the preface and SETTINGS, and what it then says to these frames. */
function serverFed(frames: readonly Write[], options: Partial<ServerOptions> = {}): { server: H2Server; side: Side } {
  const side = new Side();
  const server = new H2Server({ emit: side.emit, ...options }, 0);
  const preface = Buffer.from(PREFACE);
  server.receive(preface, 0, preface.length, 0);
  feed(server, settings, ...frames);
  return { server, side };
}

/** A client that has had SETTINGS and has asked once, on stream 1. */
function clientFed(
  frames: readonly Write[],
  options: Partial<ConnectionOptions> = {},
): { client: H2Client; side: Side } {
  const side = new Side();
  const client = new H2Client({ emit: side.emit, ...options }, 0);
  feed(client, settings);
  client.request({ headers: GET }, 0);
  feed(client, ...frames);
  return { client, side };
}

const repeat = (count: number, frame: Write): Write[] => Array<Write>(count).fill(frame);
const ping: Write = (sink) => write.writePing(sink, new Uint8Array(8), false);
const continuation =
  (bytes: number, end = false): Write =>
  (sink) =>
    write.writeContinuation(sink, 1, new Uint8Array(bytes), end);
const openBlock: Write = (sink) => write.writeFrame(sink, FRAME.HEADERS, 0, 1, new Uint8Array(0));
const data =
  (streamId: number, bytes: number, end = false): Write =>
  (sink) =>
    write.writeData(sink, streamId, new Uint8Array(bytes), 0, bytes, end);
const update =
  (streamId: number, increment: number): Write =>
  (sink) =>
    write.writeWindowUpdate(sink, streamId, increment);

describe("floods", () => {
  test.each([
    [
      "CONTINUATION, empty",
      [openBlock, ...repeat(65, continuation(0))],
      "ENHANCE_YOUR_CALM",
      "more than 64 CONTINUATION frames",
    ],
    ["CONTINUATION, large", [openBlock, ...repeat(17, continuation(16384))], "ENHANCE_YOUR_CALM", "262144 are allowed"],
    ["SETTINGS", repeat(1001, settings), "ENHANCE_YOUR_CALM", "more than 1000 SETTINGS frames"],
    ["PING", repeat(10_001, ping), "ENHANCE_YOUR_CALM", "more than 10000 frames to be answered"],
    [
      "rapid reset by our own refusals",
      Array.from({ length: 10_002 }, (_, i) => headers(2 * i + 1)),
      "ENHANCE_YOUR_CALM",
      "more than 10000 frames to be answered",
    ],
  ])("%s", (_what, frames, code, reason) => {
    const { server, side } = serverFed(frames, { settings: { maxConcurrentStreams: 1 } });
    expect(server.fault).toMatchObject({ code, scope: "connection", reason: expect.stringContaining(reason) });
    expect(side.of("fault").at(-1)?.fault).toBe(server.fault);
    const output = server.takeOutput(MS)!;
    expect(output.frames.at(-1)).toMatchObject({ type: FRAME.GOAWAY });
    expect(output.bytes.length).toBeLessThan(1 << 18);
  });

  test("PINGs that are answered in time are counted, and no more", () => {
    const { server, side } = serverFed([]);
    for (let i = 0; i < 20; i++) {
      feed(server, ...repeat(1000, ping));
      server.takeOutput(MS);
    }
    expect(server.fault).toBeUndefined();
    expect([server.frames.received.PING, side.of("ping").length]).toEqual([20_000, 20_000]);
  });

  test("an endless header list costs its stream, not the connection", () => {
    const encoder = new HpackEncoder();
    const block = encoder.encode([...GET, ...Array(5000).fill({ name: "x", value: "v".repeat(2000) })]);
    expect(block.length).toBeLessThan(16_384);
    const { server, side } = serverFed([(sink) => write.writeHeaders(sink, 1, block, 16384)]);
    expect(side.of("reset")).toMatchObject([{ by: "us", codeName: "ENHANCE_YOUR_CALM" }]);
    expect(server.fault).toBeUndefined();
    feed(server, headers(3));
    expect(side.of("headers")).toHaveLength(1);
  });

  test("endless informational responses", () => {
    const { client, side } = clientFed(repeat(101, headers(1, list({ ":status": "100" }), {})));
    expect(side.of("headers")).toHaveLength(100);
    expect(side.of("reset")).toMatchObject([{ codeName: "ENHANCE_YOUR_CALM" }]);
    expect(client.fault).toBeUndefined();
  });
});

describe("what ends the connection", () => {
  const cases: [string, Write[], string, string][] = [
    ["DATA on a stream that nobody opened", [data(5, 1)], "PROTOCOL_ERROR", "stream 5, which nobody opened"],
    ["DATA on a stream that is closed", [headers(1, OK), data(1, 1)], "STREAM_CLOSED", "stream 1, which is closed"],
    [
      "more DATA than the connection's window",
      [headers(1, OK, {}), ...repeat(4, data(1, 16384))],
      "FLOW_CONTROL_ERROR",
      "window has 16383",
    ],
    ["the connection's window above 2^31 - 1", [update(0, 2 ** 31 - 1)], "FLOW_CONTROL_ERROR", "above 2147483647"],
    ["WINDOW_UPDATE by 0 on the connection", [update(0, 0)], "PROTOCOL_ERROR", "WINDOW_UPDATE by 0"],
    [
      "an acknowledgement too many",
      [write.writeSettingsAck, write.writeSettingsAck],
      "PROTOCOL_ERROR",
      "that were not sent",
    ],
    ["a frame inside a header block", [openBlock, ping], "PROTOCOL_ERROR", "inside the header block of stream 1"],
    ["CONTINUATION alone", [continuation(1)], "PROTOCOL_ERROR", "without a header block"],
    [
      "a broken header block",
      [(sink) => write.writeHeaders(sink, 1, Uint8Array.of(0xbe), 100)],
      "COMPRESSION_ERROR",
      "index 62",
    ],
    ["a bad setting", [(sink) => write.writeSettings(sink, [[5, 1]])], "PROTOCOL_ERROR", "MAX_FRAME_SIZE 1"],
    [
      "push, which we forbid",
      [
        write.writeSettingsAck,
        (sink) => write.writeFrame(sink, FRAME.PUSH_PROMISE, FLAG.END_HEADERS, 1, Uint8Array.of(0, 0, 0, 2)),
      ],
      "PROTOCOL_ERROR",
      "our SETTINGS forbid push",
    ],
  ];
  test.each(cases)("%s", (_what, frames, code, reason) => {
    // A stream window above the connection's, and none given back, so that each limit shows alone.
    const { client, side } = clientFed(frames, { windowPolicy: "manual" });
    expect(client.fault).toMatchObject({ code, scope: "connection", reason: expect.stringContaining(reason) });
    expect(side.of("fault")).toHaveLength(1);
    feed(client, ping);
    expect(side.of("ping")).toEqual([]);
    expect(client.accepts).toBe(false);
  });

  test("a first frame that is not SETTINGS, a preface that is none, an answer in HTTP/1", () => {
    const side = new Side();
    const client = new H2Client({ emit: side.emit }, 0);
    feed(client, ping);
    expect(client.fault?.reason).toBe("PING frame first; it must be SETTINGS");
    const server = new H2Server({ emit: side.emit }, 0);
    server.receive(Buffer.from("GET / HTTP/1.1\r\n"), 0, 16, 0);
    expect(server.fault?.reason).toContain("client's preface");
    const other = new H2Client({ emit: side.emit }, 0);
    for (const byte of Buffer.from("HTTP/1.1 400 Bad Request")) other.receive(Uint8Array.of(byte), 0, 1, 0);
    expect(other.fault).toMatchObject({ code: "PROTOCOL_ERROR", reason: expect.stringContaining("HTTP/1") });
  });
});

describe("what ends one stream", () => {
  const response = (fields: Record<string, string>) => headers(1, list(fields), {});
  test.each([
    ["no :status", [response({ server: "x" })], "PROTOCOL_ERROR", "response without :status"],
    ["a :status that is none", [response({ ":status": "20" })], "PROTOCOL_ERROR", ":status 20"],
    ["an upper case name", [response({ ":status": "200", Server: "x" })], "PROTOCOL_ERROR", 'field name "Server"'],
    [
      "a connection-specific field",
      [response({ ":status": "200", connection: "close" })],
      "PROTOCOL_ERROR",
      "field connection",
    ],
    [
      "a pseudo-header too late",
      [response({ a: "b", ":status": "200" })],
      "PROTOCOL_ERROR",
      ":status behind a regular field",
    ],
    [
      "a pseudo-header of a request",
      [response({ ":path": "/" })],
      "PROTOCOL_ERROR",
      "pseudo-header :path in a response",
    ],
    ["a line end in a value", [response({ ":status": "200", a: "b\r\nc" })], "PROTOCOL_ERROR", "line end"],
    ["DATA before HEADERS", [data(1, 1)], "PROTOCOL_ERROR", "before its HEADERS"],
    [
      "headers in the middle",
      [headers(1, OK, {}), headers(1, list({ a: "b" }), {})],
      "PROTOCOL_ERROR",
      "in the middle of a message",
    ],
    ["WINDOW_UPDATE by 0", [update(1, 0)], "PROTOCOL_ERROR", "WINDOW_UPDATE by 0"],
    ["a window above 2^31 - 1", [update(1, 2 ** 31 - 1)], "FLOW_CONTROL_ERROR", "above 2147483647"],
  ])("%s", (_what, frames, code, reason) => {
    const { client, side } = clientFed(frames);
    expect(client.fault).toBeUndefined();
    expect(side.of("fault")).toMatchObject([
      { fault: { code, scope: "stream", streamId: 1, reason: expect.stringContaining(reason) } },
    ]);
    expect(side.of("reset")).toMatchObject([{ by: "us", codeName: code }]);
    // What was under way for it is passed over, and the next request is served.
    feed(client, data(1, 10), headers(1, OK));
    client.request({ headers: GET }, 0);
    feed(client, headers(3, OK));
    expect(side.of("end")).toMatchObject([{ stream: { id: 3 } }]);
  });

  test("what the peer sends behind its own RST_STREAM is passed over, and the header table goes on with it", () => {
    const reset: Write = (sink) => write.writeRstStream(sink, 1, "NO_ERROR");
    const table = new HpackEncoder();
    const indexed =
      (streamId: number): Write =>
      (sink) =>
        write.writeHeaders(sink, streamId, table.encode([...OK, { name: "x", value: "y" }]), 16384, {
          endStream: true,
        });
    // As gRPC's C-core does at a deadline: trailers and RST_STREAM, and both once more.
    const { client, side } = clientFed([indexed(1), reset, indexed(1), reset, data(1, 10)]);
    client.request({ headers: GET }, 0);
    feed(client, indexed(3));
    expect(client.fault).toBeUndefined();
    expect(side.of("end").map(({ stream }) => stream.id)).toEqual([1, 3]);
    expect(side.of("headers").at(-1)?.fields).toContainEqual({ name: "x", value: "y" });
  });

  test("requests that are none", () => {
    for (const fields of [
      { ":method": "GET" },
      { ":method": "CONNECT" },
      { ":method": "GET", ":scheme": "http", ":path": "/", te: "x" },
    ]) {
      const { side } = serverFed([headers(1, list(fields))]);
      expect(side.of("reset")).toMatchObject([{ codeName: "PROTOCOL_ERROR" }]);
    }
    expect(
      serverFed([headers(1, list({ ":method": "CONNECT", ":authority": "a:1" }))]).side.of("headers"),
    ).toHaveLength(1);
    expect(serverFed([headers(2)]).server.fault?.reason).toContain("a client's ids are odd");
  });
});

describe("anything at all", () => {
  const raw: fc.Arbitrary<Write> = fc
    .tuple(fc.integer({ min: 0, max: 11 }), fc.nat(255), fc.nat(5), fc.uint8Array({ maxLength: 20 }))
    .map(
      ([type, flags, id, payload]) =>
        (sink) =>
          write.writeFrame(sink, type, flags, id, payload),
    );
  const sane: fc.Arbitrary<Write> = fc.constantFrom<Write>(
    settings,
    write.writeSettingsAck,
    ping,
    headers(1, OK, {}),
    headers(1),
    headers(3),
    data(1, 10),
    data(1, 10, true),
    update(0, 5),
    update(1, 5),
    (sink) => write.writeRstStream(sink, 1, "CANCEL"),
    (sink) => write.writeGoaway(sink, 1, "NO_ERROR", new Uint8Array(0)),
  );
  const frames = fc.array(fc.oneof(sane, raw), { maxLength: 12 });

  test("any frames leave client and server alive or ended by one named fault, in any chunking", () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 30 }), (sent, chunkBytes) => {
        const sink = new ByteSink();
        for (const frame of [settings, ...sent]) frame(sink);
        const run = (asServer: boolean, size: number) => {
          const side = new Side();
          const connection = asServer ? new H2Server({ emit: side.emit }, 0) : new H2Client({ emit: side.emit }, 0);
          const preface = Buffer.from(PREFACE);
          if (connection instanceof H2Server) connection.receive(preface, 0, preface.length, 0);
          else connection.request({ headers: GET }, 0);
          for (let at = 0; at < sink.length; at += size) {
            connection.receive(sink.bytes, at, Math.min(sink.length, at + size), 0);
          }
          for (const { fault } of side.of("fault")) expect(fault.reason).toMatch(/^[ -~]{5,200}$/);
          expect(connection.fault).toEqual(side.of("fault").find(({ fault }) => fault.scope === "connection")?.fault);
          return JSON.stringify([side.events.map(({ type }) => type), connection.fault, connection.frames]);
        };
        for (const asServer of [true, false]) expect(run(asServer, chunkBytes)).toBe(run(asServer, 1 << 20));
      }),
      { numRuns: 1000 },
    );
  });
});
