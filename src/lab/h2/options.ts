/** What a lab server of HTTP/2 or gRPC can be told to do besides what all can. */
import { usageError } from "../../errors.js";
import { DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from "../../protocols/h2/names.js";
import type { Ns } from "../../units/duration.js";
import { H2_KINDS, QUIC_KINDS } from "../kinds.js";
import { type OptionsOf, parseBytes, parseDelay, parsePeriod, parseSwitch, parseWhole, parseWord } from "../option.js";

export const OVER_LIMIT = ["refuse", "reset-protocol-error", "goaway", "close"] as const;
export type OverLimit = (typeof OVER_LIMIT)[number];

export interface H2LabOptions {
  /** SETTINGS_MAX_CONCURRENT_STREAMS; over QUIC the streams that a client may have open. */
  readonly maxStreams: number;
  /** What happens to a stream above it. */
  readonly overLimit: OverLimit;
  /** The window for request bodies, of each stream; the connection's is the same, or 65535 where that is more. */
  readonly windowBytes: number;
  /** How long a window that is used up is held before it is given back; `never`: it is not. null: given back at half, at once. */
  readonly holdWindowNs: Ns | "never" | null;
  /** SETTINGS_MAX_HEADER_LIST_SIZE: a longer list is answered with 431. null: not said. */
  readonly headerListBytes: number | null;
  /** GOAWAY NO_ERROR with the nth request of a connection; that and earlier ones are answered, then it is closed. */
  readonly goawayAfter: number | null;
  /** Every frame is a write of its own. */
  readonly splitFrames: boolean;
  /** After so long without a byte from the client it is pinged; null: as the kind has it. */
  readonly keepaliveTimeNs: Ns | null;
  /** A client that says nothing for so long after the ping is dropped. */
  readonly keepaliveTimeoutNs: Ns;
  readonly maxConnectionIdleNs: Ns | null;
  readonly maxConnectionAgeNs: Ns | null;
  /** After the GOAWAY of age; null: for ever. */
  readonly maxConnectionAgeGraceNs: Ns | null;
  /** Pings of the client that come sooner are strikes; null: as the kind has it. */
  readonly enforcementMinTimeNs: Ns | null;
  /** Pings are as good without a stream as with one. */
  readonly permitWithoutStream: boolean;
  /** Any method but the health check fails with UNIMPLEMENTED. */
  readonly grpcUnimplemented: boolean;
}

const kinds = H2_KINDS;
const period = { kinds, value: "<duration>", parse: parsePeriod };

export const H2_LAB_OPTIONS: OptionsOf<H2LabOptions> = {
  maxStreams: {
    kinds: [...H2_KINDS, ...QUIC_KINDS],
    name: "max-streams",
    value: "<n>",
    help: "MAX_CONCURRENT_STREAMS, over QUIC initial_max_streams_bidi (default 100)",
    fallback: 100,
    parse: (text, label) => parseWhole(text, label, 1, 2 ** 31 - 1),
  },
  overLimit: {
    kinds,
    name: "over-limit",
    value: "<what>",
    help: `for a stream above it: ${OVER_LIMIT.join(", ")} (default refuse: REFUSED_STREAM)`,
    fallback: "refuse",
    parse: (text, label) => parseWord(text, label, OVER_LIMIT),
  },
  windowBytes: {
    kinds,
    name: "window",
    value: "<size>",
    help: "window for request bodies, of a stream and of the connection (default 65535)",
    fallback: DEFAULT_WINDOW_BYTES,
    parse: (text, label) => parseBytes(text, label, 1, MAX_WINDOW_BYTES),
  },
  holdWindowNs: {
    kinds,
    name: "hold-window",
    value: "<duration|never>",
    help: "give a window back only so long after it is used up, or never",
    fallback: null,
    parse: parseHold,
  },
  headerListBytes: {
    kinds,
    name: "header-list-size",
    value: "<size>",
    help: "MAX_HEADER_LIST_SIZE; a longer list is answered with 431",
    fallback: null,
    parse: (text, label) => parseBytes(text, label, 1, 64 * 1024),
  },
  goawayAfter: {
    kinds,
    name: "goaway-after",
    value: "<n>",
    help: "GOAWAY with the nth request of a connection; it is closed when all are answered",
    fallback: null,
    parse: (text, label) => parseWhole(text, label, 1),
  },
  splitFrames: {
    kinds,
    name: "split-frames",
    value: "<on|off>",
    help: "write every frame on its own, HEADERS and DATA too (default off)",
    fallback: false,
    parse: parseSwitch,
  },
  keepaliveTimeNs: {
    ...period,
    name: "keepalive-time",
    help: "ping a client after so long without a byte from it (default: grpc 2h, h2 and h2c never)",
    fallback: null,
  },
  keepaliveTimeoutNs: {
    ...period,
    name: "keepalive-timeout",
    help: "drop a client that says nothing for so long after that ping (default 20s)",
    fallback: 20e9 as Ns,
  },
  maxConnectionIdleNs: {
    ...period,
    name: "max-connection-idle",
    help: "GOAWAY after so long without a stream",
    fallback: null,
  },
  maxConnectionAgeNs: {
    ...period,
    name: "max-connection-age",
    help: "GOAWAY when a connection is so old, without grpc-go's jitter",
    fallback: null,
  },
  maxConnectionAgeGraceNs: {
    ...period,
    name: "max-connection-age-grace",
    help: "drop it so long after that, streams or not",
    fallback: null,
  },
  enforcementMinTimeNs: {
    kinds,
    name: "enforcement-min-time",
    value: "<duration>",
    help: "the third ping sooner than this: GOAWAY too_many_pings (default: grpc 5m, h2 and h2c never)",
    fallback: null,
    parse: parseDelay,
  },
  permitWithoutStream: {
    kinds,
    name: "permit-without-stream",
    value: "<on|off>",
    help: "pings without a stream need no two hours between them (default off)",
    fallback: false,
    parse: parseSwitch,
  },
  grpcUnimplemented: {
    kinds: ["grpc"],
    name: "grpc-unimplemented",
    value: undefined,
    help: "answer UNIMPLEMENTED to all but the health check",
    fallback: false,
    parse: parseSwitch,
  },
};

function parseHold(text: string, label: string): Ns | "never" {
  if (text === "never") return "never";
  if (/^[a-z]+$/i.test(text)) throw usageError(`${label} ${text}: not a duration or never; use never, or such as 50ms`);
  return parsePeriod(text, label);
}
