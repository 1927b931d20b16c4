import type { ExitCode } from "../errors.js";

/** A stream as far as the program cares: a terminal says so, and says how wide it is. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  getColorDepth?(env: object): number;
  write(text: string, done?: (error?: Error | null) => void): boolean;
}

/** The process as far as the program cares, so that tests can give it another one. */
export interface Host {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls back on every SIGINT from now on; Node's own reaction to it is then off. */
  onInterrupt(listener: () => void): void;
  exit(code: ExitCode): void;
}

export function nodeHost(): Host {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    onInterrupt: (listener) => void process.on("SIGINT", listener),
    exit: (code) => process.exit(code),
  };
}
