/** Which command made a report, and of what: the first line of the table and of the Markdown. */
import type { Report } from "../report/model.js";

type Source = Report["source"];

const COMMANDS: Readonly<Record<Source["kind"], string>> = {
  probe: "probe",
  capture: "pcap",
  pool: "pool",
  merge: "merge",
  comparison: "compare",
  check: "check",
};

export const commandOf = (source: Source): string => COMMANDS[source.kind];

/** Its runs are services that a capture saw, and no cells of an experiment. */
export const fromCaptures = (source: Source): boolean =>
  source.kind === "capture" || (source.kind === "merge" && source.parts[0]?.kind === "capture");

export function subjectOf(source: Source): string {
  switch (source.kind) {
    case "probe":
      return source.against === undefined ? source.endpoint : `${source.against.endpoint} against ${source.endpoint}`;
    case "capture":
      return source.file === "-" ? "standard input" : source.file;
    case "pool":
      return source.from;
    case "merge":
      return `${source.parts.length} reports`;
    case "comparison":
      return `${source.new.file} against ${source.base.file}`;
    case "check":
      return source.suite;
  }
}
