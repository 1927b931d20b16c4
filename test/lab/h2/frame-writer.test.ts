import { describe, expect, it } from "vitest";
import { cutsFor } from "../../../src/lab/h2/frame-writer.js";
import { FRAME } from "../../../src/protocols/h2/names.js";
import { H2Server } from "../../../src/protocols/h2/server.js";

const HEAD = { flags: 0, streamId: 1 };
/** SETTINGS of 9 bytes, HEADERS of 30, DATA of 109. */
const OUTPUT = {
  bytes: new Uint8Array(148),
  frames: [
    { ...HEAD, type: FRAME.SETTINGS, start: 0, end: 9 },
    { ...HEAD, type: FRAME.HEADERS, start: 9, end: 39 },
    { ...HEAD, type: FRAME.DATA, start: 39, end: 148 },
  ],
};

describe("the cuts of an output", () => {
  it("are none where nobody asks for them", () => {
    expect(cutsFor(OUTPUT, { frames: false, sizes: [] })).toEqual([]);
  });

  it("are the bounds of frames", () => {
    expect(cutsFor(OUTPUT, { frames: true, sizes: [] })).toEqual([9, 39]);
  });

  it("are sizes from the answer's first byte on, inside the output", () => {
    expect(cutsFor(OUTPUT, { frames: false, sizes: [10, 40, 500] })).toEqual([19, 59]);
  });

  it("are both, in order and each once", () => {
    expect(cutsFor(OUTPUT, { frames: true, sizes: [30, 10] })).toEqual([9, 39, 49]);
  });

  it("leave alone what is no answer", () => {
    const server = new H2Server({ emit: () => {} }, 0);
    const output = server.takeOutput(0);
    expect(output).toBeDefined();
    if (output !== undefined) expect(cutsFor(output, { frames: false, sizes: [3] })).toEqual([]);
  });
});
