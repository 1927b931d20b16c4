import net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { framed } from "../../../src/probes/http2/h2-plan.js";
import type { Behaviour, LaneSpec } from "../../../src/probes/probe.js";
import type { StreamRequest } from "../../../src/protocols/protocol.js";
import { ms } from "../../../src/units/duration.js";
import { CALM, kinds, latencies, listen, load, median } from "../tcp/net-lane.js";
import { answer, laneSpec, openLane, runOnce, serve, withFacts } from "./h2-lane.js";

const MS = 1e6;
const later = (delayMs: number, run: () => void) => setTimeout(run, delayMs);
const all = (kind: string, count: number) => new Array<string>(count).fill(kind);

describe("streams", () => {
  test("as many at once as asked for, on one connection", async () => {
    const { url, sessions } = await serve((stream) => later(10, () => answer(stream)));
    const { measured, h2, opened } = await runOnce(laneSpec(url, { pipeline: 8 }), load(40));
    expect(kinds(measured)).toEqual(all("value", 40));
    expect([sessions.length, opened.length]).toEqual([1, 1]);
    expect(h2).toMatchObject({ streams: 8, mostOpen: 8 });
    expect(h2.frames).toMatchObject({ sent: { HEADERS: 40 }, received: { HEADERS: 40, DATA: 40 } });
    expect(h2.hpack.sent.wire).toBeLessThan(h2.hpack.sent.fields);
  });

  test("above the server's limit they wait in ours: queue against service, and Little's law on both", async () => {
    const settings = { maxConcurrentStreams: 10 };
    const { url } = await serve((stream) => later(20, () => answer(stream)), { settings });
    const lane = await openLane(laneSpec(url, { pipeline: 100 }));
    const { signal } = new AbortController();
    // The first request meets a server whose limit we do not know yet: only then are streams queued.
    await lane.run(load(1), signal, () => {});
    const { measured, h2 } = withFacts(await lane.run(load(100), signal, () => {}));
    const waits = Array.from(measured.wireNs, (wireNs, at) => wireNs - (measured.startNs[at] as number));
    expect(h2).toMatchObject({ streamLimit: 10, mostOpen: 10, serverSettings: { MAX_CONCURRENT_STREAMS: 10 } });
    expect(median(waits)).toBeGreaterThan(70 * MS);
    expect(waits.filter((waitNs) => waitNs < 10 * MS)).toHaveLength(10);
    expect(h2.server.p50).toBeGreaterThan(18 * MS);
    expect(h2.server.p50).toBeLessThan(median(waits) / 2);
    const { queue, wire } = h2.littlesLaw as NonNullable<typeof h2.littlesLaw>;
    for (const law of [queue, wire]) expect(Math.abs(law.expected / law.measured - 1)).toBeLessThan(0.05);
    expect(wire.measured).toBeLessThanOrEqual(10);
    expect(queue.measured).toBeGreaterThan(wire.measured);
  });

  test("the warm-up is no part of what is counted", async () => {
    const { url } = await serve((stream) => later(5, () => answer(stream)));
    const { h2, durationNs } = await runOnce(laneSpec(url, { pipeline: 4 }), load(20, { warmup: 10 }));
    expect(h2.server.count).toBe(20);
    expect(h2.frames.sent.HEADERS).toBe(20);
    // With the warm-up it would be three times as many.
    const perSecond = 20 / (durationNs / 1e9);
    expect(h2.littlesLaw?.wire.arrivalPerSecond).toBeGreaterThan(0.8 * perSecond);
    expect(h2.littlesLaw?.wire.arrivalPerSecond).toBeLessThan(1.25 * perSecond);
    expect(h2.littlesLaw?.wire.measured).toBeLessThanOrEqual(4);
  });

  test("a connection for every request", async () => {
    const { url, sessions } = await serve();
    const { measured, opened } = await runOnce(laneSpec(url, { reuse: false }), load(5));
    expect(kinds(measured)).toEqual(all("value", 5));
    expect([sessions.length, opened.length]).toEqual([5, 5]);
  });

  test("a connection for every request: those of the warm-up are not counted", async () => {
    const { url } = await serve();
    const { h2 } = await runOnce(laneSpec(url, { reuse: false }), load(5, { warmup: 3 }));
    expect(h2.frames).toMatchObject({ sent: { HEADERS: 5 }, received: { HEADERS: 5 } });
  });
});

describe("what the server ends", () => {
  test("GOAWAY while requests run: what runs ends well, the next go to a new connection, none is lost", async () => {
    const { url, sessions } = await serve((stream, before) => {
      if (before === 10) stream.session?.close();
      later(5, () => answer(stream));
    });
    const { measured, h2 } = await runOnce(laneSpec(url, { pipeline: 4 }), load(40));
    expect(kinds(measured)).toEqual(all("value", 40));
    expect(sessions.length).toBe(2);
    expect(h2.goaways).toMatchObject([{ errorCode: "NO_ERROR", ourSettingsAcked: true, pings: 0 }]);
  });

  test("GOAWAY with a code and a text that names no stream of ours: they are asked again elsewhere", async () => {
    const { url } = await serve((stream, before) => {
      if (before === 3) stream.session?.goaway(11, (stream.id ?? 0) - 2, Buffer.from("too_many_pings"));
      else answer(stream);
    });
    const { measured, h2 } = await runOnce(laneSpec(url), load(10));
    expect(kinds(measured)).toEqual(all("value", 10));
    expect(h2.goaways).toMatchObject([{ errorCode: "ENHANCE_YOUR_CALM", debug: "too_many_pings", lostStreams: 1 }]);
  });

  test("RST_STREAM: the request fails, the connection stays; REFUSED_STREAM is asked again", async () => {
    const { url, sessions } = await serve((stream, before) => {
      if (before === 2) stream.close(2);
      else if (before === 5) stream.close(7);
      else answer(stream);
    });
    const { measured, h2, examples } = await runOnce(laneSpec(url), load(10));
    expect(kinds(measured).filter((kind) => kind !== "value")).toEqual(["reset"]);
    expect(sessions.length).toBe(1);
    expect(h2.resets).toEqual({ INTERNAL_ERROR: 1, REFUSED_STREAM: 1 });
    expect(Object.values(examples)).toEqual(["the server reset the stream: INTERNAL_ERROR"]);
  });

  test("the connection breaks under requests: each of them fails once, and it goes on", async () => {
    const { url, sessions } = await serve((stream, before) => {
      if (before === 8) stream.session?.destroy();
      else later(2, () => answer(stream));
    });
    const { measured } = await runOnce(laneSpec(url, { pipeline: 4 }), load(40));
    const failed = kinds(measured).filter((kind) => kind !== "value");
    expect(failed.length).toBeLessThanOrEqual(4);
    expect(kinds(measured)).toHaveLength(40);
    expect(sessions.length).toBe(2);
  });
});

describe("servers that are none of HTTP/2", () => {
  test("HTTP/1.1 answers the preface: one clear sentence, no hang", async () => {
    const port = await listen((socket) =>
      socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")),
    );
    const { measured, examples } = await runOnce(laneSpec(`h2c://127.0.0.1:${port}/`), load(3));
    expect(kinds(measured)).toEqual(all("malformed", 3));
    expect(examples.malformed).toContain("answers with HTTP/1, not HTTP/2: ask it with http://");
  });

  test("nothing is said: each request ends at its timeout", async () => {
    const port = await listen((socket) => socket.resume());
    const { measured, examples } = await runOnce(
      laneSpec(`h2c://127.0.0.1:${port}/`, { pipeline: 2, timeoutNs: ms(60) }),
      load(4),
    );
    expect(new Set(kinds(measured))).toEqual(new Set(["timeout"]));
    expect(examples.timeout).toMatch(/within 60 ms$/);
  });

  test("it has TLS: an alert and the end, as OpenSSL does; the remedy is named", async () => {
    const port = await listen((socket) => socket.once("data", () => socket.end(Uint8Array.of(21, 3, 1, 0, 2, 2, 70))));
    const { measured, examples } = await runOnce(laneSpec(`h2c://127.0.0.1:${port}/`), load(2));
    expect(kinds(measured)).toEqual(all("closed", 2));
    expect(examples.closed).toMatch(/before it said a word of HTTP\/2.*TLS is asked with https:\/\//);
  });

  test("it closes at once", async () => {
    const port = await listen((socket) => socket.destroy());
    const { measured } = await runOnce(laneSpec(`h2c://127.0.0.1:${port}/`), load(3));
    expect(kinds(measured).every((kind) => kind === "closed" || kind === "reset")).toBe(true);
  });

  test("nobody listens", async () => {
    const port = await unusedPort();
    const { measured, examples } = await runOnce(laneSpec(`h2c://127.0.0.1:${port}/`, { pipeline: 3 }), load(6));
    expect(new Set(kinds(measured))).toEqual(new Set(["refused"]));
    expect(examples.refused).toContain("ECONNREFUSED");
  });
});

describe("flow control", () => {
  const body = new Uint8Array(200_000);

  test("a body waits for window as long as the server does not read", async () => {
    const { url } = await serve((stream) =>
      later(30, () => {
        stream.resume();
        stream.on("end", () => answer(stream));
      }),
    );
    const { measured, h2 } = await runOnce(laneSpec(url, {}, body), load(4));
    expect(kinds(measured)).toEqual(all("value", 4));
    for (const windowNs of measured.windowNs) expect(windowNs).toBeGreaterThan(20 * MS);
    expect(h2.windowWait.requests).toBe(4);
    expect(h2.frames.received.WINDOW_UPDATE).toBeGreaterThan(0);
  });

  test("many frames while a body waits for the socket: one listener waits for it to drain", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    // A server that gives all the window there is, reads nothing, and says something every millisecond.
    const port = await listen((socket) => {
      socket.write(Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff));
      socket.write(Uint8Array.of(0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0));
      socket.write(Uint8Array.of(0, 0, 0, 4, 1, 0, 0, 0, 0));
      const pings = setInterval(
        () => socket.write(Uint8Array.of(0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)),
        1,
      );
      socket.on("close", () => clearInterval(pings));
    });
    const spec = laneSpec(`h2c://127.0.0.1:${port}/`, { timeoutNs: ms(150) }, new Uint8Array(20_000_000));
    const { measured } = await runOnce(spec, load(1));
    expect(kinds(measured)).toEqual(["timeout"]);
    expect(warnings.map(({ name }) => name)).toEqual([]);
  });

  test("in a window that holds all of it nothing waits", async () => {
    const read = (stream: import("node:http2").ServerHttp2Stream) => {
      stream.resume();
      stream.on("end", () => answer(stream));
    };
    const { url } = await serve(read, { settings: { initialWindowSize: 1024 * 1024 } });
    const small = new Uint8Array(20_000);
    const lane = await openLane(laneSpec(url, {}, small));
    const { signal } = new AbortController();
    await lane.run(load(1), signal, () => {});
    const { h2 } = withFacts(await lane.run(load(3), signal, () => {}));
    expect(h2.windowWait).toEqual({ requests: 0, totalNs: 0, maxNs: 0 });
  });
});

describe("PINGs", () => {
  const keepalive = (changes: Partial<NonNullable<LaneSpec["h2"]>>): LaneSpec["h2"] => ({
    windowBytes: undefined,
    bulk: undefined,
    keepaliveNs: ms(10),
    keepaliveWithoutStreams: true,
    keepaliveTimeoutNs: ms(1000),
    overLimit: false,
    ...changes,
  });

  test("are answered while a request runs", async () => {
    const { url } = await serve((stream) => later(80, () => answer(stream)));
    const { h2 } = await runOnce(laneSpec(url, { h2: keepalive({}) }), load(1));
    expect(h2.ping?.count).toBeGreaterThanOrEqual(3);
    expect(h2.ping?.p50).toBeLessThan(50 * MS);
  });

  test("one that is not answered in time ends the connection", async () => {
    // A server that speaks as little HTTP/2 as can be: empty SETTINGS, and never a PONG.
    const port = await listen((socket) => {
      socket.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
      socket.resume();
    });
    const { measured, examples } = await runOnce(
      laneSpec(`h2c://127.0.0.1:${port}/`, { h2: keepalive({ keepaliveTimeoutNs: ms(40) }) }),
      load(1),
    );
    expect(kinds(measured)).toEqual(["timeout"]);
    expect(examples.timeout).toBe("a PING was not answered in time (keepalive)");
    expect(latencies(measured)[0]).toBeLessThan(1000 * MS);
  });
});

describe("the stream too many", () => {
  const asking: LaneSpec["h2"] = {
    windowBytes: undefined,
    bulk: undefined,
    keepaliveNs: undefined,
    keepaliveWithoutStreams: true,
    keepaliveTimeoutNs: ms(1000),
    overLimit: true,
  };
  const settings = { maxConcurrentStreams: 4 };
  const limited = async (onStream: Parameters<typeof serve>[0]) => {
    const { url } = await serve(onStream, { settings });
    const { h2 } = await runOnce(laneSpec(url, { h2: asking }), load(1));
    return h2.overLimit?.[0];
  };

  test("meets the limit: a server that answers without waiting for the end of a request cannot send its answer", async () => {
    const windows: (number | undefined)[] = [];
    const atOnce = await limited((stream) => {
      windows.push(stream.session?.remoteSettings.initialWindowSize);
      stream.on("finish", () => stream.close());
      answer(stream);
    });
    expect(atOnce).toMatchObject({ asked: 5, beforeAck: false });
    expect(atOnce?.answer).toMatch(/RST_STREAM|GOAWAY/);
    expect(windows[0]).toBeGreaterThan(0);
    expect(new Set(windows.slice(1))).toEqual(new Set([0]));
  });

  test("does not meet it where answers have no content: that is said, and no refusal is made up", async () => {
    const empty = await limited((stream) => {
      stream.respond({ ":status": 204 }, { endStream: true });
      stream.close();
    });
    expect(empty?.answer).toMatch(/^not reached: \d of the others had been answered by then; name a path/);
  });
});

test("an interrupted block ends at once, with what was measured", async () => {
  const { url } = await serve((stream, before) => {
    if (before < 5) answer(stream);
  });
  const lane = await openLane(laneSpec(url, { pipeline: 2, timeoutNs: ms(30_000) }));
  const stop = new AbortController();
  later(100, () => stop.abort());
  const block = await lane.run(load(1000), stop.signal, () => {});
  expect(kinds(block.measured)).toEqual(all("value", 5));
  expect(block.durationNs).toBeLessThan(5000 * MS);
});

describe("cuts", () => {
  const body = new TextEncoder().encode("x".repeat(100));
  const request = (url: string) => laneSpec(url, {}, body).target.request as StreamRequest;
  const cutAt = (cuts: readonly number[], changes: Partial<Behaviour> = {}): Behaviour => ({
    ...CALM,
    cuts,
    ...changes,
  });

  test("HEADERS and DATA leave in writes of their own, and the server has both", async () => {
    const bodies: string[] = [];
    const { url } = await serve((stream) => {
      let text = "";
      stream.on("data", (chunk) => {
        text += chunk;
      });
      stream.on("end", () => {
        bodies.push(text);
        answer(stream);
      });
    });
    const { fields } = framed(request(url));
    const { measured, writes } = await runOnce(laneSpec(url, { behaviour: cutAt(fields) }, body), load(5));
    expect(kinds(measured)).toEqual(all("value", 5));
    expect(writes).toBe(10);
    expect(bodies).toEqual(all("x".repeat(100), 5));
  });

  test("with a gap between the pieces the request takes as long", async () => {
    const { url } = await serve((stream) => {
      stream.resume();
      stream.on("end", () => answer(stream));
    });
    const behaviour = cutAt([3, 20], { gapNs: ms(15) });
    const { measured, writes } = await runOnce(laneSpec(url, { behaviour }, body), load(3));
    expect(writes).toBe(9);
    for (const latencyNs of latencies(measured)) expect(latencyNs).toBeGreaterThan(29 * MS);
  });
});

async function unusedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
