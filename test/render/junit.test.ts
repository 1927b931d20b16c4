import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validateXML } from "xmllint-wasm";
import { renderers } from "../../src/render/index.js";
import type { Report } from "../../src/report/model.js";
import { hostileReport } from "./hostile.js";
import { emptyCapture, lossesCapture, stallCapture } from "./sample-capture.js";
import { mixedGate, passingGate } from "./sample-gate.js";
import { allErrorsReport, poolReport, stallReport } from "./sample-report.js";

const junit = (report: Report): string => renderers.junit(report, { columns: 80, colour: 0, unicode: false });

/** @returns what xmllint says is wrong with these documents under test/render/schemas/junit.xsd */
async function faults(...documents: readonly string[]): Promise<string> {
  const schema = await readFile(new URL("schemas/junit.xsd", import.meta.url), "utf8");
  const xml = documents.map((contents, at) => ({ fileName: `report${at}.xml`, contents }));
  const { valid, rawOutput } = await validateXML({ xml, schema });
  return valid ? "" : rawOutput;
}

const count = (xml: string, part: RegExp): number => [...xml.matchAll(part)].length;

/** How each case ended: nothing, or the element inside. */
function outcomes(xml: string): Record<string, string> {
  const cases = xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>\s*<(\w+))/g);
  return Object.fromEntries([...cases].map(([, name, element]) => [name, element ?? "pass"]));
}

describe("junit", () => {
  const samples = {
    "gate-mixed": mixedGate,
    "gate-pass": passingGate,
    stall: stallReport,
    "capture-stall": stallCapture,
  };
  for (const [name, make] of Object.entries(samples)) {
    it(name, async () => {
      await expect(junit(make())).toMatchFileSnapshot(`golden/${name}.junit.xml`);
    });
  }

  it("is valid, whatever the report is of", async () => {
    const makers = [
      mixedGate,
      passingGate,
      stallReport,
      allErrorsReport,
      poolReport,
      stallCapture,
      lossesCapture,
      emptyCapture,
    ];
    expect(await faults(...makers.map((make) => junit(make())))).toBe("");
  });

  it("would not be valid with a part missing, out of order or of the wrong kind", async () => {
    const good = junit(mixedGate());
    for (const [from, to] of [
      [/ hostname="localhost"/, ""],
      [/ time="1\.204"/, ' time="1.2 s"'],
      [/timestamp="[^"]*"/, 'timestamp="2026-03-01T10:20:30.000Z"'],
      [/<system-err\/>/, ""],
      [/<failure type="expectation"/, "<failure"],
      [/<error /, "<broken "],
    ] as const) {
      const bad = good.replace(from, to);
      expect(bad).not.toBe(good);
      expect(await faults(bad.replace("</broken>", "</error>")), String(from)).not.toBe("");
    }
  });

  it("counts what it holds", () => {
    const xml = junit(mixedGate());
    const sum = (name: string): number =>
      [...xml.matchAll(new RegExp(` ${name}="(\\d+)"`, "g"))].reduce((total, [, value]) => total + Number(value), 0);
    expect(sum("tests")).toBe(count(xml, /<testcase /g));
    expect([sum("failures"), sum("errors"), sum("skipped")]).toEqual([2, 2, 2]);
    expect(count(xml, /<failure /g)).toBe(2);
    expect(count(xml, /<error /g)).toBe(2);
  });

  it("never shows inconclusive as a pass", () => {
    const found = outcomes(junit(mixedGate()));
    expect(found["the check as a whole"]).toBe("error");
    const report = mixedGate();
    report.gate!.checks = report.gate!.checks.filter(({ outcome }) => outcome === "inconclusive");
    report.gate!.notRun = [];
    expect(Object.values(outcomes(junit(report)))).toEqual(["error", "error"]);
    expect(outcomes(junit(allErrorsReport())).verdict).toBe("error");
    expect(outcomes(junit({ ...allErrorsReport(), verdict: { status: "none", reasons: [] } })).verdict).toBe("error");
  });

  it("of a probe: findings that cost fail, detectors that could not look are skipped, the others pass", () => {
    const found = outcomes(junit(stallReport()));
    expect(found).toEqual({
      verdict: "pass",
      "nagle-delayed-ack (nagle=on split=fields)": "failure",
      "split-write": "pass",
      "delayed-ack": "pass",
      "slow-server": "pass",
      "connection-churn": "pass",
      "generator-lag": "skipped",
    });
  });

  it("stays XML and valid whatever the texts hold", async () => {
    const documents = fc.sample(hostileReport, 150).map(junit);
    for (const xml of documents) {
      expect(xml).not.toMatch(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
    }
    expect(await faults(...documents)).toBe("");
  });
});
