/** The report for a pull request or a ticket: GitHub-flavoured Markdown with the same content as the table. */
import type { Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { cellName } from "../factors.js";
import { type Layout, layoutOf } from "../layout.js";
import type { Renderer } from "../renderer.js";
import { commandOf, subjectOf } from "../source-names.js";
import { probeFacts } from "../table/head.js";
import { type Page, pageFor, type Section } from "../table/page.js";
import { unlikeFirsts } from "../table/phases.js";
import { harmlessReport } from "../text.js";
import { captureHead, flows, poolsOfServices, services, timeWent } from "./capture.js";
import { cells, charts, errors, phases } from "./cells.js";
import { comparison, partsHead } from "./comparison.js";
import { findings, slowest } from "./findings.js";
import { checks, gateVerdict, next } from "./gate.js";
import { h2 } from "./h2.js";
import { knee, pool, poolFixes, pools, waiting } from "./pool.js";
import { beside, quic, transportParameters } from "./quic.js";
import { code, list, prose, table } from "./syntax.js";

type Sections = readonly (readonly [title: string, section: Section])[];

const SECTIONS: Sections = [
  ["Verdict", verdict],
  ["Comparison", comparison],
  ["Side by side", beside],
  ["Cells", cells],
  ["Distributions", charts],
  ["First request on a connection", firstRequests],
  ["Errors", errors],
  ["Phases", phases],
  ["HTTP/2", h2],
  ["QUIC", quic],
  ["Transport parameters", transportParameters],
  ["Effects (95 % confidence)", (report) => list(report.effects.map((effect) => prose(effect.says)))],
  ["Theories", theories],
  ["Findings", findings],
  ["Slowest request", slowest],
  ["Pool", pool],
];

const CAPTURE_SECTIONS: Sections = [
  ["Verdict", verdict],
  ["Services", services],
  ["Distributions", charts],
  ["Where the time went", timeWent],
  ["Errors", errors],
  ["Phases", phases],
  ["QUIC", quic],
  ["Transport parameters", transportParameters],
  ["Findings", findings],
  ["Theories", theories],
  ["Flows that lost most time", flows],
  ["Slowest exchange", slowest],
  ["Pool", poolsOfServices],
];

const GATE_SECTIONS: Sections = [
  ["Verdict", gateVerdict],
  ["Checks", checks],
  ["What to do next", next],
  ["Errors", errors],
  ["Findings", findings],
];

const POOL_SECTIONS: Sections = [
  ["Verdict", verdict],
  ["Pool", pool],
  ["Pools", pools],
  ["Waiting for a connection", waiting],
  ["Connections against waiting", knee],
  ["With the findings fixed", poolFixes],
  ["Findings", findings],
];

const LAYOUTS: Readonly<Record<Layout, Sections>> = {
  gate: GATE_SECTIONS,
  pool: POOL_SECTIONS,
  capture: CAPTURE_SECTIONS,
  probe: SECTIONS,
};

export const markdown: Renderer = (report, terminal) => {
  const safe = harmlessReport(report, terminal.unicode);
  const page = pageFor(safe, { columns: 100, colour: 0, unicode: terminal.unicode });
  const all = LAYOUTS[layoutOf(safe)];
  const sections = all.flatMap(([title, section]) => {
    const lines = section(safe, page);
    return lines.length === 0 ? [] : ["", `## ${title}`, "", ...lines];
  });
  return `${[...head(safe, page), ...sections, "", foot(safe)].join("\n")}\n`;
};

function head(report: Report, page: Page): string[] {
  const { source } = report;
  if (source.kind === "capture") return captureHead(source);
  if (source.kind === "merge" || source.kind === "comparison") return partsHead(source);
  if (source.kind !== "probe") return [`# netlat ${commandOf(source)}`, "", prose(subjectOf(source))];
  const facts = probeFacts(report, source, page).map(([label, text]) => `**${label}** ${prose(text)}`);
  const unseen = source.notSeen.map((text) => `**not seen** ${prose(text)}`);
  const broken = source.interrupted
    ? [`**interrupted** after ${formatDuration(source.durationNs)}: what follows rests on the part that was measured`]
    : [];
  return [`# netlat ${source.kind} ${code(source.endpoint)}`, "", ...list([...broken, ...facts, ...unseen])];
}

function verdict(report: Report): string[] {
  const { status, reasons } = report.verdict;
  const lines = list(reasons.map((text, at) => (at === 0 ? `**${prose(text)}**` : prose(text))));
  return status === "none" ? lines : [`**${status}**`, "", ...lines];
}

function firstRequests(report: Report, page: Page): string[] {
  const lines = unlikeFirsts(report).map(({ run, firstNs, othersNs }) => {
    const text = `${formatDuration(firstNs)} (the others: ${formatDuration(othersNs)})`;
    return report.runs.length === 1 ? text : `${prose(cellName(run, page.factors))}: ${text}`;
  });
  return list(lines);
}

function theories(report: Report, page: Page): string[] {
  if (report.theories.length === 0) return [];
  const { marks } = page.theme;
  const mark = { confirmed: marks.yes, refuted: marks.no, untested: marks.unknown };
  const rows = report.theories.map(({ claim, verdict, because }) => [
    `${mark[verdict]} ${verdict}`,
    prose(claim),
    prose(because),
  ]);
  return table(["", "theory", "because"], rows, 3);
}

function foot(report: Report): string {
  const { os, kernel, node, cpus } = report.environment;
  return prose(
    `${report.tool.name} ${report.tool.version} on ${os} ${kernel}, Node ${node}, ${cpus} CPUs, ${report.startedAt}`,
  );
}
