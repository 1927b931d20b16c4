import fc from "fast-check";
import { expect, test } from "vitest";
import { Packet } from "../../../src/capture/decode/packet.js";
import { PacketRows, ROW } from "../../../src/capture/packets/packet-rows.js";

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const unsigned = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const port = fc.integer({ min: 0, max: 65_535 });

const plain = fc.record({
  number: unsigned,
  atNs: fc.integer({ min: -1e15, max: 1e15 }),
  src3: word,
  dst3: word,
  srcPort: port,
  dstPort: port,
  seq: unsigned,
  ack: unsigned,
  flags: fc.integer({ min: 0, max: 255 }),
  window: port,
  payloadLength: fc.integer({ min: 0, max: 2 ** 19 }),
  payloadCaptured: fc.integer({ min: 0, max: 2 ** 18 }),
});
const timestamps = fc.oneof(
  fc.constant({}),
  fc.record({ timestampValue: fc.integer({ min: 0, max: 2 ** 31 - 1 }), timestampEcho: unsigned }),
);
const rare = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ version: 4 as const, src2: 0xffff, dst2: 0xffff }) },
  fc.record({
    version: fc.constantFrom(4 as const, 6 as const),
    ...{ src0: word, src1: word, src2: word, dst0: word, dst1: word, dst2: word },
    mss: fc.integer({ min: -1, max: 65_535 }),
    windowScale: fc.integer({ min: -1, max: 14 }),
    sackPermitted: fc.boolean(),
    sackBlocks: fc.integer({ min: 0, max: 4 }),
    duplicateSack: fc.boolean(),
  }),
);

const packet = fc
  .tuple(plain, timestamps, rare, word)
  .map(([a, b, c, hash]) => ({ put: Object.assign(new Packet(), a, b, c), hash }));

/** What the tracker may rely on: numbers modulo 2^32 are signed in rows. IPv4 has no upper words of its own. */
function told(p: Packet) {
  const { bytes, payloadStart, ...rest } = p;
  const upper = p.version === 4 ? { src0: 0, src1: 0, src2: 0xffff, dst0: 0, dst1: 0, dst2: 0xffff } : {};
  // Only with SACK blocks does the other mean anything.
  const duplicateSack = p.sackBlocks > 0 && p.duplicateSack;
  return { ...rest, ...upper, duplicateSack, seq: p.seq | 0, ack: p.ack | 0 };
}

test("packets come out of their rows as they were put in, in order, with the place of their payload and their hash", () => {
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 20 }), (packets) => {
      const offset = 3 * ROW * 4;
      const rows = new PacketRows(new SharedArrayBuffer(offset + 40 * ROW * 4), offset, 40);
      const bytes = new Uint8Array(10);
      packets.forEach(({ put, hash }, i) => {
        rows.put(put, hash, 1000 + i);
      });
      rows.lieIn(bytes);
      expect(rows.packets).toBe(packets.length);
      let at = 0;
      packets.forEach(({ put, hash }, i) => {
        const taken = rows.packet(at);
        expect(told(taken)).toEqual(told(put));
        expect([taken.payloadStart, taken.bytes, rows.hash(at)]).toEqual([1000 + i, bytes, hash]);
        at = rows.next(at);
      });
      expect(at).toBe(rows.used * ROW);
    }),
  );
});

test("datagrams stand at the other end: they come out in order, and the segments do not notice", () => {
  const datagram = fc.record({
    number: unsigned,
    atNs: fc.integer({ min: -1e15, max: 1e15 }),
    version: fc.constantFrom(4 as const, 6 as const),
    ...{ src0: word, src1: word, src2: word, src3: word, dst0: word, dst1: word, dst2: word, dst3: word },
    ...{ srcPort: port, dstPort: port, payloadLength: port, payloadCaptured: port },
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 8 }), fc.array(datagram, { maxLength: 8 }), (packets, datagrams) => {
      const rows = new PacketRows(new ArrayBuffer(24 * ROW * 4), 0, 24);
      const most = Math.max(packets.length, datagrams.length);
      for (let i = 0; i < most; i++) {
        const segment = packets[i];
        const other = datagrams[i];
        if (other !== undefined) rows.putDatagram(Object.assign(new Packet(), other), 500 + i);
        if (segment !== undefined) rows.put(segment.put, segment.hash, 1000 + i);
      }
      expect([rows.packets, rows.datagrams, rows.left]).toEqual([
        packets.length,
        datagrams.length,
        24 - rows.used - datagrams.length,
      ]);
      datagrams.forEach((put, i) => {
        expect(rows.datagram(i)).toMatchObject({ ...put, payloadStart: 500 + i });
      });
      let at = 0;
      for (const { put } of packets) {
        expect(told(rows.packet(at))).toEqual(told(put));
        at = rows.next(at);
      }
    }),
  );
});
