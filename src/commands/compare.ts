import { Command } from "commander";
import { compareReports } from "../compare/compare-reports.js";
import { EXIT, NetlatError, usageError } from "../errors.js";
import { reportBase } from "../report/base.js";
import { type ComparisonOptions, comparisonOptions, questionOf } from "./comparison-options.js";
import { formatOption, outputOption } from "./options.js";
import { readReportFile } from "./report-file.js";
import type { EmitOptions, Ui } from "./ui.js";

/** `netlat compare <base> <new>`: is the new one faster, slower, the same, or can nobody tell? */
export function compareCommand(ui: Ui): Command {
  const command = new Command("compare")
    .description("hold two reports against each other: faster, slower, the same, or nobody can tell")
    .argument("<base>", "a report of netlat probe, pcap or merge, made with --format json; - for standard input")
    .argument("<new>", "the report to hold against it; - for standard input");
  for (const one of comparisonOptions()) command.addOption(one);
  return command
    .addOption(formatOption())
    .addOption(outputOption())
    .action(async (base: string, next: string, options: ComparisonOptions & EmitOptions) => {
      if (base === "-" && next === "-") {
        throw usageError("- and -: standard input holds one report; name a file for the other");
      }
      const before = { file: base, report: await readReportFile(base) };
      const after = { file: next, report: await readReportFile(next) };
      const made = reportBase(new Date(), ui.environment(), ui.version);
      const compared = compareReports(before, after, questionOf(options), made);
      await ui.emit(compared, options);
      if (compared.comparison?.pairs.every(({ quantiles }) => quantiles.length === 0)) {
        throw new NetlatError(
          EXIT.unreachable,
          `${base} and ${next} have no answered requests in common: nothing could be compared`,
          { hint: "give two reports of the same cells or services, with answered requests" },
        );
      }
    });
}
