/** Reports whose every free text is what a server, a file name or a suite could make it: for property tests of formats. */
import fc from "fast-check";
import type { Report } from "../../src/report/model.js";
import { stallCapture } from "./sample-capture.js";
import { mixedGate } from "./sample-gate.js";
import { stallReport } from "./sample-report.js";

const NASTY = [
  "]]>",
  "<!--",
  "&amp;",
  "&#0;",
  "\u0000",
  "\u001b[31m",
  "\r\n::error::gone",
  "\n##[error]x",
  "::",
  "%0A",
  ",",
  ":",
  "\ud800",
  "\ufffe",
  "\uffff",
  "\u2028",
  "\u{1f600}",
  "'\"",
  " ",
];

const text = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: "binary", maxLength: 8 })), { maxLength: 6 })
  .map((parts) => parts.join(""));

const BASES = [mixedGate(), stallReport(), stallCapture()];

/** Some report with these texts in place of names, titles, reasons and subjects. */
export const hostileReport: fc.Arbitrary<Report> = fc
  .tuple(fc.constantFrom(...BASES), fc.array(text, { minLength: 1, maxLength: 12 }))
  .map(([base, texts]) => poisoned(structuredClone(base), texts));

function poisoned(report: Report, texts: readonly string[]): Report {
  let used = 0;
  const next = (): string => texts[used++ % texts.length] ?? "";
  for (const finding of report.findings) {
    finding.title = next();
    finding.fix = [next(), next()];
    finding.subject = { pool: next() };
    finding.evidence = [{ says: next() }];
  }
  for (const check of report.gate?.checks ?? []) {
    check.name = next();
    check.subject = next();
    check.reasons = [next()];
    for (const expectation of check.expectations) {
      expectation.text = next();
      expectation.observed = next();
      expectation.says = next();
      expectation.run = next();
    }
  }
  for (const detector of report.detectors) detector.reason = next();
  report.verdict.reasons = [next(), next()];
  if (report.gate !== undefined) report.gate.notRun = [next()];
  if (report.source.kind === "check") report.source.suite = next();
  if (report.source.kind === "probe") report.source.endpoint = next();
  if (report.source.kind === "capture") report.source.file = next();
  return report;
}
