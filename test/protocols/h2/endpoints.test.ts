import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prepareHeaders } from "../../../src/protocols/h2/options.js";
import { cutsOf } from "../../../src/protocols/h2/outbox.js";
import { headerListBytes } from "../../../src/protocols/hpack/field.js";
import { GET, list, MS, Network, OK, POST } from "./network.js";

const text = (value: string) => Buffer.from(value, "latin1");

describe("a request and its answer", () => {
  test("SETTINGS both ways, acknowledged, then HEADERS and DATA; times are those of the network", () => {
    const net = new Network({ server: { settings: { maxConcurrentStreams: 10, headerTableBytes: 0 } } }).serve(
      text("hello"),
    );
    const stream = net.client.request({ headers: GET, tag: "mine" }, 0)!;
    net.run();
    expect(net.clientSide.content.get(1)).toBe("hello");
    expect(net.clientSide.sent).toEqual(["preface", "SETTINGS 0", "HEADERS 1", "SETTINGS 0"]);
    expect(net.clientSide.of("settings")).toMatchObject([
      {
        first: true,
        atNs: MS,
        entries: [
          { name: "HEADER_TABLE_SIZE", value: 0 },
          { name: "MAX_CONCURRENT_STREAMS", value: 10 },
        ],
      },
    ]);
    expect(net.clientSide.of("settings-acked")).toMatchObject([{ rttNs: 2 * MS }]);
    expect(net.clientSide.of("headers")).toMatchObject([
      { kind: "response", fields: OK, endStream: false, atNs: 2 * MS },
    ]);
    expect(net.clientSide.of("end")).toMatchObject([{ atNs: 2 * MS }]);
    expect(net.serverSide.of("headers")).toMatchObject([{ kind: "request", fields: GET, endStream: true }]);
    expect(stream).toMatchObject({ id: 1, tag: "mine", state: "closed", weHadAcked: false, receivedBytes: 5 });
    expect(net.client.frames.received).toEqual({ SETTINGS: 2, HEADERS: 1, DATA: 1 });
    expect([net.client.streams.size, net.server.streams.size]).toEqual([0, 0]);
  });

  test("any chunking gives the same", () => {
    const run = (chunkBytes: number) => {
      const net = new Network({ chunkBytes }).serve(text("x".repeat(50_000)), [
        ...OK,
        ...list({ "x-long": "y".repeat(20_000) }),
      ]);
      net.client.request({ headers: POST, body: text("z".repeat(70_000)) }, 0);
      net.client.request({ headers: GET }, 0);
      net.run();
      // How DATA is cut may differ: window that comes in two chunks lets it go in two frames.
      const summary = [net.clientSide, net.serverSide].map((side) => [
        side.of("settings").map(({ entries }) => entries),
        side.of("headers").map(({ atNs, kind, fields, stream }) => [atNs, kind, headerListBytes(fields), stream.id]),
        side.of("end").map(({ atNs, stream }) => [atNs, stream.id]),
        [...side.content].map(([id, content]) => [id, content.length]),
      ]);
      return JSON.stringify(summary);
    };
    const whole = run(Number.POSITIVE_INFINITY);
    expect(whole).toContain("[3,50000]");
    for (const chunkBytes of [1, 7, 1000]) expect(run(chunkBytes)).toBe(whole);
  });

  test("prepared headers go out as they are, again and again, also while the table size changes", () => {
    const net = new Network({ server: { settings: { headerTableBytes: 100 } } }).serve(new Uint8Array(0));
    const prepared = prepareHeaders([...GET, ...list({ "x-a": "1" })]);
    net.client.request({ headers: prepared }, 0);
    net.run();
    net.client.request({ headers: prepared }, 0);
    net.client.request({ headers: [...GET, ...list({ "x-a": "1" })] }, 0);
    net.run();
    expect(net.serverSide.of("headers").map(({ fields }) => fields)).toEqual(
      Array(3).fill([...GET, ...list({ "x-a": "1" })]),
    );
    expect(net.serverSide.of("headers")[0]!.wireBytes).toBe(prepared.block.length);
    expect(net.client.headersSent).toEqual(net.server.headersReceived);
    expect(net.client.headersSent.plainBytes).toBe(3 * prepared.plainBytes);
  });

  test("informational responses, trailers, and DATA that waits before them", () => {
    const net = new Network();
    net.serverSide.react = (event) => {
      if (event.type !== "end") return;
      net.server.sendHeaders(event.stream, list({ ":status": "103", link: "</a>" }), {}, net.nowNs);
      net.server.sendHeaders(event.stream, OK, {}, net.nowNs);
      net.server.sendData(event.stream, text("x".repeat(100_000)), false, net.nowNs);
      net.server.sendTrailers(event.stream, list({ "grpc-status": "0" }), net.nowNs);
    };
    const stream = net.client.request({ headers: GET }, 0)!;
    net.run();
    expect(net.clientSide.of("headers").map(({ kind, endStream }) => [kind, endStream])).toEqual([
      ["informational", false],
      ["response", false],
      ["trailers", true],
    ]);
    expect(stream).toMatchObject({ state: "closed", receivedBytes: 100_000 });
  });

  test("the owner can cut the write between HEADERS and DATA, or at every frame", () => {
    const net = new Network();
    net.client.takeOutput(0);
    net.client.request({ headers: POST, body: text("a".repeat(20_000)) }, 0);
    const output = net.client.takeOutput(0)!;
    expect(output.frames.map(({ type }) => type)).toEqual([1, 0, 0]);
    expect(cutsOf(output, "headers-data")).toEqual([output.frames[0]!.end]);
    expect(cutsOf(output, "frames")).toEqual([output.frames[0]!.end, output.frames[1]!.end]);
    expect(output.bytes[output.frames[1]!.start + 3]).toBe(0);
  });

  test("PING comes back with its token and its round trip", () => {
    const net = new Network({ delayNs: 3 * MS });
    const first = net.client.ping(0);
    const second = net.client.ping(0);
    net.run();
    expect(net.clientSide.of("pong")).toMatchObject([
      { token: first, rttNs: 6 * MS },
      { token: second, rttNs: 6 * MS },
    ]);
    expect(net.serverSide.of("ping")).toHaveLength(2);
    const silent = new Network({ server: { ackPings: false } });
    silent.client.ping(0);
    silent.run();
    expect(silent.clientSide.of("pong")).toEqual([]);
  });
});

describe("MAX_CONCURRENT_STREAMS", () => {
  test("requests above it wait in order, and say how long", () => {
    const net = new Network({ server: { settings: { maxConcurrentStreams: 2 } } }).serve(text("x")).run();
    const streams = Array.from({ length: 5 }, () => net.client.request({ headers: GET }, net.nowNs)!);
    expect(streams.map(({ state }) => state)).toEqual([
      "half-closed-local",
      "half-closed-local",
      "queued",
      "queued",
      "queued",
    ]);
    expect(net.client.queued).toBe(3);
    const askedNs = net.nowNs;
    net.run();
    expect(streams.map(({ openedNs }) => (openedNs - askedNs) / MS)).toEqual([0, 0, 2, 2, 4]);
    expect(streams.every(({ state, weHadAcked }) => state === "closed" && weHadAcked)).toBe(true);
    expect(net.server.overLimitStreams).toBe(0);
  });

  test.each([
    ["refuse", { resets: ["REFUSED_STREAM"], goaway: [] }],
    ["stream-error", { resets: ["PROTOCOL_ERROR"], goaway: [] }],
    ["connection-error", { resets: [], goaway: ["PROTOCOL_ERROR"] }],
    ["serve", { resets: [], goaway: [] }],
  ] as const)("the stream too many, sent on purpose to a server that would %s", (overLimit, expected) => {
    const net = new Network({ server: { settings: { maxConcurrentStreams: 1 }, overLimit } }).run();
    net.client.request({ headers: GET }, net.nowNs);
    const over = net.client.request({ headers: GET, overLimit: true }, net.nowNs)!;
    expect(over).toMatchObject({ id: 3, weHadAcked: true, peerHadAcked: true });
    net.run();
    expect(net.clientSide.of("reset").map(({ codeName }) => codeName)).toEqual(expected.resets);
    expect(net.clientSide.of("goaway").map(({ codeName }) => codeName)).toEqual(expected.goaway);
    expect(net.server.overLimitStreams).toBe(1);
  });

  test("before the server's SETTINGS a limit of our own holds", () => {
    const net = new Network({ client: { initialMaxStreams: 3 } });
    const streams = Array.from({ length: 4 }, () => net.client.request({ headers: GET }, 0)!);
    expect(streams.map(({ state }) => state)).toEqual([...Array(3).fill("half-closed-local"), "queued"]);
    net.run();
    expect(streams[3]).toMatchObject({ state: "half-closed-local", openedNs: MS, weHadAcked: true });
  });

  test("SETTINGS are acknowledged by hand where the owner wants to", () => {
    const net = new Network({ client: { ackSettings: "manual" } }).run();
    expect(net.serverSide.of("settings-acked")).toEqual([]);
    expect(net.client.request({ headers: GET }, net.nowNs)).toMatchObject({ weHadAcked: false, peerHadAcked: true });
    net.client.acknowledgeSettings(net.nowNs);
    net.run();
    expect(net.serverSide.of("settings-acked")).toHaveLength(1);
  });
});

describe("the end", () => {
  test("GOAWAY: what the server will not touch is handed back, the rest is answered", () => {
    const net = new Network({ server: { settings: { maxConcurrentStreams: 2 } } }).run();
    const [first, second, queued] = Array.from({ length: 3 }, () => net.client.request({ headers: GET }, net.nowNs)!);
    net.serverSide.react = (event) => {
      if (event.type !== "headers" || event.stream.id !== 1) return;
      net.server.goaway("NO_ERROR", "max_age", net.nowNs);
      net.server.sendHeaders(event.stream, OK, { endStream: true }, net.nowNs);
    };
    net.run();
    const [goaway] = net.clientSide.of("goaway");
    expect(goaway).toMatchObject({
      lastStreamId: 1,
      codeName: "NO_ERROR",
      debug: "max_age",
      unprocessed: [second, queued],
    });
    expect(first!.headersSeen).toBe(true);
    expect([second!.state, queued!.state]).toEqual(["closed", "closed"]);
    expect(net.client.accepts).toBe(false);
    expect(net.client.request({ headers: GET }, net.nowNs)).toBeUndefined();
    expect(net.server.fault).toBeUndefined();
  });

  test("RST_STREAM both ways; what is still under way for a stream that we reset is passed over", () => {
    const net = new Network().serve(text("late")).run();
    const stream = net.client.request({ headers: GET }, net.nowNs)!;
    net.step();
    net.client.reset(stream, "CANCEL", net.nowNs);
    net.run();
    expect(net.clientSide.of("reset")).toMatchObject([{ by: "us", codeName: "CANCEL" }]);
    expect(net.clientSide.content.size).toBe(0);
    expect([net.client.fault, net.server.fault]).toEqual([undefined, undefined]);

    const other = net.client.request({ headers: POST, open: true }, net.nowNs)!;
    net.serverSide.react = (event) => {
      if (event.type === "headers") net.server.reset(event.stream, "ENHANCE_YOUR_CALM", net.nowNs);
    };
    net.run();
    expect(net.clientSide.of("reset").at(-1)).toMatchObject({
      by: "peer",
      codeName: "ENHANCE_YOUR_CALM",
      stream: other,
    });
    expect(other.state).toBe("closed");
  });
});

describe("anything at all", () => {
  test("any course of requests ends with every stream closed and every byte delivered", () => {
    const request = fc.record({ body: fc.nat(100_000), overLimit: fc.boolean() });
    const options = fc.record({
      windowPolicy: fc.constantFrom(0, 0.5, 1),
      initialWindowBytes: fc.integer({ min: 1000, max: 200_000 }),
      maxConcurrentStreams: fc.integer({ min: 1, max: 4 }),
      chunkBytes: fc.integer({ min: 500, max: 40_000 }),
      headerTableBytes: fc.nat(200),
    });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 8 }), options, (requests, choice) => {
        const { windowPolicy, chunkBytes, ...settings } = choice;
        const both = { windowPolicy, settings };
        const net = new Network({ client: both, server: { ...both, overLimit: "serve" }, chunkBytes }).serve(
          text("y".repeat(30_000)),
        );
        const streams = requests.map(
          ({ body, overLimit }) => net.client.request({ headers: POST, body: text("x".repeat(body)), overLimit }, 0)!,
        );
        net.run();
        for (const stream of streams) expect(stream).toMatchObject({ state: "closed", receivedBytes: 30_000 });
        streams.forEach(({ id }, i) => {
          expect(net.serverSide.content.get(id)?.length ?? 0).toBe(requests[i]!.body);
        });
        expect([net.client.fault, net.server.fault]).toEqual([undefined, undefined]);
      }),
      { numRuns: 60 },
    );
  });
});
