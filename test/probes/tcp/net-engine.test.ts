import { describe, expect, it, onTestFinished, vi } from "vitest";
import { netEngine } from "../../../src/probes/tcp/net-engine.js";
import { platformCapabilities } from "../../../src/sockets/socket-options.js";
import { ms, toMs } from "../../../src/units/duration.js";
import {
  answering,
  CALM,
  GET_CUTS,
  kinds,
  latencies,
  listen,
  load,
  MISS,
  median,
  openLane,
  runOnce,
  spec,
} from "./net-lane.js";

const kernel = platformCapabilities().tcpInfo === "yes";
const linux = process.platform === "linux";

describe("a lane of the net engine", () => {
  it("keeps its warm-up apart and gives one sample per request", async () => {
    const port = await listen(answering());
    const result = await runOnce(spec(port, { connections: 3 }), load(50, { warmup: 4 }));
    expect(result.warmup.length).toBe(12);
    expect(Array.from(result.warmup.ordinal).filter((ordinal) => ordinal === 0)).toHaveLength(3);
    expect(result.measured.length).toBe(50);
    expect(new Set(kinds(result.measured))).toEqual(new Set(["miss"]));
    expect(Math.min(...result.measured.ordinal)).toBe(4);
    expect(new Set(result.measured.connection)).toEqual(new Set([0, 1, 2]));
    expect(result.opened).toHaveLength(3);
    expect(result.opened[0]?.tlsNs).toBeNull();
    expect(result.writes).toBe(50);
    const { intendedNs, readyNs, startNs, firstByteNs, endNs } = result.measured;
    for (let at = 0; at < 50; at++) {
      const times = [intendedNs, readyNs, startNs, firstByteNs, endNs].map((column) => column[at] as number);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
    expect(Array.from(result.measured.heldNs).every(Number.isNaN)).toBe(true);
  });

  it("keeps its connections from block to block", async () => {
    const port = await listen(answering());
    const lane = await openLane(spec(port));
    const signal = new AbortController().signal;
    const first = await lane.run(load(3), signal, () => {});
    const second = await lane.run(load(3), signal, () => {});
    expect([first.opened.length, second.opened.length]).toEqual([1, 0]);
    expect(Array.from(second.measured.ordinal)).toEqual([3, 4, 5]);
  });

  it("makes a connection per request without reuse, and counts the connecting in", async () => {
    const port = await listen(answering());
    const result = await runOnce(spec(port, { reuse: false }), load(10));
    expect(result.opened).toHaveLength(10);
    expect(new Set(result.measured.ordinal)).toEqual(new Set([0]));
    const connectNs = result.opened.map((connection) => connection.connectNs);
    latencies(result.measured).forEach((latencyNs, at) => {
      expect(latencyNs).toBeGreaterThan(connectNs[at] as number);
    });
  });

  it("ends after the duration, and after the abort with what was measured", async () => {
    const port = await listen(answering());
    const timed = await runOnce(spec(port), load(1e9, { durationNs: ms(60) }));
    expect(timed.measured.length).toBeGreaterThan(5);
    expect(toMs(timed.durationNs)).toBeLessThan(500);
    const silent = await listen(answering((number) => (number < 5 ? MISS : undefined)));
    const lane = await openLane(spec(silent, { timeoutNs: ms(10_000) }));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 80);
    const cut = await lane.run(load(1e9), stop.signal, () => {});
    expect(kinds(cut.measured)).toEqual(["miss", "miss", "miss", "miss", "miss"]);
    const none = await lane.run(load(5), stop.signal, () => {});
    expect(none.measured.length).toBe(0);
  });

  it("tells progress now and then, and the total at the end", async () => {
    const port = await listen(answering());
    const told: number[] = [];
    const lane = await openLane(spec(port));
    await lane.run(load(1e9, { durationNs: ms(350) }), new AbortController().signal, (done) => told.push(done));
    expect(told.length).toBeGreaterThan(2);
    expect(told.length).toBeLessThan(8);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it("keeps the timelines of the slowest answered requests", async () => {
    const slow = answering((number, socket) => {
      if (number !== 7) return MISS;
      setTimeout(() => socket.write(MISS), 40);
      return undefined;
    });
    const port = await listen(slow);
    const result = await runOnce(spec(port, { behaviour: { ...CALM, cuts: GET_CUTS } }), load(20));
    expect(result.slowest).toHaveLength(3);
    const [worst] = result.slowest;
    expect(worst?.request).toBe(8);
    expect(worst?.latencyNs).toBeGreaterThan(30e6);
    expect(worst?.events.map((event) => [event.event, event.piece, event.bytes])).toEqual([
      ["write", 1, 4],
      ["write", 2, 1],
      ["write", 3, 2],
      ["first-byte", undefined, undefined],
      ["answer", undefined, undefined],
    ]);
  });

  it("works without koffi, minus what needs it", async () => {
    vi.stubEnv("NETLAT_WITHOUT_KOFFI", "1");
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const port = await listen(answering());
    const result = await runOnce(spec(port, { behaviour: { ...CALM, cuts: GET_CUTS } }), load(5));
    expect(kinds(result.measured)).toEqual(Array(5).fill("miss"));
    expect(result.writes).toBe(15);
    expect(result.kernel).toBeNull();
    expect(netEngine().capabilities.quickack).toMatch(/^no: /);
  });

  it("says what it cannot see", () => {
    const { capabilities } = netEngine();
    expect(capabilities.nodelay).toBe("yes");
    expect(capabilities.timestamping).toMatch(/^no: /);
    expect(capabilities.maxSegment).toMatch(/^no: /);
  });
});

describe("pieces of a request", () => {
  it("arrive as they were written", async () => {
    const seen: string[] = [];
    const port = await listen((socket) => {
      answering()(socket, 0);
      socket.on("data", (chunk) => seen.push(chunk.toString("latin1")));
    });
    const behaviour = { ...CALM, cuts: GET_CUTS, gapNs: ms(3) };
    const result = await runOnce(spec(port, { behaviour }), load(3));
    expect(seen).toEqual(Array(3).fill(["get ", "k", "\r\n"]).flat());
    expect(result.writes).toBe(9);
    for (const latencyNs of latencies(result.measured)) expect(latencyNs).toBeGreaterThanOrEqual(6e6);
    const [first, second] = result.slowest[0]?.events ?? [];
    expect((second?.atNs ?? 0) - (first?.atNs ?? 0)).toBeGreaterThanOrEqual(3e6);
  });

  it.runIf(kernel)("are segments of their own with TCP_NODELAY, and one segment when corked", async () => {
    const port = await listen(answering());
    const split = { ...CALM, cuts: GET_CUTS };
    const plain = await runOnce(spec(port, { behaviour: split }), load(20, { warmup: 2 }));
    expect(plain.kernel?.dataSegmentsOut).toBe(60);
    expect(plain.kernel?.dataSegmentsIn).toBe(20);
    expect(plain.kernel?.retransmits).toBe(0);
    expect(plain.kernel?.minRttNs).toBeGreaterThan(0);
    expect(plain.kernel?.handshakeRttNs).toBeGreaterThan(0);
    const corked = await runOnce(spec(port, { behaviour: { ...split, cork: true } }), load(20, { warmup: 2 }));
    expect(corked.writes).toBe(60);
    expect(corked.kernel?.dataSegmentsOut).toBe(20);
  });

  it.runIf(kernel)("are counted over connections that come and go", async () => {
    const port = await listen(answering());
    const result = await runOnce(spec(port, { reuse: false, behaviour: { ...CALM, cuts: GET_CUTS } }), load(10));
    expect(result.kernel?.dataSegmentsOut).toBe(30);
  });

  it.runIf(linux)("stall with Nagle's algorithm on, and only with it", async () => {
    const port = await listen(answering());
    const stalled = { ...CALM, nagle: true, cuts: GET_CUTS };
    const withNagle = await runOnce(spec(port, { behaviour: stalled }), load(12, { warmup: 6 }));
    expect(median(latencies(withNagle.measured))).toBeGreaterThan(30e6);
    const without = await runOnce(spec(port, { behaviour: { ...stalled, nagle: false } }), load(12, { warmup: 6 }));
    expect(median(latencies(without.measured))).toBeLessThan(15e6);
  });

  it.runIf(kernel)("do not stall a server that splits its answer when the client acknowledges at once", async () => {
    // The server leaves Nagle on and writes its answer in three pieces: its kernel waits for our ACK.
    const port = await listen((socket) => {
      socket.setNoDelay(false);
      socket.on("data", () => {
        for (const piece of ["E", "N"]) socket.write(piece);
        setTimeout(() => {
          for (const piece of ["D", "\r\n"]) socket.write(piece);
        }, 2);
      });
    });
    const lazy = await runOnce(spec(port), load(12, { warmup: 6 }));
    expect(median(latencies(lazy.measured))).toBeGreaterThan(30e6);
    const prompt = await runOnce(spec(port, { behaviour: { ...CALM, quickack: "on" } }), load(60, { warmup: 60 }));
    expect(median(latencies(prompt.measured))).toBeLessThan(15e6);
  });

  it("wait for the kernel when the send buffer is full, and still arrive whole", async () => {
    const size = 6_000_000;
    const port = await listen((socket) => {
      let got = 0;
      socket.pause();
      setTimeout(() => socket.resume(), 50);
      socket.on("data", (chunk) => {
        got += chunk.length;
        if (got === size) socket.write("ok\n");
      });
    });
    const request = { protocol: "raw", send: new Uint8Array(size), expect: { until: "line" } } as const;
    const target = { endpoint: "tcp://x", host: "127.0.0.1", port, transport: "tcp", request } as const;
    const behaviour = { ...CALM, cuts: [size - 20, size - 10] };
    const result = await runOnce(spec(port, { target, behaviour, timeoutNs: ms(5000) }), load(1));
    expect(kinds(result.measured)).toEqual(["value"]);
    const [first, second] = result.slowest[0]?.events ?? [];
    expect((second?.atNs ?? 0) - (first?.atNs ?? 0)).toBeGreaterThan(20e6);
  });
});
