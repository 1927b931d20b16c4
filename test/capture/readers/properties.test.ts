import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joined, pcapFile, pcapngBlock, pcapngFile, START_NS, statisticsBlock } from "../build-capture.js";
import { type Read, readAll } from "./read.js";

const packets = fc.array(
  fc.record({
    bytes: fc.uint8Array({ maxLength: 100 }),
    // Backwards too.
    epochNs: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }).map((ns) => START_NS + ns * 1000n),
    originalLength: fc.nat(2000),
    interface: fc.nat(2),
  }),
  { maxLength: 12 },
);
const pcapFiles = fc
  .tuple(packets, fc.boolean(), fc.constantFrom("microseconds", "nanoseconds", "modified"))
  .map(([some, bigEndian, variant]) => pcapFile(some, { bigEndian, variant }));
const sections = fc
  .tuple(packets, fc.boolean(), fc.constantFrom("enhanced", "obsolete", "simple"), fc.uint8Array({ maxLength: 60 }))
  .map(([some, bigEndian, packetBlock, odd]) =>
    pcapngFile(some, {
      bigEndian,
      packetBlock,
      interfaces: [{ resolution: 9 }, {}, { resolution: 0x9e, linkType: 113 }],
      before: [pcapngBlock(0x7777, odd.subarray(0, odd.length & ~3), bigEndian)],
      after: [statisticsBlock(1, 3n, 0n, bigEndian)],
    }),
  );
const files = fc.oneof(pcapFiles, fc.array(sections, { minLength: 1, maxLength: 3 }).map(joined));
const chunkings = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 });

function holdsTogether({ records, summary }: Read): void {
  expect(summary.packets).toBe(records.length);
  expect(summary.capturedBytes).toBe(records.reduce((sum, record) => sum + record.hex.length / 2, 0));
  expect(summary.durationNs).toBe(Math.max(0, ...records.map((record) => record.atNs)));
  records.forEach((record, index) => {
    expect(record.number).toBe(index + 1);
    expect(Number.isFinite(record.atNs)).toBe(true);
    expect(record.originalLength).toBeGreaterThanOrEqual(record.hex.length / 2);
  });
}

describe("the readers, whatever comes", () => {
  it("any chunking of a file gives the same records and the same summary", () => {
    fc.assert(
      fc.property(files, chunkings, (file, lengths) => {
        const whole = readAll(file);
        expect(whole.summary.damage).toBeNull();
        holdsTogether(whole);
        expect(readAll(file, lengths)).toEqual(whole);
        expect(readAll(file, [1])).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  it("a file cut off at any byte gives the records before the cut, and damage unless the cut is between two", () => {
    fc.assert(
      fc.property(files, chunkings, (file, lengths) => {
        const whole = readAll(file);
        let undamaged = 0;
        for (let bytes = 0; bytes < file.length; bytes++) {
          const cut = readAll(file.subarray(0, bytes), bytes % 3 === 0 ? lengths : undefined);
          expect(cut.records).toEqual(whole.records.slice(0, cut.records.length));
          if (cut.summary.damage === null) undamaged++;
          else expect(cut.summary.damage.atByte).toBeLessThanOrEqual(bytes);
        }
        expect(undamaged).toBeGreaterThanOrEqual(whole.records.length);
        // Between packets, and for pcapng between its other blocks: header, interfaces, unknown and statistics.
        expect(undamaged).toBeLessThanOrEqual(whole.records.length + 6 * 3);
      }),
      { numRuns: 15 },
    );
  });

  it("any bytes behind any beginning: no throw, and the same in any chunking", () => {
    const beginnings = [pcapFile([]), pcapFile([], { bigEndian: true }), pcapngFile([]), new Uint8Array(0)];
    fc.assert(
      fc.property(
        fc.constantFrom(...beginnings),
        fc.uint8Array({ maxLength: 400 }),
        chunkings,
        (begin, bytes, lengths) => {
          const file = joined([begin, bytes]);
          const whole = readAll(file);
          holdsTogether(whole);
          expect(readAll(file, lengths)).toEqual(whole);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("any few bytes of a file changed: no throw, and the records before the change are as they were", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(files, changes, chunkings, (file, changed, lengths) => {
        const spoilt = file.slice();
        for (const [at, value] of changed) spoilt[at % file.length] = value;
        const whole = readAll(spoilt);
        holdsTogether(whole);
        expect(readAll(spoilt, lengths)).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });

  it("any clock: every resolution and offset gives finite times", () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 5 }),
        (resolution, offsetSeconds, times) => {
          const blocks = times.map((time) => {
            const body = new DataView(new ArrayBuffer(20));
            body.setUint32(4, Number(time >> 32n), true);
            body.setUint32(8, Number(time & 0xffff_ffffn), true);
            return pcapngBlock(6, new Uint8Array(body.buffer));
          });
          const read = readAll(pcapngFile([], { interfaces: [{ resolution, offsetSeconds }], after: blocks }));
          expect(read.records).toHaveLength(times.length);
          holdsTogether(read);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("a file of nothing but interfaces does not fill the memory", () => {
    const body = new Uint8Array(8);
    const many = joined([pcapngFile([]), ...Array<Uint8Array>(70_000).fill(pcapngBlock(1, body))]);
    const { summary } = readAll(many);
    expect(summary).toMatchObject({ packets: 0, damage: null, variant: "pcapng, little-endian, 65536 interfaces" });
    expect(summary.skipped).toEqual({ "interface beyond the 65,536th": 70_000 - 65_535 });
  });
});
