import net from "node:net";
import { describe, expect, it } from "vitest";
import { ms } from "../../../src/units/duration.js";
import {
  answering,
  CALM,
  GET_CUTS,
  kinds,
  latencies,
  listen,
  load,
  MISS,
  openLane,
  runOnce,
  spec,
} from "./net-lane.js";

describe("what goes wrong becomes a sample, and the next request gets a new connection", () => {
  it("never answers: timeout", async () => {
    const port = await listen(answering((_, __, connection) => (connection === 0 ? undefined : MISS)));
    const result = await runOnce(spec(port, { timeoutNs: ms(60) }), load(3));
    expect(kinds(result.measured)).toEqual(["timeout", "miss", "miss"]);
    expect(Array.from(result.measured.ordinal)).toEqual([0, 0, 1]);
    const [first] = latencies(result.measured);
    expect(first).toBeGreaterThanOrEqual(60e6);
    expect(first).toBeLessThan(200e6);
    expect(result.measured.firstByteNs[0]).toBeNaN();
    expect(result.opened).toHaveLength(2);
    expect(result.examples.timeout).toMatch(/60 ms/);
  });

  it.each(["closed", "open"] as const)(
    "never answers anybody: given up after the second timeout (%s loop)",
    async (kind) => {
      const port = await listen(answering(() => undefined));
      const pacing =
        kind === "closed" ? ({ kind } as const) : ({ kind, ratePerSecond: 1000, arrival: "constant" } as const);
      const result = await runOnce(spec(port, { timeoutNs: ms(60), connections: 3 }), load(1000, { pacing }));
      expect(kinds(result.measured).filter((failure) => failure !== "unsent")).toEqual(["timeout", "timeout"]);
      expect(kinds(result.measured).includes("unsent")).toBe(kind === "open");
      expect(result.durationNs).toBeLessThan(1e9);
      const warmed = await runOnce(spec(port, { timeoutNs: ms(60) }), load(1000, { pacing, warmup: 5 }));
      expect(kinds(warmed.warmup)).toEqual(["timeout", "timeout"]);
      expect(kinds(warmed.measured).filter((failure) => failure !== "unsent")).toEqual(["timeout"]);
    },
  );

  it("resets", async () => {
    const reset = answering((number, socket) => {
      if (number === 0) return MISS;
      socket.resetAndDestroy();
      return undefined;
    });
    const result = await runOnce(spec(await listen(reset)), load(4));
    expect(kinds(result.measured)).toEqual(["miss", "reset", "miss", "reset"]);
    expect(result.examples.reset).toMatch(/before it answered/);
  });

  it("closes in the middle of an answer, and before any", async () => {
    const port = await listen(
      answering((_, socket, connection) => {
        if (connection > 1) return MISS;
        socket.end(connection === 0 ? "EN" : "");
        return undefined;
      }),
    );
    const result = await runOnce(spec(port), load(3));
    expect(kinds(result.measured)).toEqual(["closed", "closed", "miss"]);
    expect(result.measured.firstByteNs[0]).not.toBeNaN();
    expect(result.measured.firstByteNs[1]).toBeNaN();
    expect(result.examples.closed).toMatch(/middle of the answer/);
  });

  it("answers garbage: malformed", async () => {
    const port = await listen(answering((_, __, connection) => (connection === 0 ? "\0\0 what?\r\n" : MISS)));
    const result = await runOnce(spec(port), load(2));
    expect(kinds(result.measured)).toEqual(["malformed", "miss"]);
  });

  it("refuses the request: error-answer, with its latency, on the same connection", async () => {
    const port = await listen(answering((number) => (number === 0 ? "SERVER_ERROR out of memory\r\n" : MISS)));
    const result = await runOnce(spec(port), load(2));
    expect(kinds(result.measured)).toEqual(["error-answer", "miss"]);
    expect(result.measured.firstByteNs[0]).toBeGreaterThan(0);
    expect(result.examples["error-answer"]).toMatch(/out of memory/);
    expect(result.opened).toHaveLength(1);
  });

  it("sends more than was asked for: the next request is malformed", async () => {
    const port = await listen(answering((_, __, connection) => (connection === 0 ? MISS + MISS : MISS)));
    const result = await runOnce(spec(port), load(3));
    expect(kinds(result.measured)).toEqual(["miss", "malformed", "miss"]);
    expect(result.examples.malformed).toBe("bytes came before a request");
  });

  it("speaks first: malformed", async () => {
    const port = await listen((socket, before) => {
      if (before === 0) socket.write("220 hello\r\n");
      answering()(socket, before);
    });
    const lane = await openLane(spec(port));
    const signal = new AbortController().signal;
    await lane.run(load(0), signal, () => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
    const result = await lane.run(load(2), signal, () => {});
    expect(kinds(result.measured)).toEqual(["malformed", "miss"]);
  });

  it("refuses before the request is whole: what it said is told, with a new connection afterwards", async () => {
    const port = await listen((socket) => socket.once("data", () => socket.write("SERVER_ERROR too large\r\n")));
    const behaviour = { ...CALM, cuts: GET_CUTS, gapNs: ms(20) };
    const result = await runOnce(spec(port, { behaviour }), load(2));
    expect(kinds(result.measured)).toEqual(["error-answer", "error-answer"]);
    expect(result.examples["error-answer"]).toMatch(/too large, before the request was written whole/);
    expect(result).toMatchObject({ writes: 2, wholes: 0 });
    expect(result.opened).toHaveLength(2);
  });

  it("answers before the request is whole: malformed", async () => {
    const port = await listen((socket) => socket.once("data", () => socket.write(MISS)));
    const behaviour = { ...CALM, cuts: GET_CUTS, gapNs: ms(20) };
    const result = await runOnce(spec(port, { behaviour }), load(1));
    expect(kinds(result.measured)).toEqual(["malformed"]);
    expect(result.examples.malformed).toMatch(/before the request was written whole/);
    expect(result.writes).toBe(1);
  });

  it("does not listen: refused, given up after the third, with one that is measured", async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const result = await runOnce(spec(port, { connections: 2 }), load(6, { warmup: 1 }));
    expect(kinds(result.measured)).toEqual(["refused"]);
    expect(kinds(result.warmup)).toEqual(["refused", "refused"]);
    const four = await runOnce(spec(port, { connections: 2 }), load(6, { warmup: 2 }));
    expect(kinds(four.warmup)).toEqual(["refused", "refused", "refused"]);
    expect(kinds(four.measured)).toEqual(["refused"]);
    expect(result.opened).toHaveLength(0);
    expect(result.examples.refused).toMatch(/ECONNREFUSED/);
    expect(result.writes).toBe(0);
  });

  it("cannot be reached, and fails at once: given up", async () => {
    // A TCP connection to the broadcast address fails inside connect(2); nothing is sent.
    const lane = await openLane(spec(9, { address: "255.255.255.255" }));
    const result = await lane.run(load(1e9), new AbortController().signal, () => {});
    expect(kinds(result.measured)).toEqual(["unreachable", "unreachable", "unreachable"]);
  });

  it("closes between requests: no request fails", async () => {
    const closing = answering((number, socket) => {
      if (number === 2) setTimeout(() => socket.end(), 5);
      return MISS;
    });
    const open = { kind: "open", ratePerSecond: 25, arrival: "constant" } as const;
    const result = await runOnce(spec(await listen(closing)), load(8, { pacing: open }));
    expect(kinds(result.measured)).toEqual(Array(8).fill("miss"));
    expect(Array.from(result.measured.ordinal)).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
    if (result.kernel !== null) expect(result.kernel.dataSegmentsOut).toBe(8);
    // The request that had to open a connection bears the time of it: it began with the connect, without a lag of ours.
    expect((result.measured.startNs[3] as number) - (result.measured.intendedNs[3] as number)).toBeLessThan(20e6);
  });

  it("closes right behind every answer: the request that met it is asked again on a new connection, none fails", async () => {
    const closing = answering((number, socket) => {
      if (number > 0) return undefined;
      socket.end(MISS);
      return undefined;
    });
    const result = await runOnce(spec(await listen(closing)), load(10));
    expect(kinds(result.measured)).toEqual(Array(10).fill("miss"));
    expect(result.opened.length).toBeGreaterThanOrEqual(9);
  });

  it("says Connection: close: each request has a new connection, none fails", async () => {
    const port = await listen((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
    });
    const request = {
      protocol: "http1",
      method: "GET",
      path: "/",
      host: "x",
      headers: [],
      body: new Uint8Array(),
    } as const;
    const target = { endpoint: "http://x/", host: "127.0.0.1", port, transport: "tcp", request } as const;
    const result = await runOnce(spec(port, { target }), load(5));
    expect(kinds(result.measured)).toEqual(Array(5).fill("value"));
    expect(result.opened).toHaveLength(5);
  });

  it("ends its answer by closing (HTTP/1.0): a value", async () => {
    const port = await listen((socket) => {
      socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\nhello"));
    });
    const request = {
      protocol: "http1",
      method: "GET",
      path: "/",
      host: "x",
      headers: [],
      body: new Uint8Array(),
    } as const;
    const target = { endpoint: "http://x/", host: "127.0.0.1", port, transport: "tcp", request } as const;
    const result = await runOnce(spec(port, { target }), load(2));
    expect(kinds(result.measured)).toEqual(["value", "value"]);
  });
});
