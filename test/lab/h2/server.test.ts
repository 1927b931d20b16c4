import { constants } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LAB_CERTIFICATE } from "../../../src/lab/certificate.js";
import { filler } from "../../../src/lab/filler.js";
import type { H2Kind } from "../../../src/lab/kinds.js";
import type { LabOptions } from "../../../src/lab/options.js";
import { ms } from "../../../src/units/duration.js";
import { aMoment, type Client, client, lab, tlsClient, VALUE_100 } from "../client.js";
import { isLost, session } from "./client.js";

const NO_ERROR = constants.NGHTTP2_NO_ERROR;
const page = { body: Buffer.from(VALUE_100), headers: { ":status": 200, server: "netlat-lab" } };

describe.each<H2Kind>(["h2", "h2c"])("lab %s", (kind) => {
  it("has the lab's pages, for any method", async () => {
    const asker = await session(kind);
    expect(await asker.ask("/")).toMatchObject(page);
    expect(await asker.ask("/", {}, Buffer.alloc(200_000))).toMatchObject(page);
    expect(await asker.ask("/missing")).toMatchObject({ headers: { ":status": 404 }, body: Buffer.from("missing\n") });
    const head = await asker.ask("/", { ":method": "HEAD" });
    expect([head.body.length, head.headers["content-length"]]).toEqual([0, "100"]);
  });

  it("says its settings, and gives PING its answer", async () => {
    const options = { maxStreams: 7, windowBytes: 200_000, headerListBytes: 5000 };
    const asker = await session(kind, options);
    expect(asker.client.remoteSettings).toMatchObject({
      maxConcurrentStreams: 7,
      initialWindowSize: 200_000,
      maxHeaderListSize: 5000,
    });
    await aMoment();
    expect(asker.client.state.remoteWindowSize).toBe(200_000);
    expect(await asker.ping()).toBeLessThan(1000);
  });
});

describe("time", () => {
  it("has one slow page beside quick ones", async () => {
    const asker = await session("h2c", { slowNs: ms(80) });
    const [slow, quick, own] = await Promise.all([asker.ask("/slow"), asker.ask("/"), asker.ask("/x?think=40ms")]);
    expect(slow.ms).toBeGreaterThan(79);
    expect(quick.ms).toBeLessThan(40);
    expect(own.ms).toBeGreaterThan(39);
    expect(own.ms).toBeLessThan(slow.ms);
  });

  it("thinks about all streams at once", async () => {
    const asker = await session("h2c", { thinkNs: ms(40) });
    const start = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => asker.ask("/")));
    expect(performance.now() - start).toBeLessThan(400);
  });

  it("thinks at every third request only", async () => {
    const asker = await session("h2c", { thinkNs: ms(60), thinkEvery: 3 });
    const times: number[] = [];
    for (let n = 0; n < 6; n++) times.push((await asker.ask("/")).ms);
    expect(times.map((time) => time > 59)).toEqual([false, false, true, false, false, true]);
  });
});

describe("flow control", () => {
  it("sends a large page no faster than the client gives window", async () => {
    const asker = await session("h2", { bigBytes: 3_000_001 });
    const [big, small] = await Promise.all([asker.ask("/big"), asker.ask("/")]);
    expect(big.body.equals(filler(3_000_001))).toBe(true);
    expect(small).toMatchObject(page);
  });

  it("gives back a window that is used up only after a while", async () => {
    const body = Buffer.alloc(4 * 65_535 + 1);
    const late = await session("h2c", { holdWindowNs: ms(30) });
    // Four times used up before the last byte goes out.
    expect((await late.ask("/", {}, body)).ms).toBeGreaterThan(4 * 29.5);
    const soon = await session("h2c");
    expect((await soon.ask("/", {}, body)).ms).toBeLessThan(100);
  });

  it("gives back a window that its SETTINGS made negative", async () => {
    const asker = await session("h2c", { windowBytes: 1000, holdWindowNs: ms(2) });
    expect(await asker.ask("/", {}, Buffer.alloc(5000))).toMatchObject(page);
  });

  it("never gives it back", async () => {
    const asker = await session("h2c", { holdWindowNs: "never" });
    expect(await asker.ask("/", {}, Buffer.alloc(65_000))).toMatchObject(page);
    const stuck = asker.outcome("/", {}, Buffer.alloc(600));
    await Promise.race([stuck, aMoment()]);
    expect(asker.client.state.remoteWindowSize).toBe(0);
    expect(await asker.ask("/")).toMatchObject(page);
    asker.client.destroy();
    expect(isLost(await stuck)).toBe(true);
  });
});

/** SETTINGS, and GETs of /slow that a client sends without waiting for the server's SETTINGS. */
const frame = (type: number, flags: number, id: number, payload: Uint8Array = new Uint8Array(0)): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
};
const PREFACE = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0)]);
/** :method GET, :scheme http, :path /slow as a literal, :authority x (RFC 7541 appendix A and section 6.2.2). */
const GET_SLOW = Buffer.concat([
  Buffer.from([0x82, 0x86, 0x04, 5]),
  Buffer.from("/slow"),
  Buffer.from([0x01, 1, 0x78]),
]);
const get = (id: number) => frame(1, 0x5, id, GET_SLOW);

/** Frames as `type stream code`, where the code is the error of RST_STREAM and GOAWAY. */
function framesIn(bytes: Buffer): string[] {
  const seen: string[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const type = bytes[at + 3] as number;
    const id = bytes.readUInt32BE(at + 5);
    const code = type === 3 ? bytes.readUInt32BE(at + 9) : type === 7 ? bytes.readUInt32BE(at + 13) : undefined;
    seen.push([type, id, ...(code === undefined ? [] : [code])].join(" "));
    at += 9 + length;
  }
  return seen;
}

describe("a stream above the limit", () => {
  async function above(options: Partial<LabOptions>): Promise<{ asker: Client; frames: () => string[] }> {
    const asker = await client(await lab("h2c", { maxStreams: 2, slowNs: ms(30), ...options }));
    await asker.write([Buffer.concat([PREFACE, get(1), get(3), get(5)])]);
    await aMoment();
    await aMoment();
    return { asker, frames: () => framesIn(Buffer.concat(asker.chunks)) };
  }
  const answers = (frames: string[]) => frames.filter((seen) => seen.startsWith("1 "));

  it("is refused, and the others are answered", async () => {
    const { asker, frames } = await above({});
    expect(frames()).toContain("3 5 7");
    expect(answers(frames())).toEqual(["1 1", "1 3"]);
    expect(asker.ended).toBe(false);
  });

  it("is reset with PROTOCOL_ERROR", async () => {
    const { frames } = await above({ overLimit: "reset-protocol-error" });
    expect(frames()).toContain("3 5 1");
    expect(answers(frames())).toEqual(["1 1", "1 3"]);
  });

  it("ends the connection with GOAWAY", async () => {
    const { asker, frames } = await above({ overLimit: "goaway" });
    expect([frames().at(-1), asker.ended]).toEqual(["7 0 1", true]);
    expect(answers(frames())).toEqual([]);
  });

  it("ends the connection without a word", async () => {
    const { asker, frames } = await above({ overLimit: "close" });
    expect(frames().some((seen) => /^[137] /.test(seen))).toBe(false);
    expect(asker.ended || asker.socket.closed).toBe(true);
  });
});

describe("the end of a connection", () => {
  it("comes with GOAWAY after so many requests, all answered", async () => {
    const asker = await session("h2c", { goawayAfter: 3 });
    const outcomes = await Promise.all(["/slow", "/", "/slow", "/", "/"].map((path) => asker.outcome(path)));
    expect(outcomes.map((outcome) => !isLost(outcome))).toEqual([true, true, true, false, false]);
    await asker.closed;
    expect(asker.goaways).toEqual([{ code: NO_ERROR, last: 5, text: "" }]);
  });

  it("comes without a word after so many answers, whatever waits", async () => {
    const asker = await session("h2c", { closeAfter: 2 });
    const outcomes = await Promise.all(["/slow", "/", "/?think=20ms", "/slow"].map((path) => asker.outcome(path)));
    expect(outcomes.map((outcome) => !isLost(outcome))).toEqual([false, true, true, false]);
    await asker.closed;
    expect(asker.goaways).toEqual([]);
  });

  it("comes for idleness, but not beside a stream", async () => {
    const asker = await session("h2c", { maxConnectionIdleNs: ms(60), slowNs: ms(150) });
    const start = performance.now();
    expect(await asker.ask("/slow")).toMatchObject(page);
    await asker.closed;
    expect(performance.now() - start).toBeGreaterThan(209);
    expect(asker.goaways.map(({ code, text }) => [code, text])).toContainEqual([NO_ERROR, "max_idle"]);
  });

  it("comes for age: a stream that runs is answered, a new one is not", async () => {
    const asker = await session("h2", { maxConnectionAgeNs: ms(200), slowNs: ms(500) });
    const running = asker.outcome("/slow");
    await sleep(300);
    const late = await asker.outcome("/");
    expect([isLost(await running), isLost(late)]).toEqual([false, true]);
    await asker.closed;
    // The first refuses nothing, the second says which stream was the last.
    expect(asker.goaways).toEqual([
      { code: NO_ERROR, last: 2 ** 31 - 1, text: "max_age" },
      { code: NO_ERROR, last: 1, text: "max_age" },
    ]);
  });

  it("is not put off beyond the grace", async () => {
    const options = { maxConnectionAgeNs: ms(40), maxConnectionAgeGraceNs: ms(60), slowNs: ms(5000) };
    const asker = await session("h2c", options);
    const start = performance.now();
    expect(isLost(await asker.outcome("/slow"))).toBe(true);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it("comes when a client does not answer the server's ping", async () => {
    const options = { keepaliveTimeNs: ms(50), keepaliveTimeoutNs: ms(50) };
    const server = await lab("h2c", options);
    const mute = await client(server);
    await mute.write([PREFACE]);
    await mute.untilEnd();
    const frames = framesIn(Buffer.concat(mute.chunks));
    expect(frames.filter((seen) => seen === "6 0")).toHaveLength(1);
    const polite = await session("h2c", options);
    await sleep(300);
    expect(polite.isClosed).toBe(false);
  });
});

const GRPC = { "content-type": "application/grpc", te: "trailers" };
function message(text: string): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(text.length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}

describe("pings of a client", () => {
  /** Pings 20 ms apart. @returns how many were answered before the connection ended, six at most */
  async function pinged(kind: H2Kind, options: Partial<LabOptions>, beside?: string) {
    const asker = await session(kind, options);
    if (beside !== undefined) void asker.outcome(beside);
    let answered = 0;
    for (; answered < 6; answered++) {
      if (
        !(await asker.ping().then(
          () => true,
          () => false,
        ))
      )
        break;
      await sleep(20);
    }
    await aMoment();
    return { answered, goaways: asker.goaways.map(({ code, text }) => `${code} ${text}`) };
  }
  const CALM = [`${constants.NGHTTP2_ENHANCE_YOUR_CALM} too_many_pings`];

  it("end a gRPC connection at the fourth", async () => {
    expect((await pinged("grpc", {})).goaways).toEqual(CALM);
    expect((await pinged("grpc", { enforcementMinTimeNs: ms(1) })).goaways).toEqual(CALM);
  });

  it("pass where they are permitted", async () => {
    const options = { enforcementMinTimeNs: ms(1), permitWithoutStream: true };
    expect(await pinged("grpc", options)).toEqual({ answered: 6, goaways: [] });
  });

  it("pass beside a stream where they are far enough apart", async () => {
    const options = { slowNs: ms(5000) };
    expect(await pinged("h2c", { ...options, enforcementMinTimeNs: ms(1) }, "/slow")).toEqual({
      answered: 6,
      goaways: [],
    });
    expect((await pinged("h2c", { ...options, enforcementMinTimeNs: ms(500) }, "/slow")).goaways).toEqual(CALM);
  });

  it("are free where nobody asks for a rule", async () => {
    expect(await pinged("h2c", {})).toEqual({ answered: 6, goaways: [] });
  });
});

describe("gRPC", () => {
  it("answers with trailers, in clear text and over TLS", async () => {
    for (const tls of [false, true]) {
      const asker = await session("grpc", { tls });
      const health = await asker.ask("/grpc.health.v1.Health/Check", GRPC, message(""));
      expect(health.body).toEqual(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
      expect(health.trailers).toMatchObject({ "grpc-status": "0" });
      expect((await asker.ask("/a.B/C", GRPC, message("hello"))).body).toEqual(message("hello"));
    }
  });

  it("keeps a deadline", async () => {
    const asker = await session("grpc", { thinkNs: ms(5000) });
    const late = await asker.ask("/a.B/C", { ...GRPC, "grpc-timeout": "40m" }, message("x"));
    expect(late.headers).toMatchObject({ ":status": 200, "grpc-status": "4" });
    expect(late.ms).toBeGreaterThan(39);
    expect(late.ms).toBeLessThan(2500);
  });

  it("refuses what is not gRPC", async () => {
    const asker = await session("grpc");
    expect((await asker.ask("/")).headers[":status"]).toBe(415);
    const posted = asker.client.request({ ":path": "/", ":method": "POST" });
    posted.on("error", () => {});
    const status = await new Promise((done) => posted.on("response", (headers) => done(headers[":status"])));
    expect(status).toBe(415);
  });
});

describe("faults", () => {
  it("never answers, but keeps the connection alive", async () => {
    const asker = await session("h2c", { silent: true });
    const answer = asker.outcome("/");
    expect(await Promise.race([answer, aMoment()])).toBeUndefined();
    expect(await asker.ping()).toBeLessThan(1000);
  });

  it("closes in the middle of an answer", async () => {
    const asker = await client(await lab("h2c", { cutAnswer: true, valueBytes: 1000, slowNs: ms(1) }));
    await asker.write([Buffer.concat([PREFACE, get(1)])]);
    const bytes = Buffer.from(await asker.untilEnd(), "latin1");
    const seen = framesIn(bytes);
    expect(seen).toContain("0 1");
    expect(bytes.includes(Buffer.alloc(400, "netlat "))).toBe(true);
    expect(bytes.includes(Buffer.alloc(900, "netlat "))).toBe(false);
  });

  it("answers garbage", async () => {
    // Not with Node's client: it waits for the rest of what it takes for a frame.
    const asker = await client(await lab("h2c", { garbage: true, slowNs: ms(1) }));
    await asker.write([Buffer.concat([PREFACE, get(1)])]);
    await aMoment();
    const bytes = Buffer.concat(asker.chunks);
    const garbage = bytes.indexOf("this is not the protocol");
    expect(garbage).toBeGreaterThan(0);
    expect(framesIn(bytes.subarray(0, garbage))).toEqual(["4 0", "4 0"]);
  });

  it("stops as a whole once", async () => {
    const asker = await session("h2c", { pauseNs: ms(80), pauseAfter: 1 });
    const times = [await asker.ask("/"), await asker.ask("/"), await asker.ask("/")].map((answer) => answer.ms > 79);
    expect(times).toEqual([false, true, false]);
  });

  it("says that a header list is too large", async () => {
    const asker = await session("h2c", { headerListBytes: 300 });
    expect((await asker.ask("/")).headers[":status"]).toBe(200);
    expect((await asker.ask("/", { a: "b".repeat(300) })).headers[":status"]).toBe(431);
    expect((await asker.ask("/", { a: "b".repeat(300) }, Buffer.alloc(10))).headers[":status"]).toBe(431);
  });

  it("says goodbye to what is not HTTP/2", async () => {
    const asker = await client(await lab("h2c"));
    await asker.write(["GET / HTTP/1.1\r\nHost: x\r\n\r\n"]);
    expect(framesIn(Buffer.from(await asker.untilEnd(), "latin1")).at(-1)).toBe("7 0 1");
  });

  it("goes on serving others when clients reset streams and connections, or send nonsense", async () => {
    const server = await lab("h2c", { slowNs: ms(20), goawayAfter: 5, holdWindowNs: ms(5) });
    const types = fc.integer({ min: 0, max: 10 });
    const frames = fc.array(fc.tuple(types, fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 30 })), {
      maxLength: 12,
    });
    const nonsense = fc.sample(frames, { numRuns: 60, seed: 7 });
    for (const [n, parts] of nonsense.entries()) {
      const rude = await client(server);
      const mad = parts.map(([type, flags, id, payload]) => frame(type, flags, id, payload));
      await rude.write([Buffer.concat([PREFACE, get(1), get(3), frame(3, 0, 1, Buffer.alloc(4)), ...mad])]);
      if (n % 2 === 0) rude.socket.resetAndDestroy();
      else rude.socket.end();
    }
    await aMoment();
    const polite = await client(server);
    await polite.write([Buffer.concat([PREFACE, get(1)])]);
    await aMoment();
    expect(framesIn(Buffer.concat(polite.chunks))).toEqual(["4 0", "4 0", "1 1", "0 1"]);
  });

  it("does not keep answers without end for a client that reads none", async () => {
    const asker = await client(await lab("h2c", { valueBytes: 0 }));
    asker.socket.pause();
    await asker.write([PREFACE]);
    const pings = Buffer.alloc(17 * 2_000_000, frame(6, 0, 0, Buffer.alloc(8)));
    let taken = false;
    asker.socket.write(pings, () => {
      taken = true;
    });
    await aMoment();
    await aMoment();
    expect(taken).toBe(false);
  });
});

describe("HTTP/1.1 beside h2", () => {
  it("is for a client that offers no h2", async () => {
    const asker = await tlsClient(await lab("h2"));
    await asker.write(["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]);
    expect(await asker.untilEnd()).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });

  it("is refused by gRPC", async () => {
    const { port } = await lab("grpc", { tls: true });
    const socket = connectTls({ port, host: "127.0.0.1", ca: LAB_CERTIFICATE, ALPNProtocols: ["http/1.1"] });
    const error = await new Promise<NodeJS.ErrnoException>((done) => socket.once("error", done));
    expect(error.code).toMatch(/ALERT_NO_APPLICATION_PROTOCOL/);
  });
});
