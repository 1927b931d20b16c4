import { describe, expect, test } from "vitest";
import { QuicConversation } from "../../../src/protocols/quic/conversation.js";
import { type QuicVersion, VERSION } from "../../../src/protocols/quic/names.js";
import { isFault, looksLikeClientInitial, type PacketHead, readHead } from "../../../src/protocols/quic/packet-head.js";
import { candidateKeys, initialKeys, PacketKeys, retryIsGenuine } from "../../../src/protocols/quic/packet-keys.js";
import { openPacket } from "../../../src/protocols/quic/protection.js";
import { cipherSuite } from "../../../src/protocols/tls/cipher-suites.js";
import { CHACHA20_SECRET, DCID, SAMPLES } from "./rfc-samples.js";

const hex = (text: string) => Buffer.from(text, "hex");
const headOf = (packet: Uint8Array): PacketHead => {
  const head = readHead(packet, 0, 0);
  if (isFault(head)) throw new Error(head.reason);
  return head;
};

describe.each(["v1", "v2"] as const)("sample packets of %s", (name) => {
  const sample = SAMPLES[name];
  const version = VERSION[name] as QuicVersion;
  const keys = initialKeys(version, hex(DCID));

  test("client Initial (A.2)", () => {
    const packet = hex(sample.clientInitial);
    const head = headOf(packet);
    expect(head).toMatchObject({ type: "initial", version: sample.version, start: 0, end: 1200 });
    const opened = openPacket(packet, head, keys.client, -1);
    expect(opened?.packetNumber).toBe(2);
    expect(Buffer.from(opened?.payload ?? []).toString("hex", 0, 8)).toBe("060040f1010000ed");
    expect(looksLikeClientInitial(packet)).toBe(true);
  });

  test("server Initial (A.3)", () => {
    const packet = hex(sample.serverInitial);
    const opened = openPacket(packet, headOf(packet), keys.server, -1);
    expect(opened?.packetNumber).toBe(1);
    expect(Buffer.from(opened?.payload ?? []).toString("hex")).toBe(sample.serverPayload);
  });

  test("the other end's keys do not open them", () => {
    const packet = hex(sample.serverInitial);
    expect(openPacket(packet, headOf(packet), keys.client, -1)).toBeUndefined();
  });

  test("Retry (A.4)", () => {
    const packet = hex(sample.retry);
    const head = headOf(packet);
    expect(head.type).toBe("retry");
    expect(Buffer.from(head.token).toString()).toBe("token");
    expect(retryIsGenuine(version, packet, hex(DCID))).toBe(true);
    expect(retryIsGenuine(version, packet, hex("8394c8f03e515709"))).toBe(false);
    packet[20]! ^= 1;
    expect(retryIsGenuine(version, packet, hex(DCID))).toBe(false);
  });

  test("ChaCha20 short header (A.5)", () => {
    const packet = hex(sample.chaCha20);
    const suite = cipherSuite(0x1303)!;
    const opened = openPacket(packet, headOf(packet), new PacketKeys(version, suite, hex(CHACHA20_SECRET)), 654360563);
    expect(opened).toMatchObject({ packetNumber: 654360564, keyPhase: false });
    expect([...(opened?.payload ?? [])]).toEqual([1]);
    const tried = candidateKeys(version, hex(CHACHA20_SECRET));
    expect(tried.map(({ suite: { name } }) => name)).toEqual([
      "TLS_AES_128_GCM_SHA256",
      "TLS_CHACHA20_POLY1305_SHA256",
    ]);
  });

  test("a conversation reads both hellos", () => {
    const conversation = new QuicConversation();
    conversation.push("client", hex(sample.clientInitial), 1_000);
    conversation.push("server", hex(sample.serverInitial), 2_000);
    expect(conversation).toMatchObject({
      version: name,
      sni: "example.com",
      alpnOffered: ["alpn"],
      suite: "TLS_AES_128_GCM_SHA256",
      strayBytes: 0,
      state: { state: "no-secret", reason: "no key log was given" },
    });
    expect(conversation.transportParameters("client")).toMatchObject({
      initialMaxDataBytes: 2 ** 62,
      initialMaxStreamsBidi: 16,
      maxIdleTimeoutMs: 30_000,
      ackDelayExponent: 3,
    });
    expect(conversation.times).toMatchObject({ firstInitialNs: 1_000, serverInitialNs: 2_000 });
    expect(conversation.loss("client")).toMatchObject({ ackEliciting: 1, acknowledged: 0, unsettled: 1 });
  });
});
