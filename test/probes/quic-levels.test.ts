import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { parseAckDelays } from "../../src/probes/quic-levels.js";

const parse = (text: string) => parseAckDelays(text, "--ack-delay");

describe("levels of --ack-delay", () => {
  it.each([
    ["0", [{ label: "0", advertisedNs: 0, realNs: 0 }]],
    ["25ms", [{ label: "25ms", advertisedNs: 25e6, realNs: 25e6 }]],
    ["25ms/50ms", [{ label: "25ms/50ms", advertisedNs: 25e6, realNs: 50e6 }]],
    ["0/250us", [{ label: "0/250us", advertisedNs: 0, realNs: 250e3 }]],
    ["16383ms/0", [{ label: "16383ms/0", advertisedNs: 16383e6, realNs: 0 }]],
  ])("%s", (text, levels) => {
    expect(parse(text)).toEqual(levels);
  });

  it("are each there once, in the order given", () => {
    expect(parse("100ms, 0,100ms").map(({ label }) => label)).toEqual(["100ms", "0"]);
  });

  it.each([
    [
      "250us",
      "--ack-delay 250us: max_ack_delay is announced in whole milliseconds; write one such as 25ms, or 0/250us to announce less than you do",
    ],
    ["16384ms", "--ack-delay 16384ms: max_ack_delay is at most 16383ms; write a delay up to that, such as 100ms"],
    ["1ms/2ms/3ms", "--ack-delay 1ms/2ms/3ms: write one delay, or two as ADVERTISED/REAL, such as 25ms/50ms"],
    ["0,25", "--ack-delay 25: not a duration; write a number with ns, us, ms, s, m or h, such as 250us, 40ms or 2s"],
    ["", "--ack-delay : not a duration; write a number with ns, us, ms, s, m or h, such as 250us, 40ms or 2s"],
  ])("%j is refused", (text, message) => {
    expect(() => parse(text)).toThrow(new NetlatError(2, message));
  });

  it("are read, or refused in one sentence", () => {
    const word = fc.oneof(
      fc.constantFrom("0", "1ms", "25ms", "2s", "9us", "/", ",", "1h"),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        try {
          for (const { advertisedNs, realNs } of parse(words.join(""))) {
            expect(advertisedNs % 1e6).toBe(0);
            expect(Math.max(advertisedNs, realNs)).toBeLessThan(2 ** 14 * 1e6);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(NetlatError);
        }
      }),
    );
  });
});
