import type { Terminal } from "../render/renderer.js";
import type { Report } from "../report/model.js";

/** What `--format` accepts. */
export const FORMATS = ["table", "json", "markdown", "junit", "sarif", "github", "html"] as const;
export type Format = (typeof FORMATS)[number];

/** Where a report goes, as `formatOption`, `outputOption` and `hlogOption` of options.ts read it. */
export interface EmitOptions {
  readonly format: Format;
  /** A file instead of standard output; `-` is standard output. */
  readonly output?: string | undefined;
  /** A file for the HdrHistogram log, beside the report. */
  readonly hlog?: string | undefined;
  /** false: a gate's report does not annotate code or write a summary in GitHub Actions, because it is an old one. */
  readonly announce?: boolean;
}

/** All that a command needs from the place where it runs. Commands do not touch the process's streams, signals or clock settings. */
export interface Ui {
  readonly version: string;
  /**
   * Renders the report and writes it out. Files are replaced as a whole.
   * @throws NetlatError (exit 2) when a file cannot be written
   */
  emit(report: Report, options: EmitOptions): Promise<void>;
  terminal(stream: "stdout" | "stderr"): Terminal;
  /** One sentence on standard error. */
  warn(sentence: string): void;
  readonly progress: Progress;
  /** The first Ctrl-C aborts the signal, a second one ends the process with 130. Until `signal` is asked for, Ctrl-C ends the process as usual. */
  readonly interrupt: { readonly signal: AbortSignal };
  /** The facts of this machine for the report. */
  environment(): Report["environment"];
}

/** One line on standard error that is rewritten in place; nothing at all when that is not a terminal. */
export interface Progress {
  show(line: string): void;
  clear(): void;
}
