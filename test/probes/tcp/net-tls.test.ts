import net from "node:net";
import tls from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { LAB_CERTIFICATE, LAB_PRIVATE_KEY } from "../../../src/lab/certificate.js";
import type { LaneSpec, TlsSettings } from "../../../src/probes/probe.js";
import { answering, CALM, GET, GET_CUTS, kinds, listen, load, openLane, runOnce, spec } from "./net-lane.js";

const SETTINGS: TlsSettings = {
  servername: undefined,
  insecure: false,
  ca: LAB_CERTIFICATE,
  cert: undefined,
  key: undefined,
};

async function serveTls(
  options: tls.TlsOptions = {},
  seen: (socket: tls.TLSSocket) => void = () => {},
): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = tls.createServer({ cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY, ...options }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    seen(socket);
    answering()(socket, 0);
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

const tlsSpec = (port: number, changes: Partial<LaneSpec> = {}, settings: Partial<TlsSettings> = {}): LaneSpec =>
  spec(port, {
    target: { endpoint: `tls://localhost:${port}`, host: "localhost", port, transport: "tls", request: GET },
    tls: { ...SETTINGS, ...settings },
    ...changes,
  });

const APPLICATION_DATA = 23;

/** Relays TCP to `port` and counts the client's application-data records (RFC 8446 5.1) by their headers. */
async function countingRelay(port: number): Promise<{ port: number; records: () => number }> {
  let records = 0;
  const relay = await listen((client) => {
    const server = net.connect(port, "127.0.0.1");
    server.on("error", () => {});
    server.pipe(client);
    let held = Buffer.alloc(0);
    client.on("data", (chunk) => {
      server.write(chunk);
      held = Buffer.concat([held, chunk]);
      while (held.length >= 5 && held.length >= 5 + held.readUInt16BE(3)) {
        if (held[0] === APPLICATION_DATA) records++;
        held = held.subarray(5 + held.readUInt16BE(3));
      }
    });
    client.on("close", () => server.destroy());
  });
  return { port: relay, records: () => records };
}

describe("TLS", () => {
  it.each([1, 3])("writes %i records per request for as many pieces", async (pieces) => {
    const relay = await countingRelay(await serveTls());
    const lane = await openLane(tlsSpec(relay.port, { behaviour: { ...CALM, cuts: pieces === 1 ? [] : GET_CUTS } }));
    const signal = new AbortController().signal;
    await lane.run(load(1), signal, () => {});
    const before = relay.records();
    const result = await lane.run(load(10), signal, () => {});
    expect(kinds(result.measured)).toEqual(Array(10).fill("miss"));
    expect(relay.records() - before).toBe(10 * pieces);
    expect(result.writes).toBe(10 * pieces);
    if (result.kernel !== null) expect(result.kernel.dataSegmentsOut).toBe(10 * pieces);
  });

  it("times the handshake, checks the name, and leaves no handshake segment in the counts", async () => {
    const names: unknown[] = [];
    const port = await serveTls({}, (socket) => names.push((socket as unknown as { servername: unknown }).servername));
    const result = await runOnce(tlsSpec(port, { reuse: false }), load(5));
    expect(kinds(result.measured)).toEqual(Array(5).fill("miss"));
    expect(result.opened[0]?.tlsNs).toBeGreaterThan(0);
    expect(names).toEqual(Array(5).fill("localhost"));
    if (result.kernel !== null) expect(result.kernel.dataSegmentsOut).toBe(5);
  });

  it("checks a literal address against the certificate, and sends no server name then", async () => {
    const names: unknown[] = [];
    const port = await serveTls({}, (socket) => names.push((socket as unknown as { servername: unknown }).servername));
    const result = await runOnce(tlsSpec(port, { target: { ...tlsSpec(port).target, host: "127.0.0.1" } }), load(1));
    expect(kinds(result.measured)).toEqual(["miss"]);
    expect(names).toEqual([false]);
  });

  it("names the remedy when the certificate is not trusted, or is for another name", async () => {
    const port = await serveTls();
    const unknown = await runOnce(tlsSpec(port, {}, { ca: undefined }), load(2));
    expect(kinds(unknown.measured)).toEqual(["tls", "tls"]);
    expect(unknown.examples.tls).toMatch(/--insecure/);
    expect(unknown.examples.tls).toMatch(/--ca/);
    const other = await runOnce(tlsSpec(port, {}, { servername: "other.example" }), load(1));
    expect(other.examples.tls).toMatch(/other\.example/);
    expect(other.examples.tls).toMatch(/--servername NAME/);
    expect(other.examples.tls).not.toMatch(/--ca/);
    const insecure = await runOnce(tlsSpec(port, {}, { ca: undefined, insecure: true }), load(1));
    expect(kinds(insecure.measured)).toEqual(["miss"]);
  });

  it("gives the client's certificate, and reports its absence as tls", async () => {
    const port = await serveTls({ requestCert: true, ca: LAB_CERTIFICATE });
    const given = await runOnce(tlsSpec(port, {}, { cert: LAB_CERTIFICATE, key: LAB_PRIVATE_KEY }), load(1));
    expect(kinds(given.measured)).toEqual(["miss"]);
    const absent = await runOnce(tlsSpec(port), load(1));
    expect(kinds(absent.measured)).toEqual(["tls"]);
    expect(absent.examples.tls).toMatch(/--cert FILE and --key FILE/);
  });

  it("asks for http/1.1 by ALPN", async () => {
    const chosen: unknown[] = [];
    const port = await serveTls({ ALPNProtocols: ["h2", "http/1.1"] }, (socket) => {
      chosen.push(socket.alpnProtocol);
      socket.on("data", () => socket.write("HTTP/1.1 204 No Content\r\n\r\n"));
    });
    const request = {
      protocol: "http1",
      method: "GET",
      path: "/",
      host: "x",
      headers: [],
      body: new Uint8Array(),
    } as const;
    const target = { endpoint: "https://localhost", host: "localhost", port, transport: "tls", request } as const;
    await runOnce(tlsSpec(port, { target }), load(1));
    expect(chosen).toEqual(["http/1.1"]);
  });

  it("says so when the port does not speak TLS, and times out when it says nothing", async () => {
    const plain = await listen((socket) => socket.once("data", () => socket.end("SSH-2.0-plain\r\n")));
    const wrong = await runOnce(tlsSpec(plain), load(1));
    expect(kinds(wrong.measured)).toEqual(["tls"]);
    expect(wrong.examples.tls).toMatch(/not TLS .*speak TLS on this port/);
    expect(wrong.examples.tls).not.toMatch(/SSL routines|:error:/);
    const closing = await listen((socket) => socket.once("data", () => socket.end()));
    const closed = await runOnce(tlsSpec(closing), load(1));
    expect(kinds(closed.measured)).toEqual(["tls"]);
    expect(closed.examples.tls).toMatch(/speak TLS/);
    const silent = await listen(() => {});
    const late = await runOnce(tlsSpec(silent, { timeoutNs: 50e6 as LaneSpec["timeoutNs"] }), load(1));
    expect(kinds(late.measured)).toEqual(["timeout"]);
    expect(late.examples.timeout).toBe("TCP connected, but the TLS handshake did not end within 50 ms");
  });

  it("refuses PEM files that cannot be used, naming the option", async () => {
    await expect(openLane(tlsSpec(1, {}, { cert: "nonsense", key: LAB_PRIVATE_KEY }))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("--cert"),
    });
  });
});
