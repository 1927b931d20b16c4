/** The flags of `netlat probe` that only QUIC has, and what they say about its connections. */
import type { Option } from "commander";
import { usageError } from "../errors.js";
import { parseOnOff, type Switch } from "../probes/levels.js";
import type { QuicPlan } from "../probes/plan.js";
import { type AckDelayLevel, HTTP_LEVELS, type HttpLevel, parseAckDelays } from "../probes/quic-levels.js";
import { parseAlpn } from "../protocols/quic-alpn.js";
import { CONGESTION_CONTROLS, type CongestionControl, DEFAULT_TRANSPORT } from "../quic/settings.js";
import type { Ns } from "../units/duration.js";
import { parseSize } from "../units/size.js";
import { option, type Reader, readChoice, readCount, readOutputFile, readPositiveDuration } from "./options.js";

export interface TransportOptions {
  readonly earlyData?: readonly Switch[];
  readonly ackDelay?: readonly AckDelayLevel[];
  readonly migrate?: readonly Switch[];
  readonly migrateAfter?: number;
  readonly alpn?: readonly string[];
  readonly idleTimeout?: Ns;
  readonly maxUdpPayload?: number;
  readonly maxStreamsBidi?: number;
  readonly maxStreamsUni?: number;
  readonly streamWindow?: number;
  readonly congestion?: CongestionControl;
  readonly sessionFile?: string;
  readonly compareWith?: readonly BesideLevel[];
  readonly comparePort?: number;
}

/** What HTTP/3 can be held against. */
export type BesideLevel = Exclude<HttpLevel, "h3">;

/** Requests of a connection before it moves. */
export const DEFAULT_MIGRATE_AFTER = 10;

/** RFC 9000 section 14: every path carries 1200 bytes; section 18.2: 65527 is what UDP can. */
const LEAST_UDP_PAYLOAD = 1200;
const MOST_UDP_PAYLOAD = 65_527;
/** What the engine counts in. */
const MOST_WINDOW = 2 ** 32;

export function transportOptions(): Option[] {
  return [
    option("--early-data <levels>", "the request in 0-RTT: on, off or both; with --reuse off", parseOnOff),
    option(
      "--ack-delay <levels>",
      "hold our acknowledgements back, such as 0,25ms,100ms; 25ms/50ms announces 25 and holds 50 (default: not at all)",
      parseAckDelays,
    ),
    option("--migrate <levels>", "move the connection to a new local port: on, off or both", parseOnOff),
    option(
      "--migrate-after <count>",
      `requests of a connection before it moves (default: ${DEFAULT_MIGRATE_AFTER})`,
      readCount(1),
    ),
    option("--alpn <names>", "protocols to offer, the request's first (default: h3 or doq by the scheme)", parseAlpn),
    option("--session-file <file>", "keep session tickets here, for later runs too", readSessionFile),
    option("--idle-timeout <duration>", "silence that ends a connection (default: 30s)", readPositiveDuration),
    option(
      "--max-udp-payload <bytes>",
      `largest datagram, sent and announced (default: ${DEFAULT_TRANSPORT.maxUdpPayloadBytes})`,
      readCount(LEAST_UDP_PAYLOAD, MOST_UDP_PAYLOAD),
    ),
    option("--max-streams-bidi <count>", "streams that the server may open (default: 100)", readCount(0)),
    option("--max-streams-uni <count>", "likewise, of one direction (default: 100)", readCount(0)),
    option("--stream-window <size>", "flow control window of each stream (default: 4MiB)", readWindow),
    option("--congestion <name>", "congestion control: cubic, reno or bbr (default: bbr)", readCongestion),
    option("--initial-rtt <duration>", "not possible: quiche has no setting for it", refuseInitialRtt),
  ];
}

/** HTTP/3 beside the earlier ones. */
export function besideOptions(): Option[] {
  return [
    option(
      "--compare-with <versions>",
      "HTTP/3 in turns with h2 (one connection), h1 (six) or h2,h1 over TCP and TLS, same host and port",
      readBeside,
    ),
    option("--compare-port <port>", "where TCP has another port than UDP", readCount(1, 65_535)),
  ];
}

const readCongestion = readChoice(CONGESTION_CONTROLS);

const readWindow: Reader<number> = (text, name) => {
  const bytes = parseSize(text, name);
  if (bytes >= 1 && bytes <= MOST_WINDOW) return bytes;
  throw usageError(`${name} ${text}: a window has from 1 byte to 4 GiB; write a size such as 64KiB`);
};

const readSessionFile: Reader<string> = (path, name) => {
  if (path !== "-") return readOutputFile(path, name);
  throw usageError(`${name} -: tickets are read from a file and written to it again; name a file`);
};

const refuseInitialRtt: Reader<never> = (text, name) => {
  throw usageError(`${name} ${text}: quiche 0.18, on which QUIC runs here, has no setting for it; leave it out`);
};

const readBeside: Reader<readonly BesideLevel[]> = (text, name) => {
  const beside = HTTP_LEVELS.filter((level) => level !== "h3");
  const levels = text.split(",").map((word) => beside.find((level) => level === word.trim()));
  if (levels.every((level) => level !== undefined)) return [...new Set(levels)];
  throw usageError(`${name} ${text}: not what HTTP/3 is held against; use h2, h1 or h2,h1`);
};

/** What all connections over QUIC have in common. @param keepaliveNs undefined: none */
export function quicPlanOf(options: TransportOptions & { readonly keepalive?: Ns }): QuicPlan {
  const usual = DEFAULT_TRANSPORT;
  return {
    transport: {
      ...usual,
      idleTimeoutNs: options.idleTimeout ?? usual.idleTimeoutNs,
      keepaliveNs: options.keepalive,
      maxUdpPayloadBytes: options.maxUdpPayload ?? usual.maxUdpPayloadBytes,
      maxStreamsBidi: options.maxStreamsBidi ?? usual.maxStreamsBidi,
      maxStreamsUni: options.maxStreamsUni ?? usual.maxStreamsUni,
      streamWindowBytes: options.streamWindow ?? usual.streamWindowBytes,
      congestion: options.congestion ?? usual.congestion,
    },
    migrateAfter: options.migrateAfter ?? DEFAULT_MIGRATE_AFTER,
    sessionFile: options.sessionFile,
  };
}

/** `--migrate-after` alone means that connections migrate. */
export const migrations = ({ migrate, migrateAfter }: TransportOptions): readonly Switch[] | undefined =>
  migrate ?? (migrateAfter === undefined ? undefined : ["on"]);
