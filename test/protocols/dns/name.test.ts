import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeName, readName } from "../../../src/protocols/dns/name.js";
import { bytesOf } from "../reading.js";

describe("encodeName", () => {
  it.each([
    [".", "\0"],
    ["a", "\x01a\0"],
    ["example.com", "\x07example\x03com\0"],
    ["example.com.", "\x07example\x03com\0"],
  ])("%s", (text, wire) => {
    expect(encodeName(text)).toEqual(bytesOf(wire));
  });

  it.each(["", "..", "a..b", ".a", "a b", "ü", "a\\b", "a".repeat(64), "a.".repeat(128)])("%j is no name", (text) => {
    expect(encodeName(text)).toBeUndefined();
  });

  it("takes the longest name that there is", () => {
    expect(encodeName("a.".repeat(127))).toHaveLength(255);
  });
});

describe("readName", () => {
  it("follows pointers, and ends behind the first of them", () => {
    const message = bytesOf("....\x03com\0\x07example\xc0\x04\x01a\xc0\x09");
    expect(readName(message, 9)).toEqual({ text: "example.com", end: 19 });
    expect(readName(message, 19)).toEqual({ text: "a.example.com", end: 23 });
  });

  it("shows octets that are no part of a host's name", () => {
    expect(readName(bytesOf("\x05a.\\\xff \0"), 0)?.text).toBe("a\\.\\\\\\255\\032");
  });

  it.each([
    ["itself", "\xc0\x00", 0],
    ["a label whose end points to it", "\x01a\xc0\x00", 0],
    ["what comes later", "\xc0\x02\0", 0],
    ["nothing", "\xc0", 0],
    ["a reserved length", "\x40a", 0],
    ["a label that is cut short", "\x03ab", 0],
    ["an end that is not there", "\x01a", 0],
  ])("is not misled by a name of %s", (_what, wire, start) => {
    expect(readName(bytesOf(wire), start)).toBeUndefined();
  });

  it("gives up on a chain of pointers, and on a name that is too long", () => {
    const chain = [0, 0, ...Array.from({ length: 200 }, (_, at) => [0xc0 | ((2 * at) >> 8), (2 * at) & 0xff]).flat()];
    expect(readName(Uint8Array.from(chain), 2 * 127)?.text).toBe(".");
    expect(readName(Uint8Array.from(chain), 2 * 129)).toBeUndefined();
    expect(readName(bytesOf(`${"\x01a".repeat(127)}\0`), 0)?.end).toBe(255);
    expect(readName(bytesOf(`${"\x01a".repeat(128)}\0`), 0)).toBeUndefined();
  });

  it("reads back what was encoded", () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
    fc.assert(
      fc.property(
        fc.array(label, { minLength: 1, maxLength: 8 }),
        fc.uint8Array({ maxLength: 30 }),
        (labels, before) => {
          const wire = encodeName(labels.join("."));
          if (wire === undefined) throw new Error("a name was refused");
          const message = Uint8Array.from([...before, ...wire, 1, 2, 3]);
          expect(readName(message, before.length)).toEqual({
            text: labels.join("."),
            end: before.length + wire.length,
          });
        },
      ),
    );
  });

  it("ends on any bytes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1, 2, 5, 63, 0xc0, 0xff, 0x41), { maxLength: 400 }),
        fc.nat(400),
        (bytes, start) => {
          const message = Uint8Array.from(bytes);
          const name = readName(message, start);
          if (name !== undefined) expect(name.end).toBeLessThanOrEqual(message.length);
        },
      ),
    );
  });
});
