import { Command } from "commander";
import { addPoolOptions, type PoolOptions } from "./pool-options.js";
import type { Ui } from "./ui.js";

/** `netlat pool [file]`: how many connections, from numbers, from a report, or from a histogram log. */
export function poolCommand(ui: Ui): Command {
  const command = new Command("pool")
    .description("size a connection pool: Little's law, queueing formulas, and a simulation of what was measured")
    .argument("[file]", "a report (--format json) or an HdrHistogram log (--hlog); - for standard input");
  return addPoolOptions(command).action(async (file: string | undefined, options: PoolOptions) => {
    const { poolReport } = await import("./pool-run.js");
    await ui.emit(await poolReport(file, options, ui), options);
  });
}
