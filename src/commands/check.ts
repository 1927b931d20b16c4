import { Command, Option } from "commander";
import { NetlatError } from "../errors.js";
import type { CheckOptions } from "./check-run.js";
import { formatOption, option, outputOption, readCount } from "./options.js";
import type { Ui } from "./ui.js";

/** `netlat check [suite]`: measure, hold it against what a suite expects, and say pass, fail or inconclusive. */
export function checkCommand(ui: Ui): Command {
  return new Command("check")
    .description("run a suite of probes and captures and hold them against what it expects: a gate for CI")
    .argument("[suite]", "a YAML file; netlat init writes a first one", "netlat.yaml")
    .addOption(option("-n, --requests <count>", "requests per cell, whatever the suite says", readCount()))
    .addOption(
      new Option("--only <name>", "run only this check; may be repeated").argParser(
        (name: string, earlier: readonly string[] = []) => [...earlier, name],
      ),
    )
    .addOption(
      option("--retries <count>", "measure again what did not pass; every attempt is told", readCount(0, 10), "0"),
    )
    .addOption(
      option("--jobs <count>", "checks at a time; more than 1 lets them disturb each other", readCount(1, 64), "1"),
    )
    .addOption(new Option("--update-baseline", "write the baselines anew, unless they would get looser"))
    .addOption(new Option("--allow-looser", "with --update-baseline: also where they get looser"))
    .addOption(formatOption())
    .addOption(outputOption())
    .action(async (suite: string, options: CheckOptions) => {
      const { farewellOf, runSuite } = await import("./check-run.js");
      if (options.jobs > 1) {
        ui.warn(`--jobs ${options.jobs}: checks that measure side by side disturb each other; latencies may be worse`);
      }
      const report = await runSuite(suite, options, ui);
      await ui.emit(report, options);
      const farewell = farewellOf(report, suite);
      if (farewell !== null) throw new NetlatError(farewell.exitCode, farewell.says);
    });
}
