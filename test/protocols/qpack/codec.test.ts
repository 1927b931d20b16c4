import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HeaderField } from "../../../src/protocols/hpack/field.js";
import { decodeFields } from "../../../src/protocols/qpack/decoder.js";
import { encodeFields } from "../../../src/protocols/qpack/encoder.js";
import { type InstructionEvent, InstructionReader } from "../../../src/protocols/qpack/instructions.js";
import { STATIC_TABLE } from "../../../src/protocols/qpack/static-table.js";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const field: fc.Arbitrary<HeaderField> = fc.oneof(
  fc.constantFrom(...STATIC_TABLE),
  fc.tuple(fc.constantFrom(...STATIC_TABLE), latin1).map(([{ name }, value]) => ({ name, value })),
  fc.record({ name: latin1, value: latin1 }),
  fc.record({ name: latin1, value: latin1, neverIndexed: fc.constant(true as const) }),
);

test("the static table has the entries of RFC 9204 appendix A", () => {
  expect(STATIC_TABLE).toHaveLength(99);
  const some = [0, 1, 17, 25, 41, 58, 62, 71, 85, 98].map((index) => STATIC_TABLE[index]);
  expect(some).toEqual([
    { name: ":authority", value: "" },
    { name: ":path", value: "/" },
    { name: ":method", value: "GET" },
    { name: ":status", value: "200" },
    { name: "cache-control", value: "public, max-age=31536000" },
    { name: "strict-transport-security", value: "max-age=31536000; includesubdomains; preload" },
    { name: "x-xss-protection", value: "1; mode=block" },
    { name: ":status", value: "500" },
    { name: "content-security-policy", value: "script-src 'none'; object-src 'none'; base-uri 'none'" },
    { name: "x-frame-options", value: "sameorigin" },
  ]);
});

describe("examples of RFC 9204 appendix B", () => {
  test("B.1: literal field line with name reference, both ways", () => {
    const section = hex("0000 510b 2f69 6e64 6578 2e68 746d 6c");
    const fields = [{ name: ":path", value: "/index.html" }];
    expect(decodeFields(section)).toMatchObject({ ok: true, fields, wireBytes: 15, plainBytes: 16, listBytes: 48 });
    expect(Buffer.from(encodeFields(fields, { huffman: false }))).toEqual(section);
  });

  test.each([
    ["B.2", "0381 10 11"],
    ["B.3", "0500 80 c1 81"],
    ["B.4 without its Required Insert Count", "0000 80 c1 81"],
    ["post-base name", "0000 00 01 61"],
  ])("%s needs the dynamic table: refused by name", (_, section) => {
    expect(decodeFields(hex(section))).toMatchObject({ ok: false, kind: "dynamic-table" });
  });

  test("encoder and decoder streams are named", () => {
    const encoder = hex(
      "3fbd01 c00f7777772e6578616d706c652e636f6d c10c2f73616d706c652f70617468 4a637573746f6d2d6b65790c637573746f6d2d76616c7565 02",
    );
    const decoder = hex("84 48 01");
    const read = (kind: "encoder" | "decoder", bytes: Uint8Array, chunk: number) => {
      const seen: InstructionEvent[] = [];
      const reader = new InstructionReader(kind, (event) => seen.push(event));
      for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
      return seen;
    };
    for (const chunk of [1, 2, 7, 100]) {
      expect(read("encoder", encoder, chunk)).toEqual([
        { name: "set-dynamic-table-capacity", value: 220 },
        { name: "insert-with-name-reference", value: 0 },
        { name: "insert-with-name-reference", value: 1 },
        { name: "insert-with-literal-name", value: 10 },
        { name: "duplicate", value: 2 },
      ]);
      expect(read("decoder", decoder, chunk)).toEqual([
        { name: "section-acknowledgment", value: 4 },
        { name: "stream-cancellation", value: 8 },
        { name: "insert-count-increment", value: 1 },
      ]);
    }
  });
});

test("what is encoded is decoded, with Huffman and without", () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 20 }), fc.boolean(), (fields, huffman) => {
      const section = encodeFields(fields, { huffman });
      expect(decodeFields(section)).toMatchObject({ ok: true, fields, wireBytes: section.length, truncated: false });
      const whole = encodeFields(fields);
      expect(whole.length).toBeLessThanOrEqual(encodeFields(fields, { huffman: false }).length);
    }),
  );
});

test("a GET takes few bytes", () => {
  const request = [
    { name: ":method", value: "GET" },
    { name: ":scheme", value: "https" },
    { name: ":authority", value: "localhost" },
    { name: ":path", value: "/" },
  ];
  expect(Buffer.from(encodeFields(request)).toString("hex")).toBe("0000d1d75086a0e41d139d09c1");
});

test.each([
  ["nothing", "", "the block ends inside the Required Insert Count"],
  ["a cut string", "0000 5105 61", "a value of 5 bytes in a block that has 1 left"],
  ["a static index too large", "0000 ff24", "index 99; the static table ends at 98"],
  ["wrong padding", "0000 51 81 00", "Huffman"],
  ["an integer without end", "0000 ffffffffffffffffff", "above 2^31 - 1"],
])("refuses %s", (_, section, reason) => {
  const fault = { ok: false, kind: "malformed", reason: expect.stringContaining(reason) };
  expect(decodeFields(hex(section))).toMatchObject(fault);
});

test("bounds: a string, a list", () => {
  const section = encodeFields(
    [
      { name: "x", value: "y".repeat(1000) },
      { name: "z", value: "" },
    ],
    { huffman: false },
  );
  const long = { ok: false, reason: expect.stringContaining("a value of 1000 bytes; 999 are allowed") };
  expect(decodeFields(section, 0, section.length, { maxStringBytes: 999 })).toMatchObject(long);
  const cut = { ok: true, truncated: true, fields: [], listBytes: 1066 };
  expect(decodeFields(section, 0, section.length, { maxListBytes: 100 })).toMatchObject(cut);
});

test("any bytes: fields or a named fault, and instructions never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const decoded = decodeFields(bytes);
      if (!decoded.ok) expect(decoded.reason).toMatch(/^field section, up to byte \d+: /);
      for (const kind of ["encoder", "decoder"] as const) {
        const at = [1, 200].map((chunk) => {
          const seen: InstructionEvent[] = [];
          const reader = new InstructionReader(kind, (event) => seen.push(event));
          for (let i = 0; i < bytes.length; i += chunk) reader.push(bytes.subarray(i, i + chunk));
          return seen;
        });
        expect(at[0]).toEqual(at[1]);
      }
    }),
  );
});
