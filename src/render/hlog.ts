/**
 * HdrHistogram log, format version 1.3, as Java's HistogramLogWriter makes it: one tagged interval for each run (of a
 * capture: each service). Overlapping
 * intervals (the runs of a probe are interleaved) are told apart by their tags. The maximum stands in milliseconds: Java's
 * writer divides the nanoseconds by 1e6, and its HistogramLogProcessor multiplies by the same `outputValueUnitRatio`.
 */
import type { HistogramData, Report, Run } from "../report/model.js";
import type { Renderer } from "./renderer.js";

const MAX_UNIT_NS = 1e6;

export const hlog: Renderer = (report) => {
  const startedAt = startOf(report);
  const epochSeconds = (startedAt.getTime() / 1000).toFixed(3);
  const lines = [
    `#[Logged with ${report.tool.name} ${report.tool.version}]`,
    "#[Histogram log format version 1.3]",
    `#[StartTime: ${epochSeconds} (seconds since epoch), ${startedAt.toISOString()}]`,
    `#[BaseTime: ${epochSeconds} (seconds since epoch)]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ...report.runs.flatMap(intervals),
  ];
  return `${lines.join("\n")}\n`;
};

/** A capture's times are those of its packets, not of the hour in which somebody read it. */
function startOf({ source, startedAt }: Report): Date {
  const first = source.kind === "capture" && source.firstPacketAt !== null ? new Date(source.firstPacketAt) : null;
  return first === null || Number.isNaN(first.getTime()) ? new Date(startedAt) : first;
}

/** Service time under the run's own tag; in the open loop also the latency from the intended start. */
function intervals(run: Run): string[] {
  const tag = tagOf(run.id);
  const lines = [interval(tag, run, run.latency)];
  if (run.corrected !== null) lines.push(interval(`${tag};corrected`, run, run.corrected));
  return lines;
}

function interval(tag: string, run: Run, data: HistogramData): string {
  const length = (run.durationNs / 1e9).toFixed(3);
  return `Tag=${tag},0.000,${length},${(data.max / MAX_UNIT_NS).toFixed(3)},${data.hdr}`;
}

/** Commas and white space end a field of the log, so a tag may hold neither. */
const tagOf = (id: string): string => id.replaceAll(/[\s,\p{Cc}\p{Cf}]+/gu, ";");
