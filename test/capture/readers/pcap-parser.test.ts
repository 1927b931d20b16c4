import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReader, readerMaker } from "../../../src/capture/readers/formats.js";
import { pcapFile, pcapngFile } from "../build-capture.js";
import { packetsOf, readAll } from "./read.js";

const FIXTURES = new URL("../../../fixtures/captures/", import.meta.url);
const captures = readdirSync(FIXTURES).filter((name) => name.endsWith(".pcap"));
const NANOSECOND_MAGIC = "4d3cb2a1";
const ours = createReader;
const theirs = await readerMaker("pcap-parser");

/** The same capture as microseconds, which is all that pcap-parser reads. */
function inMicroseconds(file: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(file);
  if (Buffer.from(file.subarray(0, 4)).toString("hex") !== NANOSECOND_MAGIC) return copy;
  const view = new DataView(copy.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  for (let at = 24; at < copy.length; at += 16 + view.getUint32(at + 8, true)) {
    view.setUint32(at + 4, Math.floor(view.getUint32(at + 4, true) / 1000), true);
  }
  return copy;
}

describe("our reader against the npm package pcap-parser", () => {
  it("has captures to compare", () => expect(captures.length).toBeGreaterThan(40));

  it.each(captures)("%s: the same records", (name) => {
    const file = inMicroseconds(readFileSync(new URL(name, FIXTURES)));
    // A large file in large chunks: pcap-parser joins them again and again.
    const lengths = [65_536, 100_003];
    const read = readAll(file, lengths, theirs);
    expect(read.summary.packets).toBeGreaterThan(0);
    expect(read.summary.damage).toBeNull();
    const own = readAll(file, lengths, ours);
    expect(own.summary).toEqual(read.summary);
    expect(own.records.length).toBe(read.records.length);
    // One comparison: toEqual on some ten thousand records is slow.
    expect(JSON.stringify(own.records) === JSON.stringify(read.records)).toBe(true);
  });

  it("the same records and the same damage of any file, cut anywhere, in any chunks", () => {
    const files = fc
      .tuple(fc.array(fc.nat(90), { maxLength: 6 }), fc.boolean(), fc.constantFrom(1, 0x5400_0001))
      .map(([lengths, bigEndian, linkType]) => pcapFile(packetsOf(lengths), { bigEndian, linkType }));
    fc.assert(
      fc.property(
        files,
        fc.nat(),
        fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1 }),
        (file, cut, lengths) => {
          // At least the magic: of less, only our reader says that it is no capture.
          const some = file.subarray(0, 8 + (cut % (file.length - 7)));
          expect(readAll(some, lengths, theirs)).toEqual(readAll(some, lengths, ours));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("what pcap-parser cannot do is told", () => {
  it("nanoseconds and pcapng", () => {
    for (const file of [pcapFile([], { variant: "nanoseconds" }), pcapngFile([])]) {
      expect(readAll(file, [24], theirs).summary.damage?.says).toMatch(
        /^unknown magic number: [0-9a-f]{8} \(pcap-parser reads classic pcap with microseconds only; --reader netlat/,
      );
    }
    expect(readAll(new Uint8Array(0), [1], theirs).summary.damage?.says).toBe("empty");
  });

  it("a packet of 4 GiB, without joining buffers for ever", () => {
    const file = pcapFile(packetsOf([60, 50]));
    new DataView(file.buffer).setUint32(100 + 8, 0xffff_ffff, true);
    const read = readAll(file, [30], theirs);
    expect(read).toEqual(readAll(file, [30], ours));
    expect(read.summary.damage).toMatchObject({ atByte: 100, afterPacket: 1 });
  });
});
