/** The connections of a capture that lost most time. */
import type { FlowSummary, Report } from "../../report/model.js";
import { formatDuration } from "../../units/duration.js";
import { shares, shareText } from "../breakdown.js";
import { counted, whole } from "../counting.js";
import { flowName } from "../flow-names.js";
import { type Align, grid } from "../grid.js";
import { displayWidth, hang } from "../text.js";
import type { Theme } from "../theme.js";
import type { Page } from "./page.js";

const CAPTURED_AT: Readonly<Record<FlowSummary["vantage"], string>> = {
  client: "at the client",
  server: "at the server",
  middle: "in between",
  unknown: "unknown",
};

interface Column {
  readonly head: string;
  readonly align: Align;
  readonly text: (flow: FlowSummary) => string;
}

/** Who talks to whom, then the numbers, then the `parts` largest parts of the time. */
export function flowColumns({ marks }: Theme, parts: number): Column[] {
  const { none } = marks;
  const time = (flow: FlowSummary, pick: "p50" | "p99"): string =>
    flow.exchanges.latency.count === 0 ? none : formatDuration(flow.exchanges.latency[pick]);
  const handshake = ({ handshakeRttNs }: FlowSummary): string =>
    handshakeRttNs === null ? none : formatDuration(handshakeRttNs);
  const largest = ({ exchanges }: FlowSummary): string =>
    shares(exchanges.breakdownNs).slice(0, parts).map(shareText).join(", ") || none;
  return [
    { head: "flow", align: "right", text: (flow) => String(flow.id) },
    { head: "client and server", align: "left", text: (flow) => flowName(flow, marks) },
    { head: "protocol", align: "left", text: (flow) => flow.protocol },
    { head: "captured", align: "left", text: (flow) => CAPTURED_AT[flow.vantage] },
    { head: "exch", align: "right", text: (flow) => whole(flow.exchanges.count) },
    { head: "p50", align: "right", text: (flow) => time(flow, "p50") },
    { head: "p99", align: "right", text: (flow) => time(flow, "p99") },
    { head: "handshake", align: "right", text: handshake },
    { head: "most of the time", align: "left", text: largest },
  ];
}

/** How many of the columns say which flow it is. */
const NAMES = 4;

/** One line for each flow; where there is no room for that, its name above its numbers. */
export function flows(report: Report, page: Page): string[] {
  if (report.flows.length === 0) return [];
  const others = unshown(report).flatMap((text) => hang("  ", text, page.prose, page.theme.dim));
  const wide = [2, 1].map((parts) => table(report.flows, flowColumns(page.theme, parts), page, 2));
  return [...(wide.find((lines) => fits(lines, page)) ?? named(report.flows, page)), ...others];
}

const fits = (lines: readonly string[], page: Page): boolean => lines.every((line) => displayWidth(line) <= page.width);

function table(shown: readonly FlowSummary[], columns: readonly Column[], page: Page, indent: number): string[] {
  const head = columns.map((column) => page.theme.dim(column.head));
  const rows = shown.map((flow) => columns.map((column) => column.text(flow)));
  const aligns = columns.map((column) => column.align);
  return grid([head, ...rows], aligns).map((line) => " ".repeat(indent) + line);
}

function named(shown: readonly FlowSummary[], page: Page): string[] {
  const idWidth = Math.max(...shown.map((flow) => String(flow.id).length));
  const indent = 2 + idWidth + 2;
  const choices = [3, 2, 1].map((parts) => flowColumns(page.theme, parts).slice(NAMES));
  const short = flowColumns(page.theme, 1).filter(({ head }) => ["exch", "p50", "p99"].includes(head));
  const numbers = [...choices, short].map((columns) => table(shown, columns, page, indent));
  const [header = "", ...rows] = numbers.find((lines) => fits(lines, page)) ?? numbers.at(-1) ?? [];
  return [header, ...shown.flatMap((flow, at) => [...nameOf(flow, idWidth, page), rows[at] ?? ""])];
}

function nameOf(flow: FlowSummary, idWidth: number, page: Page): string[] {
  const protocol = flow.protocol === "unknown" ? "" : `, ${flow.protocol}`;
  const seen = flow.vantage === "unknown" ? "" : `, captured ${CAPTURED_AT[flow.vantage]}`;
  const label = `  ${String(flow.id).padStart(idWidth)}  `;
  return hang(label, `${flowName(flow, page.theme.marks)}${protocol}${seen}`, page.width);
}

/** Flows that have no line of their own. */
export function unshown(report: Report): string[] {
  if (report.source.kind !== "capture") return [];
  const others = report.source.flowsSeen - report.flows.length;
  return others <= 0 ? [] : [`${counted(others, "other flow")} lost less time, or none`];
}
