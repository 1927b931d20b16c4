import { describe, expect, it } from "vitest";
import { type PcapOptions, pcapFile, START_NS } from "../build-capture.js";
import { packetsOf, readAll } from "./read.js";

const PACKETS = packetsOf([60, 0, 1, 200]);

describe("classic pcap", () => {
  const variants: [PcapOptions, string][] = [
    [{}, "pcap, little-endian, microseconds"],
    [{ bigEndian: true }, "pcap, big-endian, microseconds"],
    [{ variant: "nanoseconds" }, "pcap, little-endian, nanoseconds"],
    [{ variant: "nanoseconds", bigEndian: true }, "pcap, big-endian, nanoseconds"],
    [{ variant: "modified" }, "pcap, little-endian, microseconds, modified"],
    [{ variant: "modified", bigEndian: true }, "pcap, big-endian, microseconds, modified"],
  ];
  it.each(variants)("%o is read as %s", (options, variant) => {
    const { records, summary } = readAll(pcapFile(PACKETS, options));
    expect(records).toEqual(
      PACKETS.map(({ bytes }, index) => ({
        number: index + 1,
        atNs: index * 1e6,
        linkType: 1,
        hex: Buffer.from(bytes).toString("hex"),
        originalLength: bytes.length,
      })),
    );
    expect(summary).toEqual({
      format: "pcap",
      variant,
      linkTypes: [1],
      packets: 4,
      capturedBytes: 261,
      firstPacketEpochNs: START_NS,
      durationNs: 3e6,
      snapLength: 262_144,
      dropped: null,
      skipped: {},
      damage: null,
      backwards: 0,
    });
  });

  it("keeps nanoseconds exact over a hundred days and across the second", () => {
    const packets = [-1n, 0n, 1n, 8_640_000_000_000_001n].map((ns) => ({
      bytes: new Uint8Array(1),
      epochNs: START_NS + 999_999_999n + ns,
    }));
    const { records } = readAll(pcapFile(packets, { variant: "nanoseconds" }));
    expect(records.map((record) => record.atNs)).toEqual([0, 1, 2, 8_640_000_000_000_002]);
  });

  it("masks FCS bits out of the link type", () => {
    const { records, summary } = readAll(pcapFile(PACKETS, { linkType: 0x5400_0071 }));
    expect(summary.linkTypes).toEqual([0x71]);
    expect(records[0]!.linkType).toBe(0x71);
  });

  it("tells original from captured length, and believes the larger", () => {
    const [bytes] = packetsOf([40]);
    const file = pcapFile([
      { ...bytes!, originalLength: 1500 },
      { ...bytes!, originalLength: 3 },
    ]);
    expect(readAll(file).records.map((record) => record.originalLength)).toEqual([1500, 40]);
  });

  it("reads the lengths of version 2.2 the other way round, of 2.3 where they make no sense otherwise", () => {
    const packet = { bytes: new Uint8Array(4), originalLength: 9 };
    const swapped = pcapFile([packet], { version: [2, 2] });
    new DataView(swapped.buffer).setUint32(24 + 8, 9, true);
    new DataView(swapped.buffer).setUint32(24 + 12, 4, true);
    expect(readAll(swapped).records[0]).toMatchObject({ hex: "00000000", originalLength: 9 });
    swapped[6] = 3;
    expect(readAll(swapped).records[0]).toMatchObject({ hex: "00000000", originalLength: 9 });
    expect(readAll(pcapFile([packet], { version: [2, 3] })).records[0]).toMatchObject({ originalLength: 9 });
  });

  it("counts packets whose time runs backwards, and goes on", () => {
    const times = [5n, 3n, 9n, 8n, 8n].map((ms) => ({ bytes: new Uint8Array(2), epochNs: START_NS + ms * 1_000_000n }));
    const { records, summary } = readAll(pcapFile(times));
    expect(records.map((record) => record.atNs / 1e6)).toEqual([0, -2, 4, 3, 3]);
    expect(summary).toMatchObject({ backwards: 2, durationNs: 4e6, damage: null });
  });

  it("says where and what is cut off, and keeps everything before", () => {
    const file = pcapFile(packetsOf([60, 50]));
    const cut = (bytes: number) => readAll(file.subarray(0, bytes)).summary;
    expect(cut(file.length - 1)).toMatchObject({
      packets: 1,
      damage: { atByte: 100, afterPacket: 1, says: "cut off inside packet 2: 49 of 50 bytes are there" },
    });
    expect(cut(107).damage?.says).toBe("cut off inside the header of packet 2: 7 of 16 bytes are there");
    expect(cut(100)).toMatchObject({ packets: 1, damage: null });
    expect(cut(10)).toMatchObject({
      packets: 0,
      damage: { atByte: 0, afterPacket: 0, says: "cut off inside the file header: 10 of 24 bytes are there" },
    });
  });

  it("does not believe a packet of 4 GiB, nor ask memory for it", () => {
    const file = pcapFile(packetsOf([60, 50]));
    new DataView(file.buffer).setUint32(100 + 8, 0xffff_ffff, true);
    const { records, summary } = readAll(file, [64]);
    expect(records).toHaveLength(1);
    expect(summary.damage).toEqual({
      atByte: 100,
      afterPacket: 1,
      says: "packet 2 claims to have 4294967295 captured bytes; at most 262144 are believed",
    });
  });

  it("believes packets above 262,144 bytes only if the snap length allows them", () => {
    const large = [{ bytes: new Uint8Array(300_000) }];
    expect(readAll(pcapFile(large, { snapLength: 1_000_000 }), [4096]).summary).toMatchObject({
      packets: 1,
      damage: null,
    });
    expect(readAll(pcapFile(large, { snapLength: 0xffff_ffff })).summary.packets).toBe(0);
  });

  it("does not know other versions", () => {
    expect(readAll(pcapFile(PACKETS, { version: [7, 1] })).summary.damage?.says).toBe(
      "pcap version 7.1 is not known (2.4 is)",
    );
  });
});
