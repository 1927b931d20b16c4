import { describe, expect, test } from "vitest";
import type { QuicExchange } from "../../../src/capture/quic/quic-exchange.js";
import { QuicTally } from "../../../src/capture/quic/quic-tally.js";
import type { QuicWatch } from "../../../src/capture/quic/quic-watch.js";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import { quicSchema } from "../../../src/report/quic-model.js";
import { frames, KEY_LOG, seal } from "../../protocols/quic/endpoints.js";
import { answer, get, handshake, initial, MS, oneRtt, type Step, settings } from "./scripts.js";

/** A tally with one connection in it. */
class Watched {
  readonly tally = new QuicTally();
  readonly exchanges: QuicExchange[] = [];
  readonly watch: QuicWatch;

  /** @param keys none: there is no key log */
  constructor(keys = KEY_LOG) {
    const keyLog = keys === "" ? undefined : new KeyLog();
    keyLog?.add(keys);
    this.watch = this.tally.watch({ keyLog, onExchange: (exchange) => this.exchanges.push(exchange) });
  }

  play(...steps: readonly Step[]): this {
    for (const { from, datagram, atNs } of steps) this.watch.push(from, datagram, atNs);
    return this;
  }

  get facts() {
    const facts = this.tally.facts();
    expect(quicSchema.safeParse(facts).error).toBeUndefined();
    return facts;
  }
}

const request = (number: number, streamId: number, atNs: number) =>
  oneRtt("client", number, atNs, frames.stream(streamId, 0, get("/"), true));
const response = (number: number, streamId: number, atNs: number, content = "hello") =>
  oneRtt("server", number, atNs, frames.stream(streamId, 0, answer(content), true));

describe("a connection of HTTP/3", () => {
  const watched = new Watched().play(
    ...handshake(),
    oneRtt("server", 1, 81 * MS, frames.stream(3, 0, settings())),
    request(0, 0, 100 * MS),
    request(1, 4, 101 * MS),
    response(2, 0, 140 * MS),
    response(3, 4, 151 * MS),
  );

  test("exchanges", () => {
    expect(watched.exchanges).toMatchObject([
      {
        streamId: 0,
        method: "GET",
        path: "/",
        status: 200,
        requestNs: 100 * MS,
        responseEndNs: 140 * MS,
        contentBytes: 5,
      },
      { streamId: 4, requestEndNs: 101 * MS, firstByteNs: 151 * MS, outcome: "complete", early: false },
    ]);
  });

  test("facts, while it lives and when it is over: the same, and nothing twice", () => {
    const living = watched.facts;
    expect(watched.facts).toEqual(living);
    watched.tally.end(watched.watch);
    watched.tally.end(watched.watch);
    expect(watched.facts).toEqual(living);
    expect(living).toMatchObject({
      versions: { v1: 1 },
      alpn: { h3: 1 },
      suites: { TLS_AES_128_GCM_SHA256: 1 },
      sni: { "example.org": 1 },
      connections: { opened: 1, mostActive: 1, failed: {} },
      streams: { opened: 2, mostActive: 2, failed: {} },
      opened: { packets: 10, of: 10, says: "" },
      h3: { serverSettings: { MAX_FIELD_SECTION_SIZE: 4096 }, goaways: 0 },
      transportParameters: { client: {}, server: { max_ack_delay: 25 } },
    });
    // Two answers of 5 bytes while a stream was open: 51 ms.
    expect(living.goodputBytesPerSecond).toBeCloseTo(10 / 0.051);
  });

  test("the handshake in flights that add up", () => {
    const { total, flights } = watched.facts.handshake;
    expect(total).toMatchObject({ count: 1, max: 41 * MS });
    expect(flights.map(({ name, time }) => [name, time.max / MS])).toEqual([
      ["client hello to first answer", 40],
      ["first answer to server flight complete", 0],
      ["server flight complete to client finished", 1],
      ["client finished to handshake confirmed", 39],
    ]);
  });
});

test("a supplement takes the place of what datagrams show, and adds what they do not", () => {
  const { tally } = new Watched().play(...handshake());
  const facts = tally.facts({
    congestionWindowBytes: { last: 12_000, most: 14_000 },
    connectionsFailed: { timeout: 2 },
    streamsFailed: { reset: 1 },
  });
  expect(facts.congestionWindowBytes).toEqual({ last: 12_000, most: 14_000 });
  expect([facts.connections.failed, facts.streams.failed]).toEqual([{ timeout: 2 }, { reset: 1 }]);
});

describe("ACK delays", () => {
  /** Delays in units of 2^3 us (ack_delay_exponent). */
  const units = (ms: number) => (ms * 1000) / 8;

  test("are taken out of the round trip, once for each packet, and held against max_ack_delay", () => {
    const { facts } = new Watched().play(
      ...handshake({ maxAckDelayMs: 20 }),
      oneRtt("client", 0, 100 * MS, frames.ping),
      oneRtt("server", 1, 160 * MS, frames.ack([[0, 0]], units(20))),
      oneRtt("server", 2, 190 * MS, frames.ack([[0, 0]], units(50))),
      oneRtt("client", 1, 200 * MS, frames.ping),
      oneRtt("server", 3, 270 * MS, frames.ack([[0, 1]], units(30))),
    );
    expect(facts.rtt).toMatchObject({ count: 2, min: 40 * MS, max: 40 * MS });
    expect(facts.ackDelay.server).toMatchObject({
      advertisedNs: 20 * MS,
      claimed: { count: 2, min: 20 * MS, max: 30 * MS },
      over: 1,
    });
    expect(facts.ackDelay.client).toBeNull();
  });

  test("before the handshake is confirmed none is too long", () => {
    const [hello, flight, finish] = handshake({ maxAckDelayMs: 20 }) as [Step, Step, Step];
    const { facts } = new Watched().play(
      hello,
      flight,
      finish,
      oneRtt("client", 0, 42 * MS, frames.ping),
      oneRtt("server", 0, 122 * MS, frames.ack([[0, 0]], units(40)), frames.handshakeDone),
    );
    expect(facts.ackDelay.server).toMatchObject({ claimed: { count: 1, max: 40 * MS }, over: 0 });
  });
});

describe("0-RTT", () => {
  const early = (): Step => ({
    from: "client",
    atNs: 0,
    datagram: seal({ from: "client", level: "0-rtt", number: 0, payload: frames.stream(0, 0, get("/"), true) }),
  });
  const connection = (earlyData: "accepted" | "rejected") => {
    const [hello, ...rest] = handshake({ earlyData }) as [Step, ...Step[]];
    return [hello, early(), ...rest];
  };

  test("rejected: the cost is from the first byte until it goes again, and what was discarded is not lost", () => {
    const watched = new Watched().play(
      ...connection("rejected"),
      oneRtt("client", 1, 82 * MS, frames.stream(0, 0, get("/"), true)),
      oneRtt("server", 1, 122 * MS, frames.ack([[1, 1]]), frames.stream(0, 0, answer("hello"), true)),
    );
    const { earlyData, loss } = watched.facts;
    expect(earlyData).toMatchObject({
      offered: 1,
      accepted: 0,
      rejected: 1,
      rejectionCost: { count: 1, max: 82 * MS },
    });
    expect(loss.client).toMatchObject({ sent: 3, acknowledged: 2, lost: 0, resentBytes: 0 });
    expect(watched.exchanges).toMatchObject([{ early: true, requestNs: 0, responseEndNs: 122 * MS, status: 200 }]);
  });

  test("accepted, and sent again because it was lost: no rejection", () => {
    const watched = new Watched().play(
      ...connection("accepted"),
      oneRtt("client", 1, 82 * MS, frames.stream(0, 0, get("/"), true)),
      oneRtt("server", 1, 122 * MS, frames.ack([[1, 1]]), frames.stream(0, 0, answer("hello"), true)),
    );
    const { earlyData, loss } = watched.facts;
    expect(earlyData).toMatchObject({ offered: 1, accepted: 1, rejected: 0, rejectionCost: null });
    expect(loss.client).toMatchObject({ lost: 1, resentBytes: get("/").length });
  });

  test("without the key log: offered, and no more is known", () => {
    const { facts } = new Watched("").play(...connection("rejected"));
    expect(facts.earlyData).toMatchObject({ offered: 1, accepted: 0, rejected: 0 });
    expect(facts.loss).toEqual({ client: null, server: null });
    expect(facts.opened).toMatchObject({ says: "1 connection: no key log was given" });
  });
});

test("another application: raw streams, also those of one direction and of the server", () => {
  const bytes = Buffer.from("0123456789");
  const watched = new Watched().play(
    ...handshake({ alpn: "doq" }),
    oneRtt("client", 0, 100 * MS, frames.stream(0, 0, bytes, true), frames.stream(2, 0, bytes, true)),
    oneRtt("server", 1, 120 * MS, frames.stream(1, 0, bytes)),
    oneRtt("server", 2, 140 * MS, frames.stream(0, 0, bytes), frames.stream(0, 10, bytes, true)),
    oneRtt("client", 1, 150 * MS, frames.stream(4, 0, bytes)),
    oneRtt("server", 3, 190 * MS, [0x04, 4, 3, 0]),
  );
  expect(watched.exchanges).toMatchObject([
    { streamId: 0, requestBytes: 10, responseBytes: 20, contentBytes: 20, outcome: "complete", method: undefined },
    { streamId: 4, outcome: "reset", reset: { by: "server", error: "DOQ_REQUEST_CANCELLED" } },
  ]);
  expect(watched.facts).toMatchObject({
    alpn: { doq: 1 },
    streams: { opened: 4, mostActive: 2, failed: { "server: DOQ_REQUEST_CANCELLED": 1 } },
    h3: null,
  });
});

test("the connection ends before its answers: they are told as open, once", () => {
  const watched = new Watched().play(...handshake(), request(0, 0, 100 * MS));
  expect(watched.exchanges).toEqual([]);
  watched.tally.end(watched.watch);
  watched.tally.end(watched.watch);
  expect(watched.exchanges).toMatchObject([{ outcome: "open", requestNs: 100 * MS, responseEndNs: undefined }]);
});

test("no answer at all", () => {
  const watched = new Watched().play({ from: "client", atNs: 0, datagram: initial() });
  expect(watched.facts.connections.failed).toEqual({});
  watched.tally.end(watched.watch);
  expect(watched.facts.connections).toMatchObject({ opened: 1, failed: { "no answer": 1 } });
});

test("closed: by name, of the application where it has names", () => {
  const close = (frame: readonly number[]) => {
    const watched = new Watched().play(...handshake(), oneRtt("server", 1, 90 * MS, frame));
    return watched.facts.closes;
  };
  expect(close([0x1d, 0x41, 0x00, 0])).toEqual({ "server: H3_NO_ERROR": 1 });
  expect(close([0x1c, 0x03, 0, 0])).toEqual({ "server: FLOW_CONTROL_ERROR": 1 });
});

test("spin bit: round trips only where it spins", () => {
  const rounds = (bit: (i: number, from: "client" | "server") => boolean) => {
    const watched = new Watched().play(...handshake());
    for (let i = 0; i < 40; i++) {
      for (const from of ["client", "server"] as const) {
        const packet = seal({ from, level: "1-rtt", number: i + 1, payload: frames.ping, spin: bit(i, from) });
        watched.watch.push(from, packet, (100 + 40 * i + (from === "server" ? 20 : 0)) * MS);
      }
    }
    watched.tally.end(watched.watch);
    return watched.facts.spinRtt;
  };
  expect(rounds((i) => i % 2 === 0)).toMatchObject({ p50: expect.closeTo(40 * MS, -5) as number });
  expect(rounds(() => false)).toBeNull();
  expect(rounds((i, from) => ((i * 7 + (from === "server" ? 3 : 0)) * 2654435761) % 5 < 2)).toBeNull();
});
