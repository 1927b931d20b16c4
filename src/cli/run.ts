import type { ExitCode } from "../errors.js";
import { COMMANDS } from "./commands.js";
import { farewell } from "./errors.js";
import { nodeHost } from "./host.js";
import { runProgram } from "./program.js";
import { createUi } from "./ui.js";
import { readVersion } from "./version.js";

/** Runs the program in this process: its streams, its signals, and its last resort for errors that nobody caught. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const ui = createUi(nodeHost(), readVersion());
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0); // `netlat … | head`: the reader has what it wanted
    // Whatever else it is, the write that failed says it.
  });
  process.stderr.on("error", () => {}); // nobody listens to progress and warnings any more; the report still counts
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (thrown: unknown) => {
      const { exitCode, text } = farewell(thrown, { version: ui.version, interrupted: ui.interrupted });
      process.stderr.write(text);
      process.exit(exitCode);
    });
  }
  return runProgram(args, COMMANDS, ui);
}
