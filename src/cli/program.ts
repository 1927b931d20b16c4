import { Command, CommanderError } from "commander";
import { EXIT, type ExitCode, usageError } from "../errors.js";
import { nearest } from "../units/nearest.js";
import { type CommandEntry, EXAMPLES } from "./commands.js";
import { farewell, fromCommander } from "./errors.js";
import type { CliUi } from "./ui.js";

const HELP = ["--help", "-h", "help"];

/**
 * Runs the command that the first word names, and imports no other. Prints whatever goes wrong; never rejects.
 * @param args the words behind `netlat`
 */
export async function runProgram(
  args: readonly string[],
  table: readonly CommandEntry[],
  ui: CliUi,
): Promise<ExitCode> {
  try {
    await dispatch(args, table, ui);
    return ui.interrupted ? EXIT.interrupted : EXIT.done;
  } catch (thrown) {
    const { exitCode, text } = farewell(thrown, { version: ui.version, interrupted: ui.interrupted });
    ui.complain(text);
    return exitCode;
  }
}

async function dispatch(args: readonly string[], table: readonly CommandEntry[], ui: CliUi): Promise<void> {
  const [first, ...rest] = args;
  if (first === undefined)
    throw usageError("no command was given", `use one of: ${names(table).join(", ")}; see: netlat --help`);
  if (!HELP.includes(first)) return runCommand(find(first, table), rest, ui);
  const [about] = first === "help" ? rest : [];
  if (about === undefined || HELP.includes(about)) return ui.print(overview(table, ui));
  return runCommand(find(about, table), ["--help"], ui);
}

function find(word: string, table: readonly CommandEntry[]): CommandEntry {
  const entry = table.find(({ name }) => name === word);
  if (entry !== undefined) return entry;
  if (word.startsWith("-"))
    throw usageError(`${word}: netlat has no such option before a command`, "see: netlat --help");
  const meant = nearest(word, names(table));
  const question = meant === undefined ? "" : `; did you mean ${meant}?`;
  throw usageError(
    `${word}: not a command of netlat${question}`,
    `use one of: ${names(table).join(", ")}; see: netlat --help`,
  );
}

async function runCommand(entry: CommandEntry, args: readonly string[], ui: CliUi): Promise<void> {
  const command = (await entry.load())(ui).name(`netlat ${entry.name}`);
  let help = "";
  tame(command, ui, (text) => {
    help += text;
  });
  try {
    await command.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw fromCommander(error, command);
  }
  if (help !== "") await ui.print(help);
}

/** Commander prints and exits on its own; here it only throws, and its help is handed over. */
function tame(command: Command, ui: CliUi, onHelp: (text: string) => void): void {
  command.exitOverride().configureOutput({
    writeOut: onHelp,
    writeErr: () => {},
    outputError: () => {},
    getOutHelpWidth: () => ui.terminal("stdout").columns,
    getOutHasColors: () => false,
  });
  for (const child of command.commands) tame(child, ui, onHelp);
}

function overview(table: readonly CommandEntry[], ui: CliUi): string {
  const program = new Command("netlat")
    .description("Where did the milliseconds go, why, and what change removes them.")
    .usage("<command> [options]")
    .helpOption("-h, --help", "show this help; netlat <command> --help shows a command's own")
    .option("-V, --version", "show the version")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES.trimEnd());
  for (const { name, summary } of table) program.addCommand(new Command(name).description(summary).helpOption(false));
  let help = "";
  tame(program, ui, (text) => {
    help += text;
  });
  program.outputHelp();
  return help;
}

const names = (table: readonly CommandEntry[]): string[] => table.map(({ name }) => name);
