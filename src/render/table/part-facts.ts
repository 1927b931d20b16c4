/** The reports that another one was made of: also the head of the Markdown report. */
import type { Report, ReportPart } from "../../report/model.js";
import { counted, whole } from "../counting.js";
import type { Fact } from "./capture-head.js";

/** More would hide the result. */
const SHOWN = 8;

export function partFacts(source: Extract<Report["source"], { kind: "merge" | "comparison" }>): Fact[] {
  const fact = (label: string, text: string): Fact => ({ label, text, warns: false });
  if (source.kind === "comparison") return [fact("base", partOf(source.base)), fact("new", partOf(source.new))];
  const facts = source.parts.slice(0, SHOWN).map((part, at) => fact(at === 0 ? "parts" : "", partOf(part)));
  const more = source.parts.length - SHOWN;
  if (more > 0) facts.push(fact("", `and ${counted(more, "more report")}`));
  return facts;
}

function partOf({ file, kind, subject, startedAt, requests }: ReportPart): string {
  const of = kind === "capture" ? "pcap" : kind;
  return `${file}: ${of} ${subject}, ${whole(requests)} answered, ${startedAt}`;
}
