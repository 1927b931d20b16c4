import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyLog } from "../../../src/protocols/tls/key-log.js";

const RANDOM = "0123456789abcdef".repeat(4);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

describe("a key log file", () => {
  it("gathers the secrets of a connection, in any order, with any line ends", () => {
    const log = new KeyLog();
    log.add(
      `\ufeff# made by a browser\r\n\r\nSERVER_TRAFFIC_SECRET_0 ${RANDOM} ${"0b".repeat(32)}\r\nCLIENT_RANDOM ${RANDOM.toUpperCase()} ${"0A".repeat(48)}\n`,
    );
    log.add(`CLIENT_TRAFFIC_SECRET_0 ${RANDOM} ${"0c".repeat(32)}`);
    expect(log.secretsOf(bytes(RANDOM))).toEqual({
      master: Buffer.alloc(48, 0x0a),
      serverTraffic: Buffer.alloc(32, 0x0b),
      clientTraffic: Buffer.alloc(32, 0x0c),
    });
    expect(log).toMatchObject({ connections: 1, malformedLines: 0 });
  });

  it("passes other labels over, and counts what is no line", () => {
    const log = new KeyLog();
    log.add(
      [
        `EXPORTER_SECRET ${RANDOM} ${"0a".repeat(32)}`,
        `ECH_SECRET ${RANDOM} ${"0a".repeat(32)}`,
        `CLIENT_RANDOM ${RANDOM.slice(2)} ${"0a".repeat(48)}`,
        `CLIENT_RANDOM ${RANDOM} 0a0`,
        "RSA 0123456789abcdef 0a0a",
        "-----BEGIN PRIVATE KEY-----",
      ].join("\n"),
    );
    expect(log).toMatchObject({ connections: 0, malformedLines: 4 });
    expect(log.secretsOf(bytes(RANDOM))).toBeUndefined();
  });

  it("is read out of a pcapng Decryption Secrets Block of either byte order", () => {
    const line = `CLIENT_RANDOM ${RANDOM} ${"0a".repeat(48)}\n`;
    for (const littleEndian of [true, false]) {
      const body = new Uint8Array(8 + line.length + 3);
      const view = new DataView(body.buffer);
      view.setUint32(0, 0x544c534b, littleEndian);
      view.setUint32(4, line.length, littleEndian);
      body.set(Buffer.from(line), 8);
      const log = new KeyLog();
      expect(log.addDecryptionSecrets(body, littleEndian)).toBe(true);
      expect(log).toMatchObject({ connections: 1, malformedLines: 0 });
      expect(new KeyLog().addDecryptionSecrets(body, !littleEndian)).toBe(false); // other secrets, such as WireGuard's
    }
  });

  it("takes any text and any block", () => {
    const words = fc.constantFrom("CLIENT_RANDOM", " ", "\n", RANDOM, "0a", "#", "\r", "\u0000");
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 20 }), fc.uint8Array(), (texts, block) => {
        const log = new KeyLog();
        log.add(texts.join(""));
        log.addDecryptionSecrets(block, true);
        expect(log.connections).toBeLessThanOrEqual(texts.length);
      }),
    );
  });
});
