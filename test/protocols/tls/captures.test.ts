/** Real captures over loopback with the clients' key logs: what the programs at both ends said, and how the captures tell of it. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import { createReader } from "../../../src/capture/readers/formats.js";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";
import type { Plaintext, Sender } from "../../../src/protocols/tls/plaintext.js";
import { TlsSession } from "../../../src/protocols/tls/session.js";
import { keyLogOf, saidBy } from "./conversation.js";

const FOLDER = new URL("../../../fixtures/captures/tls/", import.meta.url);
const SERVER_PORT = 8443;
const SYN = 2;

interface Truth {
  readonly requests: number;
  readonly version: string;
  readonly protocol: "http1" | "h2";
  readonly exchanges: readonly { method: string; path: string; status: number; early?: boolean; answerBytes: number }[];
}

interface Connection {
  readonly session: TlsSession;
  readonly read: Plaintext[];
}

/**
 * The connections of a capture, by the client's port. Nothing was lost on loopback: each segment follows the one before it.
 * @param without number of a packet that is left out
 */
function connectionsOf(file: string, log: KeyLog, without?: number): Connection[] {
  const connections = new Map<number, Connection & { isn: Record<Sender, number> }>();
  const packet = new Packet();
  const reader = createReader((record) => {
    if (decode(record, packet) !== "tcp") return;
    const from: Sender = packet.dstPort === SERVER_PORT ? "client" : "server";
    const port = from === "client" ? packet.srcPort : packet.dstPort;
    const known = connections.get(port) ?? { session: new TlsSession(log), read: [], isn: { client: 0, server: 0 } };
    connections.set(port, known);
    if ((packet.flags & SYN) !== 0) known.isn[from] = packet.seq;
    if (packet.payloadLength === 0 || packet.number === without) return;
    const payload = packet.bytes.subarray(packet.payloadStart, packet.payloadStart + packet.payloadCaptured);
    known.read.push(...known.session.push(from, payload, (packet.seq - known.isn[from] - 1) >>> 0));
  });
  reader.push(readFileSync(new URL(file, FOLDER)));
  expect(reader.end().damage).toBeNull();
  return [...connections.values()];
}

const keysOf = (name: string) => readFileSync(new URL(`${name}.keys`, FOLDER), "utf8");
const load = (name: string) => {
  const truth: Truth = JSON.parse(readFileSync(new URL(`${name}.truth.json`, FOLDER), "utf8"));
  return {
    truth,
    connections: connectionsOf(`${name}.pcap`, keyLogOf(keysOf(name))),
  };
};

/** Frames of HTTP/2 (RFC 9113 section 4.1) behind `skip` bytes: type and stream. */
function framesOf(text: string, skip: number): { type: number; stream: number }[] {
  const bytes = Buffer.from(text, "latin1");
  const frames: { type: number; stream: number }[] = [];
  let at = skip;
  for (; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    frames.push({ type: bytes[at + 3]!, stream: bytes.readUInt32BE(at + 5) });
  }
  expect(at).toBe(bytes.length);
  return frames;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS = 1;
const names = readdirSync(FOLDER).flatMap((name) => (name.endsWith(".pcap") ? [name.slice(0, -5)] : []));

describe.each(names)("%s", (name) => {
  const { truth, connections } = load(name);

  it("is read from the first byte to the last", () => {
    for (const { session, read } of connections) {
      expect(session.state).toEqual({ state: "plaintext-known" });
      expect(session).toMatchObject({ version: truth.version, sni: "localhost", isSecured: true });
      expect(read.some(({ afterLoss }) => afterLoss)).toBe(false);
    }
  });

  it("has the requests and statuses that the client knows of", () => {
    const read = connections.flatMap((connection) =>
      connection.read.filter(({ early }) => !early || connection.session.earlyData === "accepted"),
    );
    const [asked, answered] = [saidBy("client", read), saidBy("server", read)];
    if (truth.protocol === "h2") {
      expect(connections.map(({ session }) => session.alpn)).toEqual(["h2"]);
      expect(asked.startsWith(PREFACE)).toBe(true);
      const streams = (text: string, skip: number) =>
        framesOf(text, skip)
          .filter(({ type }) => type === HEADERS)
          .map(({ stream }) => stream);
      expect(streams(asked, PREFACE.length)).toHaveLength(truth.requests);
      expect(streams(answered, 0).sort()).toEqual(streams(asked, PREFACE.length).sort());
    } else {
      const requests = [...asked.matchAll(/(GET|POST) (\/\S*) HTTP\/1.1\r\n/g)].map(([, method, path]) => ({
        method,
        path,
      }));
      expect(requests).toEqual(truth.exchanges.map(({ method, path }) => ({ method, path })));
      const statuses = [...answered.matchAll(/HTTP\/1.1 (\d{3}) /g)].map(([, status]) => Number(status));
      expect(statuses).toEqual(truth.exchanges.map(({ status }) => status));
    }
  });
});

describe("early data", () => {
  const fates = (name: string) =>
    load(name).connections.map(({ session, read }) => [
      session.resumed,
      session.earlyData,
      read.filter(({ early }) => early).length,
    ]);
  it("that the server takes", () => {
    expect(fates("tls13-early-data")).toEqual([
      [false, "none", 0],
      [true, "accepted", 1],
    ]);
  });
  it("that a HelloRetryRequest rejects", () => {
    expect(fates("tls13-early-data-retry")).toEqual([
      [false, "none", 0],
      [true, "rejected", 1],
    ]);
  });
});

describe("early data without its secret", () => {
  it.each(["tls13-early-data", "tls13-early-data-retry"])("%s: what comes behind it is read", (name) => {
    const keys = keysOf(name).replace(/^CLIENT_EARLY_TRAFFIC_SECRET.*$/gm, "");
    const [, second] = connectionsOf(`${name}.pcap`, keyLogOf(keys));
    expect(second?.session.state).toEqual({ state: "plaintext-known" });
    expect(saidBy("client", second!.read)).toMatch(/^GET \/late /);
  });
});

/** Numbers of the packets with data. */
function dataPacketsOf(file: string): number[] {
  const numbers: number[] = [];
  const packet = new Packet();
  const reader = createReader((record) => {
    if (decode(record, packet) === "tcp" && packet.payloadLength > 0) numbers.push(packet.number);
  });
  reader.push(readFileSync(new URL(file, FOLDER)));
  return numbers;
}

describe("a capture that misses a packet", () => {
  it.each(names)("%s: all other records are read", (name) => {
    const whole = load(name).connections;
    const textOf = ({ from, start, bytes }: Plaintext) => `${from} ${start} ${Buffer.from(bytes).toString("latin1")}`;
    for (const without of dataPacketsOf(`${name}.pcap`)) {
      const torn = connectionsOf(`${name}.pcap`, keyLogOf(keysOf(name)), without);
      torn.forEach(({ session, read }, index) => {
        const known = whole[index]!.read;
        const said = new Set(known.map(textOf));
        expect(read.filter((one) => !said.has(textOf(one)))).toEqual([]);
        if (session.state.state !== "plaintext-known") {
          // A hello was in it, and with it all that names the secrets.
          expect([name, without, session.state.state]).toEqual([name, without, "no-handshake"]);
          return;
        }
        const there = new Set(read.map(textOf));
        const missing = known.filter((one) => !there.has(textOf(one)));
        expect(missing.length).toBeLessThanOrEqual(1); // both programs write a record to a segment
        for (const { from, start } of missing) {
          const next = read.find((one) => one.from === from && one.start > start);
          expect(read.filter(({ afterLoss }) => afterLoss)).toEqual(next === undefined ? [] : [next]);
        }
      });
    }
  });
});

describe("a pcapng with a Decryption Secrets Block", () => {
  it("is read with the secrets that editcap put into it", () => {
    const DECRYPTION_SECRETS = 10;
    const file = readFileSync(new URL("tls13-http1-secrets.pcapng", FOLDER));
    const log = new KeyLog();
    for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4)) {
      if (file.readUInt32LE(at) !== DECRYPTION_SECRETS) continue;
      expect(log.addDecryptionSecrets(file.subarray(at + 8, at + file.readUInt32LE(at + 4) - 4), true)).toBe(true);
    }
    expect(log.connections).toBe(1);
    const [{ session, read } = expect.fail()] = connectionsOf("tls13-http1-secrets.pcapng", log);
    expect(session.state).toEqual({ state: "plaintext-known" });
    expect(saidBy("client", read)).toBe(saidBy("client", load("tls13-http1").connections[0]!.read));
  });
});
