import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { quicAnswers } from "../../src/probes/quic-answers.js";
import { readHead } from "../../src/protocols/quic/packet-head.js";

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

async function udp(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  open.push(socket);
  return { socket, port: socket.address().port };
}

describe("is there QUIC at an address", () => {
  it("asks what every server must answer: a version that nobody speaks, in a datagram of full size", async () => {
    const { socket, port } = await udp();
    const asked = new Promise<Buffer>((resolve) => {
      socket.once("message", (question, from) => {
        resolve(question);
        socket.send(Uint8Array.of(0x80, 0, 0, 0, 0), from.port, from.address);
      });
    });
    expect(await quicAnswers("127.0.0.1", 4, port, 2000)).toBe(true);
    const question = await asked;
    expect(question).toHaveLength(1200);
    expect(readHead(question, 0, 0)).toMatchObject({ version: 0x1a2a3a4a });
  });

  it("asks again when a datagram was lost", async () => {
    const { socket, port } = await udp();
    let seen = 0;
    socket.on("message", (_question, from) => {
      if (++seen === 2) socket.send(Uint8Array.of(0x80), from.port, from.address);
    });
    expect(await quicAnswers("127.0.0.1", 4, port, 5000)).toBe(true);
  });

  it("takes a refusal at once, and silence after the time given, for no", async () => {
    const { socket, port } = await udp();
    expect(await quicAnswers("127.0.0.1", 4, port, 50)).toBe(false);
    open.splice(open.indexOf(socket), 1);
    await new Promise<void>((closed) => socket.close(() => closed()));
    const before = performance.now();
    expect(await quicAnswers("127.0.0.1", 4, port, 10_000)).toBe(false);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it("takes an address to which nothing can be sent for no, and does not fail", async () => {
    // The broadcast address is refused to a socket that did not ask for broadcasting (EACCES), where it has a route at all.
    expect(await quicAnswers("255.255.255.255", 4, 443, 500)).toBe(false);
  });
});
