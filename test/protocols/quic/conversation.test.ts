import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QuicConversation } from "../../../src/protocols/quic/conversation.js";
import type { QuicEvent } from "../../../src/protocols/quic/events.js";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import {
  CLIENT_ID,
  clientHello,
  encryptedExtensions,
  FIRST_DCID,
  type From,
  finished,
  frames,
  hex,
  KEY_LOG,
  parameter,
  seal,
  serverHello,
  varint,
} from "./endpoints.js";
import { DCID, SAMPLES } from "./rfc-samples.js";

const MS = 1_000_000;

/** A conversation and all that it told. */
class Watched {
  readonly keyLog = new KeyLog();
  readonly events: QuicEvent[] = [];
  readonly quic: QuicConversation;

  constructor(keys: string | undefined = KEY_LOG) {
    this.keyLog.add(keys);
    this.quic = new QuicConversation({
      keyLog: this.keyLog,
      emit: (event) =>
        this.events.push(
          "bytes" in event && event.type === "stream-data" ? { ...event, bytes: Uint8Array.from(event.bytes) } : event,
        ),
    });
  }

  of<T extends QuicEvent["type"]>(type: T): Extract<QuicEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<QuicEvent, { type: T }>[];
  }

  oneRtt(
    from: From,
    number: number,
    payload: readonly number[],
    atNs: number,
    more: { spin?: boolean; updates?: number } = {},
  ) {
    this.quic.push(from, seal({ from, level: "1-rtt", number, payload, ...more }), atNs);
  }
}

const initial = (payload = frames.crypto(clientHello()), number = 0) =>
  seal({ from: "client", level: "initial", number, payload, dcid: FIRST_DCID });
const serverFlight = (parameters: readonly number[] = [], earlyData = false) =>
  Buffer.concat([
    seal({
      from: "server",
      level: "initial",
      number: 0,
      payload: [...frames.ack([[0, 0]]), ...frames.crypto(serverHello())],
    }),
    seal({
      from: "server",
      level: "handshake",
      number: 0,
      payload: frames.crypto([...encryptedExtensions(parameters, earlyData), ...finished]),
    }),
  ]);
const clientFinish = () =>
  seal({
    from: "client",
    level: "handshake",
    number: 0,
    payload: [...frames.ack([[0, 0]]), ...frames.crypto(finished)],
  });

/** The handshake over a path of 40 ms, captured at the client: complete at 41 ms. */
function shaken(watched = new Watched(), parameters: readonly number[] = []): Watched {
  watched.quic.push("client", initial(), 0);
  watched.quic.push("server", serverFlight(parameters), 40 * MS);
  watched.quic.push("client", clientFinish(), 41 * MS);
  return watched;
}

test("handshake: coalesced packets, both ends' parameters, times", () => {
  const { quic } = shaken(new Watched(), [...parameter(0x0a, [5]), ...parameter(0x0b, varint(100))]);
  expect([quic.version, quic.sni, quic.alpn, quic.suite]).toEqual([
    "v1",
    "example.org",
    "h3",
    "TLS_AES_128_GCM_SHA256",
  ]);
  expect(quic.transportParameters("server")).toMatchObject({ ackDelayExponent: 5, maxAckDelayMs: 100 });
  expect(quic.handshakeTime).toEqual({ startNs: 0, endNs: 41 * MS, by: "client-finished" });
  expect(quic.times).toMatchObject({ serverInitialNs: 40 * MS, serverFinishedNs: 40 * MS });
  expect(quic.packets("server")).toMatchObject({
    initial: { packets: 1, opened: 1 },
    handshake: { packets: 1, opened: 1 },
  });
  expect(quic.connectionIds("client")).toEqual([CLIENT_ID.toString("hex")]);
});

test.each([
  ["zeros", Buffer.alloc(40)],
  ["random bytes", Buffer.from(Array.from({ length: 40 }, (_, i) => 0x40 | (i * 7)))],
  [
    "a packet of another connection ID",
    seal({ from: "client", level: "handshake", number: 5, payload: [1], dcid: hex("ff") }),
  ],
])("what fills up a datagram behind its packets is none: %s", (_, filling) => {
  const watched = shaken();
  const { strayBytes } = watched.quic;
  watched.quic.push("client", Buffer.concat([clientFinish(), filling]), 42 * MS);
  const after = watched.quic.packets("client");
  expect(after.handshake?.packets).toBe(2);
  expect(after["1-rtt"]).toBeUndefined();
  expect(watched.quic.strayBytes - strayBytes).toBe(filling.length);
});

test("handshake time without a key log: the client's last Handshake packet ahead of 1-RTT", () => {
  const watched = shaken(new Watched(""));
  expect(watched.quic.handshakeTime).toBeUndefined();
  watched.oneRtt("client", 0, frames.ping, 60 * MS);
  watched.quic.push("client", clientFinish(), 70 * MS);
  expect(watched.quic.handshakeTime).toEqual({ startNs: 0, endNs: 41 * MS, by: "client-handshake-packets" });
  expect(watched.quic.state).toMatchObject({ state: "no-secret" });
});

test("handshake time without a key log: a client that sends 1-RTT ahead of its Finished", () => {
  const watched = new Watched("");
  watched.quic.push("client", initial(), 0);
  watched.quic.push("server", serverFlight(), 40 * MS);
  watched.oneRtt("client", 0, frames.ping, 41 * MS);
  watched.quic.push("client", clientFinish(), 42 * MS);
  watched.quic.push("client", clientFinish(), 99 * MS);
  expect(watched.quic.handshakeTime?.endNs).toBe(42 * MS);
});

test("packets ahead of the ServerHello, and of the key log's lines, are opened later", () => {
  const watched = new Watched("");
  watched.quic.push("client", initial(), 0);
  watched.oneRtt("server", 0, frames.stream(3, 0, [1, 2]), 5);
  expect(watched.of("stream-data")).toEqual([]);
  watched.keyLog.add(KEY_LOG);
  watched.quic.push("server", serverFlight(), 6);
  expect(watched.of("stream-data")).toMatchObject([{ atNs: 5, streamId: 3, bytes: Uint8Array.of(1, 2) }]);
  expect(watched.quic.packets("server")["1-rtt"]).toMatchObject({ packets: 1, opened: 1 });
});

test("a capture ahead of segmentation: datagrams that look like one are read one by one", () => {
  const watched = new Watched();
  watched.quic.push("client", initial(), 0);
  watched.quic.push("server", serverFlight(), 1);
  const before = watched.quic.datagrams("client").datagrams;
  const packets = Array.from({ length: 30 }, (_, number) =>
    seal({ from: "client", level: "1-rtt", number, payload: frames.stream(0, number, [number]) }),
  );
  watched.quic.push("client", Buffer.concat(packets), 2);
  expect(watched.quic.packets("client")["1-rtt"]).toMatchObject({ packets: 30, opened: 30 });
  expect(watched.of("stream-data").map(({ bytes }) => bytes[0])).toEqual(packets.map((_, number) => number));
  expect(watched.quic.datagrams("client").datagrams - before).toBe(30);
});

test("0-RTT: offered, then accepted", () => {
  const watched = new Watched();
  const early = seal({
    from: "client",
    level: "0-rtt",
    number: 0,
    payload: frames.stream(0, 0, [9]),
    dcid: FIRST_DCID,
  });
  watched.quic.push("client", Buffer.concat([initial(frames.crypto(clientHello({ earlyData: true }))), early]), 0);
  expect(watched.quic.earlyData).toBe("offered");
  expect(watched.of("stream-data")).toMatchObject([{ streamId: 0, early: true }]);
  watched.quic.push("server", serverFlight([], true), 1);
  expect(watched.quic.earlyData).toBe("accepted");
});

describe("Retry", () => {
  const retried = hex(SAMPLES.v1.retry);
  const anew = (number: number) =>
    seal({
      ...{ from: "client", level: "initial", number, payload: frames.crypto(clientHello()) },
      ...{ dcid: hex("f067a5502a4262b5"), initialDcid: hex("f067a5502a4262b5"), token: Buffer.from("token") },
    });

  test("genuine: the keys change", () => {
    const watched = new Watched();
    watched.quic.push("client", hex(SAMPLES.v1.clientInitial), 0);
    expect(watched.quic.sni).toBe("example.com");
    watched.quic.push("server", retried, 1);
    // It answers the first Initial, which nobody acknowledges.
    expect(watched.quic.loss("client")).toMatchObject({ ackEliciting: 1, acknowledged: 1, lost: 0, unsettled: 0 });
    watched.quic.push("client", anew(3), 2);
    // quiche makes another hello then.
    expect(watched.quic.sni).not.toBe("example.com");
    expect(watched.of("retry")).toEqual([{ type: "retry", atNs: 1, tokenBytes: 5, genuine: true }]);
    expect(watched.quic.packets("client").initial).toMatchObject({ packets: 2, opened: 2 });
    expect(DCID).toBe("8394c8f03e515708");
  });

  test("not genuine: it changes nothing", () => {
    const watched = new Watched();
    watched.quic.push("client", initial(), 0);
    watched.quic.push("server", retried, 1);
    watched.quic.push("server", serverFlight(), 2);
    expect(watched.quic.retryGenuine).toBe(false);
    expect(watched.quic.alpn).toBe("h3");
  });

  test("missing in the capture: the next Initial tells", () => {
    const watched = new Watched();
    watched.quic.push("client", initial(), 0);
    watched.quic.push("client", anew(1), 2);
    expect(watched.quic.packets("client").initial).toMatchObject({ packets: 2, opened: 2 });
  });
});

test("Version Negotiation: the client begins again", () => {
  const watched = new Watched();
  const grease = initial();
  grease.writeUInt32BE(0x1a2a3a4a, 1);
  watched.quic.push("client", grease, 0);
  expect(watched.quic.state).toMatchObject({ state: "unsupported-version", reason: expect.stringContaining("grease") });
  const negotiation = [0x80, 0, 0, 0, 0, 4, ...CLIENT_ID, 8, ...FIRST_DCID, 0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf];
  watched.quic.push("server", Uint8Array.from(negotiation), 10);
  expect(watched.quic.state).toMatchObject({ state: "unsupported-version" });
  shaken(watched);
  expect(watched.of("version-negotiation")).toEqual([
    { type: "version-negotiation", atNs: 10, versions: [1, 0x6b3343cf] },
  ]);
  expect([watched.quic.version, watched.quic.alpn]).toEqual(["v1", "h3"]);
  expect(watched.quic.times.firstInitialNs).toBe(0);
});

describe("acknowledgements", () => {
  test("the delay as sent, with the exponent of who sends it, and as measured", () => {
    const watched = shaken(new Watched(), parameter(0x0a, [5]));
    watched.oneRtt("client", 0, frames.ping, 100 * MS);
    watched.oneRtt("server", 0, frames.ack([[0, 0]], 25_000 / 32), 165 * MS);
    const ack = watched.of("ack").find(({ space }) => space === "application");
    expect(ack).toMatchObject({
      from: "server",
      largest: 0,
      newlyAcknowledged: 1,
      sentDelayNs: 24_992_000,
      measuredNs: 65 * MS,
    });
  });

  test("no measurement of what was acknowledged before, or asked for no acknowledgement", () => {
    const watched = shaken();
    watched.oneRtt("client", 0, frames.ack([[0, 0]]), 100);
    watched.oneRtt("server", 0, frames.ack([[0, 0]]), 200);
    watched.oneRtt("client", 1, frames.ping, 300);
    watched.oneRtt("server", 1, frames.ack([[0, 1]]), 400);
    watched.oneRtt("server", 2, frames.ack([[0, 1]]), 500);
    const measured = watched.of("ack").filter(({ space, from }) => space === "application" && from === "server");
    expect(measured.map(({ measuredNs }) => measuredNs)).toEqual([undefined, 100, undefined]);
  });

  test("loss: passed over by three, and found again", () => {
    const watched = shaken();
    for (let number = 0; number < 6; number++)
      watched.oneRtt("client", number, frames.stream(0, number, [number]), number);
    watched.oneRtt("server", 0, frames.ack([[2, 4]]), 100);
    expect(watched.of("lost").map(({ packetNumber, sentNs }) => [packetNumber, sentNs])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(watched.quic.loss("client", "application")).toEqual({
      ackEliciting: 6,
      acknowledged: 3,
      lost: 2,
      spurious: 0,
      unsettled: 1,
      notSeen: 0,
    });
    watched.oneRtt("server", 1, frames.ack([[1, 5]]), 200);
    expect(watched.of("not-lost")).toMatchObject([{ packetNumber: 1, from: "client" }]);
    expect(watched.quic.loss("client", "application")).toEqual({
      ackEliciting: 6,
      acknowledged: 5,
      lost: 1,
      spurious: 1,
      unsettled: 0,
      notSeen: 0,
    });
  });

  test("numbers that never came by: lost ahead of us, unless they are acknowledged, or come late", () => {
    const watched = shaken();
    for (const number of [0, 1, 4, 9]) watched.oneRtt("server", number, frames.ping, 50 * MS);
    watched.oneRtt(
      "client",
      0,
      frames.ack([
        [9, 9],
        [3, 4],
        [0, 1],
      ]),
      60 * MS,
    );
    // 2, 5 and 6 are passed over for good; 7 and 8 may still be on their way; 3 was seen at the client.
    expect(watched.quic.loss("server", "application")).toMatchObject({ lost: 0, notSeen: 3 });
    watched.oneRtt("server", 6, frames.ping, 61 * MS);
    watched.oneRtt(
      "client",
      1,
      frames.ack([
        [9, 9],
        [0, 4],
      ]),
      62 * MS,
    );
    expect(watched.quic.loss("server", "application")).toMatchObject({ notSeen: 1 });
  });
});

test("streams: out of order, sent again, ended once", () => {
  const watched = shaken();
  watched.oneRtt("client", 0, frames.stream(0, 2, [3, 4], true), 1);
  watched.oneRtt("client", 1, frames.stream(0, 0, [1, 2]), 2);
  watched.oneRtt("client", 2, frames.stream(0, 0, [1, 2]), 3);
  const data = watched.of("stream-data").map(({ atNs, bytes }) => [atNs, ...bytes]);
  expect(data).toEqual([
    [2, 1, 2],
    [2, 3, 4],
  ]);
  expect(watched.of("stream-end")).toEqual([{ type: "stream-end", atNs: 2, from: "client", streamId: 0, bytes: 4 }]);
  expect(watched.of("resent")).toMatchObject([{ bytes: 2, streamId: 0 }]);
  expect(watched.quic.streamBytes("client")).toEqual({ bytes: 6, resentBytes: 2 });
});

test("what the capture has not got is said", () => {
  const watched = shaken();
  watched.oneRtt("client", 0, frames.ping, 1);
  watched.oneRtt("server", 0, frames.ack([[0, 0]]), 2);
  expect(watched.quic.missesPackets("client")).toBe(false);
  watched.oneRtt("server", 1, frames.ack([[0, 7]]), 3);
  expect([watched.quic.missesPackets("client"), watched.quic.missesPackets("server")]).toEqual([true, false]);
});

test("streams that never end are bounded, and their number told", () => {
  const watched = shaken();
  let number = 0;
  for (let first = 0; first < 5000; first += 100) {
    const payload = Array.from({ length: 100 }, (_, at) => frames.stream(4 * (first + at), 1, [1])).flat();
    watched.oneRtt("client", number, payload, number++);
  }
  expect(watched.quic.streamsGivenUp).toBe(5000 - 4096);
});

test("key updates of both ends, and a straggler of the phase before", () => {
  const watched = shaken();
  watched.oneRtt("client", 0, frames.ping, 1);
  watched.oneRtt("client", 2, frames.ping, 2, { updates: 1 });
  watched.oneRtt("client", 1, frames.ping, 3);
  watched.oneRtt("client", 3, frames.ping, 4, { updates: 2 });
  watched.oneRtt("server", 0, frames.ping, 5, { updates: 1 });
  expect(watched.quic.packets("client")["1-rtt"]).toMatchObject({ packets: 4, opened: 4 });
  expect(watched.quic.packets("server")["1-rtt"]).toMatchObject({ packets: 1, opened: 1 });
  expect(watched.of("key-update").map(({ from, updates }) => [from, updates])).toEqual([
    ["client", 1],
    ["client", 2],
    ["server", 1],
  ]);
});

describe("spin bit", () => {
  /** Captured at the client: the server reflects after 40 ms, the client inverts at once. */
  const spun = (bits: (round: number) => [client: boolean, server: boolean]) => {
    const watched = new Watched("");
    for (let round = 0; round < 20; round++) {
      const [client, server] = bits(round);
      watched.oneRtt("client", 2 * round, frames.ping, round * 40 * MS, { spin: client });
      watched.oneRtt("client", 2 * round + 1, frames.ping, (round * 40 + 20) * MS, { spin: client });
      watched.oneRtt("server", round, frames.ping, (round * 40 + 39) * MS, { spin: server });
    }
    return watched;
  };

  test("spins: a round trip for each edge, without keys", () => {
    const watched = spun((round) => [round % 2 === 1, round % 2 === 1]);
    expect(watched.quic.spin).toBe("spins");
    expect(watched.of("spin-rtt")).toHaveLength(36);
    expect(new Set(watched.of("spin-rtt").map(({ rttNs }) => rttNs))).toEqual(new Set([40 * MS]));
  });

  test("constant, and irregular", () => {
    expect(spun(() => [false, false]).quic.spin).toBe("constant");
    const noise = [1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0];
    expect(spun((round) => [noise[round] === 1, noise[19 - round] === 1]).quic.spin).toBe("irregular");
  });
});

test("says why it cannot read", () => {
  const middle = new Watched();
  middle.oneRtt("client", 5, frames.ping, 0);
  expect(middle.quic.state).toMatchObject({ state: "no-handshake" });
  const cut = new QuicConversation();
  cut.push("client", initial().subarray(0, 90), 0);
  expect(cut.state).toMatchObject({ state: "no-handshake" });
  const wrong = new Watched(KEY_LOG.replaceAll(/0[45]{63}|0404|0505/g, "abab"));
  shaken(wrong);
  for (let number = 0; number < 3; number++) wrong.oneRtt("client", number, frames.ping, number);
  expect(wrong.quic.state).toEqual({ state: "damaged", reason: "no 1-RTT packet opens with the key log" });
  const ccm = new Watched();
  ccm.quic.push("client", initial(), 0);
  ccm.quic.push(
    "server",
    seal({ from: "server", level: "initial", number: 0, payload: frames.crypto(serverHello(0x1304)) }),
    1,
  );
  expect(ccm.quic.state).toMatchObject({ state: "unsupported-suite", reason: expect.stringContaining("AES_128_CCM") });
});

test("another connection from the same port is not mixed in", () => {
  const watched = shaken();
  const dcid = hex("fedcba9876543210");
  watched.quic.push(
    "client",
    seal({
      from: "client",
      level: "initial",
      number: 0,
      payload: frames.crypto(clientHello()),
      dcid,
      initialDcid: dcid,
    }),
    99,
  );
  expect(watched.quic.anotherBegan).toBe(true);
  expect(watched.quic.packets("client").initial).toMatchObject({ packets: 2, opened: 1 });
});

describe("any bytes", () => {
  const from = fc.constantFrom<From>("client", "server");

  test("as datagrams never throw", () => {
    const datagram = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(fc.array(fc.tuple(from, datagram), { maxLength: 20 }), (datagrams) => {
        const { quic } = new Watched();
        for (const [end, bytes] of datagrams) quic.push(end, bytes, 0);
        expect(quic.state.state).toMatch(/^(handshake|no-handshake|damaged|unsupported-version)$/);
      }),
    );
  });

  test("inside protected packets never throw, and are read or named", () => {
    const level = fc.constantFrom("handshake" as const, "1-rtt" as const);
    const payload = fc.uint8Array({ minLength: 4, maxLength: 100 });
    fc.assert(
      fc.property(fc.array(fc.tuple(from, level, payload), { maxLength: 12 }), (packets) => {
        const watched = shaken();
        packets.forEach(([end, where, bytes], at) => {
          watched.quic.push(end, seal({ from: end, level: where, number: at + 1, payload: bytes }), at);
        });
        const opened = watched.of("packet").length - 4;
        // A frame may issue or retire a connection ID, by which a later short header cannot be read any more.
        expect(opened).toBeGreaterThanOrEqual(Math.min(1, packets.length));
        expect(opened).toBeLessThanOrEqual(packets.length);
      }),
    );
  });

  test("flipped in a real handshake never throw, and open nothing false", () => {
    const whole = [initial(), serverFlight(), clientFinish()];
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, flip) => {
        const watched = new Watched();
        whole.forEach((datagram, index) => {
          const copy = Uint8Array.from(datagram);
          if (index === which) copy[at % copy.length]! ^= flip;
          watched.quic.push(index === 1 ? "server" : "client", copy, index);
        });
        expect(watched.of("packet").length).toBeLessThan(4);
      }),
    );
  });
});
