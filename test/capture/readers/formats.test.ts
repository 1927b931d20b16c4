import { describe, expect, it } from "vitest";
import { createReader, readCapture } from "../../../src/capture/readers/formats.js";
import { pcapFile, pcapngFile } from "../build-capture.js";
import { packetsOf, readAll } from "./read.js";

const text = (value: string) => new TextEncoder().encode(value);

describe("createReader", () => {
  it.each([1, 3, 8, 9, 1000])("finds the format out in chunks of %i bytes", (length) => {
    const packets = packetsOf([10, 20]);
    expect(readAll(pcapFile(packets), [length]).summary).toMatchObject({ format: "pcap", packets: 2 });
    expect(readAll(pcapngFile(packets), [length]).summary).toMatchObject({ format: "pcapng", packets: 2 });
  });

  it.each([
    ["root:x:0:0:root", 'it begins with "root:x:0"'],
    ["hi\n", 'it begins with "hi\\n"'],
    ["\x7fELF\x02\x01\x01\x00\x00", "it begins with the bytes 7f 45 4c 46 02 01 01 00"],
    ["BZh91AY&SY", "it is compressed with bzip2: unpack it first"],
    ["snoop\0\0\0\0", "it is a Solaris snoop file: convert it with editcap"],
  ])("says of %j that it is no capture", (content, says) => {
    const file = Uint8Array.from(content, (character) => character.charCodeAt(0));
    for (const lengths of [[file.length], [1]]) {
      const { records, summary } = readAll(file, lengths);
      expect(records).toEqual([]);
      expect(summary).toMatchObject({
        packets: 0,
        firstPacketEpochNs: null,
        damage: { atByte: 0, afterPacket: 0, says: `not a capture (pcap or pcapng expected; ${says})` },
      });
    }
  });

  it("says that a file is empty, and that one is cut off in its header", () => {
    expect(readAll(new Uint8Array(0)).summary.damage?.says).toBe("not a capture (it is empty)");
    expect(readAll(pcapFile([]).subarray(0, 6)).summary.damage?.says).toBe(
      "cut off inside the file header: 6 of 24 bytes are there",
    );
    expect(readAll(pcapngFile([]).subarray(0, 6)).summary.damage?.says).toBe(
      "cut off inside the header of a block: 6 of 8 bytes are there",
    );
  });

  it("is finished once the file is known to be damaged", () => {
    const reader = createReader(() => {});
    reader.push(text("root:x"));
    expect(reader.finished).toBe(false);
    reader.push(text(":0:0"));
    expect(reader.finished).toBe(true);
  });
});

describe("readCapture", () => {
  const source = (chunks: Uint8Array[], failure: string | null) => {
    const given = { count: 0 };
    const iterate = async function* () {
      for (const chunk of chunks) {
        given.count++;
        yield chunk;
      }
    };
    return { given, source: { failure, [Symbol.asyncIterator]: iterate } };
  };

  it("stops at damage, and does not ask for more", async () => {
    const endless = source(Array<Uint8Array>(1000).fill(text("no capture at all")), null);
    const summary = await readCapture(
      endless.source,
      createReader(() => {}),
    );
    expect(summary.damage?.says).toContain('"no captu"');
    expect(endless.given.count).toBe(1);
  });

  it("says what kept the source from its end rather than that the file is cut off", async () => {
    const file = pcapFile(packetsOf([60, 60]));
    const { source: broken } = source([file.subarray(0, 110)], "gzip: unexpected end of file");
    let chunks = 0;
    const summary = await readCapture(
      broken,
      createReader(() => {}),
      () => chunks++,
    );
    expect(summary).toMatchObject({
      packets: 1,
      damage: { atByte: 110, afterPacket: 1, says: "gzip: unexpected end of file" },
    });
    expect(chunks).toBe(1);
  });

  it("does not call a source that was interrupted damaged", async () => {
    const file = pcapFile(packetsOf([60, 60]));
    const { source: stopped } = source([file.subarray(0, 110)], null);
    const summary = await readCapture(
      { ...stopped, interrupted: true },
      createReader(() => {}),
    );
    expect(summary).toMatchObject({ packets: 1, damage: null });
  });
});
