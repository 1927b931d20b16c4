import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startLab } from "../../../src/lab/server.js";
import { readMessage, writeMessage } from "../../../src/protocols/dns/message.js";
import { writeFrame, writeHeaders } from "../../../src/protocols/h3/frame-writer.js";
import { ERROR, FRAME } from "../../../src/protocols/h3/names.js";
import { encodeFields } from "../../../src/protocols/qpack/encoder.js";
import { ms } from "../../../src/units/duration.js";
import { onlyIf } from "../../skip.js";
import { lab, tlsClient } from "../client.js";
import { CONTROL, controlWords, page, request, unavailable, visit } from "./client.js";

const here = onlyIf(unavailable === undefined, unavailable ?? "");
const text = (bytes: Buffer): string => bytes.toString();

describe("lab:h3", here, () => {
  it("has the site's pages", async () => {
    const visitor = await visit(await lab("h3", { bigBytes: 300_000, slowNs: ms(60) }), {});
    visitor.connection.write(2, CONTROL, false);
    const [home, missing, head, wrong] = await Promise.all([
      visitor.ask(0, request("/any/path?x=1")),
      visitor.ask(4, request("/missing")),
      visitor.ask(8, request("/big", "HEAD")),
      visitor.ask(12, request("/?think=soon")),
    ]);
    const { status, fields, body } = page(home);
    expect([status, fields["content-length"], body.length]).toEqual(["200", "100", 100]);
    expect(text(body)).toMatch(/^netlat netlat/);
    expect([page(missing).status, text(page(missing).body)]).toEqual(["404", "missing\n"]);
    expect(page(head, "HEAD")).toMatchObject({ fields: { "content-length": "300000" }, body: Buffer.alloc(0) });
    expect([page(wrong).status, text(page(wrong).body)]).toEqual(["400", expect.stringMatching(/not a duration/)]);
    const start = performance.now();
    expect(page(await visitor.ask(16, request("/slow"))).status).toBe("200");
    expect(performance.now() - start).toBeGreaterThan(55);
    expect(page(await visitor.ask(20, request("/big"))).body.equals(Buffer.alloc(300_000, "netlat "))).toBe(true);
    expect(controlWords(visitor.stream(3))).toEqual(["SETTINGS"]);
  });

  it("reads bodies, and methods of any name", async () => {
    const visitor = await visit(await lab("h3"), {});
    const body = Buffer.alloc(8000, "b");
    expect(page(await visitor.ask(0, request("/", "POST", body))).status).toBe("200");
    expect(page(await visitor.ask(4, request("/", "BREW", body.subarray(0, 0)))).status).toBe("200");
    const connect = writeHeaders(encodeFields([":method CONNECT", ":authority a:1"].map(field)));
    expect(page(await visitor.ask(8, connect)).status).toBe("405");
  });

  it("has HTTP/2 and HTTP/1.1 beside it, on the port of the same number", async () => {
    const server = await lab("h3");
    const asker = await tlsClient(server);
    await asker.write(["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"]);
    await asker.until(150);
    expect(asker.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    await expect(startLab("http", { port: server.port })).rejects.toMatchObject({ exitCode: 4 });
  });

  it("makes a large page no faster than it is read", async () => {
    const visitor = await visit(await lab("h3", { bigBytes: 200 * 1024 ** 2 }), { settings: { windowBytes: 100_000 } });
    visitor.reads = false;
    const before = process.memoryUsage();
    visitor.connection.write(0, request("/big"), true);
    await sleep(300);
    const after = process.memoryUsage();
    expect(after.rss - before.rss).toBeLessThan(50 * 1024 ** 2);
    const { recvBytes } = visitor.connection.native.stats();
    expect([recvBytes > 90_000, recvBytes < 150_000]).toEqual([true, true]);
  });

  it("thinks, at every nth request only", async () => {
    const visitor = await visit(await lab("h3", { thinkNs: ms(120), thinkEvery: 2 }), {});
    const times: number[] = [];
    for (const streamId of [0, 4, 8, 12]) {
      const start = performance.now();
      await visitor.ask(streamId, request("/"));
      times.push(performance.now() - start);
    }
    expect(times.map((time) => time > 115)).toEqual([false, true, false, true]);
  });

  it("never answers when it is silent, and acknowledges all the same", async () => {
    let came = 0;
    const visitor = await visit(await lab("h3", { silent: true }), {
      onDatagram: (from) => void (from === "server" && came++),
    });
    await sleep(50); // what the handshake left over has come
    const before = came;
    visitor.connection.write(0, request("/"), true);
    await sleep(150);
    expect([visitor.came.get(0), visitor.end]).toEqual([undefined, undefined]);
    expect(came).toBeGreaterThan(before);
  });

  it("closes behind the answer that was asked for: GOAWAY, the answer, H3_NO_ERROR", async () => {
    const visitor = await visit(await lab("h3", { closeAfter: 2, valueBytes: 200_000 }), {});
    expect(page(await visitor.ask(0, request("/"))).body.length).toBe(200_000);
    expect(page(await visitor.ask(4, request("/"))).body.length).toBe(200_000);
    await visitor.until(() => visitor.end !== undefined);
    expect(visitor.end).toMatchObject({ by: "peer", application: true, code: ERROR.H3_NO_ERROR });
    expect(controlWords(visitor.stream(3))).toEqual(["SETTINGS", "GOAWAY 8"]);
  });

  it("refuses requests behind its GOAWAY, which may be asked again elsewhere", async () => {
    const visitor = await visit(await lab("h3", { closeAfter: 1, valueBytes: 500_000 }), {
      settings: { windowBytes: 50_000, streamWindowBytes: 50_000 },
    });
    visitor.reads = false; // the answer stays on its way
    visitor.connection.write(0, request("/"), true);
    await visitor.until(() => visitor.connection.native.stats().recvBytes > 40_000);
    visitor.reads = true;
    const refused = await visitor.ask(8, request("/"));
    expect(refused.reset).toBe(ERROR.H3_REQUEST_REJECTED);
  });

  it("says GOAWAY when it is stopped", async () => {
    const server = await startLab("h3");
    const visitor = await visit(server, {});
    await visitor.ask(0, request("/"));
    await server.close();
    await visitor.until(() => visitor.end !== undefined);
    expect(visitor.end).toMatchObject({ by: "peer", code: ERROR.H3_NO_ERROR, reason: "the server ends" });
    expect(controlWords(visitor.stream(3))).toEqual(["SETTINGS", "GOAWAY 4"]);
  });

  it("cuts an answer in the middle, or answers what is not the protocol", async () => {
    const cut = await visit(await lab("h3", { cutAnswer: true, valueBytes: 1000 }), {});
    const half = await cut.ask(0, request("/"));
    expect([half.ended, half.bytes.length > 400, half.bytes.length < 600]).toEqual([false, true, true]);
    expect(cut.end).toMatchObject({ by: "peer", code: ERROR.H3_INTERNAL_ERROR });
    const garbage = await visit(await lab("h3", { garbage: true }), {});
    const answer = await garbage.ask(0, request("/"));
    expect(() => page(answer)).toThrow(/./);
  });

  it("sends an answer's first pieces in datagrams of their own", async () => {
    const sizes: number[] = [];
    const visitor = await visit(await lab("h3", { splitResponse: [5, 10] }), {
      onDatagram: (from, bytes) => void (from === "server" && sizes.push(bytes)),
    });
    const before = sizes.length;
    expect(page(await visitor.ask(0, request("/"))).status).toBe("200");
    expect(sizes.length - before).toBeGreaterThanOrEqual(3);
    expect(visitor.stream(0).pieces).toBe(3);
  });

  describe("holds a client to RFC 9114", () => {
    const settings = CONTROL.subarray(1);
    const stream = (streamId: number, bytes: Uint8Array, end = false) => ({ streamId, bytes, end });
    it.each([
      ["content ahead of a request", stream(0, Uint8Array.of(FRAME.DATA, 1, 1)), "H3_FRAME_UNEXPECTED"],
      ["a control stream without SETTINGS", stream(2, writeFrameOn(0, FRAME.GOAWAY)), "H3_MISSING_SETTINGS"],
      ["SETTINGS twice", stream(2, Buffer.concat([CONTROL, settings])), "H3_FRAME_UNEXPECTED"],
      ["a control stream that ends", stream(2, CONTROL, true), "H3_CLOSED_CRITICAL_STREAM"],
      ["a push stream", stream(2, Uint8Array.of(1, 0)), "H3_STREAM_CREATION_ERROR"],
      ["fields of the dynamic table", stream(0, writeHeaders(Uint8Array.of(0, 0, 0x80))), "QPACK_DECOMPRESSION_FAILED"],
      ["a stream that ends inside a frame", stream(0, Uint8Array.of(1, 9, 0), true), "H3_FRAME_ERROR"],
    ] as const)("%s ends the connection", async (_what, { streamId, bytes, end }, code) => {
      const visitor = await visit(await lab("h3"), {});
      visitor.connection.write(streamId, bytes, end);
      await visitor.until(() => visitor.end !== undefined);
      expect(visitor.end).toMatchObject({ by: "peer", application: true, code: ERROR[code] });
      expect(visitor.end!.reason).not.toBe("");
    });

    it("a malformed request is broken off, and only that", async () => {
      const visitor = await visit(await lab("h3"), {});
      const fields = [":method GET", ":method GET", ":scheme https", ":authority a", ":path /"].map(field);
      const broken = await visitor.ask(0, writeHeaders(encodeFields(fields)));
      expect(broken.reset).toBe(ERROR.H3_MESSAGE_ERROR);
      const nothing = await visitor.ask(4, Buffer.alloc(0));
      expect(nothing.reset).toBe(ERROR.H3_REQUEST_INCOMPLETE);
      expect(page(await visitor.ask(8, request("/"))).status).toBe("200");
    });

    it("streams that mean nothing are passed over", async () => {
      const visitor = await visit(await lab("h3"), {});
      visitor.connection.write(2, Uint8Array.of(0x21, 1, 2, 3), true);
      visitor.connection.write(6, Buffer.concat([CONTROL, writeFrame(0x21, Buffer.from("anything"))]), false);
      expect(page(await visitor.ask(0, request("/"))).status).toBe("200");
    });
  });

  it("takes back what a request that was broken off had", async () => {
    const visitor = await visit(await lab("h3", { maxStreams: 2, thinkNs: ms(30) }), {});
    for (let streamId = 0; streamId < 40; streamId += 8) {
      await visitor.until(() => visitor.connection.native.peerStreamsLeftBidi() === 2);
      visitor.connection.write(streamId, request("/").subarray(0, 10), false);
      visitor.connection.write(streamId + 4, request("/"), true);
      visitor.connection.flush();
      visitor.connection.abandon(streamId, ERROR.H3_REQUEST_CANCELLED);
      visitor.connection.abandon(streamId + 4, ERROR.H3_REQUEST_CANCELLED);
      // Credit comes back with the server's own end of both streams.
      while (visitor.connection.native.peerStreamsLeftBidi() < 2) await sleep(2);
    }
    expect(page(await visitor.ask(40, request("/"))).status).toBe("200");
  });

  it("goes on whatever comes on a stream", async () => {
    const server = await lab("h3");
    let visitor = await visit(server, {});
    let streamId = 0;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.boolean(), async (bytes, isUni, ends) => {
        if (visitor.end !== undefined || streamId > 300) {
          visitor.connection.drop();
          visitor = await visit(server, {});
          streamId = 0;
        }
        visitor.connection.write(streamId + (isUni ? 2 : 0), bytes, ends);
        visitor.connection.flush();
        streamId += 4;
        await sleep(0);
      }),
      { numRuns: 300 },
    );
    const after = await visit(server, {});
    expect(page(await after.ask(0, request("/"))).status).toBe("200");
  });
});

describe("a lab over QUIC", here, () => {
  it("takes 0-RTT, or refuses it, or forgets its tickets after so many connections", async () => {
    const visits = async (options: Parameters<typeof lab>[1]) => {
      const server = await lab("h3", options);
      const first = await visit(server, {});
      await first.until(() => first.stream(3).bytes.length > 0);
      const ticket = first.client!.ticket!;
      const second = await visit(server, {
        ticket,
        early: (visitor) => visitor.connection.write(0, request("/"), true),
      });
      const native = () => second.connection.native;
      if (!second.hadEarly) second.connection.write(0, request("/"), true);
      expect(page(await second.answer(0)).status).toBe("200");
      return { tried: second.hadEarly, resumed: native().isResumed() };
    };
    expect(await visits({})).toEqual({ tried: true, resumed: true });
    expect(await visits({ earlyData: false })).toEqual({ tried: false, resumed: true });
    expect(await visits({ rotateTickets: 1 })).toEqual({ tried: true, resumed: false });
    expect(await visits({ rotateTickets: 2 })).toEqual({ tried: true, resumed: true });
  });

  it("sends a client back for a Retry, which costs it a datagram each way", async () => {
    const count = async (retry: boolean) => {
      const seen: string[] = [];
      const visitor = await visit(await lab("h3", { retry }), { onDatagram: (from) => void seen.push(from) });
      expect(page(await visitor.ask(0, request("/"))).status).toBe("200");
      return seen.slice(0, 3);
    };
    expect(await count(true)).toEqual(["client", "server", "client"]);
  });

  it("holds its acknowledgements, and says what it was told to say", async () => {
    const server = await lab("h3", { ackDelay: { advertisedNs: ms(10), realNs: ms(80) }, silent: true });
    const acks: number[] = [];
    const visitor = await visit(server, {
      onDatagram: (from) => void (from === "server" && acks.push(performance.now())),
    });
    await sleep(250);
    expect(visitor.connection.native.stats().peerMaxAckDelay).toBe(10);
    const before = acks.length;
    const start = performance.now();
    visitor.connection.write(0, request("/"), true);
    visitor.connection.flush();
    await visitor.until(() => true);
    while (acks.length === before) await sleep(1);
    expect(acks[before]! - start).toBeGreaterThan(75);
  });

  it("loses as many datagrams as it was told, the same ones for the same seed", async () => {
    // Each of these, of a version that nobody speaks, has an answer that tells which it was.
    const answered = async (options: Parameters<typeof lab>[1]) => {
      const { port } = await lab("h3", options);
      const socket = createSocket("udp4");
      const numbers: number[] = [];
      socket.on("message", (answer) => numbers.push(answer.readUInt32BE(6)));
      for (let number = 0; number < 200; number++) {
        const datagram = Buffer.alloc(1200);
        datagram.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
        datagram.writeUInt32BE(number, 15);
        await new Promise<unknown>((sent) => socket.send(datagram, port, "127.0.0.1", sent));
      }
      await sleep(100);
      socket.close();
      return numbers;
    };
    expect((await answered({})).length).toBe(200);
    const half = await answered({ lossIn: 0.5 });
    expect([half.length > 70, half.length < 130]).toEqual([true, true]);
    expect(await answered({ lossIn: 0.5 })).toEqual(half);
    expect(await answered({ lossIn: 0.5, seed: 2 })).not.toEqual(half);
    const both = await answered({ loss: 0.5 });
    expect([both.length > 25, both.length < 75]).toEqual([true, true]);
    expect((await answered({ loss: 0.5, lossIn: 0, lossOut: 0 })).length).toBe(200);
    const lossy = await visit(await lab("h3", { loss: 0.05, bigBytes: 500_000 }), {});
    expect(page(await lossy.ask(0, request("/big"))).body.length).toBe(500_000);
  });

  it("allows so many streams, and ends a connection that is idle", async () => {
    const visitor = await visit(await lab("quic", { maxStreams: 3, idleTimeoutNs: ms(80) }), { alpn: ["netlat"] });
    const taken = [0, 4, 8, 12].map((streamId) => visitor.connection.write(streamId, Buffer.from("x"), true));
    expect(taken).toEqual([1, 1, 1, undefined]);
    await visitor.until(() => visitor.end !== undefined);
    expect(visitor.end).toMatchObject({ by: "idle" });
  });

  it("is on loopback unless it is told otherwise, IPv6 too", async () => {
    expect((await lab("h3")).address).toBe("127.0.0.1");
    const six = await lab("h3", { host: "::1" });
    const visitor = await visit(six, {});
    expect(page(await visitor.ask(0, request("/"))).status).toBe("200");
  });

  it("names the port that is in use", async () => {
    const { port } = await lab("h3");
    const message = expect.stringMatching(`port ${port} on 127.0.0.1 is in use`);
    await expect(startLab("doq", { port })).rejects.toMatchObject({ exitCode: 4, message });
  });
});

describe("a lab over QUIC without its package", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it("is a usage error that says what to install", async () => {
    vi.stubEnv("NETLAT_WITHOUT_QUIC", "1");
    const message =
      "a lab server of h3 needs QUIC: the package @matrixai/quic is not installed (npm install @matrixai/quic)";
    await expect(startLab("h3")).rejects.toMatchObject({ exitCode: 2, message });
  });
});

describe("lab:quic", here, () => {
  it("answers a stream with what came on it, once it has ended", async () => {
    const visitor = await visit(await lab("quic"), { alpn: ["netlat"] });
    visitor.connection.write(0, Buffer.from("first "), false);
    await sleep(20);
    expect(visitor.came.get(0)).toBeUndefined();
    expect(text((await visitor.ask(0, Buffer.from("second"))).bytes)).toBe("first second");
    expect((await visitor.ask(4, Buffer.alloc(0))).ended).toBe(true);
    visitor.connection.write(2, Buffer.from("nobody cares"), true);
    expect(text((await visitor.ask(8, Buffer.from("on"))).bytes)).toBe("on");
  });

  it("speaks the protocols that it was told, and no other", async () => {
    const server = await lab("quic", { alpn: ["one", "two"] });
    const visitor = await visit(server, { alpn: ["three", "two"] });
    expect(text(Buffer.from(visitor.connection.native.applicationProto()))).toBe("two");
    const stranger = await visit(server, { alpn: ["netlat"] });
    expect(stranger.end).toMatchObject({ by: "peer", application: false, code: 0x178 });
  });

  it("breaks off what is too long to be kept", async () => {
    const visitor = await visit(await lab("quic"), { alpn: ["netlat"] });
    const piece = Buffer.alloc(64 * 1024);
    const came = visitor.stream(0);
    for (let sent = 0; sent < 5 * 1024 ** 2 && visitor.end === undefined; ) {
      const taken = visitor.connection.write(0, piece, false);
      if (taken === undefined) break;
      sent += taken;
      await sleep(0);
    }
    await visitor.until(() => came.reset !== undefined);
    expect(came.reset).toBe(1);
  });
});

describe("lab:doq", here, () => {
  const query = (name: string, type = 1, id = 0, count = 1) =>
    framed(
      writeMessage({
        id,
        response: false,
        authoritative: false,
        recursionDesired: true,
        recursionAvailable: false,
        rcode: 0,
        questions: Array.from({ length: count }, () => ({ name, type, class: 1 })),
        answers: [],
      }),
    );
  const framed = (message: Uint8Array) => Buffer.concat([Uint8Array.of(message.length >> 8, message.length), message]);
  const read = (bytes: Buffer) => {
    expect(bytes.readUInt16BE(0)).toBe(bytes.length - 2);
    const message = readMessage(bytes.subarray(2));
    if ("fault" in message) throw new Error(message.fault);
    return message;
  };

  it("knows an address for every name but those under missing.", async () => {
    const visitor = await visit(await lab("doq"), { alpn: ["doq"] });
    const four = read((await visitor.ask(0, query("any.name.test"))).bytes);
    expect(four).toMatchObject({ id: 0, response: true, rcode: 0, answers: [{ name: "any.name.test", type: 1 }] });
    expect([...four.answers[0]!.data]).toEqual([127, 0, 0, 1]);
    const six = read((await visitor.ask(4, query("x", 28))).bytes);
    expect(Buffer.from(six.answers[0]!.data).toString("hex")).toBe(`${"00".repeat(15)}01`);
    expect(read((await visitor.ask(8, query("x", 16))).bytes)).toMatchObject({ rcode: 0, answers: [] });
    expect(read((await visitor.ask(12, query("a.MISSING"))).bytes)).toMatchObject({ rcode: 3, answers: [] });
    expect(read((await visitor.ask(16, query("dismissing"))).bytes)).toMatchObject({ rcode: 0 });
    expect(read((await visitor.ask(20, query("two", 1, 0, 2))).bytes)).toMatchObject({ rcode: 1, questions: [] });
    const update = Buffer.from(query("x"));
    update[4] = 5 << 3;
    expect(read((await visitor.ask(24, update)).bytes)).toMatchObject({ rcode: 4 });
  });

  it.each([
    ["a message ID", query("x", 1, 7)],
    ["two queries on a stream", Buffer.concat([query("x"), query("y")])],
    ["half a query", query("x").subarray(0, 9)],
    ["nothing", Buffer.alloc(0)],
    ["what is no message", framed(Uint8Array.of(0, 0, 1))],
  ])("ends a connection with %s on it, as RFC 9250 section 4.3.3 has it", async (_what, bytes) => {
    const visitor = await visit(await lab("doq"), { alpn: ["doq"] });
    await visitor.ask(0, bytes);
    expect(visitor.end).toMatchObject({ by: "peer", application: true, code: 2 });
  });

  it("answers whatever the message", async () => {
    const server = await lab("doq");
    let visitor = await visit(server, { alpn: ["doq"] });
    let streamId = 0;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 10, maxLength: 60 }), async (rest) => {
        if (visitor.end !== undefined || streamId > 300) visitor = await visit(server, { alpn: ["doq"] });
        if (visitor.came.size === 0) streamId = 0;
        const answer = read((await visitor.ask(streamId, framed(Uint8Array.of(0, 0, ...rest)))).bytes);
        streamId += 4;
        expect(answer.response).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

function field(line: string): { name: string; value: string } {
  const [name = "", value = ""] = line.split(" ");
  return { name, value };
}

function writeFrameOn(streamType: number, frameType: number): Uint8Array {
  return Uint8Array.of(streamType, ...writeFrame(frameType, Uint8Array.of(0)));
}
