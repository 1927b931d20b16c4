import { describe, expect, it, vi } from "vitest";
import { filler } from "../../src/lab/filler.js";
import type { LabKind } from "../../src/lab/kinds.js";
import { startLab } from "../../src/lab/server.js";
import { fdOf, loadSocketOptions, type SocketOptions } from "../../src/sockets/socket-options.js";
import { ms } from "../../src/units/duration.js";
import { onlyIf } from "../skip.js";
import { aMoment, type Client, client, hit, lab, tlsClient } from "./client.js";

const HIT = hit("a").length;
const KERNEL = loadSocketOptions();
const CAN_QUICKACK = !("unavailable" in KERNEL);
const NO_KERNEL = "counting segments needs Linux and koffi";
const LARGE_HIT = `VALUE a 0 1000\r\n${Buffer.alloc(1000, "netlat ")}\r\nEND\r\n`;

/** Segments with data that came: the client's own reads may join them, the kernel's count does not. */
function segmentsIn(asker: Client): number {
  const info = "unavailable" in KERNEL ? null : KERNEL.tcpInfo(fdOf(asker.socket) ?? -1);
  return info?.dataSegsIn ?? Number.NaN;
}

describe("delays", () => {
  it("thinks before each answer", async () => {
    const asker = await client(await lab("memcached", { thinkNs: ms(15) }));
    const times = [await asker.ask("get a\r\n", HIT), await asker.ask("get a\r\n", HIT)];
    expect(Math.min(...times)).toBeGreaterThanOrEqual(14.9);
  });

  it("thinks for less than a timer's millisecond", async () => {
    const asker = await client(await lab("memcached", { thinkNs: ms(0.4) }));
    const times: number[] = [];
    for (let n = 0; n < 15; n++) times.push(await asker.ask("get a\r\n", HIT));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0.4);
  });

  it("thinks at every third request only", async () => {
    const asker = await client(await lab("redis", { thinkNs: ms(40), thinkEvery: 3 }));
    const times: number[] = [];
    for (let n = 0; n < 6; n++) times.push(await asker.ask("PING\r\n", 7));
    expect(times.map((time) => time >= 39.9)).toEqual([false, false, true, false, false, true]);
  });

  it("has one slow page, which those behind it on the connection wait for", async () => {
    const server = await lab("http", { slowNs: ms(60), valueBytes: 1 });
    const [slow, quick] = [await client(server), await client(server)];
    const behind = slow.ask("GET /slow HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 150);
    const beside = quick.ask("GET / HTTP/1.1\r\n\r\n", 80);
    expect(await beside).toBeLessThan(50);
    expect(await behind).toBeGreaterThan(59.9);
  });

  it("stops as a whole once, after so many answers of all connections", async () => {
    const server = await lab("memcached", { pauseNs: ms(80), pauseAfter: 3 });
    const [one, two] = [await client(server), await client(server)];
    const times = [
      await one.ask("get a\r\n", HIT),
      await two.ask("get a\r\n", HIT),
      await one.ask("get a\r\n", HIT),
      await two.ask("get a\r\n", HIT),
      await one.ask("get a\r\n", HIT),
    ];
    expect(times.map((time) => time >= 79)).toEqual([false, false, false, true, false]);
  });
});

describe("the answer's writes", () => {
  it("writes an answer in pieces", async () => {
    const asker = await client(await lab("memcached", { splitResponse: [20, 480], valueBytes: 1000 }));
    await asker.ask("get a\r\n", LARGE_HIT.length);
    expect(asker.text).toBe(LARGE_HIT);
  });

  it("makes each piece a segment of its own", onlyIf(CAN_QUICKACK, NO_KERNEL), async () => {
    const asker = await client(await lab("memcached", { splitResponse: [20, 480], valueBytes: 1000 }));
    const before = segmentsIn(asker);
    await asker.ask("get a\r\n", LARGE_HIT.length);
    expect(segmentsIn(asker) - before).toBe(3);
  });

  it("lets Nagle's algorithm hold a piece back when asked to", onlyIf(CAN_QUICKACK, NO_KERNEL), async () => {
    const asker = await client(await lab("memcached", { splitResponse: [20, 480], valueBytes: 1000, nagle: true }));
    const segments: number[] = [];
    // On a busy machine the delayed ACK may fire between two of the server's writes: then nothing is left to be held.
    for (let tries = 0; tries < 5 && !segments.includes(2); tries++) {
      (KERNEL as SocketOptions).setQuickAck(fdOf(asker.socket) as number, false);
      const before = segmentsIn(asker);
      await asker.ask("get a\r\n", LARGE_HIT.length);
      segments.push(segmentsIn(asker) - before);
    }
    expect(segments).toContain(2);
  });

  it("makes a large page as it is read, and cuts it in the middle when asked to", async () => {
    const whole = await client(await lab("http", { bigBytes: 3_000_001 }));
    await whole.write(["GET /big HTTP/1.1\r\nConnection: close\r\n\r\n"]);
    const [head = "", body = ""] = (await whole.untilEnd()).split("\r\n\r\n");
    expect([/Content-Length: 3000001/.test(head), body === filler(3_000_001).toString("latin1")]).toEqual([true, true]);
    const cut = await client(await lab("http", { bigBytes: 3_000_001, cutAnswer: true }));
    await cut.write(["GET /big HTTP/1.1\r\n\r\n"]);
    expect((await cut.untilEnd()).length).toBe((3_000_001 + head.length - "Connection: close\r\n".length + 4) >> 1);
  });

  it("writes an answer that is shorter than its pieces", async () => {
    const asker = await client(await lab("redis", { splitResponse: [3, 4, 20] }));
    await asker.ask("PING\r\nPING\r\n", 14);
    expect(asker.text).toBe("+PONG\r\n+PONG\r\n");
  });

  it("holds a client back that pipelines more than it reads", async () => {
    const server = await lab("memcached", { valueBytes: 100_000 });
    const asker = await client(server);
    asker.socket.pause();
    const requests = Buffer.alloc(28e6, "get a\r\n"); // far more than the kernel's buffers take
    let taken = false;
    asker.socket.write(requests, () => {
      taken = true;
    });
    await aMoment();
    expect(taken).toBe(false);
    asker.socket.resume();
    expect(await asker.until(1e6)).toContain("END\r\nVALUE a 0 100000\r\n");
  });
});

describe("faults", () => {
  it("closes after so many answers", async () => {
    const asker = await client(await lab("memcached", { closeAfter: 2 }));
    await asker.write(["get a\r\nget b\r\nget c\r\n"]);
    expect(await asker.untilEnd()).toBe(hit("a") + hit("b"));
  });

  it("announces the close where the protocol can", async () => {
    const asker = await client(await lab("http", { closeAfter: 2, valueBytes: 1 }));
    await asker.write(["GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"]);
    expect((await asker.untilEnd()).split("HTTP/1.1").map((answer) => answer.includes("Connection: close"))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("answers garbage", async () => {
    const asker = await client(await lab("redis", { garbage: true }));
    await asker.ask("PING\r\n", 1);
    expect(asker.text).toMatch(/not the protocol/);
  });

  it("closes in the middle of an answer", async () => {
    const asker = await client(await lab("memcached", { cutAnswer: true }));
    await asker.write(["get a\r\nget b\r\n"]);
    expect(await asker.untilEnd()).toBe(hit("a").slice(0, HIT / 2));
  });

  it.each<LabKind>(["memcached", "echo"])("%s says nothing at all", async (kind) => {
    const asker = await client(await lab(kind, { silent: true }));
    await asker.write(["get a\r\n"]);
    await aMoment();
    expect([asker.text, asker.ended]).toEqual(["", false]);
    asker.socket.end();
    expect(await asker.untilEnd()).toBe("");
  });

  it("goes on serving others when a client resets", async () => {
    const server = await lab("memcached", { thinkNs: ms(5) });
    const rude = await client(server);
    await rude.write(["get a\r\n"]);
    rude.socket.resetAndDestroy();
    await aMoment();
    const polite = await client(server);
    await polite.ask("get a\r\n", HIT);
    expect(polite.text).toBe(hit("a"));
  });
});

describe("TLS", () => {
  it("speaks TLS with a certificate that its address matches, with every fault there is", async () => {
    const asker = await tlsClient(
      await lab("memcached", { tls: true, splitResponse: [20], closeAfter: 2, quickack: CAN_QUICKACK }),
    );
    await asker.ask("get a\r\n", HIT);
    expect(asker.chunks.map((chunk) => chunk.length)).toEqual([20, HIT - 20]);
    await asker.write(["get b\r\n"]);
    expect(await asker.untilEnd()).toBe(hit("a") + hit("b"));
  });

  it("survives what is not TLS", async () => {
    const server = await lab("memcached", { tls: true });
    const plain = await client(server);
    await plain.write(["get a\r\n"]);
    await plain.untilEnd();
    const asker = await tlsClient(server);
    await asker.ask("get a\r\n", HIT);
    expect(asker.text).toBe(hit("a"));
  });
});

describe("starting", () => {
  it("says which port is taken, and what to do", async () => {
    const { port } = await lab("echo");
    await expect(startLab("echo", { port })).rejects.toMatchObject({
      exitCode: 4,
      message: `port ${port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one`,
    });
  });

  it("says that an address is not of this machine", async () => {
    await expect(startLab("echo", { host: "192.0.2.1" })).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/^192.0.2.1 is not an address of this machine; /),
    });
  });

  it("says that it cannot acknowledge at once where nothing can", async () => {
    vi.stubEnv("NETLAT_WITHOUT_KOFFI", "1");
    await expect(startLab("echo", { quickack: true })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^quickack on: the lab cannot set TCP_QUICKACK here, /),
    });
    vi.unstubAllEnvs();
  });

  it("closes while clients are connected", async () => {
    const server = await startLab("memcached", { silent: true });
    const asker = await client(server);
    await asker.write(["get a\r\n"]);
    await server.close();
    await expect(client(server)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
