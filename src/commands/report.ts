import { Command } from "commander";
import { formatOption, hlogOption, outputOption } from "./options.js";
import { readReportFile } from "./report-file.js";
import type { EmitOptions, Ui } from "./ui.js";

/** `netlat report <report>`: a saved report again, in any format. */
export function reportCommand(ui: Ui): Command {
  return new Command("report")
    .description("show a saved report again, in any format")
    .argument("<report>", "a report that netlat wrote with --format json; - for standard input")
    .addOption(formatOption())
    .addOption(outputOption())
    .addOption(hlogOption())
    .action(async (path: string, options: EmitOptions) => {
      await ui.emit(await readReportFile(path), { ...options, announce: false });
    });
}
