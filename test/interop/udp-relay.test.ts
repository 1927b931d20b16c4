import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { gtlsclient } from "./peers/gtlsclient.js";
import { describeWithPeer } from "./peers.js";
import { Line, UdpRelay } from "./udp-relay.js";

const dues = (line: Line, count: number) => Array.from({ length: count }, (_, at) => line.dueMs(at));

describe("a line", () => {
  test("without options passes everything at once", () => {
    expect(dues(new Line({}), 3)).toEqual([0, 1, 2]);
  });

  test("delays and loses as asked", () => {
    expect(dues(new Line({ delayMs: 20 }), 3)).toEqual([20, 21, 22]);
    const all = dues(new Line({ loss: 0.02 }), 100_000);
    const lost = all.filter((due) => due === undefined).length;
    expect(lost).toBeGreaterThan(1800);
    expect(lost).toBeLessThan(2200);
  });

  test("keeps the order, and its jitter stays within its bounds", () => {
    const settings = fc.record({
      delayMs: fc.nat(200),
      jitterMs: fc.nat(50),
      loss: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.nat(),
    });
    const gaps = fc.array(fc.nat(20));
    fc.assert(
      fc.property(settings, gaps, (options, waits) => {
        const line = new Line(options);
        let [now, last] = [0, 0];
        for (const wait of waits) {
          now += wait;
          const due = line.dueMs(now);
          if (due === undefined) continue;
          expect(due).toBeGreaterThanOrEqual(Math.max(last, now + options.delayMs));
          expect(due).toBeLessThanOrEqual(Math.max(last, now + options.delayMs + options.jitterMs));
          last = due;
        }
      }),
    );
  });

  test("which are lost depends on the seed alone", () => {
    const lostOf = (line: Line) => dues(line, 1000).map((due) => due === undefined);
    expect(lostOf(new Line({ loss: 0.1, jitterMs: 5, seed: 7 }))).toEqual(lostOf(new Line({ loss: 0.1, seed: 7 })));
    expect(lostOf(new Line({ loss: 0.1, seed: 8 }))).not.toEqual(lostOf(new Line({ loss: 0.1, seed: 7 })));
  });
});

describe("the relay", () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function bound(): Promise<Socket> {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    open.push(socket);
    return socket;
  }

  async function relayToEcho(options: ConstructorParameters<typeof Line>[0]): Promise<UdpRelay> {
    const echo = await bound();
    echo.on("message", (datagram, from) => echo.send(datagram, from.port, from.address));
    const relay = await UdpRelay.open((echo.address() as AddressInfo).port, options);
    open.push(relay);
    return relay;
  }

  test("takes its delay both ways and keeps clients apart", async () => {
    const relay = await relayToEcho({ delayMs: 20 });
    const clients = [await bound(), await bound()];
    const started = performance.now();
    const answers = clients.map((client) => once(client, "message"));
    for (const [at, client] of clients.entries()) client.send(`from ${at}`, relay.port, "127.0.0.1");
    const texts = (await Promise.all(answers)).map(([text]) => String(text));
    expect(texts).toEqual(["from 0", "from 1"]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(40);
    expect(relay.counts).toEqual({ toServer: { passed: 2, lost: 0 }, toClient: { passed: 2, lost: 0 } });
  });

  test("keeps the order under jitter, and counts what it loses", async () => {
    const relay = await relayToEcho({ jitterMs: 10, loss: 0.2, seed: 3 });
    const client = await bound();
    const got: number[] = [];
    client.on("message", (datagram) => got.push(datagram.readUInt8(0)));
    for (let n = 0; n < 100; n++) client.send(Uint8Array.of(n), relay.port, "127.0.0.1");
    await sleep(300);
    expect(got).toEqual([...got].sort((x, y) => x - y));
    const { toServer, toClient } = relay.counts;
    expect(toServer.passed + toServer.lost).toBe(100);
    expect(toClient).toEqual({ passed: got.length, lost: toServer.passed - got.length });
    expect(toServer.lost).toBeGreaterThan(5);
  });

  test("goes silent", async () => {
    const relay = await relayToEcho({});
    const client = await bound();
    client.send("before", relay.port, "127.0.0.1");
    await once(client, "message");
    relay.goSilent();
    let heard = false;
    client.once("message", () => (heard = true));
    client.send("after", relay.port, "127.0.0.1");
    await sleep(100);
    expect(heard).toBe(false);
    expect(relay.counts.toServer).toEqual({ passed: 1, lost: 1 });
  });
});

describeWithPeer("gtlsserver", (server) => {
  test("carries QUIC: the client sees the path's round trip and gets all in spite of losses", async () => {
    const relay = await UdpRelay.open(server.port, { delayMs: 20, loss: 0.02, seed: 5 });
    try {
      const run = await gtlsclient(relay.port, ["/small"], { requests: 20 });
      expect(run.statuses).toEqual(Array(20).fill(200));
      const rtts = [...run.output.matchAll(/latest_rtt=(\d+) min_rtt=(\d+)/g)].map((match) => Number(match[2]));
      expect(Math.min(...rtts)).toBeGreaterThanOrEqual(40);
      expect(Math.min(...rtts)).toBeLessThan(60);
    } finally {
      await relay.close();
    }
  });
});
