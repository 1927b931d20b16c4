import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { onlyIf } from "../skip.js";
import { describeWithPeer, peer } from "./peers.js";

/** A connection whose received text can be waited for. */
async function dial(port: number) {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return {
    send: (text: string) => socket.write(text),
    received: () => received,
    async until(text: string) {
      for (const deadline = Date.now() + 5000; !received.includes(text); await sleep(5)) {
        if (Date.now() > deadline)
          throw new Error(`waited for ${JSON.stringify(text)}, got ${JSON.stringify(received)}`);
      }
      const all = received;
      received = "";
      return all;
    },
    close: () => socket.destroy(),
  };
}

const GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST_HEAD = "POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n";

describeWithPeer("memcached", (server) => {
  test("says END for a key that is not stored", async () => {
    const client = await dial(server.port);
    client.send("get somekey\r\n");
    expect(await client.until("\r\n")).toBe("END\r\n");
    client.close();
  });
});

describeWithPeer("redis", (server) => {
  test("answers RESP and inline commands", async () => {
    const client = await dial(server.port);
    client.send("*2\r\n$3\r\nGET\r\n$7\r\nsomekey\r\n");
    expect(await client.until("\r\n")).toBe("$-1\r\n");
    client.send("PING\r\n");
    expect(await client.until("\r\n")).toBe("+PONG\r\n");
    client.close();
  });
});

describeWithPeer("nginx", (server) => {
  test("serves its site, twice on one connection", async () => {
    const client = await dial(server.port);
    for (const _ of [1, 2]) {
      client.send(GET);
      const answer = await client.until("hello from nginx\n");
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answer).toMatch(/\r\nConnection: keep-alive\r\n/);
    }
    client.close();
  });

  test("answers a POST only when its body has come", async () => {
    const client = await dial(server.port);
    client.send(POST_HEAD);
    await sleep(100);
    expect(client.received()).toBe("");
    client.send("12345");
    expect(await client.until("posted\n")).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    client.close();
  });
});

describeWithPeer("haproxy", (server) => {
  test("answers by itself, twice on one connection", async () => {
    const client = await dial(server.port);
    for (const _ of [1, 2]) {
      client.send(GET);
      expect(await client.until("hello from haproxy\n")).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    }
    client.close();
  });

  test("answers a POST only when its body has come", async () => {
    const client = await dial(server.port);
    client.send(POST_HEAD);
    await sleep(100);
    expect(client.received()).toBe("");
    client.send("12345");
    expect(await client.until("hello from haproxy\n")).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    client.close();
  });
});

const memcached = peer("memcached");
test(
  "a stopped server no longer listens",
  onlyIf(memcached.available, memcached.available ? "" : memcached.reason),
  async () => {
    if (!memcached.available) return;
    const server = await memcached.start();
    await server.stop();
    await expect(dial(server.port)).rejects.toThrow("ECONNREFUSED");
  },
);
