import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Packet } from "../../../src/capture/decode/packet.js";
import type { Exchange, Flow, FlowObserver } from "../../../src/capture/flows/flow-events.js";
import { FlowTracker } from "../../../src/capture/flows/flow-tracker.js";
import { QuicConnections } from "../../../src/capture/quic/connections.js";
import { QuicTally } from "../../../src/capture/quic/quic-tally.js";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import { FIRST_DCID, frames, hex, KEY_LOG, seal } from "../../protocols/quic/endpoints.js";
import { answer, clientFinish, get, handshake, initial, MS, oneRtt, type Step, serverFlight } from "./scripts.js";

const CLIENT = { address: 0x0a000001, port: 50_000 };
const SERVER = { address: 0x0a000002, port: 443 };

/** A capture of UDP alone. */
class Capture {
  readonly tally = new QuicTally();
  readonly flows: Flow[] = [];
  readonly ended: [flow: Flow, why: string][] = [];
  readonly exchanges: Exchange[] = [];
  readonly tracker: FlowTracker;
  readonly quic: QuicConnections;
  #packets = 0;

  constructor(maxFlows = 1000) {
    const observer: FlowObserver = {
      quicStarted: () => this.tally,
      flowStarted: (flow) => this.flows.push(flow),
      flowEnded: (flow, why) => this.ended.push([flow, why]),
      exchange: (exchange) => this.exchanges.push(exchange),
    };
    const keyLog = new KeyLog();
    keyLog.add(KEY_LOG);
    this.tracker = new FlowTracker(observer, { maxFlows, idleNs: 600e9, keyLog });
    this.quic = new QuicConnections(observer, this.tracker, keyLog);
  }

  /** @param clientPort of the client in this datagram */
  play(steps: readonly Step[], { clientPort = CLIENT.port, atNs = 0, cutTo = Number.POSITIVE_INFINITY } = {}): this {
    for (const step of steps) {
      const isClient = step.from === "client";
      const p = new Packet();
      const [source, destination] = isClient ? [CLIENT, SERVER] : [SERVER, CLIENT];
      this.#packets++;
      Object.assign(p, { number: this.#packets, atNs: atNs + step.atNs, src2: 0xffff, dst2: 0xffff });
      Object.assign(p, { src3: source.address, dst3: destination.address });
      p.srcPort = isClient ? clientPort : source.port;
      p.dstPort = isClient ? destination.port : clientPort;
      p.bytes = step.datagram;
      p.payloadLength = step.datagram.length;
      p.payloadCaptured = Math.min(cutTo, step.datagram.length);
      this.quic.take(p);
    }
    return this;
  }

  finish(): this {
    this.quic.finish();
    this.tracker.finish();
    return this;
  }
}

const request = (number: number, streamId: number, atNs: number) =>
  oneRtt("client", number, atNs, frames.stream(streamId, 0, get("/"), true));
const response = (number: number, streamId: number, atNs: number) =>
  oneRtt("server", number, atNs, frames.stream(streamId, 0, answer("hello"), true));

describe("a connection", () => {
  const capture = new Capture().play([...handshake(), request(0, 0, 100 * MS), response(1, 0, 150 * MS)]).finish();

  test("is a flow, its client the first end", () => {
    expect(capture.flows).toHaveLength(1);
    expect(capture.flows[0]).toMatchObject({
      a: { address: "10.0.0.1", port: 50_000 },
      b: { address: "10.0.0.2", port: 443 },
      client: 0,
      protocol: "h3",
      vantage: "client",
      packets: 6,
      exchanges: 1,
      handshakeRttNs: 41 * MS,
      legNs: [null, 40 * MS],
    });
    expect(capture.ended.map(([, why]) => why)).toEqual(["end-of-capture"]);
    expect(capture.quic.inside).toMatchObject({ read: { "HTTP/3 in QUIC": 1 }, unread: {} });
  });

  test("its request is an exchange: the parts add up, and point at its packets", () => {
    const [exchange] = capture.exchanges as [Exchange];
    expect(exchange).toMatchObject({ startNs: 100 * MS, endNs: 150 * MS, number: 1, quiet: true, packets: [5, 6] });
    expect(exchange.breakdownNs).toMatchObject({ network: 40 * MS, server: 10 * MS, transfer: 0, loss: 0 });
    expect(exchange.recentPackets().map(({ number, from }) => [number, from])).toEqual([
      [5, 0],
      [6, 1],
    ]);
  });
});

describe("where the time of a request went", () => {
  const partsOf = (...steps: Step[]) =>
    new Capture().play([...handshake(), ...steps]).exchanges.map((e) => e.breakdownNs);

  test("an answer behind another one of the same connection has waited for its turn, not for the server", () => {
    const [, second] = partsOf(
      request(0, 0, 100 * MS),
      request(1, 4, 100 * MS),
      response(1, 0, 190 * MS),
      response(2, 4, 200 * MS),
    );
    expect(second).toMatchObject({ network: 40 * MS, server: 0, transfer: 60 * MS });
  });

  test("a request that went again: loss until then", () => {
    const [parts] = partsOf(request(0, 0, 100 * MS), request(1, 0, 170 * MS), response(1, 0, 215 * MS));
    expect(parts).toMatchObject({ loss: 70 * MS, network: 40 * MS, server: 5 * MS });
  });

  test("an answer with a hole in it: loss while it was open", () => {
    const bytes = answer("0123456789");
    const [parts] = partsOf(
      request(0, 0, 100 * MS),
      oneRtt("server", 1, 140 * MS, frames.stream(0, 0, bytes.subarray(0, 4))),
      oneRtt("server", 3, 141 * MS, frames.stream(0, 8, bytes.subarray(8), true)),
      oneRtt("server", 4, 186 * MS, frames.stream(0, 4, bytes.subarray(4, 8))),
    );
    expect(parts).toMatchObject({ network: 40 * MS, server: 0, loss: 45 * MS, transfer: 1 * MS });
  });
});

describe("several connections", () => {
  const again = (dcid: string): Step[] => [
    {
      from: "client",
      atNs: 0,
      datagram: seal({
        from: "client",
        level: "initial",
        number: 0,
        payload: [...Array<number>(1200).fill(0), 1],
        initialDcid: hex(dcid),
        dcid: hex(dcid),
      }),
    },
  ];

  test("one after the other between the same two ends", () => {
    const close = oneRtt("client", 9, 300 * MS, [0x1d, 0x41, 0x00, 0]);
    const capture = new Capture().play([...handshake(), close]).play(again("a0a1a2a3a4a5a6a7"), { atNs: 1e9 });
    expect(capture.flows).toHaveLength(2);
    expect(capture.finish().quic.datagrams).toBe(6);
    expect(capture.ended.map(([, why]) => why)).toEqual(["closed", "end-of-capture"]);
    expect(capture.tally.facts().connections).toMatchObject({ opened: 2, mostActive: 1 });
  });

  test("what was on its way when it was closed is read on", () => {
    const close = oneRtt("client", 1, 120 * MS, [0x1d, 0x41, 0x00, 0]);
    const capture = new Capture().play([...handshake(), request(0, 0, 100 * MS), close, response(1, 0, 150 * MS)]);
    expect(capture.finish().exchanges).toHaveLength(1);
  });

  test("at once between the same two ends: each datagram to its own, by connection ID", () => {
    const capture = new Capture()
      .play(handshake())
      .play(again("b0b1b2b3b4b5b6b7"), { atNs: 90 * MS })
      .play([request(0, 0, 100 * MS), response(1, 0, 150 * MS)])
      .finish();
    expect(capture.flows.map(({ exchanges, packets }) => [exchanges, packets])).toEqual([
      [1, 6],
      [0, 1],
    ]);
  });

  test("a client that goes on from another port is the same connection", () => {
    const capture = new Capture()
      .play(handshake())
      .play([request(0, 0, 100 * MS), response(1, 0, 150 * MS)], { clientPort: 50_001 })
      .finish();
    expect(capture.flows).toHaveLength(1);
    expect(capture.exchanges).toHaveLength(1);
    expect(capture.quic).toMatchObject({ datagrams: 6, skipped: { udp: 0, "quic-without-begin": 0 } });
  });
});

describe("0-RTT that has overtaken the first Initial", () => {
  const early = (streamId: number, atNs: number): Step => ({
    from: "client",
    atNs,
    datagram: seal({
      from: "client",
      level: "0-rtt",
      number: streamId,
      payload: frames.stream(streamId, 0, get("/"), true),
      dcid: FIRST_DCID,
    }),
  });
  const [hello, ...rest] = handshake({ earlyData: "accepted" }) as [Step, ...Step[]];

  test("waits for it", () => {
    const steps = [early(0, 0), { ...hello, atNs: 1 * MS }, ...rest, response(1, 0, 150 * MS)];
    const capture = new Capture().play(steps).finish();
    expect(capture.exchanges).toMatchObject([{ startNs: 0, endNs: 150 * MS }]);
    expect(capture.quic).toMatchObject({ datagrams: 6, skipped: { "quic-without-begin": 0 } });
  });

  test("not for ever, and not without end", () => {
    const capture = new Capture().play([early(0, 0), { ...hello, atNs: 5e9 }]).finish();
    expect(capture.quic).toMatchObject({ datagrams: 1, skipped: { "quic-without-begin": 1 } });
    const many = new Capture().play(Array.from({ length: 100 }, (_, i) => early(4 * i, i))).finish();
    expect(many.quic.skipped).toMatchObject({ "quic-without-begin": 100 });
  });
});

describe("bounds", () => {
  test("--max-flows: the longest silent makes room, and is told as evicted", () => {
    const capture = new Capture(16);
    for (let port = 1; port <= 40; port++) capture.play(handshake(), { clientPort: port, atNs: port * 1e9 });
    expect(capture.flows).toHaveLength(40);
    expect([capture.quic.evicted, capture.tracker.flowsEvicted]).toEqual([24, 0]);
    expect(capture.ended.map(([, why]) => why)).toEqual(Array<string>(24).fill("evicted"));
    capture.finish();
    expect(capture.ended).toHaveLength(40);
    expect(capture.tally.facts().connections).toMatchObject({ opened: 40, mostActive: 16 });
  });

  test("a connection that is idle for longer than it may is over", () => {
    const capture = new Capture().play(handshake());
    const other = { from: "client", atNs: 2_000e9, datagram: Uint8Array.of(1, 2, 3) } as const;
    capture.play(Array<Step>(8_192).fill(other), { clientPort: 9 });
    expect(capture.ended.map(([, why]) => why)).toEqual(["idle"]);
  });
});

describe("what is no connection", () => {
  test.each<[string, "udp" | "quic-without-begin", Step]>([
    ["DNS", "udp", { from: "client", atNs: 0, datagram: hex("abcd01000001000000000000") }],
    ["a short header without its begin", "quic-without-begin", oneRtt("client", 0, 0, frames.ping)],
    ["the answer alone", "quic-without-begin", { from: "server", atNs: 0, datagram: serverFlight() }],
    ["a Handshake packet", "quic-without-begin", { from: "client", atNs: 0, datagram: clientFinish() }],
  ])("%s", (_, reason, step) => {
    const capture = new Capture().play([step]).finish();
    expect([capture.flows.length, capture.quic.datagrams]).toEqual([0, 0]);
    expect(capture.quic.skipped).toMatchObject({ [reason]: 1 });
  });

  test("cut off by the snap length: a connection, of which it is said that it cannot be read", () => {
    const capture = new Capture().play([{ from: "client", atNs: 0, datagram: initial() }], { cutTo: 100 }).finish();
    expect(capture.flows).toHaveLength(1);
    expect(Object.keys(capture.quic.inside.unread)).toEqual([expect.stringContaining("snap length")]);
  });

  test("any UDP at all never throws, and every datagram is counted once", () => {
    const real = [initial(), serverFlight(), clientFinish(), oneRtt("client", 0, 0, frames.ping).datagram];
    const mangled = fc
      .tuple(fc.constantFrom(...real), fc.array(fc.tuple(fc.nat(1300), fc.nat(255)), { maxLength: 4 }), fc.nat(1400))
      .map(([datagram, changes, length]) => {
        const bytes = Uint8Array.from(datagram).subarray(0, length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    const datagrams = fc.array(
      fc.record({
        from: fc.constantFrom("client" as const, "server" as const),
        datagram: fc.oneof(fc.uint8Array({ maxLength: 60 }), mangled),
        atNs: fc.nat(1e9),
        port: fc.nat(2),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(datagrams, fc.integer({ min: 16, max: 18 }), (all, maxFlows) => {
        const capture = new Capture(maxFlows);
        for (const { port, ...step } of all) capture.play([step], { clientPort: port + 1 });
        capture.finish();
        const { datagrams: taken, skipped, refused } = capture.quic;
        expect(taken + refused + skipped.udp + skipped["quic-without-begin"]).toBe(all.length);
        expect(capture.ended).toHaveLength(capture.flows.length);
      }),
      { numRuns: 150 },
    );
  });
});
