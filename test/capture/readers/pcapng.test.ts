import { describe, expect, it } from "vitest";
import { joined, pcapngBlock, pcapngFile, START_NS, statisticsBlock } from "../build-capture.js";
import { packetsOf, readAll } from "./read.js";

const PACKETS = packetsOf([60, 0, 1, 201]);
const EXPECTED = PACKETS.map(({ bytes }, index) => ({
  number: index + 1,
  atNs: index * 1e6,
  linkType: 1,
  hex: Buffer.from(bytes).toString("hex"),
  originalLength: bytes.length,
}));

describe("pcapng", () => {
  it.each([false, true])("big-endian %s: enhanced packet blocks", (bigEndian) => {
    const { records, summary } = readAll(pcapngFile(PACKETS, { bigEndian }));
    expect(records).toEqual(EXPECTED);
    expect(summary).toEqual({
      format: "pcapng",
      variant: `pcapng, ${bigEndian ? "big" : "little"}-endian, 1 interface`,
      linkTypes: [1],
      packets: 4,
      capturedBytes: 262,
      firstPacketEpochNs: START_NS,
      durationNs: 3e6,
      snapLength: null,
      dropped: null,
      skipped: {},
      damage: null,
      backwards: 0,
    });
  });

  it.each([false, true])("big-endian %s: obsolete packet blocks", (bigEndian) => {
    expect(readAll(pcapngFile(PACKETS, { bigEndian, packetBlock: "obsolete" })).records).toEqual(EXPECTED);
  });

  it("simple packet blocks have no time, and the snap length for a captured length", () => {
    const file = pcapngFile([...packetsOf([5]), { ...packetsOf([8])[0]!, originalLength: 100 }], {
      packetBlock: "simple",
      interfaces: [{ snapLength: 8, linkType: 113 }],
    });
    const { records, summary } = readAll(file);
    expect(
      records.map(({ atNs, hex, originalLength, linkType }) => [atNs, hex.length / 2, originalLength, linkType]),
    ).toEqual([
      [0, 5, 5, 113],
      [0, 8, 100, 113],
    ]);
    expect(summary).toMatchObject({ snapLength: 8, linkTypes: [113], damage: null });
  });

  it.each<[string, number | undefined, number, bigint?]>([
    ["seconds", 0, 1e9],
    ["milliseconds", 3, 1e6],
    ["microseconds by default", undefined, 1e3],
    ["nanoseconds", 9, 1],
    // 2^64 ps are 213 days: only with an offset.
    ["picoseconds", 12, 1, 1_700_000_000n - 5n],
    ["2^-10 s", 0x8a, 976_563],
    ["2^-20 s", 0x94, 954],
    ["2^-30 s", 0x9e, 1],
  ])("times in %s", (_name, resolution, toleranceNs, offsetSeconds = 0n) => {
    const packets = [0n, 1_234_567_890n, 987_654_321_012n].map((ns) => ({
      bytes: new Uint8Array(1),
      epochNs: START_NS + ns,
    }));
    const { records, summary } = readAll(
      pcapngFile(packets, { interfaces: [resolution === undefined ? {} : { resolution, offsetSeconds }] }),
    );
    const [first, second, third] = records.map((record) => record.atNs);
    expect(first).toBe(0);
    expect(Math.abs(second! - 1_234_567_890)).toBeLessThanOrEqual(toleranceNs);
    expect(Math.abs(third! - 987_654_321_012)).toBeLessThanOrEqual(toleranceNs);
    expect(Math.abs(Number(summary.firstPacketEpochNs! - START_NS))).toBeLessThanOrEqual(toleranceNs);
  });

  it("keeps interfaces of different link type, resolution and time offset in one time", () => {
    const interfaces = [
      { resolution: 9 },
      { linkType: 101 },
      { resolution: 0x94, offsetSeconds: 3600n, linkType: 276 },
    ];
    const packets = [0, 1, 2, 1, 0].map((id, index) => ({
      bytes: new Uint8Array(1),
      interface: id,
      epochNs: START_NS + BigInt(index) * 500_000_000n,
    }));
    const { records, summary } = readAll(pcapngFile(packets, { interfaces }));
    expect(records.map((record) => record.atNs)).toEqual([0, 5e8, 1e9, 1.5e9, 2e9]);
    expect(records.map((record) => record.linkType)).toEqual([1, 101, 276, 101, 1]);
    expect(summary).toMatchObject({ linkTypes: [1, 101, 276], variant: "pcapng, little-endian, 3 interfaces" });
  });

  it("reads several sections, each with its byte order and interfaces", () => {
    const file = joined([
      pcapngFile(PACKETS, { interfaces: [{ linkType: 101 }], after: [statisticsBlock(0, 1n, 2n)] }),
      pcapngFile(PACKETS, { bigEndian: true, after: [statisticsBlock(0, 10n, 20n, true)] }),
    ]);
    const { records, summary } = readAll(file);
    expect(records.map(({ number, linkType }) => [number, linkType])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) => [number, number <= 4 ? 101 : 1]),
    );
    expect(records[7]!.atNs).toBe(3e6);
    expect(summary).toMatchObject({
      variant: "pcapng, both byte orders, 2 sections, 2 interfaces",
      dropped: 33,
      backwards: 1,
      damage: null,
    });
  });

  it("takes the last statistics of each interface for its drops", () => {
    const after = [statisticsBlock(0, 5n, 0n), statisticsBlock(1, 0n, 3n), statisticsBlock(0, 7n, 0n)];
    const file = pcapngFile([], { interfaces: [{}, {}, {}], after });
    expect(readAll(file).summary).toMatchObject({ dropped: 10, packets: 0, firstPacketEpochNs: null, damage: null });
  });

  it("passes over and counts what it does not read, however large", () => {
    const before = [4, 9, 10, 0xbad, 0x40000bad, 0x1234, 0x80000001].map((type) =>
      pcapngBlock(type, new Uint8Array(5000)),
    );
    const file = pcapngFile(PACKETS, { before });
    for (const chunk of [file.length, 4096, 7]) {
      const { records, summary } = readAll(file, [chunk]);
      expect(records).toEqual(EXPECTED);
      expect(summary).toMatchObject({
        damage: null,
        skipped: {
          "name resolution block": 1,
          "systemd journal block": 1,
          "decryption secrets block": 1,
          "custom block": 2,
          "unknown block": 2,
        },
      });
    }
  });

  it("leaves packets of interfaces out that were not declared", () => {
    const { records, summary } = readAll(pcapngFile([{ bytes: new Uint8Array(3), interface: 7 }, ...packetsOf([4])]));
    expect(records).toMatchObject([{ number: 1, hex: "00010203" }]);
    expect(summary.skipped).toEqual({ "packet of an undeclared interface": 1 });
  });

  describe("damage", () => {
    const file = pcapngFile(packetsOf([60, 50]));
    /** Where the second packet's block begins. */
    const second = file.length - 32 - 52;
    const spoilt = (at: number, value: number) => {
      const copy = file.slice();
      new DataView(copy.buffer).setUint32(at, value, true);
      return readAll(copy, [16]).summary;
    };

    it.each([
      ["its length is no multiple of 4", 4, 85, "a block of type 6 claims a length of 85 bytes"],
      ["its length is too small", 4, 28, "a block of type 6 claims a length of 28 bytes"],
      ["its length is huge", 4, 0xffff_fffc, "a block of type 6 claims a length of 4294967292 bytes"],
      ["the lengths differ", 80, 88, "a block's length is 84 at its beginning and 88 at its end"],
      [
        "the packet is larger than its block",
        20,
        53,
        "packet 2 claims to have 53 captured bytes; at most 52 are believed",
      ],
      [
        "the packet claims 4 GiB",
        20,
        0xffff_ffff,
        "packet 2 claims to have 4294967295 captured bytes; at most 52 are believed",
      ],
    ])("%s", (_name, offset, value, says) => {
      expect(spoilt(second + offset, value)).toMatchObject({
        packets: 1,
        damage: { atByte: second, afterPacket: 1, says },
      });
    });

    it("of the section header", () => {
      expect(spoilt(8, 0x12345678).damage?.says).toBe("a section header without byte-order magic");
      expect(spoilt(12, 9).damage?.says).toBe("pcapng version 9 is not known (1 is)");
    });

    it("a skipped block whose lengths differ, or that runs beyond the end", () => {
      const block = pcapngBlock(0x999, new Uint8Array(40));
      new DataView(block.buffer).setUint32(48, 999, true);
      expect(readAll(pcapngFile([], { after: [block] }), [9]).summary.damage?.says).toBe(
        "a block's length is 52 at its beginning and 999 at its end",
      );
      const huge = pcapngBlock(0x999, new Uint8Array(40));
      new DataView(huge.buffer).setUint32(4, 0xffff_fffc, true);
      expect(readAll(pcapngFile([], { after: [huge] }), [9]).summary.damage?.says).toBe(
        "cut off inside a block of 4294967292 bytes",
      );
    });

    it("a block that is cut off", () => {
      const cut = (bytes: number) => readAll(file.subarray(0, bytes)).summary;
      expect(cut(file.length - 3)).toMatchObject({
        packets: 1,
        damage: { atByte: second, afterPacket: 1, says: "cut off inside a block: 81 of 84 bytes are there" },
      });
      expect(cut(second + 5).damage?.says).toBe("cut off inside the header of a block: 5 of 8 bytes are there");
      expect(cut(second)).toMatchObject({ packets: 1, damage: null });
    });
  });
});
