/**
 * What the program says when it cannot do what was asked (docs: DESIGN section 8 "Errors and exit codes").
 * Failures of the *target* (refused, timeout, malformed answer) are data in the report; only these are thrown.
 */
export const EXIT = {
  done: 0,
  gateFailed: 1,
  usage: 2,
  unreadableInput: 3,
  unreachable: 4,
  inconclusive: 5,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error that a person can act on: one sentence that names the thing and the value, one hint that names the remedy. */
export class NetlatError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "NetlatError";
    this.exitCode = exitCode;
    this.hint = options.hint;
  }
}

/** Wrong usage: exit 2. `message` names the value and what is accepted. */
export function usageError(message: string, hint?: string): NetlatError {
  return new NetlatError(EXIT.usage, message, hint === undefined ? {} : { hint });
}
