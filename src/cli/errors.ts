import type { Command, CommanderError } from "commander";
import { EXIT, type ExitCode, NetlatError, usageError } from "../errors.js";

/** What a person reads on standard error, and the exit code of DESIGN section 8. */
export interface Farewell {
  readonly exitCode: ExitCode;
  /** Ends with a newline. */
  readonly text: string;
}

/**
 * Turns whatever was thrown into what is printed: a sentence and its remedy for what a person can act on, the stack for our own bugs.
 * @param interrupted the user pressed Ctrl-C: what was torn down by it is not an error of its own
 */
export function farewell(
  thrown: unknown,
  { version, interrupted }: { version: string; interrupted: boolean },
): Farewell {
  if (thrown instanceof NetlatError) {
    const hint = thrown.hint === undefined ? "" : `        ${thrown.hint}\n`;
    const exitCode = interrupted ? EXIT.interrupted : thrown.exitCode;
    return { exitCode, text: `netlat: ${thrown.message}\n${hint}` };
  }
  if (interrupted && isAbort(thrown)) return { exitCode: EXIT.interrupted, text: "netlat: interrupted\n" };
  return { exitCode: EXIT.bug, text: bugReport(thrown, version) };
}

/** Commander's complaint about the words given to `command`, as one sentence of ours. */
export function fromCommander(error: CommanderError, command: Command): NetlatError {
  const [complaint = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = /Did you mean (?:one of )?(.+)\?/.exec(more.join(" "))?.[1];
  const sentence = reword(error.code, complaint, command);
  const question = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
  return usageError(`${sentence}${question}`, `see: ${command.name()} --help`);
}

function reword(code: string, complaint: string, command: Command): string {
  const quoted = /'([^']*)'/.exec(complaint)?.[1] ?? "";
  const option = quoted.split(/[ ,]+/).find((word) => word.startsWith("--")) ?? quoted;
  switch (code) {
    case "commander.unknownOption":
      return `${quoted}: ${command.name()} has no such option`;
    case "commander.optionMissingArgument":
      return `${option}: the value is missing`;
    case "commander.missingArgument":
      return `the argument <${quoted}> is missing`;
    case "commander.excessArguments":
      return `${command.args[command.registeredArguments.length]}: one word too many`;
    case "commander.help":
      return `${command.name()}: a word is missing`;
    default:
      return complaint.replace(/\.$/, "");
  }
}

function isAbort(thrown: unknown): boolean {
  return (
    thrown instanceof Error && (thrown.name === "AbortError" || (thrown as NodeJS.ErrnoException).code === "ABORT_ERR")
  );
}

function bugReport(thrown: unknown, version: string): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? String(thrown)) : `thrown: ${String(thrown)}`;
  const where = `netlat ${version}, node ${process.version}, ${process.platform} ${process.arch}`;
  return `netlat: this is a bug in netlat itself (${where})\n${stack}\nPlease report it with the lines above.\n`;
}
