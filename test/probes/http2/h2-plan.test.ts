import { expect, test } from "vitest";
import { framed, requestFields } from "../../../src/probes/http2/h2-plan.js";
import type { StreamRequest } from "../../../src/protocols/protocol.js";
import { laneSpec } from "./h2-lane.js";

const FRAME_HEADER = 9;
const request = (bytes: number): StreamRequest =>
  laneSpec("h2c://127.0.0.1:1/path", {}, bytes === 0 ? undefined : new Uint8Array(bytes)).target
    .request as StreamRequest;

test("a request without a body is one frame: nowhere to cut", () => {
  const { headers, bytes, fields, frames } = framed(request(0));
  expect(bytes).toBe(FRAME_HEADER + headers.block.length);
  expect([fields, frames]).toEqual([[], []]);
});

test("with a body: HEADERS end where DATA begins", () => {
  const { headers, bytes, fields, frames } = framed(request(100));
  const headersEnd = FRAME_HEADER + headers.block.length;
  expect(bytes).toBe(headersEnd + FRAME_HEADER + 100);
  expect([fields, frames]).toEqual([[headersEnd], [headersEnd]]);
});

test("a body beyond 16 KiB is cut into frames that every server must take", () => {
  const { headers, bytes, fields, frames } = framed(request(40_000));
  const headersEnd = FRAME_HEADER + headers.block.length;
  const full = FRAME_HEADER + 16_384;
  expect(frames).toEqual([headersEnd, headersEnd + full, headersEnd + 2 * full]);
  expect(fields).toEqual([headersEnd]);
  expect(bytes).toBe(headersEnd + 2 * full + FRAME_HEADER + 40_000 - 2 * 16_384);
});

test("pseudo-header fields come first, the length of a body is said once", () => {
  const names = requestFields(request(5)).map(({ name }) => name);
  expect(names.slice(0, 4)).toEqual([":method", ":scheme", ":authority", ":path"]);
  expect(names.filter((name) => name === "content-length")).toHaveLength(1);
});
