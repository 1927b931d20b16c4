/** The portable engine: connections of node:net and node:tls, measured in user space. */
import type { Protocol } from "../../protocols/protocol.js";
import { protocolFor } from "../../protocols/registry.js";
import { without } from "../../sockets/capabilities.js";
import { loadSocketOptions, platformCapabilities } from "../../sockets/socket-options.js";
import type { LaneSpec, ProbeEngine } from "../probe.js";
import type { Session, SessionHost } from "../session.js";
import { sessionsLane } from "../sessions.js";
import { KeyLogFile } from "./key-log-file.js";
import { type NetPlan, NetSession } from "./net-session.js";
import { resumable, tlsOptions } from "./net-tls.js";
import { Pipeline } from "./pipeline.js";

/** Plaintext bytes in a TLS record at most (RFC 8446 5.1): a larger piece takes several. */
const RECORD_BYTES = 16384;

/**
 * Runs everywhere that Node does. Sees no kernel timestamps (heldNs and ackDelayNs of its samples are NaN), and connects before
 * an option can be set, so a lane's maxSegment is not used: whoever chooses the engine looks at its capabilities first, as for
 * quickack and cork, which need Linux and koffi.
 */
export function netEngine(): ProbeEngine {
  const platform = platformCapabilities();
  const untimed = without(platform, ["timestamping"], "the net engine does not take kernel timestamps");
  let keyLog: KeyLogFile | undefined;
  return {
    name: "net",
    capabilities: without(
      untimed,
      ["maxSegment"],
      "net.Socket connects before an option can be set; --engine kernel can",
    ),
    async open(spec) {
      const keyLogPath = spec.tls?.keyLogFile;
      if (keyLogPath !== undefined) keyLog ??= new KeyLogFile(keyLogPath);
      const plan = { ...planOf(spec), keyLog, tlsSession: resumable(spec) };
      return sessionsLane({
        timeoutNs: spec.timeoutNs,
        slowest: spec.slowest,
        sessions: (host) => sessionsOf(plan, host),
      });
    },
    async close() {
      keyLog?.close();
      keyLog = undefined;
    },
  };
}

function sessionsOf(plan: NetPlan, host: SessionHost): Session[] {
  const { connections, pipeline } = plan.spec;
  const numbers = Array.from({ length: connections }, (_, number) => number);
  if (pipeline === 1) return numbers.map((number) => new NetSession(plan, host, number));
  return numbers.flatMap((number) => new Pipeline(plan, host, number, pipeline).places);
}

function planOf(spec: LaneSpec): NetPlan {
  const protocol = protocolFor(spec.target.request);
  const { slowFirst } = spec;
  const secure = spec.target.transport === "tls";
  const options = loadSocketOptions();
  const sockets = { behaviour: spec.behaviour, options: "unavailable" in options ? null : options };
  return {
    spec,
    protocol,
    ...sockets,
    ...piecesOf(protocol, spec.behaviour.cuts, secure),
    slowFirst: slowFirst === undefined ? undefined : { ...sockets, ...piecesOf(protocolFor(slowFirst), [], secure) },
    tls: secure ? tlsOptions(spec, spec.target.request.protocol === "http1" ? ["http/1.1"] : []) : undefined,
  };
}

function piecesOf(protocol: Protocol, cuts: readonly number[], secure: boolean): Pick<NetPlan, "pieces" | "writesOf"> {
  // A Buffer: Writable.write() makes one of any other view, each time.
  const request = Buffer.from(protocol.request());
  const edges = [0, ...cuts, request.length];
  const pieces = edges.slice(1).map((end, index) => request.subarray(edges[index], end));
  return {
    pieces,
    writesOf: pieces.map((piece) => (secure ? Math.max(1, Math.ceil(piece.length / RECORD_BYTES)) : 1)),
  };
}
