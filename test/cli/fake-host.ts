import type { Host, OutputStream } from "../../src/cli/host.js";
import type { ExitCode } from "../../src/errors.js";

interface FakeHost extends Host {
  readonly out: () => string;
  readonly err: () => string;
  readonly exits: ExitCode[];
  interrupt(): void;
}

/** A process whose streams are strings and whose Ctrl-C is a call. */
export function fakeHost(
  setup: { env?: Host["env"]; stdout?: Partial<OutputStream>; stderr?: Partial<OutputStream> } = {},
): FakeHost {
  const text = { stdout: "", stderr: "" };
  const listeners: (() => void)[] = [];
  const exits: ExitCode[] = [];
  const stream = (name: "stdout" | "stderr"): OutputStream => ({
    write(chunk, done) {
      text[name] += chunk;
      done?.();
      return true;
    },
    ...setup[name],
  });
  return {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    env: setup.env ?? {},
    onInterrupt: (listener) => void listeners.push(listener),
    exit: (code) => void exits.push(code),
    out: () => text.stdout,
    err: () => text.stderr,
    exits,
    interrupt: () => {
      for (const listener of listeners) listener();
    },
  };
}
