/** `netlat compare`: two saved reports to one that holds their differences. Pure. */
import { usageError } from "../errors.js";
import type { Report } from "../report/model.js";
import { compareRuns, matchRuns, type Question } from "./compare-runs.js";
import { contentOf, measuredKind, type NamedReport, partOf, unlikeness, withoutLate } from "./report-part.js";
import { comparisonWords } from "./words.js";

const SAME = "Both reports hold the same measurement: of another one this says nothing.";
const APART =
  "The two were measured apart: a difference may also come from the machine's mood between them; netlat probe --ab takes turns.";

/**
 * @param base of the new report: when, where and by what version it was made
 * @throws NetlatError: exit 2 when the reports hold nothing that can be compared, exit 3 when a histogram is damaged
 */
export function compareReports(
  before: NamedReport,
  after: NamedReport,
  question: Omit<Question, "interleaved">,
  base: Omit<Report, "source">,
): Report {
  const kinds = [before, after].map((part) => measuredKind(part, "compare"));
  if (kinds[0] !== kinds[1]) {
    throw usageError(
      `${before.file} is of kind ${kinds[0]}, ${after.file} of kind ${kinds[1]}: a probe's own requests and the traffic of a capture cannot be compared; give two of one kind`,
    );
  }
  const matched = matchRuns(before.report.runs, after.report.runs);
  const pairs = withoutLate(matched.pairs, before, after);
  const compared = compareRuns({ ...matched, pairs }, { ...question, interleaved: false });
  const comparison = { ...compared, unlike: unlikeness(before, after) };
  const reasons = comparisonWords(comparison, { base: before.file, next: after.file });
  const same = contentOf(before) === contentOf(after);
  const blocks = comparison.pairs.some(({ quantiles }) => quantiles.some(({ unit }) => unit === "blocks"));
  return {
    ...base,
    source: { kind: "comparison", base: partOf(before), new: partOf(after) },
    comparison,
    verdict: { status: "none", reasons: [...(same ? [SAME] : []), ...reasons, ...(blocks && !same ? [APART] : [])] },
  };
}
