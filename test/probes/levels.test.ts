import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetlatError } from "../../src/errors.js";
import { cutsFor, parseOnOff, parseQuickack, parseSplit, splitLabel } from "../../src/probes/levels.js";

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(NetlatError);
    expect((error as NetlatError).exitCode).toBe(2);
    return (error as NetlatError).message;
  }
  throw new Error("it was accepted");
}

describe("parseOnOff and parseQuickack", () => {
  it("read one level or several, each once, in the order given", () => {
    expect(parseOnOff("on", "--nagle")).toEqual(["on"]);
    expect(parseOnOff("off, on,off", "--nagle")).toEqual(["off", "on"]);
    expect(parseQuickack("default,on,off,on", "--quickack")).toEqual(["default", "on", "off"]);
  });

  it("name the flag, the value and what is accepted", () => {
    expect(refusal(() => parseOnOff("maybe", "--nagle"))).toBe("--nagle maybe: not a level; use on, off or on,off");
    expect(refusal(() => parseOnOff("on,", "--cork"))).toMatch(/^--cork on,: /);
    expect(refusal(() => parseOnOff("default", "--nagle"))).toMatch(/use on, off/);
    expect(refusal(() => parseQuickack("", "--quickack"))).toMatch(/use default, on, off/);
  });
});

describe("parseSplit", () => {
  it.each([
    ["none", ["none"]],
    ["none,fields", ["none", "fields"]],
    ["each", ["each"]],
    ["3", [3]],
    ["4,10", [[4, 10]]],
    ["4, 10, 11", [[4, 10, 11]]],
    ["4+10", [[4, 10]]],
    ["+4", [[4]]],
    ["none,4+10", ["none", [4, 10]]],
    ["none,3,5", ["none", 3, 5]],
    ["3,+4", [3, [4]]],
    ["none,fields,none,4+10,4+10", ["none", "fields", [4, 10]]],
  ])("reads %s", (text, levels) => {
    expect(parseSplit(text)).toEqual(levels);
  });

  it("adds the levels of a repeated flag", () => {
    expect(parseSplit("3,none", parseSplit("4,10", parseSplit("2,none")))).toEqual([2, "none", [4, 10], 3]);
  });

  it.each([
    [
      "0",
      "--split 0: a request cannot be cut into 0 pieces; use none, a number from 2, offsets such as 4,10, fields, or each",
    ],
    [
      "1",
      "--split 1: a request in 1 piece is not cut; use none, a number from 2, offsets such as 4,10, fields, or each",
    ],
    [
      "none,0",
      "--split none,0: a request cannot be cut into 0 pieces; use none, a number from 2, offsets such as 4,10, fields, or each",
    ],
  ])("refuses %s", (text, message) => {
    expect(refusal(() => parseSplit(text))).toBe(message);
  });

  it.each(["", "-1", "2.5", "half", "none,", "4+", "4++10", "+", "4-10", "1e3"])(
    "refuses %j as no way to cut",
    (text) => {
      expect(refusal(() => parseSplit(text))).toMatch(/no way to cut a request; use none/);
    },
  );

  it.each(["10,4", "4,4", "10+4"])("refuses offsets that do not ascend: %s", (text) => {
    expect(refusal(() => parseSplit(text))).toMatch(/offsets must ascend/);
  });

  it("refuses a cut at offset 0", () => {
    expect(refusal(() => parseSplit("0,4"))).toMatch(/offset 0 leaves an empty piece/);
  });

  it("reads its own labels back, and throws only usage errors", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-z,+ ]{0,12}$/), (text) => {
        let levels: ReturnType<typeof parseSplit>;
        try {
          levels = parseSplit(text);
        } catch (error) {
          expect((error as NetlatError).exitCode).toBe(2);
          return;
        }
        for (const level of levels) expect(parseSplit(String(splitLabel(level)))).toEqual([level]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("cutsFor", () => {
  it("cuts as each level says", () => {
    expect(cutsFor("none", 20, [4, 10])).toEqual([]);
    expect(cutsFor("fields", 20, [4, 10])).toEqual([4, 10]);
    expect(cutsFor([4, 10], 20, [])).toEqual([4, 10]);
    expect(cutsFor(3, 10, [])).toEqual([3, 6]);
    expect(cutsFor("each", 4, [])).toEqual([1, 2, 3]);
    expect(cutsFor("each", 1, [])).toEqual([]);
  });

  it("makes pieces whose sizes differ by at most one byte and add up", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat({ max: 300 }), (pieces, more) => {
        const length = pieces + more;
        const edges = [0, ...cutsFor(pieces, length, []), length];
        const sizes = edges.slice(1).map((edge, at) => edge - (edges[at] as number));
        expect(sizes).toHaveLength(pieces);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("refuses what the request is too short for", () => {
    expect(refusal(() => cutsFor([4, 20], 20, []))).toMatch(
      /--split 4,20: offset 20 is not inside the request of 20 bytes/,
    );
    expect(refusal(() => cutsFor([4], 1, []))).toMatch(/--split \+4: .*1 byte cannot be cut/);
    expect(refusal(() => cutsFor(21, 20, []))).toMatch(/--split 21: the request has only 20 bytes/);
  });
});
