import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filler, fillerPieces } from "../../src/lab/filler.js";
import { labOptions } from "../../src/lab/options.js";
import { pageAt } from "../../src/lab/site.js";
import { ms } from "../../src/units/duration.js";

const VALUE = Buffer.from("value");
const OPTIONS = labOptions({ slowNs: ms(70), bigBytes: 12345 });
const page = (target: string) => pageAt(target, OPTIONS, VALUE);
const PLAIN = { status: 200, body: VALUE, fillBytes: 0, thinkNs: undefined };

describe("the lab's pages", () => {
  it.each([
    ["/", PLAIN],
    ["/any/where?a=b", PLAIN],
    ["*", PLAIN],
    ["/slower", PLAIN],
    ["/slow", { ...PLAIN, thinkNs: ms(70) }],
    ["/slow/too", { ...PLAIN, thinkNs: ms(70) }],
    ["/slow?think=5ms", { ...PLAIN, thinkNs: ms(5) }],
    ["/slow?think=0ms", { ...PLAIN, thinkNs: 0 }],
    ["/x?think=250us", { ...PLAIN, thinkNs: 250e3 }],
    ["http://lab/slow", { ...PLAIN, thinkNs: ms(70) }],
    ["/big", { ...PLAIN, body: Buffer.alloc(0), fillBytes: 12345 }],
    ["/big?think=5ms", { ...PLAIN, body: Buffer.alloc(0), fillBytes: 12345, thinkNs: ms(5) }],
    ["/missing/x", { ...PLAIN, status: 404, body: Buffer.from("missing\n") }],
  ])("%s", (target, expected) => {
    expect(page(target)).toEqual(expected);
  });

  it("say what is wrong with a delay", () => {
    expect(page("/?think=5")).toMatchObject({ status: 400, thinkNs: undefined });
    expect(page("/?think=5").body.toString()).toMatch(/^think 5: not a duration; .*\n$/);
    expect(page("/?think=2h").body.toString()).toBe("think 2h: too long; use 1h at most\n");
  });

  it("are there for any target", () => {
    fc.assert(fc.property(fc.string(), (target) => [200, 400, 404].includes(page(`/?${target}`).status)));
  });
});

describe("filler", () => {
  it("is the same in pieces as in one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400_000 }), (bytes) => {
        expect(Buffer.concat([...fillerPieces(bytes)]).equals(filler(bytes))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
