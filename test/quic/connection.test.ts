import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { packetsIn } from "../../src/quic/coalesced.js";
import type { QuicConnection } from "../../src/quic/connection.js";
import { ms } from "../../src/units/duration.js";
import { onlyIf } from "../skip.js";
import { clientOf, established, Pair, Recorder, serverOf, unavailable, until } from "./pair.js";

/** Echoes each stream once it has ended. */
function echoing(): Recorder {
  const app = new Recorder();
  const rest = new Map<number, Buffer>();
  const write = (connection: QuicConnection, streamId: number) => {
    const bytes = rest.get(streamId) ?? Buffer.from(app.text(streamId));
    rest.set(streamId, bytes.subarray(connection.write(streamId, bytes, true) ?? 0));
  };
  app.whenEnded = write;
  app.whenWritable = write;
  return app;
}

describe("a QUIC connection on a network of memory", onlyIf(unavailable === undefined, unavailable ?? ""), () => {
  it("shakes hands, and carries what is asked and answered", async () => {
    const pair = new Pair({ server: echoing() });
    await established(pair);
    expect(Buffer.from(pair.client.native.applicationProto()).toString()).toBe("test");
    expect(pair.client.write(0, Buffer.from("one"), true)).toBe(3);
    expect(pair.client.write(4, Buffer.from("two"), true)).toBe(3);
    await until("both answers", () => pair.clientApp.ended.length === 2);
    expect([pair.clientApp.text(0), pair.clientApp.text(4)]).toEqual(["one", "two"]);
  });

  it("looks first at the streams that something is expected on, and at the others too", async () => {
    const readIn = async (expected: number[] | undefined): Promise<number[]> => {
      const client = Object.assign(new Recorder(), expected && { expects: () => expected });
      const pair = new Pair({ client, server: echoing() });
      await established(pair);
      client.reads = false;
      for (const streamId of [0, 4, 8]) pair.client.write(streamId, Buffer.from("x"), true);
      await until("answers that wait", () =>
        [0, 4, 8].every((streamId) => pair.client.native.streamReadable(streamId)),
      );
      client.reads = true;
      pair.client.write(12, Buffer.from("x"), true);
      await until("all answers", () => client.ended.length === 4);
      return client.ended.slice(0, 3);
    };
    expect(await readIn(undefined)).toEqual([0, 4, 8]);
    expect(await readIn([8, 40])).toEqual([8, 0, 4]); // 40 was never opened
  });

  it("carries what is written in the callback that tells of the handshake", async () => {
    const client = new Recorder();
    client.whenEstablished = (connection) => void connection.write(0, Buffer.from("at once"), true);
    const pair = new Pair({ client, server: echoing() });
    await until("the answer", () => client.ended.length === 1);
    expect(client.text(0)).toBe("at once");
    expect(pair.serverApp.text(0)).toBe("at once");
  });

  it("carries an end without bytes, with a stream that was begun and with one that was not", async () => {
    const pair = new Pair({ server: echoing() });
    await established(pair);
    expect(pair.client.write(0, Buffer.from("x"), false)).toBe(1);
    await sleep(5);
    expect(pair.client.write(0, Buffer.alloc(0), true)).toBe(0);
    expect(pair.client.write(4, Buffer.alloc(0), true)).toBe(0);
    await until("both answers", () => pair.clientApp.ended.length === 2);
    expect([pair.clientApp.text(0), pair.clientApp.text(4)]).toEqual(["x", ""]);
  });

  it("takes no more than the peer's windows, and says when there is room again", async () => {
    const server = new Recorder();
    server.reads = false;
    const pair = new Pair({ server, serverConfig: serverOf({ streamWindowBytes: 20_000, windowBytes: 50_000 }) });
    await established(pair);
    const all = Buffer.alloc(300_000, "0123456789");
    let at = pair.client.write(0, all, true) ?? 0;
    expect(at).toBeLessThan(20_001);
    pair.clientApp.whenWritable = (connection, streamId) => {
      at += connection.write(streamId, all.subarray(at), true) ?? 0;
    };
    await sleep(50);
    expect(at).toBe(20_000); // nobody reads, so no more is allowed
    server.reads = true;
    server.readAll(pair.server!, 0);
    pair.server!.flush();
    await until("all of it", () => server.ended.includes(0));
    expect(Buffer.concat(server.received.get(0)!).equals(all)).toBe(true);
    expect(at).toBe(all.length);
  });

  it("goes on where only the path's window was full", async () => {
    const pair = new Pair();
    await established(pair);
    const all = Buffer.alloc(2_000_000, "abc");
    let at = pair.client.write(0, all, true) ?? 0;
    expect(at).toBeLessThan(100_000); // ten packets are allowed at the start (RFC 9002 section 7.2)
    pair.clientApp.whenWritable = (connection, streamId) => {
      at += connection.write(streamId, all.subarray(at), true) ?? 0;
    };
    await until("all of it", () => pair.serverApp.ended.includes(0));
    expect(Buffer.concat(pair.serverApp.received.get(0)!).equals(all)).toBe(true);
  });

  it("refuses more streams than the peer allows, and has them when earlier ones are over", async () => {
    const pair = new Pair({ server: echoing(), serverConfig: serverOf({ maxStreamsBidi: 2 }) });
    await established(pair);
    expect([0, 4, 8].map((id) => pair.client.write(id, Buffer.from("x"), true))).toEqual([1, 1, undefined]);
    await until("both answers", () => pair.clientApp.ended.length === 2);
    await until("room for one more", () => pair.client.native.peerStreamsLeftBidi() > 0);
    expect(pair.client.write(8, Buffer.from("x"), true)).toBe(1);
    await until("the third answer", () => pair.clientApp.ended.length === 3);
  });

  it("breaks a stream off with a code that the other end reads", async () => {
    const pair = new Pair();
    await established(pair);
    pair.client.write(0, Buffer.from("half"), false);
    await until("its bytes", () => pair.serverApp.text(0) === "half");
    pair.client.abandon(0, 268);
    await until("the reset", () => pair.serverApp.resets.length > 0);
    expect(pair.serverApp.resets).toEqual([[0, 268]]);
    expect(pair.server!.write(0, Buffer.from("too late"), true)).toBeUndefined();
    expect([pair.client.closed, pair.server!.closed]).toEqual([false, false]);
  });

  it("tells when everything on a stream has arrived", async () => {
    const pair = new Pair({ server: echoing(), delayMs: 20 });
    await established(pair);
    const delivered: number[] = [];
    const start = performance.now();
    pair.serverApp.whenEnded = (connection, streamId) => {
      connection.write(streamId, Buffer.alloc(5000), true);
      connection.whenDelivered(streamId, () => delivered.push(performance.now() - start));
    };
    pair.client.write(0, Buffer.from("x"), true);
    await until("the answer", () => pair.clientApp.ended.length === 1);
    expect(delivered).toEqual([]);
    await until("its acknowledgement", () => delivered.length === 1);
    expect(delivered[0]).toBeGreaterThan(55); // there, and back, and there
  });

  describe("ends", () => {
    it.each([
      ["the application's", true, 256, "enough"],
      ["the transport's", false, 0, ""],
    ])("with %s code at both ends, once", async (_what, application, code, reason) => {
      const pair = new Pair();
      await established(pair);
      pair.client.close(application, code, reason);
      pair.client.close(application, code + 1, "again");
      const end = { application, code, reason, wasEstablished: true };
      expect(pair.clientApp.ends).toEqual([{ ...end, by: "us" }]);
      await until("the server's end", () => pair.serverApp.ends.length === 1);
      expect(pair.serverApp.ends).toEqual([{ ...end, by: "peer" }]);
      expect(pair.client.write(0, Buffer.from("x"), true)).toBeUndefined();
      await until("both to be forgotten", () => pair.gone === 2);
      expect([pair.clientApp.ends.length, pair.serverApp.ends.length]).toEqual([1, 1]);
    });

    it("shows a reason without what could move a terminal's cursor", async () => {
      const pair = new Pair();
      await established(pair);
      pair.server!.close(true, 1, "\u001b[2J bad\n");
      await until("the end", () => pair.clientApp.ends.length === 1);
      expect(pair.clientApp.ends[0]!.reason).toBe("?[2J bad?");
    });

    it("where the ends have no protocol in common (RFC 7301: no_application_protocol, 120)", async () => {
      const pair = new Pair({ clientConfig: clientOf({}, ["other"]) });
      await until("the end", () => pair.clientApp.ends.length === 1);
      const end = { application: false, code: 0x100 + 120, wasEstablished: false };
      expect(pair.clientApp.ends).toMatchObject([{ ...end, by: "peer" }]);
      expect(pair.serverApp.ends).toMatchObject([{ ...end, by: "us" }]);
      expect([pair.clientApp.established, pair.serverApp.established]).toEqual([0, 0]);
    });

    it("where the certificate is another name's (bad_certificate and its kin)", async () => {
      const pair = new Pair({ servername: "example.com" });
      await until("the end", () => pair.clientApp.ends.length === 1);
      const { by, code } = pair.clientApp.ends[0]!;
      expect([by, code > 0x100 && code < 0x200]).toEqual(["us", true]);
    });

    it("when nothing is heard for the idle timeout", async () => {
      const pair = new Pair({ clientConfig: clientOf({ idleTimeoutNs: ms(60) }) });
      await established(pair);
      const start = performance.now();
      await until("the end", () => pair.clientApp.ends.length === 1 && pair.serverApp.ends.length === 1);
      expect(pair.clientApp.ends[0]).toMatchObject({ by: "idle", wasEstablished: true });
      expect(performance.now() - start).toBeGreaterThan(40);
      await until("both to be forgotten", () => pair.gone === 2);
    });

    it("when nobody ever answers, after three times the first timeout (RFC 9000 section 10.1)", async () => {
      const pair = new Pair({ loses: () => true, clientConfig: clientOf({ idleTimeoutNs: ms(60) }) });
      await until("the end", () => pair.clientApp.ends.length === 1);
      expect(pair.clientApp.ends).toMatchObject([{ by: "idle", wasEstablished: false }]);
    });

    it("not while keep-alives go", async () => {
      const config = { clientConfig: clientOf({ idleTimeoutNs: ms(80) }), keepaliveNs: ms(20) };
      const pair = new Pair(config);
      await established(pair);
      const before = pair.sent.length;
      await sleep(250);
      expect(pair.clientApp.ends).toEqual([]);
      const pings = pair.sent.slice(before).filter(({ from }) => from === "client").length;
      expect(pings).toBeGreaterThan(4);
      expect(pings).toBeLessThan(20);
    });

    it("when its socket fails, at once and without a word", async () => {
      const pair = new Pair();
      await established(pair);
      const before = pair.sent.length;
      pair.client.fail("ECONNREFUSED");
      expect(pair.clientApp.ends).toMatchObject([{ by: "socket", reason: "ECONNREFUSED" }]);
      expect(pair.sent.length).toBe(before);
      expect(pair.gone).toBe(1);
    });
  });

  it("acknowledges at once, or when the hold is over", async () => {
    const acknowledged = async (ackHoldNs: number): Promise<number> => {
      const pair = new Pair({ ackHoldNs });
      await established(pair);
      await sleep(200 + ackHoldNs / 1e6); // what the handshake left over is acknowledged
      const before = pair.sent.length;
      const start = performance.now();
      pair.client.write(0, Buffer.from("no answer to this"), false);
      const isAck = ({ from }: { from: string }) => from === "server";
      await until("the acknowledgement", () => pair.sent.slice(before).some(isAck));
      return pair.sent.slice(before).find(isAck)!.atMs - start;
    };
    expect(await acknowledged(0)).toBeLessThan(100);
    expect(await acknowledged(ms(150))).toBeGreaterThan(145);
  });

  it("lets a held acknowledgement ride on an answer", async () => {
    const pair = new Pair({ server: echoing(), ackHoldNs: ms(500) });
    await established(pair);
    const start = performance.now();
    pair.client.write(0, Buffer.from("x"), true);
    await until("the answer", () => pair.clientApp.ended.length === 1);
    expect(performance.now() - start).toBeLessThan(250);
  });

  it("recovers what is lost, in the handshake and after it", async () => {
    const lost = (["client", "server"] as const).flatMap((from) => [0, 1, 2, 3].map((number) => ({ from, number })));
    const recovers = async (one: (typeof lost)[number]) => {
      const loses = (from: string, number: number) => from === one.from && number === one.number;
      const pair = new Pair({ server: echoing(), loses });
      await established(pair);
      // After a loss the window may take only a part at first.
      let rest = Buffer.alloc(10_000, "x");
      const write = (connection: QuicConnection) => {
        rest = rest.subarray(connection.write(0, rest, true) ?? 0);
      };
      pair.clientApp.whenWritable = write;
      write(pair.client);
      await until("the answer", () => pair.clientApp.ended.length === 1);
      expect(pair.clientApp.text(0)).toBe("x".repeat(10_000));
      expect(pair.sent.filter(({ lost }) => lost).length).toBe(1);
    };
    await Promise.all(lost.map(recovers));
  });

  it("reads a packet behind one whose keys are gone, in the same datagram", async () => {
    let handshake: Buffer | undefined;
    const alter = (from: string, datagram: Buffer): Buffer => {
      if (from === "server") return datagram;
      // The client's second flight ends with its Finished, in a Handshake packet.
      handshake ??= packetsIn(datagram)
        .map((one) => Buffer.from(one))
        .find((one) => (one[0]! & 0xf0) === 0xe0);
      const isShort = (datagram[0]! & 0x80) === 0;
      return isShort && handshake !== undefined ? Buffer.concat([handshake, datagram]) : datagram;
    };
    const pair = new Pair({ server: echoing(), alter });
    await established(pair);
    pair.client.write(0, Buffer.from("behind"), true);
    await until("the answer", () => pair.clientApp.ended.length === 1);
    expect(handshake).toBeDefined();
    expect(pair.client.native.stats().retrans).toBe(0);
  });

  it("recovers from one datagram in ten lost both ways", async () => {
    let turn = 0;
    const pair = new Pair({ server: echoing(), loses: () => ++turn % 10 === 7 });
    await established(pair);
    const all = "0123456789".repeat(20_000);
    let at = 0;
    const go = () => {
      at += pair.client.write(0, Buffer.from(all).subarray(at), true) ?? 0;
    };
    pair.clientApp.whenWritable = go;
    pair.serverApp.whenEnded = (connection) => void connection.write(0, Buffer.from("whole"), true);
    go();
    await until("the answer", () => pair.clientApp.ended.length === 1);
    expect(pair.serverApp.text(0) === all).toBe(true);
    expect(pair.client.native.stats().lost).toBeGreaterThan(3);
  });

  it("resumes with 0-RTT; another server's ticket costs a full handshake and loses nothing", async () => {
    const config = serverOf();
    const first = new Pair({ serverConfig: config });
    await established(first);
    await until("a ticket", () => first.client.native.session() !== null);
    const ticket = first.client.native.session()!;
    for (const [serverConfig, accepted] of [
      [config, true],
      [serverOf(), false],
    ] as const) {
      const client = new Recorder();
      client.whenEarly = (connection) => void connection.write(0, Buffer.from("early"), true);
      const pair = new Pair({ client, server: echoing(), serverConfig, ticket, delayMs: 50 });
      expect(client.early).toBe(1);
      await until("the answer", () => client.ended.length === 1);
      expect(client.text(0)).toBe("early");
      // One round trip of 100 ms, or two.
      expect(pair.sinceMs > 195).toBe(!accepted);
      expect(pair.client.native.isResumed()).toBe(accepted);
      expect(pair.client.earlyDataRefused).toBe(!accepted);
    }
  });

  it("sends what is written ahead of the first flight in its first datagram, and late where the ticket is not good for 0-RTT", async () => {
    for (const takesEarly of [true, false]) {
      const serverConfig = serverOf({}, ["test"], takesEarly);
      const first = new Pair({ serverConfig });
      await established(first);
      await until("a ticket", () => first.client.native.session() !== null);
      const client = new Recorder();
      client.whenFirstFlight = (connection) => void connection.write(0, Buffer.from("early"), true);
      const ticket = first.client.native.session()!;
      const pair = new Pair({ client, server: echoing(), serverConfig, ticket, delayMs: 50 });
      expect(client.early).toBe(takesEarly ? 1 : 0);
      const sentAtFirst = pair.sent.length;
      await until("the answer", () => client.ended.length === 1);
      expect(client.text(0)).toBe("early");
      expect(sentAtFirst).toBe(1);
      expect(pair.sinceMs < 195).toBe(takesEarly);
      expect(pair.client.earlyDataRefused).toBe(false);
    }
  });
});
