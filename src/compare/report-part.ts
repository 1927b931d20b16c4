/** A saved report as a part of another one, and how it was measured. */
import { EXIT, NetlatError, usageError } from "../errors.js";
import type { Report, ReportPart, Run } from "../report/model.js";
import type { RunPair } from "./compare-runs.js";

/** A report and the file it was read from. */
export interface NamedReport {
  readonly file: string;
  readonly report: Report;
}

export const answeredIn = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + run.latency.count, 0);

/** What a report is about: the endpoint, the capture's file. A merged report says it of its first part. */
function subjectOf({ source }: Report): string {
  switch (source.kind) {
    case "probe":
      return source.endpoint;
    case "capture":
      return source.file;
    case "merge":
      return source.parts[0]?.subject ?? "";
    default:
      return source.kind;
  }
}

export function partOf({ file, report }: NamedReport): ReportPart {
  const { source, startedAt, runs } = report;
  const protocol = source.kind === "probe" ? { protocol: source.protocol } : {};
  return { file, kind: source.kind, subject: subjectOf(report), ...protocol, startedAt, requests: answeredIn(runs) };
}

/** probe or capture; of a merged report what its parts are. @throws NetlatError: exit 2 when it holds no measured runs, exit 3 when it holds one twice */
export function measuredKind(part: NamedReport, verb: string): "probe" | "capture" {
  const { file, report } = part;
  const { source } = report;
  refuseTwins(part);
  const kind = source.kind === "merge" ? source.parts[0]?.kind : source.kind;
  if (kind === "probe" || kind === "capture") return kind;
  throw usageError(
    `${file}: is a report of kind ${source.kind}; netlat ${verb} takes reports of netlat probe and pcap`,
  );
}

/** Two files with the same content hold one measurement. */
export const contentOf = ({ report }: NamedReport): string =>
  JSON.stringify([report.startedAt, report.runs.map((run) => [run.id, run.latency.hdr])]);

/** @throws NetlatError (exit 3): a report in which two runs have one id, as no netlat writes it */
function refuseTwins({ file, report }: NamedReport): void {
  const ids = report.runs.map(({ id }) => id);
  const twin = ids.find((id, at) => ids.indexOf(id) < at);
  if (twin === undefined) return;
  throw new NetlatError(EXIT.unreadableInput, `${file}: holds the run ${twin} twice; name a report as netlat wrote it`);
}

/** Pairs in which netlat was late itself (generator-lag): their numbers say nothing about the target. */
export function withoutLate(pairs: readonly RunPair[], before: NamedReport, after: NamedReport): RunPair[] {
  const late = ({ report }: NamedReport, { id }: Run): boolean =>
    report.findings.some(({ code, subject }) => code === "generator-lag" && "run" in subject && subject.run === id);
  return pairs.map((pair) => {
    const side = late(before, pair.base) ? before : late(after, pair.next) ? after : undefined;
    return side === undefined ? pair : { ...pair, obstacle: `netlat itself was late in ${side.file} (generator-lag)` };
  });
}

/** What of a measurement should be the same on both sides of a comparison, by name; parts that a report does not tell are missing. */
function circumstances({ source, environment, runs }: Report): Map<string, string> {
  const known = new Map<string, string>();
  if (source.kind === "probe") {
    known.set("protocol", source.protocol).set("transport", source.transport).set("engine", source.engine);
    known.set("pacing", source.pacing).set("request", `${source.requestBytes} bytes`);
    known.set("connections", String(source.connections));
  }
  if (source.kind !== "capture" && runs.length > 0) {
    known.set("machine", `${environment.os} ${environment.kernel}, ${environment.cpus} CPUs`);
  }
  return known;
}

/** How two were measured differently: `pacing: closed loop, 1 connection in a.json, open loop at 500/s in b.json`. */
export function unlikeness(left: NamedReport, right: NamedReport): string[] {
  const other = circumstances(right.report);
  return [...circumstances(left.report)].flatMap(([name, text]) => {
    const there = other.get(name);
    return there === undefined || there === text ? [] : [`${name}: ${text} in ${left.file}, ${there} in ${right.file}`];
  });
}
