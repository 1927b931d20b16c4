import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validateXML } from "xmllint-wasm";
import { renderers } from "../../src/render/index.js";
import { sectionsFor } from "../../src/render/table/table.js";
import type { Report } from "../../src/report/model.js";
import { hostileReport } from "./hostile.js";
import { damagedCapture, emptyCapture, lossesCapture, stallCapture } from "./sample-capture.js";
import { mixedGate, passingGate } from "./sample-gate.js";
import { allErrorsReport, interruptedReport, openLoopReport, poolReport, stallReport } from "./sample-report.js";

const MAKERS = {
  stallReport,
  openLoopReport,
  allErrorsReport,
  interruptedReport,
  poolReport,
  stallCapture,
  lossesCapture,
  damagedCapture,
  emptyCapture,
  mixedGate,
  passingGate,
};

const html = (report: Report): string => renderers.html(report, { columns: 80, colour: 3, unicode: false });

/** @returns what xmllint says of the pages as XML: they are written so that every element is closed */
async function faults(...pages: readonly string[]): Promise<string> {
  const xml = pages.map((page, at) => ({ fileName: `page${at}.xml`, contents: page.replace("<!doctype html>\n", "") }));
  const { valid, rawOutput } = await validateXML({ xml, normalization: "c14n" });
  return valid ? "" : rawOutput.slice(0, 2000);
}

/** The text that a reader sees. */
const textOf = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>/s, "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ");

const count = (page: string, part: string): number => page.split(part).length - 1;

describe("html", () => {
  it("is one whole page that needs nothing from anywhere", async () => {
    const pages = Object.values(MAKERS).map((make) => html(make()));
    expect(await faults(...pages)).toBe("");
    for (const page of pages) {
      expect(page).toMatch(/^<!doctype html>\n<html lang="en"><head><meta charset="utf-8"\/>/);
      expect(page).toContain("default-src &#39;none&#39;");
      expect(page).not.toMatch(/<(script|link|img|iframe|object)|<[^>]*\s(src|href)=|url\(|@import/);
    }
  });

  it("would be told apart from a page that is not whole", async () => {
    expect(await faults(html(stallReport()).replace("</section>", ""))).not.toBe("");
  });

  it("has every section that the table has something to say in", () => {
    for (const [name, make] of Object.entries(MAKERS)) {
      const report = make();
      const table = renderers.table(report, { columns: 80, colour: 0, unicode: true });
      const titles = sectionsFor(report).flatMap(([title]) => (table.includes(`\n\n${title}\n`) ? [title] : []));
      expect(titles.length).toBeGreaterThan(0);
      const page = html(report);
      const missing = titles.filter((title) => !page.includes(`<h2>${title}</h2>`));
      expect(missing, name).toEqual(name === "emptyCapture" ? ["Services"] : []);
    }
  });

  it("says what was found, why, and what to do", () => {
    const text = textOf(html(mixedGate()));
    for (const words of [
      "fail: 8 checks: 2 failed, 2 inconclusive, 2 passed, 2 not run",
      "44.8 ms (44.6 ms to 45.1 ms)",
      "a p99 needs at least 299 requests; give requests: 300 or more",
      "pass after 1 retry: flaky (fail, pass)",
      "ci/baseline.json refused",
      "Nagle's algorithm waits for a delayed ACK",
      "netlat explain nagle-delayed-ack",
    ]) {
      expect(text).toContain(words);
    }
  });

  it("draws a histogram and a curve for each run that was measured, none for those that were not", () => {
    const page = html(stallReport());
    expect(count(page, "<path ")).toBe(4);
    expect(page).toContain("nagle=on split=fields: p50 43.9 ms, p99 44.9 ms, max 47.6 ms");
    expect(count(html(allErrorsReport()), "<path ")).toBe(0);
    expect(count(html(openLoopReport()), "<path ")).toBe(4); // service time and corrected; our own lag is none of it
  });

  it("draws the curves true to their numbers", () => {
    const page = html(stallReport());
    const [, d = ""] = / d="M([^"]*)"><title>nagle=on split=none/.exec(page) ?? [];
    const points = d.split("L").map((point) => point.split(" ").map(Number) as [number, number]);
    expect(points.length).toBeGreaterThan(100);
    for (const [at, [x, y]] of points.entries()) {
      const [beforeX, beforeY] = points[at - 1] ?? [0, Number.POSITIVE_INFINITY];
      expect(x).toBeGreaterThan(beforeX);
      expect(y).toBeLessThanOrEqual(beforeY); // higher on the page is slower: a quantile never falls
    }
  });

  it("keeps to the eight slowest where there are too many to tell apart, and says so", () => {
    const report = stallReport();
    report.runs = Array.from({ length: 12 }, (_, at) => ({ ...report.runs[at % 4]!, id: `run ${at}` }));
    const page = html(report);
    expect(count(page, "<path ")).toBe(8);
    expect(page).toContain("4 faster ones are not drawn");
  });

  it("stays whole, and its texts text, whatever they hold", async () => {
    const pages = fc.sample(hostileReport, 40).map(html);
    const harmful = stallReport();
    harmful.verdict.reasons = ["<script>alert(1)</script><img src=x onerror=alert(1)> `<b>`"];
    const page = html(harmful);
    expect(page).not.toMatch(/<script|<img|<b>`/);
    expect(textOf(page)).toContain("<script>alert(1)</script>");
    const legal = pages.map((text) => text.replaceAll(/[\ufffe\uffff]/g, "")); // XML forbids them, HTML does not
    expect(await faults(page, ...legal)).toBe("");
  });
});
