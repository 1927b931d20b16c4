/** A lab server that runs in this process, whatever it travels over. */
import { EXIT, NetlatError } from "../errors.js";

export interface Lab {
  readonly address: string;
  readonly port: number;
  /** Stops listening and drops all connections. */
  close(): Promise<void>;
}

export function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): NetlatError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use; choose another with --port, or 0 for any free one`,
    EACCES: `port ${port} on ${host} is not ours to use; choose one from 1024 with --port, or 0 for any free one`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; choose one of its own with --host, such as 127.0.0.1`,
    ENOTFOUND: `${host} is not a name that this machine can resolve; choose an address with --host, such as 127.0.0.1`,
  };
  return new NetlatError(
    EXIT.unreachable,
    reasons[error.code ?? ""] ?? `cannot listen on ${host} port ${port}: ${error.message}`,
    {
      cause: error,
    },
  );
}
