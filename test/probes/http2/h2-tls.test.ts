import http2 from "node:http2";
import type net from "node:net";
import tls from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { LAB_CERTIFICATE, LAB_PRIVATE_KEY } from "../../../src/lab/certificate.js";
import type { TlsSettings } from "../../../src/probes/probe.js";
import { kinds, load } from "../tcp/net-lane.js";
import { answer, laneSpec, runOnce } from "./h2-lane.js";

const SETTINGS: TlsSettings = {
  servername: undefined,
  insecure: false,
  ca: LAB_CERTIFICATE,
  cert: undefined,
  key: undefined,
};
const KEYS = { cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY };

async function listening(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as net.AddressInfo).port;
}

const secure = (port: number) => {
  const spec = laneSpec(`h2c://127.0.0.1:${port}/`, { tls: SETTINGS });
  return { ...spec, target: { ...spec.target, host: "localhost", transport: "tls" as const } };
};

test("over TLS the server's choice is h2", async () => {
  const server = http2.createSecureServer(KEYS, () => {});
  server.on("stream", (stream) => answer(stream));
  const { measured, opened } = await runOnce(secure(await listening(server as unknown as net.Server)), load(5));
  expect(kinds(measured)).toEqual(new Array(5).fill("value"));
  expect(opened).toHaveLength(1);
  expect(opened[0]?.tlsNs).toBeGreaterThan(0);
});

test("a server that has HTTP/1.1 alone and says so: the remedy", async () => {
  const server = tls.createServer({ ...KEYS, ALPNProtocols: ["http/1.1"] });
  server.on("tlsClientError", () => {});
  const { measured, examples } = await runOnce(secure(await listening(server)), load(2));
  expect(new Set(kinds(measured))).toEqual(new Set(["tls"]));
  expect(examples.tls).toMatch(/no_application_protocol\).*try https:\/\/ with --http1\.1$/);
});

test("a server that does not choose h2: what it chose, and the remedy", async () => {
  const server = tls.createServer({ ...KEYS, ALPNProtocols: undefined }, (socket) => {
    socket.on("error", () => {});
    socket.resume();
  });
  const { measured, examples } = await runOnce(secure(await listening(server)), load(2));
  expect(new Set(kinds(measured))).toEqual(new Set(["tls"]));
  expect(examples.tls).toBe("the server did not choose h2 (ALPN: nothing); try --http1.1");
});
