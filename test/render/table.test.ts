import { describe, expect, it } from "vitest";
import { renderers } from "../../src/render/index.js";
import type { Terminal } from "../../src/render/renderer.js";
import { displayWidth } from "../../src/render/text.js";
import type { Report } from "../../src/report/model.js";
import { damagedCapture, emptyCapture, lossesCapture, stallCapture } from "./sample-capture.js";
import { comparisonReport, mergeReport } from "./sample-comparison.js";
import { mixedGate, passingGate } from "./sample-gate.js";
import { quicCapture } from "./sample-quic.js";
import { allErrorsReport, interruptedReport, openLoopReport, poolReport, stallReport } from "./sample-report.js";

const SAMPLES: Readonly<Record<string, () => Report>> = {
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

const plain = (columns: number): Terminal => ({ columns, colour: 0, unicode: true });
const table = (report: Report, terminal: Terminal = plain(80)): string => renderers.table(report, terminal);

/** Four factors that vary, one with a level of many offsets: more columns than a narrow terminal has room for. */
function manyFactors(): Report {
  const report = stallReport();
  const runs = report.runs.map((run, at) => ({
    ...run,
    factors: {
      ...run.factors,
      split: at % 2 === 0 ? "4,10,20,30,40,50" : "each",
      quickack: at < 2 ? "on" : "default",
      cork: at % 2 === 0 ? "on" : "off",
    },
    errors: { timeout: at },
  }));
  return { ...report, runs };
}

describe("the table", () => {
  for (const [name, make] of Object.entries(SAMPLES)) {
    for (const columns of [48, 80, 120]) {
      it(`${name} at ${columns} columns`, async () => {
        await expect(table(make(), plain(columns))).toMatchFileSnapshot(`golden/${name}.${columns}.txt`);
      });
    }
  }

  it("never exceeds the width, from 40 columns on", () => {
    for (const make of [...Object.values(SAMPLES), manyFactors]) {
      const report = make();
      for (const columns of [40, 41, 48, 60, 72, 80, 81, 95, 120, 200]) {
        const wide = table(report, { columns, colour: 0, unicode: true })
          .split("\n")
          .filter((line) => displayWidth(line) > columns);
        expect(wide).toEqual([]);
      }
    }
  });

  it("has every percentile at 80 columns beside two factors, and a chart of ten bins at least", () => {
    const header = /^ {2}nagle {2}split {6}n +p50 +p90 +p99 +max {2}wire {3}distribution$/m;
    expect(table(stallReport())).toMatch(header);
    expect(table(stallReport())).toMatch(/^▲ on +fields +1000( +\d\d\.\d ms){4} {2}3w 2s +[▁▂]+ +█$/m);
    const levels = (nagle: string, split: string) => ({ nagle, split, quickack: nagle, cork: "off" });
    for (const { runs, ...report } of [stallReport(), openLoopReport()]) {
      const varied = runs.map((run, at) => ({
        ...run,
        factors: levels(at < 2 ? "on" : "off", at % 2 ? "fields" : "none"),
      }));
      for (const errors of [{}, { timeout: 3 }]) {
        const text = table({ ...report, runs: varied.map((run) => ({ ...run, errors })) });
        expect(text).toMatch(/ p50 +p90 +p99 +max /);
        expect(text).toMatch(/^ +[─┴]{10,40}$/m);
      }
    }
  });

  it("names each cell above its numbers where the factors find no room as columns", () => {
    const text = table(manyFactors(), plain(40));
    expect(text.replaceAll(/\s+/g, " ")).toContain("nagle=on split=4,10,20,30,40,50 quickack=on cork=on");
  });

  it("has escape sequences only where colour was asked for, and the same text with it", () => {
    const report = stallReport();
    const colourless = table(report);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
    const sequences = /\u001b\[[0-9;]*m/g;
    expect(colourless).not.toMatch(sequences);
    for (const colour of [1, 2, 3] as const) {
      const coloured = table(report, { columns: 80, colour, unicode: true });
      expect(coloured).toMatch(sequences);
      expect(coloured.replaceAll(sequences, "")).toBe(colourless);
    }
  });

  it("keeps to ASCII without unicode", () => {
    for (const make of Object.values(SAMPLES)) {
      const report = make();
      report.verdict.reasons.push("λ × W ≥ 3 µs … café");
      const text = table(report, { columns: 80, colour: 0, unicode: false });
      expect(text).toMatch(/^[ -~\n]*$/);
      expect(text).toContain("lambda x W >= 3 us ... caf\\xe9");
    }
  });

  it("shows what a server sent, and lets none of it act on the terminal", () => {
    const text = table(allErrorsReport());
    expect(text).toMatch(/^(?:[^\p{Cc}\p{Cf}]|\n)*$/u);
    expect(text).toContain("\\x1b[2J\\x1b[31mpwned|\\u{202e}gnp.exe\\r\\n");
    expect(text).toContain("/\\x1b]0;owned\\x07key|x");
  });

  it("shows what a capture holds, and lets none of it act on the terminal", () => {
    for (const columns of [48, 80, 120]) {
      const text = table(damagedCapture(), plain(columns));
      expect(text).toMatch(/^(?:[^\p{Cc}\p{Cf}]|\n)*$/u);
      expect(text).toContain("/tmp/\\x1b]0;owned\\x07a|b\\u{202e}.pcap");
    }
    expect(table(damagedCapture())).toContain("PSH\\x1b[5m ACK");
  });

  it("says of a capture what was not read of it, and where it ends", () => {
    const text = table(lossesCapture(), plain(120));
    expect(text).toContain("skipped   120,311 UDP, 25,900 ARP, 4 IPv4 fragment\n");
    expect(text).toContain("▲ dropped 1204 packets by the capturing machine");
    expect(text).toContain("▲ interrupted after 92.4 s");
    expect(text).toContain("10,452 seen, 452 let go before their end");
    expect(text).toContain("filter    net 10.0.0.0/8 and not port 22");
    expect(table(damagedCapture())).toContain("▲ damaged at byte 65,537, after packet 61: a record claims");
    expect(table(emptyCapture())).toContain("none: no exchange of a request and its answer was seen");
  });

  it("has every number of a service at 80 columns, whatever it is called", () => {
    const text = table(lossesCapture());
    expect(text).toMatch(/conns +exch +err +rate +in flight +p50 +p90 +p99 +max\n/);
    expect(text).toMatch(/\n▲ \[2001:db8:0:1::2a\]:6379 +[▁▂▃▄▅▆▇█]+ +▁\n +10,120 +9000 +15 +97\.4\/s +0\.0463\/12 /);
    expect(table(stallCapture(), plain(120))).toMatch(/▲ 10\.77\.0\.2:7777 +1 +100 .* ms +▂ +█\n/);
  });

  it("names the flow that a finding is about, and counts what it delayed", () => {
    const text = table(lossesCapture());
    expect(text).toContain("where   flow 12, 10.0.0.1:40112 → 10.0.0.7:8080");
    expect(text).toContain("delayed 2 of 10,452 handshakes");
    expect(text).toContain("delayed 10 of 9000 exchanges");
  });

  it("has a line of proof for many packets that does not list them all", () => {
    expect(table(lossesCapture(), plain(120))).toContain("(packets 900, 901, 902, 903, 904, 905, 906, 907 …)");
  });

  it("marks the cell that a finding is about, and the one that no conclusion rests on", () => {
    expect(table(stallReport())).toMatch(/^▲ on +fields +1000 +43\.\d ms/m);
    const text = table(interruptedReport());
    expect(text).toMatch(/^\? on +fields/m);
    expect(text).toContain("not used for any conclusion: 3 writes travelled as 1 segment");
  });

  it("shows both modes of a bimodal cell", () => {
    const row =
      table(stallReport())
        .split("\n")
        .find((line) => line.startsWith("▲ on")) ?? "";
    expect(row).toMatch(/2s +[▁▂▃]+ +█$/);
  });

  it("marks the stretch of the slowest request in which nothing happened", () => {
    expect(table(stallReport())).toMatch(/┆ 47\.4 ms: nothing but waiting for this ACK\n +47\.431 ms │ acknowledged/);
  });

  it("says who looked when there is no finding, and who could not", () => {
    const text = table(interruptedReport());
    expect(text).toContain("looked, found nothing: nagle-delayed-ack");
    expect(text.replaceAll(/\s+/g, " ")).toContain(
      "could not judge (a closed loop has no intended start to be late for): generator-lag",
    );
  });

  it("says that a report is partial", () => {
    expect(table(interruptedReport())).toContain("▲ interrupted after 3.21 s");
    expect(table(stallReport())).not.toContain("interrupted");
  });

  it("ends with one newline and has no trailing spaces", () => {
    for (const make of Object.values(SAMPLES)) {
      const text = table(make());
      expect(text).toMatch(/[^\n]\n$/);
      expect(text).not.toMatch(/ \n/);
    }
  });
});
