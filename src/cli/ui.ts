import { resolve } from "node:path";
import type { EmitOptions, Ui } from "../commands/ui.js";
import { EXIT, usageError } from "../errors.js";
import type { Terminal } from "../render/renderer.js";
import type { Report } from "../report/model.js";
import { readEnvironment } from "./environment.js";
import { addStepSummary, asLog, fromRepository, inGithubActions } from "./github-actions.js";
import type { Host, OutputStream } from "./host.js";
import { whyUnwritten, writeOutputFile } from "./output-file.js";
import { progressLine } from "./progress.js";
import { detectTerminal, fileTerminal } from "./terminal.js";

/** The `Ui` of the commands, and what only the program itself uses. */
export interface CliUi extends Ui {
  /** Text on standard output; resolves once it is handed over. */
  print(text: string): Promise<void>;
  /** Whole lines on standard error, the progress line out of the way for good. */
  complain(text: string): void;
  readonly interrupted: boolean;
}

export function createUi(host: Host, version: string): CliUi {
  const progress = progressLine(host);
  const abort = new AbortController();
  let listening = false;

  function listen(): AbortSignal {
    if (!listening) host.onInterrupt(() => (abort.signal.aborted ? host.exit(EXIT.interrupted) : abort.abort()));
    listening = true;
    return abort.signal;
  }

  return {
    version,
    progress,
    interrupt: {
      get signal() {
        return listen();
      },
    },
    get interrupted() {
      return abort.signal.aborted;
    },
    terminal: (stream) => detectTerminal(host[stream], host.env),
    warn: (sentence) => progress.above(`netlat: ${sentence}\n`),
    print: (text) => write(host.stdout, text),
    complain(text) {
      progress.clear();
      host.stderr.write(text);
    },
    environment: readEnvironment,
    async emit(report, options) {
      progress.clear();
      await emit(report, options, host);
      const problem = await announce(report, options, host);
      if (problem !== null) progress.above(`netlat: ${problem}\n`);
    },
  };
}

/** Files first: when standard output's reader has gone, they are still there. */
async function emit(report: Report, { format, output, hlog }: EmitOptions, host: Host): Promise<void> {
  const toFile = output !== undefined && output !== "-";
  if (toFile && hlog !== undefined && resolve(output) === resolve(hlog)) {
    throw usageError(`--hlog ${hlog}: --output names the same file; name another one`);
  }
  const { loadRenderer } = await import("../render/load.js");
  const renderer = await loadRenderer(format);
  const plain = fileTerminal(host.env);
  const render = (terminal: Terminal): string => {
    const placed = format === "sarif" || format === "github" ? fromRepository(report, host.env) : report;
    const text = renderer(placed, terminal);
    const forPeople = format === "table" || format === "markdown";
    return forPeople && inGithubActions(host.env) && !toFile ? asLog(text) : text;
  };
  if (hlog !== undefined) await writeOutputFile(hlog, (await loadRenderer("hlog"))(report, plain), "--hlog");
  if (toFile) await writeOutputFile(output, render(plain), "--output");
  else await write(host.stdout, render(detectTerminal(host.stdout, host.env)));
}

/**
 * What a gate does in GitHub Actions beside its report. Annotations go to standard error, which the runner reads as well: standard output stays
 * the report and nothing else.
 * @returns a sentence about what went wrong, or null
 */
async function announce(report: Report, { format, announce: asked }: EmitOptions, host: Host): Promise<string | null> {
  if (report.gate === undefined || asked === false || !inGithubActions(host.env)) return null;
  const { loadRenderer } = await import("../render/load.js");
  const [github, markdown] = [await loadRenderer("github"), await loadRenderer("markdown")];
  const plain = fileTerminal(host.env);
  if (format !== "github") host.stderr.write(github(fromRepository(report, host.env), plain));
  return addStepSummary(markdown(report, plain), host.env);
}

/**
 * A reader that has gone (`netlat … | head`) has what it wanted: that is no failure.
 * @throws NetlatError (exit 2) when standard output takes no more, such as on a full disk
 */
function write(stream: OutputStream, text: string): Promise<void> {
  return new Promise((done, fail) => {
    stream.write(text, (error) => {
      if (error === undefined || error === null || (error as NodeJS.ErrnoException).code === "EPIPE") return done();
      const why = whyUnwritten(error);
      fail(usageError(`standard output: cannot be written (${why})`, "make room where it goes, or send it elsewhere"));
    });
  });
}
