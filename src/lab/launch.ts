/** A lab server in a process of its own, so that it competes with the probe for nothing but the machine. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { EXIT, type ExitCode, NetlatError } from "../errors.js";
import { LAB_CERTIFICATE } from "./certificate.js";
import { labUrl } from "./endpoint.js";
import { type LabKind, usesTls } from "./kinds.js";
import type { Lab } from "./lab.js";
import type { StartedMessage, StartMessage } from "./messages.js";
import { type LabOptions, labOptions } from "./options.js";

export interface LabProcess extends Lab {
  readonly pid: number;
  /** The endpoint to probe, such as `memcached://127.0.0.1:40123/lab-key`. */
  readonly url: string;
  /** The CA to trust, PEM; undefined without TLS. */
  readonly ca: string | undefined;
}

const START_LIMIT_MS = 10_000;

/**
 * Starts a lab server in another process. That one ends with `close()`, and also when this process ends in whatever way; it
 * does not keep this process alive.
 * @throws NetlatError: exit 4 when it cannot listen or does not start, exit 2 when it cannot do what was asked
 */
export async function launchLab(kind: LabKind, given: Partial<LabOptions> = {}): Promise<LabProcess> {
  const options = labOptions(given);
  const child = fork(fileURLToPath(new URL("./lab-process.js", import.meta.url)), [], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  try {
    child.send({ kind, options } satisfies StartMessage);
    const { address, port } = await started(child);
    child.unref();
    child.channel?.unref();
    return {
      address,
      port,
      pid: child.pid as number,
      url: labUrl(kind, options, address, port),
      ca: usesTls(kind, options) ? LAB_CERTIFICATE : undefined,
      close: () => end(child),
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

function started(child: ChildProcess): Promise<{ address: string; port: number }> {
  return new Promise((done, fail) => {
    const giveUp = (why: string): void =>
      fail(new NetlatError(EXIT.unreachable, `the lab server did not start: ${why}`));
    const limit = setTimeout(() => giveUp(`no word from it in ${START_LIMIT_MS / 1e3} s`), START_LIMIT_MS);
    child.once("exit", (code, signal) => giveUp(`its process ended (${signal ?? `exit code ${code}`})`));
    child.once("error", (error) => giveUp(error.message));
    child.once("message", (message: StartedMessage) => {
      if (message.state === "listening") done(message);
      else fail(new NetlatError(message.exitCode as ExitCode, message.message));
    });
    child.once("exit", () => clearTimeout(limit));
    child.once("message", () => clearTimeout(limit));
  });
}

/** By signal, not by message: a paused lab hears no message. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
