import fc from "fast-check";
import { expect, test } from "vitest";
import { readSentParameters } from "../../../src/protocols/quic/sent-parameters.js";
import { parameter, varint } from "./endpoints.js";

const read = (...parameters: number[][]) => readSentParameters(Uint8Array.from(parameters.flat()));

test("by the names of RFC 9000, as sent, nothing filled in", () => {
  const sent = read(
    parameter(0x01, varint(30_000)),
    parameter(0x0b, varint(26)),
    parameter(0x0c, []),
    parameter(0x0f, [0xab, 0xcd]),
    parameter(0x11, [0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1]),
    parameter(0x0d, [10, 0, 0, 1, 1, 187, ...Array<number>(18).fill(0), 1, 7, ...Array<number>(16).fill(9)]),
    parameter(0x3129, [...Buffer.from("a\n")]),
    parameter(27 + 31, [1]),
    parameter(0x7777, [1, 2]),
  );
  expect(sent).toEqual({
    max_idle_timeout: 30_000,
    max_ack_delay: 26,
    disable_active_migration: true,
    initial_source_connection_id: "abcd",
    version_information: "v1, v2, v1",
    preferred_address: "10.0.0.1:443",
    user_agent: "a\\n",
    reserved: "01",
    "0x7777": "0102",
  });
});

test("what cannot be read is left out, and any bytes do no harm", () => {
  expect(read(parameter(0x01, varint(5)), [0x0b, 9, 1])).toEqual({ max_idle_timeout: 5 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const value of Object.values(readSentParameters(bytes))) {
        expect(["string", "number", "boolean"]).toContain(typeof value);
        if (typeof value === "number") expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
      }
    }),
  );
});
