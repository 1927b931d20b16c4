import { describe, expect, it } from "vitest";
import { renderers } from "../../src/render/index.js";
import { code, list, prose, table } from "../../src/render/markdown/syntax.js";
import type { Report } from "../../src/report/model.js";
import { damagedCapture, emptyCapture, lossesCapture, stallCapture } from "./sample-capture.js";
import { comparisonReport, mergeReport } from "./sample-comparison.js";
import { mixedGate, passingGate } from "./sample-gate.js";
import { quicCapture } from "./sample-quic.js";
import { allErrorsReport, interruptedReport, openLoopReport, poolReport, stallReport } from "./sample-report.js";

const markdown = (report: Report): string => renderers.markdown(report, { columns: 80, colour: 3, unicode: true });

describe("markdown", () => {
  const samples = {
    stall: stallReport,
    "open-loop": openLoopReport,
    "all-errors": allErrorsReport,
    interrupted: interruptedReport,
    pool: poolReport,
    "capture-stall": stallCapture,
    "capture-losses": lossesCapture,
    "capture-damaged": damagedCapture,
    "capture-empty": emptyCapture,
    "capture-quic": quicCapture,
    comparison: comparisonReport,
    merge: mergeReport,
    "gate-mixed": mixedGate,
    "gate-pass": passingGate,
  };
  for (const [name, make] of Object.entries(samples)) {
    it(name, async () => {
      await expect(markdown(make())).toMatchFileSnapshot(`golden/${name}.markdown.txt`);
    });
  }

  it("has as many cells in every row of a table as in its head, whatever the texts hold", () => {
    for (const report of [allErrorsReport(), damagedCapture(), lossesCapture()]) {
      report.theories[0]!.because = "a|b \\| `c|d` |";
      if (report.runs[0] !== undefined) report.runs[0].id += "|x";
      let expected = 0;
      for (const line of markdown(report).split("\n")) {
        const bars = line.startsWith("|") ? [...line.matchAll(/(?<!\\)\|/g)].length : 0;
        if (bars > 0 && expected > 0) expect(bars, line).toBe(expected);
        expected = bars;
      }
    }
  });

  it("escapes what would be markup, markup language, or a mention", () => {
    expect(prose("a*b* [x](y) <b> a|b & @me")).toBe("a\\*b\\* \\[x\\](y) &lt;b&gt; a\\|b &amp; @<!-- -->me");
    expect(prose("set TCP_NODELAY, _now_")).toBe("set TCP_NODELAY, \\_now\\_");
    expect(prose("call `a|b*` now*")).toBe("call `a|b*` now\\*");
    expect(prose("one ` only")).toBe("one \\` only");
    expect(list(["1. x", "- y", "# z", "127.0.0.1", "43.8 ms"])).toEqual([
      "- 1\\. x",
      "- \\- y",
      "- \\# z",
      "- 127.0.0.1",
      "- 43.8 ms",
    ]);
  });

  it("fences code so that its own backticks do not end it", () => {
    expect(code("a``b")).toBe("```a``b```");
    expect(code("`x`")).toBe("`` `x` ``");
  });

  it("escapes bars in a table once", () => {
    expect(table(["h"], [[prose("a|b")], [code("a|b")]], 1).slice(2)).toEqual(["| a\\|b |", "| `a\\|b` |"]);
  });
});
