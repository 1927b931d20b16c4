import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { FIRST_SUITE } from "../check/first-suite.js";
import { usageError } from "../errors.js";
import type { Ui } from "./ui.js";

/** `netlat init [file]`: a commented first suite that passes as it is. */
export function initCommand(ui: Ui): Command {
  return new Command("init")
    .description("write a first suite for netlat check, with comments; it passes against the lab server")
    .argument("[file]", "where to write it", "netlat.yaml")
    .addOption(new Option("--force", "replace a file that is there already"))
    .action(async (file: string, { force }: { force?: boolean }) => {
      await writeNew(file, force === true);
      const argument = file === "netlat.yaml" ? "" : ` ${file}`;
      ui.warn(`wrote ${file}; run it with: netlat check${argument}`);
    });
}

/** @throws NetlatError (exit 2) */
async function writeNew(file: string, force: boolean): Promise<void> {
  await writeFile(file, FIRST_SUITE, { flag: force ? "w" : "wx" }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EEXIST")
      throw usageError(`${file}: is there already; replace it with --force, or name another file`);
    const why =
      cause.code === "ENOENT" ? "there is no such folder" : cause.code === "EISDIR" ? "it is a folder" : cause.message;
    throw usageError(
      `${file}: cannot be written (${why})`,
      "name a file in a folder that exists and that you may write to",
    );
  });
}
