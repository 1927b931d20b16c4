/**
 * The report as a page to keep and to send: one file with its pictures, no script, and a policy that forbids the browser to fetch anything. It has every section of the
 * table; those that gain by a picture are drawn, the others stand as text.
 */
import type { Report } from "../../report/model.js";
import type { Renderer } from "../renderer.js";
import { commandOf, subjectOf } from "../source-names.js";
import { captureFacts } from "../table/capture-head.js";
import { probeFacts } from "../table/head.js";
import { type Page, pageFor } from "../table/page.js";
import { sectionsFor } from "../table/table.js";
import { harmlessReport } from "../text.js";
import { definitions } from "./findings.js";
import { el, type Html, pre, prose } from "./markup.js";
import { DRAWN } from "./sections.js";
import { STYLE } from "./style.js";

const COLUMNS = 100;

export const html: Renderer = (report) => {
  const safe = harmlessReport(report, true);
  const page = pageFor(safe, { columns: COLUMNS, colour: 0, unicode: true });
  const title = `netlat ${commandOf(safe.source)} ${subjectOf(safe.source)}`;
  const sections = sectionsFor(safe).flatMap(([name, section]) => {
    const drawn = DRAWN[name];
    const content = drawn === undefined ? asText(section(safe, page)) : drawn(safe, page);
    return content.length === 0 ? [] : [el("section", {}, el("h2", {}, name), content)];
  });
  const body = el("body", {}, [...head(safe, page), ...sections, foot(safe)]);
  return `<!doctype html>\n${el("html", { lang: "en" }, documentHead(title), body).html}\n`;
};

function documentHead(title: string): Html {
  return el(
    "head",
    {},
    el("meta", { charset: "utf-8" }),
    el("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    el("meta", { "http-equiv": "Content-Security-Policy", content: "default-src 'none'; style-src 'unsafe-inline'" }),
    el("title", {}, title),
    el("style", {}, { html: STYLE }),
  );
}

function head(report: Report, page: Page): Html[] {
  const { source } = report;
  const title = el("h1", {}, [el("small", {}, `netlat ${commandOf(source)} `), subjectOf(source)]);
  if (source.kind === "capture") {
    return [title, definitions(captureFacts(source).map(({ label, text }) => [label, prose(text)]))];
  }
  if (source.kind !== "probe") return [title];
  const facts = [
    ...probeFacts(report, source, page),
    ...source.notSeen.map((text) => ["not seen", text] as const),
    ...(source.interrupted ? [["interrupted", "what follows rests on the part that was measured"] as const] : []),
  ];
  return [title, definitions(facts.map(([label, text]) => [label, prose(text)]))];
}

const asText = (lines: readonly string[]): Html[] =>
  lines.length === 0 ? [] : [pre(lines.map((line) => line.replace(/^ {2}/, "").trimEnd()))];

function foot({ tool, environment: { os, kernel, node, cpus }, startedAt }: Report): Html {
  return el("footer", {}, `${tool.name} ${tool.version} on ${os} ${kernel}, Node ${node}, ${cpus} CPUs, ${startedAt}`);
}
