/** The short way for the usual packet and the steps for all others must agree: the same IP packet is given to both. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet } from "../../../src/capture/decode/packet.js";
import { decodeUsual } from "../../../src/capture/decode/usual.js";
import { ethernet, ipv4, record, tcp } from "../build-packet.js";

const ETHERNET_BYTES = 14;
/** LINKTYPE_IPV4: goes through the steps from IPv4 on. */
const RAW_IPV4 = 228;

const number32 = fc.nat(2 ** 32 - 1);
const segments = fc.record({
  seq: number32,
  ack: number32,
  flags: fc.nat(255),
  window: fc.nat(65_535),
  srcPort: fc.nat(65_535),
  dstPort: fc.nat(65_535),
  payload: fc.uint8Array({ maxLength: 40 }),
  options: fc.oneof(
    fc.record({ timestamps: fc.tuple(number32, number32) }),
    fc.record({ timestamps: fc.tuple(number32, number32), sack: fc.constant([[1, 2] as const]) }),
    fc.record({ mss: fc.constant(1460), windowScale: fc.constant(7), sackPermitted: fc.constant(true) }),
    fc.uint8Array({ maxLength: 40 }),
  ),
});

test("whatever the segment, its damage, its padding and where the snap length cuts", () => {
  let usual = 0;
  const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 2 });
  fc.assert(
    fc.property(segments, damage, fc.nat(140), fc.nat(80), (fields, changes, cut, padTo) => {
      const frame = ethernet(ipv4(tcp(fields)), { padTo });
      const originalLength = frame.length;
      for (const [at, byte] of changes) if (at >= ETHERNET_BYTES && at < frame.length) frame[at] = byte;
      const captured = Math.max(ETHERNET_BYTES, cut > 100 ? frame.length : Math.min(cut, frame.length));
      const [short, long] = [new Packet(), new Packet()];
      const seen = record(frame.subarray(0, captured), { number: 7, atNs: 9, originalLength });
      if (decodeUsual(seen, new Packet())) usual++;
      const raw = record(frame.subarray(ETHERNET_BYTES, captured), {
        number: 7,
        atNs: 9,
        linkType: RAW_IPV4,
        originalLength: originalLength - ETHERNET_BYTES,
      });
      const said = decode(seen, short);
      expect(said).toBe(decode(raw, long));
      if (said !== "tcp") return;
      const { bytes: _, payloadStart, ...rest } = long;
      expect(short).toMatchObject({ ...rest, payloadStart: payloadStart + ETHERNET_BYTES });
    }),
    { numRuns: 3000 },
  );
  expect(usual).toBeGreaterThan(300);
});
