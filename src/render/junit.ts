/**
 * JUnit XML in the form that all common readers take: the elements, order and required attributes of Ant's report (windyroad's
 * JUnit.xsd), which Jenkins' junit-10.xsd, GitLab, Azure and Surefire's readers accept too. Times are seconds.
 */
import { type Case, type Suite, suitesOf } from "./junit-suites.js";
import type { Renderer } from "./renderer.js";
import { harmless } from "./text.js";

export const junit: Renderer = (report) => {
  const timestamp = report.startedAt.slice(0, "2026-03-01T10:20:30".length); // this form knows no zone: it is UTC
  const suites = suitesOf(report).flatMap((suite, id) => suiteLines(suite, id, timestamp));
  return `${['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...suites, "</testsuites>"].join("\n")}\n`;
};

function suiteLines(suite: Suite, id: number, timestamp: string): string[] {
  const count = (outcome: Case["outcome"]): number => suite.cases.filter((each) => each.outcome === outcome).length;
  const head = attributes({
    id,
    name: named(suite.name),
    package: "netlat",
    timestamp,
    hostname: "localhost",
    tests: suite.cases.length,
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds(suite.durationNs),
  });
  const properties = suite.properties.map(([name, value]) => `      <property${attributes({ name, value })}/>`);
  const share = seconds(suite.durationNs / Math.max(1, suite.cases.length));
  return [
    `  <testsuite${head}>`,
    ...(properties.length === 0 ? ["    <properties/>"] : ["    <properties>", ...properties, "    </properties>"]),
    ...suite.cases.flatMap((each) => caseLines(each, named(suite.classname), share)),
    element("system-out", suite.out),
    "    <system-err/>",
    "  </testsuite>",
  ];
}

function caseLines({ name, outcome, type, message, details }: Case, classname: string, time: string): string[] {
  const head = `    <testcase${attributes({ name: named(name), classname, time })}`;
  if (outcome === "pass") return [`${head}/>`];
  if (outcome === "skipped") return [`${head}>`, `      <skipped${attributes({ message })}/>`, "    </testcase>"];
  const text = details.map(xmlText).join("\n");
  return [`${head}>`, `      <${outcome}${attributes({ type, message })}>${text}</${outcome}>`, "    </testcase>"];
}

const element = (name: string, lines: readonly string[]): string =>
  lines.length === 0 ? `    <${name}/>` : `    <${name}>${lines.map(xmlText).join("\n")}</${name}>`;

const seconds = (durationNs: number): string => (durationNs / 1e9).toFixed(3);

/** A name must have a letter to show. */
const named = (text: string): string => (xmlText(text).trim() === "" ? "unnamed" : text);

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(String(value))}"`)
    .join("");

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Control characters and lone surrogates stand as visible escapes; U+FFFE and U+FFFF, which XML 1.0 forbids as well (2.2 Char), go. */
const xmlText = (text: string): string =>
  harmless(text, true)
    .replaceAll(/[\ufffe\uffff]/g, "")
    .replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
