/** Two measurements side by side, and the reports that another one was made of. */
import type { Report } from "../../report/model.js";
import { commandOf, subjectOf } from "../source-names.js";
import { ALL_SHOWN, comparisonNotes, quantileHead, rowOf } from "../table/comparison.js";
import { partFacts } from "../table/part-facts.js";
import { code, list, prose, table } from "./syntax.js";

export function comparison(report: Report): string[] {
  const { comparison: data } = report;
  if (data === undefined) return [];
  const [, ...head] = quantileHead(data, ALL_SHOWN);
  const rows = data.pairs.flatMap((pair) =>
    pair.quantiles.map((found) => {
      const [quantile = "", ...numbers] = rowOf(found, ALL_SHOWN);
      const last = numbers.length - 1;
      const strong = found.verdict === "slower" || found.verdict === "faster";
      return [
        code(pair.id),
        quantile,
        ...numbers.map((text, at) => (at === last && strong ? `**${text}**` : prose(text))),
      ];
    }),
  );
  const broken = data.pairs.filter(({ quantiles }) => quantiles.length === 0);
  const notes = [
    ...broken.map(({ id, says }) => `${code(id)} ${prose(says)}`),
    ...comparisonNotes(data).map(prose),
    ...data.unlike.map((text) => `**unlike** ${prose(text)}`),
  ];
  const lines = rows.length === 0 ? [] : [...table(["run", "quantile", ...head], rows, 2), ""];
  return [...lines, ...list(notes)];
}

export function partsHead(source: Extract<Report["source"], { kind: "merge" | "comparison" }>): string[] {
  const facts = partFacts(source).map(({ label, text }) =>
    label === "" ? prose(text) : `**${label}** ${prose(text)}`,
  );
  return [`# netlat ${commandOf(source)} ${code(subjectOf(source))}`, "", ...list(facts)];
}
