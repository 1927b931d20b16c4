import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteSink } from "../../../src/protocols/hpack/byte-sink.js";
import { HpackDecoder, type HpackDecoderOptions } from "../../../src/protocols/hpack/decoder.js";
import { HpackEncoder } from "../../../src/protocols/hpack/encoder.js";
import { fieldValue, type HeaderField, headerField, headerListBytes } from "../../../src/protocols/hpack/field.js";
import { huffmanBytes, huffmanDecode, huffmanEncode, huffmanRoom } from "../../../src/protocols/hpack/huffman.js";
import { IntegerReader, MAX_INTEGER, writeInteger } from "../../../src/protocols/hpack/integer.js";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));
const octets = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const name = fc.oneof(
  fc.constantFrom(":method", ":path", ":status", "cookie", "content-length", "x-a", "x-b"),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
);
const value = fc.oneof(fc.constantFrom("", "GET", "/", "200", "same"), octets);
const fields = fc.array(
  fc
    .record({ name, value, neverIndexed: fc.boolean() })
    .map(({ neverIndexed, ...field }): HeaderField => (neverIndexed ? { ...field, neverIndexed } : field)),
  { maxLength: 12 },
);

function faultOf(block: string, options?: HpackDecoderOptions): string {
  const decoded = new HpackDecoder(options).decode(hex(block));
  if (decoded.ok) throw new Error(`decoded: ${JSON.stringify(decoded.fields)}`);
  return decoded.reason;
}

describe("integers (RFC 7541 appendix C.1)", () => {
  test.each([
    [10, 5, "0a"],
    [1337, 5, "1f9a0a"],
    [42, 8, "2a"],
    [31, 5, "1f00"],
    [MAX_INTEGER, 8, "ff80feffff07"],
  ])("%i with a prefix of %i bits", (number, bits, written) => {
    const sink = new ByteSink(1);
    writeInteger(sink, 0, bits, number);
    expect(Buffer.from(sink.copy()).toString("hex")).toBe(written);
    expect(new IntegerReader().read(hex(written), written.length / 2, bits)).toBe(number);
  });

  test("every integer comes back, and ends where it was written", () => {
    fc.assert(
      fc.property(fc.nat({ max: MAX_INTEGER }), fc.integer({ min: 1, max: 8 }), (number, bits) => {
        const sink = new ByteSink(1);
        writeInteger(sink, 0, bits, number);
        const reader = new IntegerReader();
        return reader.read(sink.bytes, sink.length, bits) === number && reader.at === sink.length;
      }),
    );
  });

  test("what is above 2^31 - 1, or endless, is refused", () => {
    expect(new IntegerReader().read(hex("ff81feffff07"), 6, 8)).toBe(-2);
    expect(new IntegerReader().read(hex("ff808080808080808000"), 10, 8)).toBe(-2);
    expect(new IntegerReader().read(hex("ff80"), 2, 8)).toBe(-1);
  });
});

describe("Huffman code", () => {
  test("any octets come back", () => {
    fc.assert(
      fc.property(octets, (text) => {
        const sink = new ByteSink(1);
        huffmanEncode(text, huffmanBytes(text), sink);
        const into = new Uint8Array(huffmanRoom(sink.length));
        const count = huffmanDecode(sink.bytes, 0, sink.length, into);
        return Buffer.from(into.subarray(0, count)).toString("latin1") === text;
      }),
    );
  });

  test("each octet alone", () => {
    const into = new Uint8Array(8);
    for (let octet = 0; octet < 256; octet++) {
      const sink = new ByteSink();
      huffmanEncode(String.fromCharCode(octet), huffmanBytes(String.fromCharCode(octet)), sink);
      expect(huffmanDecode(sink.bytes, 0, sink.length, into)).toBe(1);
      expect(into[0]).toBe(octet);
    }
  });

  test.each([
    ["padding of eight ones", "1fff"],
    ["padding with a zero", "18"],
    ["EOS", "3fffffff"],
  ])("refuses %s (RFC 7541 section 5.2)", (_what, code) => {
    expect(huffmanDecode(hex(code), 0, code.length / 2, new Uint8Array(16))).toBe(-1);
  });
});

describe("encoder and decoder", () => {
  test("any lists come back, with any tables, and both tables stay the same", () => {
    const way = fc.record({ indexing: fc.boolean(), huffman: fc.boolean(), maxTableBytes: fc.nat({ max: 600 }) });
    fc.assert(
      fc.property(
        way,
        fc.array(fc.tuple(fields, fc.option(fc.nat({ max: 600 }))), { maxLength: 8 }),
        (options, blocks) => {
          const encoder = new HpackEncoder(options);
          const decoder = new HpackDecoder();
          let wire = 0;
          for (const [list, tableBytes] of blocks) {
            if (tableBytes !== null) {
              encoder.setMaxTableBytes(tableBytes);
              decoder.setMaxTableBytes(tableBytes);
            }
            const block = encoder.encode(list);
            wire += block.length;
            // A smaller limit is announced with the next block, be it empty.
            expect(decoder.decode(block)).toMatchObject({ ok: true, fields: list, listBytes: headerListBytes(list) });
            if (options.indexing) expect(decoder.tableEntries).toEqual(encoder.tableEntries);
          }
          expect(encoder.wireBytes).toBe(wire);
        },
      ),
    );
  });

  test("without indexing a list has the same bytes every time", () => {
    const encoder = new HpackEncoder({ indexing: false });
    const list = [headerField(":method", "GET"), headerField("x-request", "1")];
    expect(encoder.encode(list)).toEqual(encoder.encode(list));
    expect(encoder.tableEntries).toEqual([]);
  });

  test("a password stays out of the tables", () => {
    const encoder = new HpackEncoder();
    const list = [headerField("Authorization", "Bearer t", { neverIndexed: true })];
    expect(encoder.encode(list)[0]! & 0xf0).toBe(0x10);
    expect(encoder.tableEntries).toEqual([]);
    expect(new HpackDecoder().decode(encoder.encode(list))).toMatchObject({
      fields: [{ name: "authorization", value: "Bearer t", neverIndexed: true }],
    });
  });

  test("text beyond ASCII travels as UTF-8", () => {
    const field = headerField("X-Name", "Zoë");
    expect(field).toEqual({ name: "x-name", value: "Zo\xc3\xab" });
    const decoded = new HpackDecoder().decode(new HpackEncoder().encode([field]));
    expect(decoded).toMatchObject({ fields: [field] });
    expect(fieldValue([field], "x-name")).toBe("Zo\xc3\xab");
  });
});

describe("bounds and faults of the decoder", () => {
  test.each([
    ["80", "index 0"],
    ["be", "index 62; the tables end at 61"],
    ["7f ff ff ff ff 0f", "above 2^31 - 1"],
    ["00", "ends inside the length of a name"],
    ["40 01 61 05 62", "a value of 5 bytes in a block that has 1 left"],
    ["00 81 18 00", "Huffman"],
    ["82 20", "may only begin a block"],
    ["3f e2 1f", "a table of 4097 bytes announced; 4096 are allowed"],
  ])("%s: %s", (block, reason) => {
    expect(faultOf(block)).toContain(reason);
  });

  test("a fault is for good: the table is out of step", () => {
    const decoder = new HpackDecoder();
    const fault = decoder.decode(hex("be"));
    expect(decoder.decode(hex("82"))).toBe(fault);
  });

  test("a sender that does not lower its table after our SETTINGS is refused", () => {
    const decoder = new HpackDecoder();
    decoder.setMaxTableBytes(100);
    expect(decoder.decode(hex("82"))).toMatchObject({
      ok: false,
      reason: expect.stringContaining("to be lowered first"),
    });
    const obedient = new HpackDecoder();
    obedient.setMaxTableBytes(100);
    expect(obedient.decode(hex("3f45 82"))).toMatchObject({ ok: true });
  });

  test("a long string is refused, plain or Huffman coded", () => {
    // Huffman coded, 1500 octets take 938 bytes: within the limit on the wire, beyond it when decoded.
    const list = [{ name: "x", value: "a".repeat(1500) }];
    for (const huffman of [true, false]) {
      const block = new HpackEncoder({ huffman }).encode(list);
      const reason = expect.stringContaining("a value of 1500 bytes; 1000 are allowed");
      expect(new HpackDecoder({ maxStringBytes: 1000 }).decode(block)).toMatchObject({ ok: false, reason });
      expect(new HpackDecoder({ maxStringBytes: 1500 }).decode(block)).toMatchObject({ ok: true, fields: list });
    }
  });

  test("an endless list from a small block ends: fields beyond the limit are dropped and the table stays in step", () => {
    const encoder = new HpackEncoder();
    const big = { name: "x", value: "v".repeat(3000) };
    const block = encoder.encode(new Array<HeaderField>(10_000).fill(big));
    expect(block.length).toBeLessThan(13_000);
    const decoder = new HpackDecoder({ maxListBytes: 64 * 1024 });
    const decoded = decoder.decode(block);
    expect(decoded).toMatchObject({ ok: true, truncated: true, listBytes: 10_000 * (3001 + 32) });
    if (decoded.ok) expect(decoded.fields.length).toBe(21);
    expect(decoder.tableEntries).toEqual(encoder.tableEntries);
  });

  test("any bytes are decoded or refused with one printable sentence", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fields.map((list) => new HpackEncoder().encode(list)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.boolean(), (pieces, unknownTable) => {
        const decoder = new HpackDecoder({ unknownTable, maxListBytes: 500, maxStringBytes: 100 });
        for (const bytes of pieces) {
          const decoded = decoder.decode(bytes);
          if (!decoded.ok) expect(decoded.reason).toMatch(/^header block, up to byte \d+: [ -~]+$/);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a decoder that joins in the middle", () => {
  const lists = [
    [headerField(":status", "200"), headerField("server", "a"), headerField("x-id", "1")],
    [headerField(":status", "200"), headerField("server", "a"), headerField("x-id", "2")],
    [headerField(":status", "200"), headerField("server", "a"), headerField("x-id", "2"), headerField("x-new", "n")],
  ];

  test("reports what it cannot know as unknown, and what it can know as it is", () => {
    const encoder = new HpackEncoder();
    encoder.encode(lists[0]!); // Never seen.
    const decoder = new HpackDecoder({ unknownTable: true });
    const unknown = { name: "?", value: "?", unknown: "name and value" };
    expect(decoder.decode(encoder.encode(lists[1]!))).toMatchObject({
      fields: [lists[1]![0], unknown, { name: "?", value: "2", unknown: "name" }],
    });
    expect(decoder.decode(encoder.encode(lists[2]!))).toMatchObject({
      fields: [lists[2]![0], unknown, { name: "?", value: "2", unknown: "name" }, { name: "x-new", value: "n" }],
    });
    expect(decoder.tableUnknown).toBe(true);
  });

  test("knows everything once the table was emptied", () => {
    const encoder = new HpackEncoder();
    encoder.encode(lists[0]!);
    encoder.setMaxTableBytes(0);
    encoder.setMaxTableBytes(4096);
    const decoder = new HpackDecoder({ unknownTable: true });
    expect(decoder.decode(encoder.encode(lists[1]!))).toMatchObject({ ok: true, fields: lists[1]! });
    expect(decoder.tableUnknown).toBe(false);
    expect(decoder.decode(encoder.encode(lists[2]!))).toMatchObject({ ok: true, fields: lists[2]! });
  });

  test("never says something false: each field is right or unknown", () => {
    fc.assert(
      fc.property(fc.array(fields, { minLength: 2, maxLength: 8 }), fc.nat(6), (blocks, missed) => {
        const encoder = new HpackEncoder({ maxTableBytes: 300 });
        const decoder = new HpackDecoder({ unknownTable: true });
        blocks.forEach((list, at) => {
          const block = encoder.encode(list);
          if (at < missed) return;
          const decoded = decoder.decode(block);
          if (!decoded.ok) throw new Error(decoded.reason);
          expect(decoded.fields).toHaveLength(list.length);
          decoded.fields.forEach((field, i) => {
            if (field.unknown === undefined) expect(field).toEqual(list[i]);
            else if (field.unknown === "name") expect(field.value).toBe(list[i]!.value);
          });
        });
      }),
      { numRuns: 300 },
    );
  });
});
