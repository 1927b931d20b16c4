import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packetsIn } from "../../src/quic/coalesced.js";

/** A Handshake packet of version 1 with connection IDs of one byte (RFC 9000 section 17.2.4). */
const handshake = (payloadBytes: number) =>
  Buffer.concat([Buffer.from([0xe0, 0, 0, 0, 1, 1, 7, 1, 8, payloadBytes]), Buffer.alloc(payloadBytes, 0xaa)]);
const short = Buffer.from([0x40, 7, 1, 2, 3]);

describe("the packets of a datagram", () => {
  it("are cut where their lengths say; a short header has the rest", () => {
    const parts = [handshake(20), handshake(30), short];
    expect(packetsIn(Buffer.concat(parts)).map((packet) => Buffer.from(packet))).toEqual(parts);
  });

  it("are the datagram itself where there is but one, or what cannot be read", () => {
    const cut = handshake(20).subarray(0, 15);
    for (const one of [short, handshake(20), cut, Buffer.alloc(0)]) expect(packetsIn(one)[0] ?? one).toBe(one);
    const padded = Buffer.concat([handshake(20), Buffer.alloc(8)]);
    expect(packetsIn(padded).map(({ length }) => length)).toEqual([30, 8]);
  });

  it("are all of it in its order, whatever the bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.uint8Array().map((rest) => Uint8Array.from([0xe0, 0, 0, 0, 1, ...rest])),
      fc.array(fc.nat(60), { maxLength: 5 }).map((sizes) => Buffer.concat(sizes.map(handshake))),
    );
    fc.assert(
      fc.property(bytes, (datagram) => {
        const packets = packetsIn(datagram);
        expect(Buffer.concat(packets).equals(datagram)).toBe(true);
        expect(packets.every(({ length }) => length > 0) || datagram.length === 0).toBe(true);
      }),
    );
  });
});
