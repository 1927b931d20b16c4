import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createReader, readCapture } from "../../../src/capture/readers/formats.js";
import { openCapture } from "../../../src/capture/source.js";

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url));

interface Packet {
  readonly epochNs: bigint;
  readonly hex: string;
}

async function read(name: string) {
  const relative: { atNs: number; hex: string }[] = [];
  const source = await openCapture(fixture(name));
  const summary = await readCapture(
    source,
    createReader(({ atNs, bytes, start, capturedLength }) => {
      relative.push({ atNs, hex: Buffer.from(bytes.subarray(start, start + capturedLength)).toString("hex") });
    }),
  );
  const packets: Packet[] = relative.map(({ atNs, hex }) => ({
    epochNs: summary.firstPacketEpochNs! + BigInt(atNs),
    hex,
  }));
  return { source, summary, packets };
}

describe("captures as other programs write them", () => {
  it.each([
    ["zstd", "readers/wwr_nagle_veth.client.pcap.zst", "captures/wwr_nagle_veth.client.pcap"],
    ["zstd", "readers/zero_window_veth.client.pcap.zst", "captures/zero_window_veth.client.pcap"],
    ["gzip", "readers/wwr_nagle_veth.client.pcap.gz", "captures/wwr_nagle_veth.client.pcap"],
  ])("%s: %s is what it was", async (compression, packed, plain) => {
    const unpacked = await read(packed);
    const original = await read(plain);
    expect(original.summary).toMatchObject({ format: "pcap", damage: null });
    expect(original.packets.length).toBeGreaterThan(100);
    expect(unpacked.source).toMatchObject({ compression, failure: null });
    expect(unpacked.summary).toEqual(original.summary);
    expect(unpacked.packets).toEqual(original.packets);
  });

  it("mergecap's pcapng holds the packets of both files, to the nanosecond", async () => {
    const merged = await read("readers/merged.pcapng");
    const micro = await read("captures/wwr_nagle_micro_veth.client.pcap");
    const nano = await read("captures/rto_request_lost_rtt2ms.server.pcap");
    expect(merged.summary).toMatchObject({
      variant: "pcapng, little-endian, 2 interfaces",
      packets: 248,
      snapLength: 262_144,
      backwards: 0,
      damage: null,
    });
    const inTime = (packets: Packet[]) => packets.map(({ epochNs, hex }) => `${epochNs} ${hex}`).sort();
    expect(inTime(merged.packets)).toEqual(inTime([...micro.packets, ...nano.packets]));
  });
});
