import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { displayWidth, hang, harmless, truncate, wrap } from "../../src/render/text.js";

describe("text on a terminal", () => {
  it("counts columns and not characters", () => {
    expect(displayWidth("\u001b[31mred\u001b[0m")).toBe(3);
    expect(displayWidth("キー🚀")).toBe(6);
    expect(displayWidth("e\u0301✔▁│×")).toBe(5);
  });

  it("wraps without losing, adding or widening anything", () => {
    const words = fc.array(fc.stringMatching(/^[a-zé漢🚀(),.]{1,30}$/u), { maxLength: 30 });
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 60 }), (parts, width) => {
        const lines = wrap(parts.join(" "), width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join("").replaceAll(" ", "")).toBe(parts.join(""));
      }),
    );
  });

  it("does not part a number from its unit", () => {
    expect(wrap("stalls for 43.8 ms each", 15)).toEqual(["stalls for", "43.8 ms each"]);
    expect(wrap("all 13 bytes", 6)).toEqual(["all 13", "bytes"]);
  });

  it("hangs a paragraph from its label", () => {
    expect(hang("* ", "one two three", 9)).toEqual(["* one two", "  three"]);
  });

  it("cuts to a width and shows that it did", () => {
    expect(truncate("4,10,20,30", 10, "…")).toBe("4,10,20,30");
    expect(truncate("4,10,20,30", 6, "…")).toBe("4,10,…");
    expect(displayWidth(truncate("漢漢漢漢", 4, "…"))).toBeLessThanOrEqual(4);
  });

  it("leaves nothing that could act on a terminal, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, unicode) => {
        const safe = harmless(text, unicode);
        expect(safe).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        if (!unicode) expect(safe).toMatch(/^[ -~]*$/);
      }),
    );
  });
});
