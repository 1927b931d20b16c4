import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DnsMessage, readMessage, writeMessage } from "../../../src/protocols/dns/message.js";
import { CLASS_IN, RCODE, TYPES, typeNumber } from "../../../src/protocols/dns/types.js";
import { protocolFor } from "../../../src/protocols/registry.js";
import { anyBytesProperty, bytesOf, chunkingProperty, readOne, readText, textOf } from "../reading.js";

const NAME = "\x07example\x03com\0";
const QUESTION = { name: "example.com", type: TYPES.A, class: CLASS_IN };
const ADDRESS = { ...QUESTION, ttlSeconds: 0xfffffffe, data: Uint8Array.of(192, 0, 2, 1) };
const ANSWER: Omit<DnsMessage, "otherRecords"> = {
  id: 0,
  response: true,
  authoritative: false,
  recursionDesired: true,
  recursionAvailable: true,
  rcode: RCODE.noError,
  questions: [QUESTION],
  answers: [ADDRESS],
};
const asks = protocolFor({ protocol: "dns", name: "example.com", type: "a" });

const framed = (bytes: Uint8Array): string =>
  `${String.fromCharCode(bytes.length >> 8, bytes.length & 0xff)}${textOf(bytes)}`;
const answer = (changed: Partial<DnsMessage> = {}): string => framed(writeMessage({ ...ANSWER, ...changed }));

describe("the query", () => {
  it("is what RFC 9250 asks for, cut behind its length and its header", () => {
    expect(textOf(asks.request())).toBe("\0\x1d\0\0\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01");
    expect(asks.fields()).toEqual([2, 14]);
  });

  it("asks for types by name and by number", () => {
    expect(typeNumber("https")).toBe(65);
    expect(typeNumber("TYPE65280")).toBe(65280);
    expect(typeNumber("constructor")).toBeUndefined();
  });
});

describe("answers", () => {
  it.each([
    ["an address", answer(), { kind: "value" }],
    ["of a name in other letters", answer({ questions: [{ ...QUESTION, name: "EXAMPLE.com" }] }), { kind: "value" }],
    ["no such record", answer({ answers: [] }), { kind: "miss" }],
    ["no such name", answer({ rcode: RCODE.nameError, answers: [] }), { kind: "miss" }],
    [
      "a refusal without its question",
      answer({ rcode: RCODE.refused, questions: [], answers: [] }),
      { kind: "error", detail: "REFUSED" },
    ],
    ["a failure", answer({ rcode: RCODE.serverFailure, answers: [] }), { kind: "error", detail: "SERVFAIL" }],
    ["a code without a name", answer({ rcode: 12, answers: [] }), { kind: "error", detail: "RCODE12" }],
  ])("%s", (_what, text, expected) => {
    expect(readOne(asks, text)).toMatchObject(expected);
  });

  it.each([
    ["a query", answer({ response: false }), "a DNS query where a response was expected"],
    ["an ID", answer({ id: 7 }), "a DNS response with the ID 7, which is 0 over QUIC"],
    [
      "another name",
      answer({ questions: [{ ...QUESTION, name: "evil.com" }] }),
      "a DNS response about evil.com, which was not asked",
    ],
    [
      "another type",
      answer({ questions: [{ ...QUESTION, type: TYPES.AAAA }] }),
      "a DNS response about example.com, which was not asked",
    ],
    ["no header", framed(new Uint8Array(11)), "no DNS message: 11 bytes where a DNS header has 12"],
    ["nothing", "\0\0", "no DNS message: 0 bytes where a DNS header has 12"],
    [
      "more answers than it has",
      framed(writeMessage(ANSWER).map((byte, at) => (at === 7 ? 2 : byte))),
      "no DNS message: a DNS message that ends, or has no name, at byte 56 of 56",
    ],
  ])("%s is malformed", (_what, text, reason) => {
    expect(readText(asks, text)).toEqual({ malformed: reason });
  });

  it("one that is cut short is not whole", () => {
    const reader = asks.answers();
    const bytes = bytesOf(answer());
    expect(reader.push(bytes, 0, bytes.length - 1)).toEqual({ state: "incomplete" });
    expect(reader.close()).toEqual({ state: "incomplete" });
  });

  it("survive any chunking", () => {
    const one = fc.constantFrom(
      { text: answer(), kind: "value" as const },
      { text: answer({ answers: [] }), kind: "miss" as const },
      { text: answer({ rcode: RCODE.refused, answers: [ADDRESS, ADDRESS] }), kind: "error" as const },
    );
    fc.assert(chunkingProperty(asks, one));
  });

  it("any bytes are survived", () => {
    fc.assert(anyBytesProperty(asks, [answer(), answer().slice(0, 20), "\xc0\x0c", "\0\x0c"]));
  });
});

describe("readMessage", () => {
  it("reads back what was written, the name of an answer as a pointer too", () => {
    expect(readMessage(writeMessage(ANSWER))).toEqual({ ...ANSWER, otherRecords: 0 });
    const text = textOf(writeMessage(ANSWER));
    const again = text.lastIndexOf(NAME);
    const compressed = `${text.slice(0, again)}\xc0\x0c${text.slice(again + NAME.length)}`;
    expect(readMessage(bytesOf(compressed))).toEqual({ ...ANSWER, otherRecords: 0 });
  });

  it("passes over the authority and additional sections, which must be whole too", () => {
    const bytes = writeMessage({ ...ANSWER, answers: [ADDRESS, ADDRESS, ADDRESS] });
    bytes.set([0, 1, 0, 1, 0, 1], 6);
    expect(readMessage(bytes)).toMatchObject({ answers: [ADDRESS], otherRecords: 2 });
    expect(readMessage(bytes.subarray(0, -1))).toHaveProperty("fault");
  });

  it("never throws, and does not believe a count", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 200 }), fc.boolean(), (bytes, plausible) => {
        if (plausible) bytes.set([0, 0, 0x81, 0x80, 0, 1, 0xff, 0xff, 0, 0, 0, 0]);
        const read = readMessage(bytes);
        if ("fault" in read) expect(read.fault).toMatch(/^[ -~]+$/);
        else expect(read.answers.length).toBeLessThan(20);
      }),
    );
  });
});
