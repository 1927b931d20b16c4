import type { ServerOptions } from "../../protocols/h2/server.js";
import type { H2LabOptions, OverLimit } from "./options.js";

/** What the endpoint does to a stream above the limit. `close` is the connection's own doing: the endpoint lets such a stream in. */
const OVER_LIMIT: { readonly [O in OverLimit]: NonNullable<ServerOptions["overLimit"]> } = {
  refuse: "refuse",
  "reset-protocol-error": "stream-error",
  goaway: "connection-error",
  close: "serve",
};

export function serverOptions(options: H2LabOptions, connectionWindowBytes: number): Omit<ServerOptions, "emit"> {
  const { maxStreams, windowBytes, headerListBytes } = options;
  const settings = { maxConcurrentStreams: maxStreams, initialWindowBytes: windowBytes };
  return {
    settings: headerListBytes === null ? settings : { ...settings, maxHeaderListBytes: headerListBytes },
    connectionWindowBytes,
    windowPolicy: options.holdWindowNs === null ? 0.5 : "manual",
    overLimit: OVER_LIMIT[options.overLimit],
  };
}
