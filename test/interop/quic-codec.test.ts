/** Our reading of real QUIC connections, held against tshark's with the same key log, and against what the client says. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type H3Exchange, H3Observer } from "../../src/protocols/h3/observer.js";
import { QuicConversation } from "../../src/protocols/quic/conversation.js";
import type { QuicEvent } from "../../src/protocols/quic/events.js";
import { KeyLog } from "../../src/protocols/tls/key-log.js";
import { onlyIf } from "../skip.js";
import { installed } from "./peers/installed.js";
import { BIG_BYTES, SMALL_BYTES } from "./peers/site.js";
import { describeWithPeer } from "./peers.js";
import { type Recording, record, TSHARK, tsharkValues } from "./quic-recording.js";

const hasTools = installed("gtlsclient") !== undefined && spawnSync(TSHARK, ["--version"]).status === 0;
const tools = onlyIf(hasTools, "gtlsclient or tshark is not installed");

function read({ datagrams, keys }: Recording, withKeys = true) {
  const keyLog = new KeyLog();
  if (withKeys) keyLog.add(keys);
  const events: QuicEvent[] = [];
  const exchanges: H3Exchange[] = [];
  const http = new H3Observer((observed) => observed.type === "exchange" && exchanges.push(observed.exchange));
  const quic = new QuicConversation({
    keyLog,
    emit: (event) => {
      events.push(event);
      http.take(event);
    },
  });
  for (const { from, bytes, atNs } of datagrams) quic.push(from, bytes, atNs);
  http.finish();
  const count = (type: QuicEvent["type"]) => events.filter((event) => event.type === type).length;
  return { quic, events, exchanges, count };
}

/** Packets, ACK frames and the delays in them, as both read them. */
function expectSameAsTshark(recording: Recording): void {
  const { quic, events, count } = read(recording);
  expect(quic.state).toEqual({ state: "plaintext-known" });
  for (const end of ["client", "server"] as const) {
    expect(quic.damage(end)).toBeUndefined();
    for (const [type, { packets, opened }] of Object.entries(quic.packets(end)))
      expect([type, opened]).toEqual([type, packets]);
  }
  expect(count("packet")).toBe(tsharkValues(recording, "quic", "quic.packet_number").length);
  const acks = events.flatMap((event) => (event.type === "ack" ? [event] : []));
  const largest = tsharkValues(recording, "quic.ack.largest_acknowledged", "quic.ack.largest_acknowledged");
  expect(acks.map((ack) => String(ack.largest))).toEqual(largest);
  // tshark shows the field as it stands in the frame; both ends have an ack_delay_exponent of 3.
  const delays = tsharkValues(recording, "quic.ack.ack_delay", "quic.ack.ack_delay").map(Number);
  expect(acks.map(({ sentDelayNs }) => sentDelayNs / 8000)).toEqual(delays);
  expect(delays.some((delay) => delay > 0)).toBe(true);
}

describe("gtlsclient and tshark", tools, () => {
  describeWithPeer("gtlsserver", (server) => {
    test("10 MB and small answers: every packet, ACK and exchange", async () => {
      const recording = await record(server.ports.quic, ["/small", "/big"], {}, { delayMs: 5 });
      expectSameAsTshark(recording);
      const { quic, exchanges } = read(recording);
      expect([quic.version, quic.sni, quic.alpn]).toEqual(["v1", "localhost", "h3"]);
      expect(exchanges.map(({ path, status, contentBytes, outcome }) => [path, status, contentBytes, outcome])).toEqual(
        [
          ["/small", 200, SMALL_BYTES, "complete"],
          ["/big", 200, BIG_BYTES, "complete"],
        ],
      );
      const { alpn, transportParameters } = recording.run;
      expect(quic.alpn).toBe(alpn);
      const parameters = quic.transportParameters("server");
      expect(parameters?.initialMaxDataBytes).toBe(transportParameters.initial_max_data);
      expect(parameters?.initialMaxStreamsBidi).toBe(transportParameters.initial_max_streams_bidi);
    });

    test("without the key log: the handshake, and that no more can be read", async () => {
      const recording = await record(server.ports.quic, ["/small"], {}, { delayMs: 20 });
      const { quic, count } = read(recording, false);
      expect(quic.state).toMatchObject({ state: "no-secret" });
      expect([quic.sni, quic.alpnOffered.includes("h3"), quic.alpn]).toEqual(["localhost", true, undefined]);
      expect(count("stream-data")).toBe(0);
      const exact = read(recording).quic.handshakeTime;
      const guessed = quic.handshakeTime;
      expect(exact?.by).toBe("client-finished");
      expect(guessed).toEqual({ ...exact, by: "client-handshake-packets" });
      // A round trip over the relay, and what both ends compute.
      expect((exact?.endNs ?? 0) - (exact?.startNs ?? 0)).toBeGreaterThan(39e6);
    });

    test("ChaCha20-Poly1305, AES-256-GCM and a key update", async () => {
      for (const [cipher, name] of [
        ["CHACHA20-POLY1305", "TLS_CHACHA20_POLY1305_SHA256"],
        ["AES-256-GCM", "TLS_AES_256_GCM_SHA384"],
      ]) {
        const args = [`--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+${cipher}`, "--key-update=1ms"];
        const recording = await record(server.ports.quic, ["/small"], { args, requests: 200 }, { delayMs: 5 });
        const { quic, count } = read(recording);
        expect(quic.suite).toBe(name);
        expect(count("key-update")).toBe(2);
        expectSameAsTshark(recording);
      }
    });

    test("loss on the way: what was lost is told, and sent again", async () => {
      const recording = await record(server.ports.quic, ["/big"], {}, { delayMs: 2, loss: 0.005, seed: 3 });
      const { quic, exchanges, count } = read(recording);
      expect(exchanges).toMatchObject([{ status: 200, contentBytes: BIG_BYTES, outcome: "complete" }]);
      expect(count("lost")).toBeGreaterThan(10);
      expect(quic.loss("server").lost).toBeGreaterThan(10);
      expect(quic.streamBytes("server").resentBytes).toBeGreaterThan(10_000);
    });
  });

  describeWithPeer(
    "gtlsserver",
    (server) => {
      test("Retry: genuine, and the keys change", async () => {
        const recording = await record(server.ports.quic, ["/small"]);
        const { quic, count } = read(recording);
        expect([quic.retried, quic.retryGenuine, count("retry")]).toEqual([true, true, 1]);
        expectSameAsTshark(recording);
      });
    },
    { retry: true },
  );

  describeWithPeer("caddy", (server) => {
    test("every packet, ACK and exchange", async () => {
      const recording = await record(server.ports.tls, ["/small", "/", "/big"]);
      expectSameAsTshark(recording);
      const { exchanges } = read(recording);
      expect(exchanges.map(({ path, status }) => `${path} ${status}`).sort()).toEqual([
        "/ 200",
        "/big 200",
        "/small 200",
      ]);
    });
  });
});
