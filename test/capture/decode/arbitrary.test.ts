import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../../../src/capture/decode/decode.js";
import { Packet, SKIP_REASONS } from "../../../src/capture/decode/packet.js";
import type { CaptureRecord } from "../../../src/capture/readers/record.js";
import {
  authenticationHeader,
  ethernet,
  extension,
  fragmentHeader,
  geneve,
  gre,
  ipv4,
  ipv6,
  join,
  linuxCooked,
  linuxCooked2,
  mpls,
  ppp,
  pppoe,
  type RecordFields,
  record,
  tcp,
  u32,
  vxlan,
} from "../build-packet.js";

const LINK_TYPES = [0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276, 147];

const segment = tcp({
  flags: 2,
  ack: 50,
  options: { mss: 1460, sackPermitted: true, timestamps: [1, 2], sack: [[10, 20]] },
  payload: 9,
});
/** Link type and a packet of each kind of header that is known. */
const EXAMPLES: readonly (readonly [number, Uint8Array])[] = [
  [
    1,
    ethernet(ipv4(segment), {
      tags: [
        [0x88a8, 1],
        [0x8100, 2],
      ],
      padTo: 130,
    }),
  ],
  [
    1,
    ethernet(ipv6(extension(60, 1, fragmentHeader(51, 0, false, authenticationHeader(6, segment))), { nextHeader: 0 })),
  ],
  [1, ethernet(ipv4(vxlan(ethernet(ipv4(segment))), { protocol: 17 }))],
  [1, ethernet(ipv4(geneve(ethernet(ipv6(segment)), 3), { protocol: 17 }))],
  [1, ethernet(ipv4(gre(ipv6(segment), { checksum: true, key: true, sequence: true }), { protocol: 47 }))],
  [1, ethernet(mpls(ipv4(ipv6(segment), { protocol: 41 })), { etherType: 0x8847 })],
  [1, ethernet(pppoe(ipv4(segment)), { etherType: 0x8864 })],
  [9, ppp(ipv4(segment, { options: new Uint8Array(8) }))],
  [0, join(u32(2), ipv4(segment))],
  [113, linuxCooked(ipv4(segment))],
  [276, linuxCooked2(ipv6(segment))],
  [101, ipv4(segment, { totalLength: 0 })],
];

/** Everything the packet says, the payload's place relative to the record. */
function outcome(of: CaptureRecord): unknown {
  const packet = new Packet();
  const decoded = decode(of, packet);
  if (decoded !== "tcp" && decoded !== "udp") return decoded;
  const { payloadStart, payloadCaptured } = packet;
  expect(payloadStart).toBeGreaterThanOrEqual(of.start);
  expect(payloadCaptured).toBeGreaterThanOrEqual(0);
  expect(payloadStart + payloadCaptured).toBeLessThanOrEqual(of.start + of.capturedLength);
  expect(packet.payloadLength).toBeGreaterThanOrEqual(payloadCaptured);
  for (const value of Object.values(packet)) {
    if (typeof value === "number") expect(Number.isSafeInteger(value)).toBe(true);
  }
  return { ...packet, bytes: null, payloadStart: payloadStart - of.start, decoded };
}

/** The same record in the middle of a larger buffer full of one byte. */
function amid(poison: number, bytes: Uint8Array, fields: RecordFields): CaptureRecord {
  const around = new Uint8Array(bytes.length + 400).fill(poison);
  around.set(bytes, 123);
  return Object.assign(record(bytes, fields), { bytes: around, start: 123 });
}

/** Decodes as one of the known things, and the bytes around the record make no difference. */
function expectContained(bytes: Uint8Array, fields: RecordFields): void {
  const alone = outcome(record(bytes, fields));
  const name = typeof alone === "string" ? alone : (alone as { decoded: string }).decoded;
  expect(["tcp", ...SKIP_REASONS]).toContain(name);
  for (const poison of [0x00, 0x45, 0xff]) expect(outcome(amid(poison, bytes, fields))).toEqual(alone);
}

const linkType = fc.constantFrom(...LINK_TYPES);
const lost = fc.oneof(fc.constant(0), fc.nat(3000), fc.constant(0xffff_0000));

describe("whatever the bytes, nothing is thrown and nothing outside of the record is read", () => {
  it("arbitrary bytes as any link type", () => {
    const record = fc.record({ bytes: fc.uint8Array({ maxLength: 200 }), linkType, lost });
    fc.assert(
      fc.property(record, ({ bytes, linkType, lost }) => {
        expectContained(bytes, { linkType, originalLength: bytes.length + lost });
      }),
      { numRuns: 1000 },
    );
  });

  it("known packets with bytes changed, cut anywhere", () => {
    const change = fc.tuple(fc.nat(150), fc.oneof(fc.constantFrom(0, 1, 4, 6, 17, 44, 47, 51, 255), fc.nat(255)));
    const mangled = fc.record({
      example: fc.constantFrom(...EXAMPLES),
      changes: fc.array(change, { maxLength: 4 }),
      keep: fc.nat(200),
      lost,
    });
    fc.assert(
      fc.property(mangled, ({ example: [linkType, whole], changes, keep, lost }) => {
        const bytes = Uint8Array.from(whole.subarray(0, keep));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        expectContained(bytes, { linkType, originalLength: bytes.length + lost });
      }),
      { numRuns: 2000 },
    );
  });

  it.each(EXAMPLES.map(([linkType, whole], index) => [index, linkType, whole] as const))(
    "example %i cut at every length, by the snap length and for good",
    (_index, linkType, whole) => {
      expect(outcome(record(whole, { linkType }))).toMatchObject({ decoded: "tcp", mss: 1460 });
      for (let length = 0; length <= whole.length; length++) {
        const bytes = whole.subarray(0, length);
        expectContained(bytes, { linkType, originalLength: whole.length });
        expectContained(bytes, { linkType });
      }
    },
  );

  it("a record that claims more bytes than its buffer has", () => {
    const frame = ethernet(ipv4(segment));
    const claimed = record(frame.subarray(0, 40), { capturedLength: frame.length, originalLength: frame.length });
    expect(decode(claimed, new Packet())).toBe("truncated-by-snap-length");
  });
});
