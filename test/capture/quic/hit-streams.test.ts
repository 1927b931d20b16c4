import { expect, it } from "vitest";
import { HitStreams } from "../../../src/capture/quic/hit-streams.js";

it("remembers the latest streams, whatever was never asked for before them", () => {
  const hits = new HitStreams();
  for (let streamId = 0; streamId < 4 * 10_000; streamId += 4) hits.hit(streamId);
  expect(hits.take(4 * 9_999)).toBe(true);
  expect(hits.take(4 * 9_999)).toBe(false);
  expect(hits.take(0)).toBe(false);
});
