import { describe, expect, it } from "vitest";
import { MessageReader } from "../../../src/protocols/h3/message-reader.js";
import { h3Request } from "../../../src/protocols/h3/request.js";
import type { H3Request } from "../../../src/protocols/protocol.js";
import { bytesOf } from "../reading.js";

const GET: H3Request = {
  protocol: "h3",
  method: "GET",
  path: "/a?b",
  authority: "example.com",
  headers: [["accept", "*/*"]],
  body: new Uint8Array(),
};

function read(bytes: Uint8Array, whole = true): { fields: string[]; content: string } {
  const fields: string[] = [];
  let content = "";
  const reader = new MessageReader("request", {
    onHeaders: (_kind, list) => fields.push(...list.map(({ name, value }) => `${name}: ${value}`)),
    onContent: (part) => {
      content += Buffer.from(part).toString("latin1");
    },
  });
  expect(reader.push(bytes)).toBeUndefined();
  if (whole) expect(reader.end()).toBeUndefined();
  return { fields, content };
}

describe("a request of HTTP/3", () => {
  it("is one HEADERS frame without a body", () => {
    const { bytes, fields, frames } = h3Request(GET);
    expect(read(bytes)).toEqual({
      fields: [":method: GET", ":scheme: https", ":authority: example.com", ":path: /a?b", "accept: */*"],
      content: "",
    });
    expect([fields, frames]).toEqual([[], []]);
  });

  it("can be cut between HEADERS and DATA", () => {
    const { bytes, fields, frames } = h3Request({ ...GET, method: "POST", body: bytesOf("x".repeat(70_000)) });
    const whole = read(bytes);
    expect(whole.fields).toContain("content-length: 70000");
    expect(whole.content).toHaveLength(70_000);
    expect(frames).toEqual(fields);
    const head = read(bytes.subarray(0, fields[0]), false);
    expect(head.fields).toEqual(whole.fields);
    expect(head.content).toBe("");
  });
});
