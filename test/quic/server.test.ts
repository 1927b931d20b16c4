/** QuicServer and QuicClient over UDP on loopback. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { NativeConfig } from "../../src/quic/binding.js";
import { QuicClient } from "../../src/quic/client.js";
import { QuicServer } from "../../src/quic/server.js";
import { ms } from "../../src/units/duration.js";
import { onlyIf } from "../skip.js";
import { clientOf, quiche, Recorder, serverOf, unavailable, until } from "./pair.js";

const NEVER = () => false;

interface Served {
  readonly server: QuicServer;
  readonly apps: Recorder[];
}

/** A server that echoes each stream; it ends with the test. */
async function serve(config: NativeConfig = serverOf(), retry = false): Promise<Served> {
  const apps: Recorder[] = [];
  const server = await QuicServer.listen({
    quiche,
    config: () => config,
    host: "127.0.0.1",
    port: 0,
    application: () => {
      const app = new Recorder();
      app.whenEnded = (connection, id) => void connection.write(id, Buffer.from(app.text(id)), true);
      apps.push(app);
      return app;
    },
    retry,
    ackHoldNs: ms(0),
    losesIncoming: NEVER,
    losesOutgoing: NEVER,
  });
  let open = true;
  const close = server.close.bind(server);
  server.close = async () => {
    if (open) await close();
    open = false;
  };
  onTestFinished(() => server.close());
  return { server, apps };
}

interface Visit {
  readonly client: QuicClient;
  readonly app: Recorder;
  readonly datagrams: { from: "client" | "server"; bytes: Buffer }[];
  ask(text: string): Promise<string>;
}

const CLIENT_CONFIG = unavailable === undefined ? clientOf() : undefined;

async function visit(
  { server }: { readonly server: { readonly port: number } },
  options: { migrates?: boolean; servername?: string } = {},
): Promise<Visit> {
  const app = new Recorder();
  const datagrams: Visit["datagrams"] = [];
  const client = await QuicClient.start({
    quiche,
    config: CLIENT_CONFIG!,
    peer: { address: "127.0.0.1", port: server.port, family: 4 },
    servername: options.servername ?? "localhost",
    application: app,
    ackHoldNs: ms(0),
    keepaliveNs: undefined,
    ticket: undefined,
    keyLogPath: undefined,
    migrates: options.migrates ?? false,
    onDatagram: (from, datagram) => datagrams.push({ from, bytes: Buffer.from(datagram) }),
  });
  onTestFinished(() => client.connection.drop());
  let next = 0;
  const ask = async (text: string) => {
    const streamId = next;
    next += 4;
    client.connection.write(streamId, Buffer.from(text), true);
    await until("the answer", () => app.ended.includes(streamId) || app.ends.length > 0);
    return app.text(streamId);
  };
  return { client, app, datagrams, ask };
}

const isEstablished = ({ app }: Visit) => until("the handshake", () => app.established === 1);

async function socket(): Promise<Socket> {
  const one = createSocket("udp4");
  one.bind(0, "127.0.0.1");
  await once(one, "listening");
  onTestFinished(() => void one.close());
  return one;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const one = createSocket("udp4");
  one.bind(0, "127.0.0.1");
  await once(one, "listening");
  const { port } = one.address();
  const closed = once(one, "close");
  one.close();
  await closed;
  return port;
}

/** What comes back from a datagram, within a moment. */
async function answersTo(datagram: Uint8Array, port: number): Promise<Buffer[]> {
  const one = await socket();
  const answers: Buffer[] = [];
  one.on("message", (message) => answers.push(message));
  one.send(datagram, port, "127.0.0.1");
  await sleep(60);
  return answers;
}

describe("a QUIC server and its clients on loopback", onlyIf(unavailable === undefined, unavailable ?? ""), () => {
  it("serves, and tells its clients when it ends", async () => {
    const served = await serve();
    const visits = await Promise.all([visit(served), visit(served)]);
    await Promise.all(visits.map(isEstablished));
    expect(await Promise.all(visits.map(({ ask }, index) => ask(`question ${index}`)))).toEqual([
      "question 0",
      "question 1",
    ]);
    expect(served.server.connections).toBe(2);
    await served.server.close();
    await until("the end", () => visits.every(({ app }) => app.ends.length === 1));
    expect(visits[0]!.app.ends).toMatchObject([{ by: "peer", application: true, reason: "the server ends" }]);
  });

  it("cannot listen where another one does", async () => {
    const { server } = await serve();
    const again = { quiche, config: () => serverOf(), host: "127.0.0.1", port: server.port, retry: false };
    const rest = { application: () => new Recorder(), ackHoldNs: ms(0), losesIncoming: NEVER, losesOutgoing: NEVER };
    await expect(QuicServer.listen({ ...again, ...rest })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("is told where nobody listens", async () => {
    const gone = await visit({ server: { port: await freePort() } });
    await until("the end", () => gone.app.ends.length === 1);
    expect(gone.app.ends).toMatchObject([{ by: "socket", reason: "ECONNREFUSED", wasEstablished: false }]);
  });

  it("sends every client back once for a Retry, and knows its own tokens only for the address they are for", async () => {
    const served = await serve(serverOf(), true);
    const visitor = await visit(served);
    await isEstablished(visitor);
    expect(await visitor.ask("after a Retry")).toBe("after a Retry");
    const [, retry] = visitor.datagrams;
    expect([retry!.from, retry!.bytes[0]! & 0xf0]).toEqual(["server", 0xf0]);
    expect(served.server.connections).toBe(1);

    // Its second Initial, which has the token, from another port; and with a bit of the token turned.
    const initial = visitor.datagrams.filter(({ from }) => from === "client")[1]!.bytes;
    const damaged = Buffer.from(initial);
    const header = quiche.Header.fromSlice(Buffer.from(initial), 16);
    const at = initial.indexOf(Buffer.from(header.token!));
    damaged[at] = damaged[at]! ^ 1;
    for (const datagram of [initial, damaged]) {
      const fresh = Buffer.from(datagram);
      // To a connection that the server does not know, or it would be taken for the visitor's.
      fresh[6] = fresh[6]! ^ 1;
      const answers = await answersTo(fresh, served.server.port);
      expect(answers.map((answer) => answer[0]! & 0xf0)).toEqual([0xf0]);
      expect(served.server.connections).toBe(1);
    }
  });

  it("answers a version that it does not speak with those that it does, and a Version Negotiation with nothing", async () => {
    const { server } = await serve();
    const initial = Buffer.alloc(1200);
    // RFC 8999 section 5.1, with a version that nobody speaks (RFC 9000 section 15).
    initial.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 3, 9, 9, 9]);
    const [answer] = await answersTo(initial, server.port);
    expect(answer!.readUInt32BE(1)).toBe(0);
    // Their connection IDs in turn (section 6).
    expect([...answer!.subarray(5, 18)]).toEqual([3, 9, 9, 9, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    const versions = Array.from({ length: (answer!.length - 18) / 4 }, (_, index) =>
      answer!.readUInt32BE(18 + 4 * index),
    );
    expect(versions).toContain(1);
    initial.writeUInt32BE(0, 1);
    expect(await answersTo(initial, server.port)).toEqual([]);
    expect(await answersTo(initial.subarray(0, 1199), server.port)).toEqual([]);
    expect(server.connections).toBe(0);
  });

  it("keeps nothing of a first packet that it cannot read", async () => {
    const served = await serve();
    const initial = Buffer.alloc(1200, 7);
    // A well-formed Initial of version 1 that no key opens: length 1178 behind an empty token.
    initial.set([0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 3, 9, 9, 9, 0, 0x44, 0x9a]);
    const one = await socket();
    for (let index = 0; index < 50; index++) {
      initial[6] = index;
      one.send(Buffer.from(initial), served.server.port, "127.0.0.1");
    }
    await until("all of them", () => served.apps.length === 50);
    await sleep(50);
    expect(served.server.connections).toBe(0);
    const visitor = await visit(served);
    await isEstablished(visitor);
  });

  it("follows a client from port to port, as long as there are connection IDs", async () => {
    const served = await serve();
    const visitor = await visit(served, { migrates: true });
    await isEstablished(visitor);
    const ports = new Set([visitor.client.localPort]);
    for (let move = 1; move <= 3; move++) {
      await until("spare connection IDs", () => visitor.client.connection.native.availableDcids() > 0);
      expect(await visitor.client.migrate()).toBeUndefined();
      ports.add(visitor.client.localPort);
      expect(await visitor.ask(`move ${move}`)).toBe(`move ${move}`);
      await until("the path to be validated", () => visitor.app.paths.length >= move);
    }
    expect(ports.size).toBe(4);
    expect(new Set(visitor.app.paths)).toEqual(new Set(["validated"]));
    expect(served.server.connections).toBe(1);
    expect(await visitor.client.migrate()).toBe("the server has given no spare connection ID");
    expect(await visitor.ask("and stays")).toBe("and stays");
  });

  it("has nothing left of a thousand connections that were closed", async () => {
    const served = await serve();
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const before = process.platform === "linux" ? descriptors() : 0;
    for (let round = 0; round < 20; round++) {
      const visits = await Promise.all(Array.from({ length: 50 }, () => visit(served)));
      await Promise.all(visits.map(isEstablished));
      for (const { client } of visits) client.connection.close(true, 0, "bye");
    }
    await until("the last to be forgotten", () => served.server.connections === 0);
    expect(served.apps.length).toBe(1000);
    expect(served.apps.every(({ ends }) => ends.length === 1 && ends[0]!.by === "peer")).toBe(true);
    // Clients drain for three PTOs before they close their sockets.
    if (process.platform === "linux") await until("their sockets to close", () => descriptors() - before < 60);
  });

  it("takes any datagrams, and goes on serving", async () => {
    const served = await serve();
    const strict = await serve(serverOf(), true);
    const visitor = await visit(served);
    await isEstablished(visitor);
    const real = visitor.datagrams.filter(({ from }) => from === "client").map(({ bytes }) => bytes);
    const one = await socket();
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 1500 }),
      // A long header of a version, with connection IDs of any length.
      fc
        .tuple(fc.constantFrom(0xc0, 0xd0, 0xe0, 0xf0), fc.constantFrom(0, 1, 0x6b3343cf, 0x1a1a1a1a), fc.uint8Array())
        .map(([first, version, rest]) => {
          const datagram = Buffer.alloc(1200, Buffer.from(rest).toString("latin1"), "latin1");
          datagram[0] = first;
          datagram.writeUInt32BE(version, 1);
          return datagram;
        }),
      // A real one, damaged.
      fc.tuple(fc.constantFrom(...real), fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
        const damaged = Buffer.from(bytes);
        damaged[at % damaged.length] = value;
        return damaged;
      }),
    );
    await fc.assert(
      fc.asyncProperty(any, async (datagram) => {
        one.send(datagram, served.server.port, "127.0.0.1");
        await new Promise((sent) => one.send(datagram, strict.server.port, "127.0.0.1", sent));
      }),
      { numRuns: 2000 },
    );
    await sleep(50);
    expect(await visitor.ask("still there?")).toBe("still there?");
    const another = await visit(strict);
    await isEstablished(another);
    expect(strict.server.connections).toBe(1);
  });
});
