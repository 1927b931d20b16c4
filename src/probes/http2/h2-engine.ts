/** HTTP/2, and gRPC on it, over our own framer: on node:net and node:tls, each request a stream. */
import { HEALTH_CHECK_PATH } from "../../protocols/grpc/health.js";
import { settingName } from "../../protocols/h2/names.js";
import type { ConnectionOptions } from "../../protocols/h2/options.js";
import { settingsEntries } from "../../protocols/h2/settings.js";
import type { StreamRequest } from "../../protocols/protocol.js";
import { without } from "../../sockets/capabilities.js";
import { loadSocketOptions, platformCapabilities } from "../../sockets/socket-options.js";
import { nowNs } from "../clock.js";
import type { BlockResult, Lane, LaneSpec, Load, ProbeEngine } from "../probe.js";
import { sessionsLane } from "../sessions.js";
import { KeyLogFile } from "../tcp/key-log-file.js";
import { tlsOptions } from "../tcp/net-tls.js";
import { H2Channel } from "./h2-channel.js";
import { framed, type H2Plan } from "./h2-plan.js";
import { H2Tally } from "./h2-tally.js";

/** What a receiver with plenty of memory would announce; `--window` says otherwise. */
const DEFAULT_WINDOW_BYTES = 1024 * 1024;
/** A PING now and then while requests run: its round trip tells how long bytes queue on the connection. */
const PING_EVERY_MS = 50;

export function h2Engine(): ProbeEngine {
  const platform = platformCapabilities();
  const untimed = without(platform, ["timestamping"], "the net engine does not take kernel timestamps");
  let keyLog: KeyLogFile | undefined;
  return {
    name: "net",
    capabilities: without(
      untimed,
      ["maxSegment"],
      "HTTP/2 runs on net.Socket, which connects before an option can be set",
    ),
    async open(spec) {
      const path = spec.tls?.keyLogFile;
      if (path !== undefined) keyLog ??= new KeyLogFile(path);
      return h2Lane({ ...planOf(spec), keyLog });
    },
    async close() {
      keyLog?.close();
      keyLog = undefined;
    },
  };
}

function planOf(spec: LaneSpec): H2Plan {
  const request = spec.target.request as StreamRequest;
  const options = loadSocketOptions();
  const { headers, bytes } = framed(request);
  return {
    spec,
    request,
    headers,
    requestBytes: bytes,
    isHealthCheck: request.judgedBy === "grpc" && request.path === HEALTH_CHECK_PATH,
    behaviour: spec.behaviour,
    options: "unavailable" in options ? null : options,
    tls: spec.target.transport === "tls" ? tlsOptions(spec, ["h2"]) : undefined,
  };
}

function h2Lane(plan: H2Plan): Lane {
  const { spec } = plan;
  const window = spec.h2?.windowBytes ?? DEFAULT_WINDOW_BYTES;
  const settings = { enablePush: false, initialWindowBytes: window };
  const options: Omit<ConnectionOptions, "emit"> = { settings, connectionWindowBytes: window };
  const ours = Object.fromEntries(settingsEntries(settings).map(([id, value]) => [settingName(id), value]));
  const tally = new H2Tally(spec.pipeline, ours);
  const channels: H2Channel[] = [];
  const inner = sessionsLane({
    timeoutNs: spec.timeoutNs,
    slowest: spec.slowest,
    sessions: (host) => {
      for (let number = 0; number < spec.connections; number++) {
        channels.push(new H2Channel(plan, options, tally, host, number));
      }
      return channels.flatMap(({ places }) => places);
    },
    measuring: (measures) => (measures ? tally.begin(nowNs()) : tally.end(nowNs())),
  });
  return {
    async run(load: Load, signal: AbortSignal, onProgress: (done: number) => void): Promise<BlockResult> {
      const pings = setInterval(() => {
        if (tally.measuring) for (const { link } of channels) link?.ping();
      }, PING_EVERY_MS);
      try {
        const block = await inner.run(load, signal, onProgress);
        return { ...block, h2: tally.facts() };
      } finally {
        clearInterval(pings);
      }
    },
    close: () => inner.close(),
  };
}
