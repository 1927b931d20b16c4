import { Command } from "commander";
import { mergeReports } from "../compare/merge-reports.js";
import type { NamedReport } from "../compare/report-part.js";
import { reportBase } from "../report/base.js";
import { formatOption, hlogOption, outputOption } from "./options.js";
import { readReportFile } from "./report-file.js";
import type { EmitOptions, Ui } from "./ui.js";

/** `netlat merge <reports...>`: many machines or runs, one report. */
export function mergeCommand(ui: Ui): Command {
  return new Command("merge")
    .description("add reports up: histograms without loss, counts and findings with their sources")
    .argument("<reports...>", "two or more reports of netlat probe, or of pcap, made with --format json")
    .addOption(formatOption())
    .addOption(outputOption())
    .addOption(hlogOption())
    .action(async (files: readonly string[], options: EmitOptions) => {
      const reports: NamedReport[] = [];
      for (const file of files) reports.push({ file, report: await readReportFile(file) });
      const merged = mergeReports(reports, reportBase(new Date(), ui.environment(), ui.version));
      if (merged.source.kind === "merge") for (const warning of merged.source.warnings) ui.warn(warning);
      await ui.emit(merged, options);
    });
}
