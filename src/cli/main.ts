/**
 * The entry of the program. It stands on nothing but Node: `netlat --version` must cost hardly more than an empty Node
 * (`npm run bench -- probe` watches it), so everything else is imported once it is known to be needed.
 */
import type { ExitCode } from "../errors.js";
import { readVersion } from "./version.js";

/**
 * Runs the program.
 * @param args the words behind `netlat`
 * @returns the exit code of DESIGN section 8; it never rejects
 */
export async function main(args: readonly string[]): Promise<ExitCode> {
  if (args[0] === "--version" || args[0] === "-V") {
    process.stdout.on("error", versionUnwritten);
    process.stdout.write(`${readVersion()}\n`);
    return 0;
  }
  const { run } = await import("./run.js");
  return run(args);
}

/** A reader that has gone is no failure. */
function versionUnwritten({ code, message }: NodeJS.ErrnoException): void {
  if (code === "EPIPE") return;
  process.stderr.write(`netlat: standard output: cannot be written (${message})\n`);
  process.exitCode = 2;
}
