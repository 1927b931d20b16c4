/** Both gRPC servers answer the standard health check, sent as raw bytes, and etcd enforces its keepalive policy. */
import { type ClientHttp2Session, connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithPeer } from "../peers.js";
import { grpcCall } from "./h2-client.js";

const HEALTH = "/grpc.health.v1.Health/Check";
const SERVING = Buffer.from([0x08, 0x01]);
const [OK, NOT_FOUND] = [0, 5];
/** HealthCheckRequest { service } */
const asks = (service: string) => Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);

for (const name of ["etcd", "grpc-python"] as const) {
  describeWithPeer(name, (server) => {
    for (const [port, scheme] of [
      ["h2c", "http"],
      ["tls", "https"],
    ] as const) {
      test(`${port}: the health check answers SERVING`, async () => {
        const { certFile } = server.certificate;
        const call = (message: Uint8Array) =>
          grpcCall(`${scheme}://localhost:${server.ports[port]}`, certFile, HEALTH, message);
        const answer = await call(Buffer.alloc(0));
        expect(answer).toMatchObject({ grpcStatus: OK, message: SERVING, alpn: port === "tls" ? "h2" : "h2c" });
        expect((await call(asks("no.such.service"))).grpcStatus).toBe(NOT_FOUND);
      });
    }
  });
}

/** Sends five pings, 20 ms apart, alone or beside an open stream. @returns the GOAWAY that came, if one came */
async function pinged(port: number, beside: "nothing" | "stream"): Promise<{ code: number; text: string } | undefined> {
  const session = connect(`http://localhost:${port}`);
  let goaway: { code: number; text: string } | undefined;
  session.once("goaway", (code, _last, text) => {
    goaway = { code, text: Buffer.from(text ?? []).toString() };
  });
  session.once("error", () => {}); // ENHANCE_YOUR_CALM
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  if (beside === "stream") await openWatch(session);
  for (let sent = 0; sent < 5 && !session.destroyed; sent++) {
    session.ping(() => {});
    await sleep(20);
  }
  await sleep(50);
  session.destroy();
  return goaway;
}

/** Health/Watch answers at once and stays open. */
async function openWatch(session: ClientHttp2Session): Promise<void> {
  const headers = {
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Watch",
    "content-type": "application/grpc",
    te: "trailers",
  };
  const stream = session.request(headers);
  stream.on("error", () => {}); // ends with its connection
  stream.write(Buffer.alloc(5));
  await new Promise((resolve) => stream.once("data", resolve));
}

for (const name of ["etcd", "grpc-python"] as const) {
  describeWithPeer(name, (server) => {
    test("sends GOAWAY for pings at 20 ms, with its text", async () => {
      expect(await pinged(server.ports.h2c, "nothing")).toEqual({ code: 11, text: "too_many_pings" });
    });
  });
}

describeWithPeer(
  "etcd",
  (server) => {
    test("has the limit of streams and the shortest time between pings that were asked for", async () => {
      const origin = `https://localhost:${server.ports.tls}`;
      const answer = await grpcCall(origin, server.certificate.certFile, HEALTH, Buffer.alloc(0));
      expect(answer.settings.maxConcurrentStreams).toBe(5);
      expect(await pinged(server.ports.h2c, "stream")).toBeUndefined();
      // grpc-go holds min time against pings beside a stream only: others count unless they are two hours apart.
      expect(await pinged(server.ports.h2c, "nothing")).toMatchObject({ text: "too_many_pings" });
    });
  },
  { maxConcurrentStreams: 5, keepaliveMinTime: "1ms" },
);

describeWithPeer(
  "grpc-python",
  (server) => {
    test("ends a connection for its age, with GOAWAY", async () => {
      const session = connect(`http://localhost:${server.ports.h2c}`);
      const code = await new Promise((resolve) => session.once("goaway", resolve));
      expect(code).toBe(0);
      session.destroy();
    });
  },
  { maxConnectionAgeMs: 300 },
);

describeWithPeer(
  "grpc-python",
  (server) => {
    test("has the limit of streams and the think time that were asked for, and echoes", async () => {
      const started = performance.now();
      const { certFile } = server.certificate;
      const origin = `http://localhost:${server.ports.h2c}`;
      const answer = await grpcCall(origin, certFile, "/netlat.Echo/Echo", Buffer.from("any bytes"));
      expect(performance.now() - started).toBeGreaterThan(100);
      expect(answer).toMatchObject({ grpcStatus: OK, message: Buffer.from("any bytes") });
      expect(answer.settings.maxConcurrentStreams).toBe(3);
    });
  },
  { maxConcurrentStreams: 3, thinkMs: 100 },
);
