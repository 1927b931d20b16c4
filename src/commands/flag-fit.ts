/** Which flags mean something to what carries the requests: turns on a TCP connection, streams of HTTP/2, or QUIC. */
import { usageError } from "../errors.js";
import type { Target } from "../protocols/protocol.js";
import type { ProbeOptions } from "./probe-options.js";

type Carrier = "turns" | "h2" | "quic";
type Flag = keyof ProbeOptions;

export function carrierOf({ transport, request }: Target): Carrier {
  if (transport === "quic") return "quic";
  return request.protocol === "h2" ? "h2" : "turns";
}

const HTTP2_ONLY = ["bulk", "bulkOn", "overLimit", "keepaliveTimeout", "keepaliveWithoutStreams"] as const;
const STREAMS = ["streams", "window", "keepalive"] as const;
const QUIC_ONLY = [
  "earlyData",
  "ackDelay",
  "migrate",
  "migrateAfter",
  "sessionFile",
  "idleTimeout",
  "maxUdpPayload",
  "maxStreamsBidi",
  "maxStreamsUni",
  "streamWindow",
  "congestion",
  "compareWith",
  "comparePort",
] as const;

/** Of TCP alone, and what QUIC has in its place. */
const TCP_ONLY: { readonly [F in Flag]?: string } = {
  slowFirst: "--compare-with h2,h1 holds it against HTTP over TCP",
  nagle: "--split cuts a request into datagrams",
  quickack: "--ack-delay holds its acknowledgements back",
  cork: "--split cuts a request into datagrams",
  maxSegment: "--max-udp-payload sets its largest datagram",
  timestamps: "its datagram times are always taken",
  tlsResume: "--early-data and --session-file are about its tickets",
};

/** What the flags ask of streams. @returns the first that was given, as the user writes it; undefined: none was */
export const streamFlagOf = (options: ProbeOptions): string | undefined => given([...STREAMS, ...HTTP2_ONLY], options);

/** @throws NetlatError (exit 2) for the first flag that means nothing to this target */
export function refuseUnfitting(target: Target, options: ProbeOptions): void {
  const carrier = carrierOf(target);
  if (carrier === "quic") {
    refuseOverQuic(target, options);
    return;
  }
  const ofQuic = given(QUIC_ONLY, options);
  if (ofQuic !== undefined) {
    throw usageError(`${ofQuic}: is for QUIC; ask h3://, quic:// or doq://, or https:// with --http3`);
  }
  if (carrier === "h2") {
    if (options.pipeline > 1) throw usageError("--pipeline: HTTP/2 has streams instead; write --streams");
    return;
  }
  const stray = streamFlagOf(options);
  if (stray === undefined) return;
  const anyStreams = given(STREAMS, options) === stray;
  const also = anyStreams ? "HTTP/2, gRPC and QUIC" : "HTTP/2 and gRPC";
  const schemes = anyStreams ? "h2c://, grpc://, h3://" : "h2c://, grpc://";
  throw usageError(
    target.endpoint.toLowerCase().startsWith("https:")
      ? `${stray}: is for ${also}, and this is HTTP/1.1 (--http1.1, or the server's choice by ALPN); leave it out`
      : `${stray}: is for ${also}; ask ${schemes} or, where the server speaks it, https://`,
  );
}

function refuseOverQuic({ endpoint, request }: Target, options: ProbeOptions): void {
  const ofTcp = (Object.keys(TCP_ONLY) as Flag[]).find((flag) => options[flag] !== undefined);
  if (ofTcp !== undefined) {
    throw usageError(
      `${written(ofTcp)}: is about TCP, and ${endpoint} travels in QUIC; leave it out (${TCP_ONLY[ofTcp]})`,
    );
  }
  if (options.pipeline > 1) throw usageError("--pipeline: QUIC has streams instead; write --streams");
  const ofHttp2 = given(HTTP2_ONLY, options);
  if (ofHttp2 !== undefined) {
    throw usageError(`${ofHttp2}: is for HTTP/2 and gRPC, and ${endpoint} travels in QUIC; leave it out`);
  }
  const beside = given(["compareWith", "comparePort"], options);
  if (beside !== undefined && request.protocol !== "h3") {
    throw usageError(`${beside}: holds HTTP/3 against HTTP over TCP; ask h3://, or https:// with --http3`);
  }
}

function given(flags: readonly Flag[], options: ProbeOptions): string | undefined {
  const first = flags.find((flag) => options[flag] !== undefined);
  return first === undefined ? undefined : written(first);
}

/** `keylogOut` as the user writes it. */
export const written = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
