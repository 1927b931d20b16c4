/** Every transport parameter that was sent, the server's beside the client's; what is too long for two columns stands below. */
import type { Report } from "../../report/model.js";
import { type Align, grid } from "../grid.js";
import { type ParameterRow, type ParameterSet, parameterSets } from "../quic-parameters.js";
import { quicRuns } from "../quic-rows.js";
import { displayWidth, hang } from "../text.js";
import type { Page } from "./page.js";

export function transportParameters(report: Report, page: Page): string[] {
  const sets = parameterSets(quicRuns(report.runs), page.factors);
  return sets.flatMap((set, at) => [...(at === 0 ? [] : [""]), ...one(set, page)]);
}

function one({ whose, rows, ends }: ParameterSet, page: Page): string[] {
  const { dim, marks } = page.theme;
  const fits = (row: ParameterRow): boolean =>
    ends.every((end) => displayWidth(row[end]) <= valueRoom(rows, ends.length, page));
  const short = rows.filter(fits);
  const aligns: Align[] = ["left", ...ends.map((): Align => "right")];
  const table = grid(
    [
      ["", ...ends].map(dim),
      ...short.map((row) => [row.name, ...ends.map((end) => (row[end] === "" ? marks.none : row[end]))]),
    ],
    aligns,
  ).map((line) => `  ${line}`);
  const long = rows
    .filter((row) => !fits(row))
    .flatMap((row) => {
      const values = ends.filter((end) => row[end] !== "").map((end) => `${end} ${row[end]}`);
      return hang("  ", `${row.name}: ${values.join(", ")}`, page.width);
    });
  return [...(whose === "" ? [] : hang("  ", whose, page.prose, page.theme.strong)), ...table, ...long];
}

const GAP = 2;
const MOST = 24;

/** What is left for a value beside the longest name, of those whose own values would fit. */
function valueRoom(rows: readonly ParameterRow[], ends: number, page: Page): number {
  const names = Math.max(...rows.map(({ name }) => displayWidth(name)));
  return Math.min(MOST, Math.floor((page.width - GAP - names) / Math.max(1, ends)) - GAP);
}
